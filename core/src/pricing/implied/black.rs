//! The normalised price of the option that is out of the money, and its derivatives, at one total volatility.
//!
//! With a = |x| / s, t = s / 2, v = e^(-(a^2 + t^2) / 2) / sqrt(2 pi), which is the derivative, and M the Mills ratio:
//!
//! - b = v (M(a - t) - M(a + t)), without cancellation as v s r, r being the difference quotient of M;
//! - e^(-|x| / 2) - b = v (M(t - a) + M(t + a)), where a < t.
//!
//! Both are the definition with N(-z) = n(z) M(z) and n(a - t) e^(-|x| / 2) = n(a + t) e^(|x| / 2) = v. Jaeckel's paper
//! goes over to series where the first one cancels. The difference quotient does not: it serves for all a - t >= -1.

use super::super::coefficients::INVERSE_SQRT_2_PI;
use super::super::kernels::{exp_pair, exp_scaled, mills_pair, mills_slope};
use super::super::level::Ieee;

/// a and t are no more than this: there, no double is as small as the price, or as what it lacks.
const FAR: f64 = 1_000.0;

/// A total volatility, and where it puts the strike.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// s.
    pub(super) total: f64,
    /// a = |x| / s: how many deviations there are to the strike.
    pub(super) distance: f64,
    /// t = s / 2.
    pub(super) half: f64,
    /// 1 / s; 0 where s is subnormal.
    pub(super) inverse: f64,
    /// What rounding took from a.
    lost: f64,
}

impl Place {
    /// From |x| and s, not both of them 0.
    #[inline(always)]
    pub(super) fn new(ieee: impl Ieee, moneyness: f64, total: f64) -> Self {
        let least = moneyness * (1.0 / FAR);
        let total = if total < least { least } else { total };
        let total = if total > 2.0 * FAR { 2.0 * FAR } else { total };
        let distance = moneyness / total;
        let inverse = if total < f64::MIN_POSITIVE { 0.0 } else { 1.0 / total };
        let lost = ieee.fma(-distance, total, moneyness) * inverse;
        Self { total, distance, half: 0.5 * total, inverse, lost }
    }

    /// Whether the price is most of what it can be, so that what it lacks is known better: a - t < -1.
    #[inline(always)]
    pub(super) fn is_high(self) -> bool {
        self.distance - self.half < -1.0
    }

    /// v 2^-n, the derivative of the price.
    #[inline(always)]
    pub(super) fn slope(self, ieee: impl Ieee, n: f64) -> f64 {
        let Self { distance, half, lost, .. } = self;
        let squares = [distance * distance, half * half];
        let sum = squares[0] + squares[1];
        // What rounding takes from the exponent is given back as a factor: from a, from the squares, from their sum.
        let split = sum - squares[0];
        let from_sum = squares[0] - (sum - split) + (squares[1] - split);
        let from_squares = ieee.fma(distance, distance, -squares[0]) + ieee.fma(half, half, -squares[1]);
        let rest = from_sum + ieee.fma(2.0 * distance, lost, from_squares);
        let power = exp_scaled(ieee, -0.5 * sum, n) * INVERSE_SQRT_2_PI;
        ieee.fma(-0.5 * rest, power, power)
    }

    /// r = b / (v s), where it is not high.
    #[inline(always)]
    pub(super) fn price_quotient(self, ieee: impl Ieee) -> f64 {
        mills_slope(ieee, self.distance - self.half + self.lost, self.total)
    }

    /// (e^(-|x| / 2) - b) / v, where it is high.
    #[inline(always)]
    pub(super) fn complement_quotient(self, ieee: impl Ieee) -> f64 {
        let mills = mills_pair(ieee, [self.half - self.distance - self.lost, self.half + self.distance]);
        mills[0] + mills[1]
    }

    /// s b'' / b' = a^2 - t^2, and s^2 b''' / b' = (a^2 - t^2)^2 - 3 a^2 - t^2.
    #[inline(always)]
    pub(super) fn curvatures(self, ieee: impl Ieee) -> [f64; 2] {
        let squares = [self.distance * self.distance, self.half * self.half];
        let second = squares[0] - squares[1];
        [second, ieee.fma(second, second, ieee.fma(-3.0, squares[0], -squares[1]))]
    }
}

/// b, from |x| and s, which is not 0.
#[inline(always)]
pub(super) fn price(ieee: impl Ieee, moneyness: f64, total: f64) -> f64 {
    let place = Place::new(ieee, moneyness, total);
    let slope = place.slope(ieee, 0.0);
    if place.is_high() {
        let [most, lost] = exp_pair(ieee, -0.5 * moneyness);
        ieee.fma(-slope, place.complement_quotient(ieee), most) + lost
    } else {
        slope * place.total * place.price_quotient(ieee)
    }
}
