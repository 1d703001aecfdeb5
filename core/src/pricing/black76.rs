//! Options on a forward, after Black (1976): prices and Greeks, in batches.
//!
//! With forward F, strike K, T years, volatility v, rate r, the discount D = e^(-rT), s = v sqrt(T),
//! d1 = ln(F/K)/s + s/2 and d2 = d1 - s, where N is the normal distribution and n its density:
//!
//! | | call | put |
//! |---|---|---|
//! | price | D (F N(d1) - K N(d2)) | D (K N(-d2) - F N(-d1)) |
//! | delta, per unit of F | D N(d1) | -D N(-d1) |
//! | gamma, per unit of F squared | D n(d1) / (F s) | the same |
//! | vega, per 1 of volatility | D F n(d1) sqrt(T) | the same |
//! | theta, per year that goes by | r C - D F n(d1) v / (2 sqrt(T)) | r P - D F n(d1) v / (2 sqrt(T)) |
//! | rho, per 1 of rate, F unchanged | -T C | -T P |
//! | vanna, of delta per 1 of volatility | -D n(d1) d2 / v | the same |
//! | volga, of vega per 1 of volatility | vega d1 d2 / v | the same |
//!
//! F. Black, The pricing of commodity contracts, Journal of Financial Economics 3 (1976); the Greeks are its derivatives,
//! listed in E. G. Haug, The Complete Guide to Option Pricing Formulas, 2nd ed. (2007), chapter 2.
//!
//! Whichever of the two is out of the money is computed, from the Mills ratio instead of N: it has full relative precision
//! however far out it is. The other follows from parity.

use core::fmt;

use super::kernels::{exp, ln_ratio, mills_pair, normal_density};
use super::level::{Ieee, Kernel, Level};

/// s = v sqrt(T) is at least this: an option whose time or volatility is over is worth what it pays.
pub(super) const TOTAL_VOLATILITY_MIN: f64 = 1e-18;

/// One option.
///
/// For meaningful results, forward and strike are from 1e-30 to 1e30, volatility and years from 0 to 1,000, and the rate is
/// from -10 to 10. Anything else gives numbers without meaning, or none; no panic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Forward price for the expiry.
    pub forward: f64,
    /// Strike.
    pub strike: f64,
    /// Years to the expiry.
    pub years: f64,
    /// Volatility: 0.5 is 50 % a year.
    pub volatility: f64,
    /// Rate, continuously compounded: 0.05 is 5 % a year.
    pub rate: f64,
}

/// Many options of one expiry, one an index; see [`Terms`].
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Years to the expiry.
    pub years: f64,
    /// Rate to the expiry.
    pub rate: f64,
    /// Forward prices: of other scenarios, or of other underlyings.
    pub forward: &'a [f64],
    /// Strikes.
    pub strike: &'a [f64],
    /// Volatilities.
    pub volatility: &'a [f64],
}

/// Price and Greeks of a call and of the put with the same terms; units are those of the table above.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Value {
    /// Price of the call.
    pub call: f64,
    /// Price of the put.
    pub put: f64,
    /// Delta of the call.
    pub delta_call: f64,
    /// Gamma of both.
    pub gamma: f64,
    /// Vega of both.
    pub vega: f64,
    /// Theta of the call.
    pub theta_call: f64,
    /// Delta of the put.
    pub delta_put: f64,
    /// Theta of the put.
    pub theta_put: f64,
    /// Rho of the call.
    pub rho_call: f64,
    /// Rho of the put.
    pub rho_put: f64,
    /// Vanna of both.
    pub vanna: f64,
    /// Volga of both.
    pub volga: f64,
}

/// Where the values of many options go, one an index; see [`Value`]. What is not wanted is empty, and takes no time where
/// nothing behind it is wanted: prices, then the call's delta to theta, then the others.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "those of `Value`")]
pub struct Values<'a> {
    pub call: &'a mut [f64],
    pub put: &'a mut [f64],
    pub delta_call: &'a mut [f64],
    pub gamma: &'a mut [f64],
    pub vega: &'a mut [f64],
    pub theta_call: &'a mut [f64],
    pub delta_put: &'a mut [f64],
    pub theta_put: &'a mut [f64],
    pub rho_call: &'a mut [f64],
    pub rho_put: &'a mut [f64],
    pub vanna: &'a mut [f64],
    pub volga: &'a mut [f64],
}

/// A slice that is not as long as the batch's forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthDiffers {
    /// Options in the batch.
    pub options: usize,
    /// The other slice's length.
    pub found: usize,
}

impl fmt::Display for LengthDiffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { options, found } = self;
        write!(f, "a slice of {found} numbers in a batch of {options} options; all have one for each option")
    }
}

impl core::error::Error for LengthDiffers {}

/// Prices one option.
///
/// ```
/// use novate_core::pricing::black76::{Terms, value};
///
/// // Haug's example: nine months, forward and strike 19, volatility 28 %, rate 10 %.
/// let option = Terms { forward: 19.0, strike: 19.0, years: 0.75, volatility: 0.28, rate: 0.1 };
/// assert!((value(&option).call - 1.7011).abs() < 5e-5);
/// ```
pub fn value(terms: &Terms) -> Value {
    Level::best().run(One(terms))
}

