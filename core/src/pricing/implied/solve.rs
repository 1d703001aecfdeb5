//! From a price to the total volatility: where the search begins, and its steps.

use super::super::coefficients::{INVERSE_SQRT_2_PI, INVERSE_SQRT_3, LOW_SCALE, SQRT_2_PI};
use super::super::kernels::{exp, fraction_and_exponent, ln_parts, ln_ratio, mills_foot, mills_pair, normal_quantile};
use super::super::level::Ieee;
use super::black::Place;

/// Steps at most: two nearly everywhere, a third one where |x| is large; a fourth had no effect wherever it was tried.
const STEPS_MAX: usize = 3;
/// A step of e, as a part of s, leaves an error of about (1 + t^2) e^4, as measured: rounding is more than this.
const ERROR_LAST: f64 = 2e-17;

/// What is below may be enlarged.
const SMALL: f64 = 1e-150;
/// 2^400.
const TWO_TO_400: f64 = f64::from_bits((1_023 + 400) << 52);
/// The largest r: a straight line but for its ends.
const CONTROL_MAX: f64 = 1e12;

/// What is known of an option: |x|, and its price with what that lacks of the most it can be, neither of them 0.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// |x|, up to 1,000.
    pub(super) moneyness: f64,
    /// beta.
    pub(super) price: f64,
    /// e^(-|x| / 2) - beta.
    pub(super) complement: f64,
    /// e^(-|x| / 2).
    pub(super) most: f64,
}

/// The function of s whose zero is looked for: each is almost straight where it is used.
#[derive(Clone, Copy)]
enum Objective {
    /// 1 / ln b - 1 / ln beta: beta as a fraction and an exponent, and ln beta.
    Low([f64; 2], f64),
    /// b - beta.
    Middle,
    /// ln((e^(-|x| / 2) - beta) / (e^(-|x| / 2) - b)).
    High,
}

/// A function on an interval whose length is 1: its slopes at both ends, what it rises by, and r.
///
/// The rational cubic of R. Delbourgo and J. A. Gregory, Shape preserving piecewise rational interpolation, SIAM
/// Journal on Scientific and Statistical Computing 6 (1985). Its second derivative is 2 (r (rise - start) - (end -
/// start)) at the start and 2 (r (end - rise) - (end - start)) at the end: r is chosen so that one of them is as it
/// should be.
#[derive(Clone, Copy)]
struct Cubic {
    slopes: [f64; 2],
    rise: f64,
    control: f64,
}

impl Cubic {
    /// What it has risen by at t, divided by t; `rest` is 1 - t.
    #[inline(always)]
    fn mean_slope(self, ieee: impl Ieee, t: f64, rest: f64) -> f64 {
        let Self { slopes: [start, end], rise, control } = self;
        // Below the first, it would not rise everywhere.
        let rising = (start + end) / rise;
        let control = if control > rising { control } else { rising };
        let control = if control < CONTROL_MAX { control } else { CONTROL_MAX };
        let middle = ieee.fma(control, rise, -end);
        let middle = if middle > start { middle } else { start };
        let sum = ieee.fma(rise * t, t, ieee.fma(middle * t, rest, start * rest * rest));
        sum / ieee.fma(control - 3.0, t * rest, 1.0)
    }
}

impl Known {
    /// s.
    #[inline(always)]
    pub(super) fn total_volatility(self, ieee: impl Ieee) -> f64 {
        // b(c x, c s) is c b(x, s) where all of them are small: nothing then is subnormal on the way.
        let is_small = self.moneyness < SMALL && self.price < SMALL;
        let [enlarge, reduce] = if is_small { [TWO_TO_400, 1.0 / TWO_TO_400] } else { [1.0, 1.0] };
        let known = Self { moneyness: self.moneyness * enlarge, price: self.price * enlarge, ..self };
        known.search(ieee) * reduce
    }