/// Prices a batch on a level: the bits do not depend on it.
///
/// # Errors
/// [`LengthDiffers`]; nothing was written then.
pub fn values(level: Level, batch: &Batch<'_>, values: &mut Values<'_>) -> Result<(), LengthDiffers> {
    let options = batch.forward.len();
    let wanted = values.each().map(|slice| slice.len()).into_iter().filter(|length| *length > 0);
    let lengths = batch.each().map(<[f64]>::len).into_iter().chain(wanted);
    for found in lengths {
        if found != options {
            return Err(LengthDiffers { options, found });
        }
    }
    // What nobody wants is not computed either.
    match values.each().iter().rposition(|slice| !slice.is_empty()) {
        None => {}
        Some(last) if last < PRICES => level.run(Many::<PRICES>(batch, values)),
        Some(last) if last < FEW => level.run(Many::<FEW>(batch, values)),
        Some(_) => level.run(Many::<ALL>(batch, values)),
    }
    Ok(())
}

struct One<'a>(&'a Terms);

impl Kernel for One<'_> {
    type Output = Value;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> Value {
        let &Terms { forward, strike, years, volatility, rate } = self.0;
        evaluate(ieee, Expiry::new(ieee, years, rate), forward, strike, volatility)
    }
}

/// All fields of a [`Value`].
const ALL: usize = 12;
/// Its first fields: prices of both, and the call's delta, gamma, vega and theta.
const FEW: usize = 6;
/// Prices alone.
const PRICES: usize = 2;

/// Writes the first `N` fields.
struct Many<'a, 'b, const N: usize>(&'a Batch<'a>, &'a mut Values<'b>);

impl<const N: usize> Kernel for Many<'_, '_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self, ieee: impl Ieee) {
        if ieee.is_wide() { self.in_groups::<8>(ieee) } else { self.in_groups::<4>(ieee) }
    }
}

impl<const N: usize> Many<'_, '_, N> {
    /// So many options at once, so that they are one vector.
    #[inline(always)]
    fn in_groups<const LANES: usize>(self, ieee: impl Ieee) {
        let Self(batch, values) = self;
        let expiry = Expiry::new(ieee, batch.years, batch.rate);
        let (forwards, last_forwards) = batch.forward.as_chunks::<LANES>();
        let (strikes, last_strikes) = batch.strike.as_chunks::<LANES>();
        let (volatilities, last_volatilities) = batch.volatility.as_chunks::<LANES>();
        let mut outputs = values.each();
        for (index, ((forwards, strikes), volatilities)) in forwards.iter().zip(strikes).zip(volatilities).enumerate() {
            let found = evaluate_lanes::<N, LANES>(ieee, expiry, forwards, strikes, volatilities);
            for (output, found) in outputs.iter_mut().zip(&found) {
                if let Some(output) = output.as_chunks_mut().0.get_mut(index) {
                    *output = *found;
                }
            }
        }
        if !last_forwards.is_empty() {
            let [forwards, strikes, volatilities] =
                [last_forwards, last_strikes, last_volatilities].map(padded::<LANES>);
            let found = evaluate_lanes::<N, LANES>(ieee, expiry, &forwards, &strikes, &volatilities);
            for (output, found) in outputs.iter_mut().zip(&found) {
                let last = output.as_chunks_mut::<LANES>().1;
                last.copy_from_slice(&found[..last.len()]);
            }
        }
    }
}

/// So many numbers as a vector has, the missing ones being ones.
#[inline(always)]
fn padded<const LANES: usize>(last: &[f64]) -> [f64; LANES] {
    let mut lanes = [1.0; LANES];
    lanes[..last.len()].copy_from_slice(last);
    lanes
}

/// The first `N` fields of so many options' values. A loop of fixed length over arrays: compilers make vectors of it.
#[inline(always)]
fn evaluate_lanes<const N: usize, const LANES: usize>(
    ieee: impl Ieee,
    expiry: Expiry,
    forwards: &[f64; LANES],
    strikes: &[f64; LANES],
    volatilities: &[f64; LANES],
) -> [[f64; LANES]; N] {
    let mut found = [[0.0; LANES]; N];
    for lane in 0..LANES {
        let value = evaluate(ieee, expiry, forwards[lane], strikes[lane], volatilities[lane]).each();
        for (found, value) in found.iter_mut().zip(value) {
            found[lane] = value;
        }
    }
    found
}

/// What all options of an expiry have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry {
    pub(super) years: f64,
    pub(super) rate: f64,
    /// sqrt(T).
    pub(super) root: f64,
    /// e^(-rT).
    pub(super) discount: f64,
}

impl Expiry {
    #[inline(always)]
    pub(super) fn new(ieee: impl Ieee, years: f64, rate: f64) -> Self {
        Self { years, rate, root: ieee.sqrt(years), discount: exp(ieee, -rate * years) }
    }
}