    /// s, if not both |x| and beta are small.
    #[inline(always)]
    fn search(self, ieee: impl Ieee) -> f64 {
        let (mut total, objective) = self.begin(ieee);
        for _ in 0..STEPS_MAX {
            let place = Place::new(ieee, self.moneyness, total);
            let step = match objective {
                Objective::Low(parts, log) => low(ieee, place, parts, log),
                Objective::Middle => self.middle(ieee, place),
                Objective::High => self.high(ieee, place),
            };
            total = ieee.fma(place.total, step, place.total);
            let squared = step * step;
            if squared * squared * ieee.fma(place.half, place.half, 1.0) < ERROR_LAST {
                break;
            }
        }
        total
    }

    /// A first s, and the function to look for the zero of.
    ///
    /// Four branches meet at three places: sqrt(2 |x|), where the price has its largest slope by s, and where the
    /// tangent there comes down to 0 or up to the most that the price can be.
    #[inline(always)]
    fn begin(self, ieee: impl Ieee) -> (f64, Objective) {
        let Self { moneyness, price, complement, most } = self;
        let centre = ieee.sqrt(2.0 * moneyness);
        // Price by slope at the centre is sqrt(pi / 2) - M(centre): so much below it, the tangent is 0.
        let low = 2.0 * moneyness * mills_foot(ieee, centre);
        let slope = most * INVERSE_SQRT_2_PI;
        let inverse = SQRT_2_PI / most;
        let price_centre = slope * (centre - low);
        if price < price_centre {
            let place = Place::new(ieee, moneyness, low);
            let (slope_low, quotient) = (place.slope(ieee, 0.0), place.price_quotient(ieee));
            let price_low = slope_low * low * quotient;
            if price < price_low {
                return begin_low(ieee, place, quotient, price, price_low);
            }
            let length = price_centre - price_low;
            let slopes = [length / slope_low, length * inverse];
            // At the centre it has no curvature, so that r = (start - end) / (rise - end): the latter is how far the
            // price is above the tangent, by the tangent's slope.
            let control = (slopes[0] - slopes[1]) / (price_low * inverse);
            let t = (price - price_low) / length;
            let cubic = Cubic { slopes, rise: centre - low, control };
            (ieee.fma(t, cubic.mean_slope(ieee, t, 1.0 - t), low), Objective::Middle)
        } else {
            let high = low + SQRT_2_PI;
            let place = Place::new(ieee, moneyness, high);
            let (slope_high, quotient) = (place.slope(ieee, 0.0), place.complement_quotient(ieee));
            let complement_high = slope_high * quotient;
            if complement < complement_high {
                return (begin_high(ieee, place, quotient, complement, complement_high), Objective::High);
            }
            let length = most - complement_high - price_centre;
            let slopes = [length * inverse, length / slope_high];
            let control = (slopes[1] - slopes[0]) / (complement_high * inverse);
            let t = (price - price_centre) / length;
            let cubic = Cubic { slopes, rise: high - centre, control };
            (ieee.fma(t, cubic.mean_slope(ieee, t, 1.0 - t), centre), Objective::Middle)
        }
    }

    /// A step of b - beta, as a part of s.
    #[inline(always)]
    fn middle(self, ieee: impl Ieee, place: Place) -> f64 {
        let slope = place.slope(ieee, 0.0);
        let newton = if place.is_high() {
            (place.complement_quotient(ieee) - self.complement / slope) * place.inverse
        } else {
            self.price / (slope * place.total) - place.price_quotient(ieee)
        };
        householder(ieee, newton, place.curvatures(ieee))
    }

    /// A step of ln((e^(-|x| / 2) - beta) / (e^(-|x| / 2) - b)), as a part of s.
    #[inline(always)]
    fn high(self, ieee: impl Ieee, place: Place) -> f64 {
        let quotient = place.complement_quotient(ieee);
        let log = ln_ratio(ieee, self.complement, place.slope(ieee, 0.0) * quotient);
        let [second, third] = place.curvatures(ieee);
        let growth = place.total / quotient;
        let curvatures = [second + growth, ieee.fma(growth, ieee.fma(3.0, second, 2.0 * growth), third)];
        householder(ieee, -log * quotient * place.inverse, curvatures)
    }
}