/// The table above, for both sides.
#[inline(always)]
fn evaluate(ieee: impl Ieee, expiry: Expiry, forward: f64, strike: f64, volatility: f64) -> Value {
    let Expiry { years, rate, root, discount } = expiry;
    let side = Side::new(ieee, forward, strike, volatility * root);
    let Side { is_call, inverse_total, inverse_forward, d1, d2, .. } = side;
    let [call, put] = side.prices(discount, forward, strike);
    // n(d1): F n(d1) = K n(d2).
    let density = if is_call { side.density } else { side.density * (strike * inverse_forward) };
    // Whichever of N(d1) and N(-d1) is less than a half, and the other.
    let less = density * if is_call { side.mills[0] } else { side.mills[1] };
    let more = ieee.fma(-density, if is_call { side.mills[0] } else { side.mills[1] }, 1.0);
    let is_below = d1 <= 0.0;
    let weighted = discount * density;
    let vega = forward * weighted * root;
    let decay = -0.5 * forward * weighted * (volatility * volatility * inverse_total);
    let per_volatility = root * inverse_total;
    Value {
        call,
        put,
        delta_call: discount * if is_below { less } else { more },
        delta_put: -discount * if is_below { more } else { less },
        gamma: weighted * (inverse_total * inverse_forward),
        vega,
        theta_call: ieee.fma(rate, call, decay),
        theta_put: ieee.fma(rate, put, decay),
        rho_call: -years * call,
        rho_put: -years * put,
        vanna: -weighted * d2 * per_volatility,
        volga: vega * (d1 * d2) * per_volatility,
    }
}

/// The side that is out of the money, without discount.
///
/// A put is a call with forward and strike exchanged: F N(d1) - K N(d2) becomes a N(h) - b N(l), where a is the side's own
/// of the two, b the other, and l <= -s/2 whichever side it is.
pub(super) struct Side {
    /// Whether it is the call.
    pub(super) is_call: bool,
    /// Its price.
    pub(super) otm: f64,
    /// n(h), and a n(h) = b n(l).
    density: f64,
    /// Mills ratios of |h| and of -l.
    mills: [f64; 2],
    inverse_total: f64,
    inverse_forward: f64,
    d1: f64,
    d2: f64,
}

impl Side {
    /// From forward, strike and s = v sqrt(T).
    #[inline(always)]
    pub(super) fn new(ieee: impl Ieee, forward: f64, strike: f64, total: f64) -> Self {
        Self::at(ieee, ln_ratio(ieee, forward, strike), forward, strike, total)
    }

    /// The same where ln(F/K) is known.
    #[inline(always)]
    pub(super) fn at(ieee: impl Ieee, moneyness: f64, forward: f64, strike: f64, total: f64) -> Self {
        let total = if total < TOTAL_VOLATILITY_MIN { TOTAL_VOLATILITY_MIN } else { total };
        // One division for both.
        let inverse = 1.0 / (total * forward);
        let (inverse_total, inverse_forward) = (inverse * forward, inverse * total);
        let is_call = moneyness <= 0.0;
        let (own, distance) = if is_call { (forward, moneyness) } else { (strike, -moneyness) };
        let high = ieee.fma(distance, inverse_total, 0.5 * total);
        let low = high - total;
        let density = normal_density(ieee, high);
        let is_below = high <= 0.0;
        let mills = mills_pair(ieee, [high.abs(), -low]);
        let below = density * (mills[0] - mills[1]);
        let above = ieee.fma(-density, mills[0] + mills[1], 1.0);
        let part = own * if is_below { below } else { above };
        Self {
            is_call,
            otm: if part > 0.0 { part } else { 0.0 },
            density,
            mills,
            inverse_total,
            inverse_forward,
            d1: if is_call { high } else { -low },
            d2: if is_call { low } else { -high },
        }
    }

    /// Prices of call and put: one is the side's own, the other follows from parity.
    #[inline(always)]
    pub(super) fn prices(&self, discount: f64, forward: f64, strike: f64) -> [f64; 2] {
        let (otm, parity) = (self.otm, forward - strike);
        [
            discount * if self.is_call { otm } else { otm + parity },
            discount * if self.is_call { otm - parity } else { otm },
        ]
    }
}

impl Batch<'_> {
    fn each(&self) -> [&[f64]; 3] {
        [self.forward, self.strike, self.volatility]
    }
}

impl Value {
    #[inline(always)]
    const fn each(&self) -> [f64; ALL] {
        let Self {
            call,
            put,
            delta_call,
            delta_put,
            gamma,
            vega,
            theta_call,
            theta_put,
            rho_call,
            rho_put,
            vanna,
            volga,
        } = *self;
        [call, put, delta_call, gamma, vega, theta_call, delta_put, theta_put, rho_call, rho_put, vanna, volga]
    }
}

impl Values<'_> {
    /// The slices in the same order.
    #[inline(always)]
    fn each(&mut self) -> [&mut [f64]; ALL] {
        [
            self.call,
            self.put,
            self.delta_call,
            self.gamma,
            self.vega,
            self.theta_call,
            self.delta_put,
            self.theta_put,
            self.rho_call,
            self.rho_put,
            self.vanna,
            self.volga,
        ]
    }
}