/// A step of 1 / ln b - 1 / ln beta, as a part of s; beta comes in two parts, and with its logarithm.
///
/// b is taken in units of beta's power of two: it does not underflow before beta does.
#[inline(always)]
fn low(ieee: impl Ieee, place: Place, [fraction, exponent]: [f64; 2], log_price: f64) -> f64 {
    let quotient = place.price_quotient(ieee);
    let log_ratio = ln_ratio(ieee, place.slope(ieee, exponent) * place.total * quotient, fraction);
    let log = log_price + log_ratio;
    let inverse = 1.0 / log;
    // s b' / b.
    let growth = 1.0 / quotient;
    let [second, third] = place.curvatures(ieee);
    let bend = ieee.fma(2.0, inverse, 1.0);
    let square = ieee.fma(ieee.fma(6.0, inverse, 6.0), inverse, 2.0);
    let curvatures =
        [ieee.fma(-growth, bend, second), ieee.fma(growth, ieee.fma(growth, square, -3.0 * second * bend), third)];
    householder(ieee, -log_ratio * quotient * (log / log_price), curvatures)
}

/// A step of Householder's third order from Newton's and from g'' / g' and g''' / g', all in units of s.
///
/// A. S. Householder, The Numerical Treatment of a Single Nonlinear Equation (1970), chapter 4.
#[inline(always)]
fn householder(ieee: impl Ieee, newton: f64, [second, third]: [f64; 2]) -> f64 {
    let above = ieee.fma(0.5 * second, newton, 1.0);
    let below = ieee.fma(newton, ieee.fma(third * newton, 1.0 / 6.0, second), 1.0);
    newton * (above / below)
}

/// The first s of a price below that at a place: almost 2 pi |x| N(-z)^3 / (3 sqrt 3), where z = |x| / (sqrt 3 s).
///
/// As a function of the price that is 0 at 0, of slope 1, and at the place of slope z^2 M(z)^2 e^(s^2 / 8). Its value
/// and derivatives are the paper's with N(-z) = n(z) M(z), in units of the price at the place.
#[inline(always)]
fn begin_low(ieee: impl Ieee, place: Place, quotient: f64, price: f64, price_low: f64) -> (f64, Objective) {
    let moneyness = place.distance * place.total;
    let z = place.distance * INVERSE_SQRT_3;
    let mills = mills_pair(ieee, [z, z])[0];
    let squared = place.half * place.half;
    let power = exp(ieee, 0.5 * squared);
    let last = z * z * mills * mills * power;
    let rise = z * mills * mills * mills * power / (3.0 * quotient);
    let half_second = quotient * last * ieee.fma(0.5, squared, z / mills - 1.0 - z * z);
    let cubic = Cubic { slopes: [1.0, last], rise, control: (half_second + last - 1.0) / (last - rise) };
    let t = price / price_low;
    let ratio = cubic.mean_slope(ieee, t, 1.0 - t) * LOW_SCALE;
    let parts = fraction_and_exponent(price);
    let log = ln_parts(ieee, parts);
    let z = normal_quantile(ieee, (log + ln_ratio(ieee, ratio, moneyness)) * (-1.0 / 3.0));
    (moneyness * INVERSE_SQRT_3 / z, Objective::Low(parts, log))
}

/// The first s of a price above that at a place: N(-s / 2) is almost half of what the price lacks.
///
/// As a function of that it is 0 at 0, of slope 1/2, and at the place of slope e^(a^2 / 2) / 2.
#[inline(always)]
fn begin_high(ieee: impl Ieee, place: Place, quotient: f64, complement: f64, complement_high: f64) -> f64 {
    let squared = place.distance * place.distance;
    let power = exp(ieee, 0.5 * squared);
    let mills = mills_pair(ieee, [place.half, place.half])[0];
    let last = 0.5 * power;
    let rise = mills * power / quotient;
    let half_second = 0.25 * power * quotient * squared * place.inverse;
    let cubic = Cubic { slopes: [0.5, last], rise, control: (half_second + last - 0.5) / (last - rise) };
    let t = complement / complement_high;
    let log = ln_ratio(ieee, complement * cubic.mean_slope(ieee, t, 1.0 - t), 1.0);
    2.0 * normal_quantile(ieee, -log)
}
