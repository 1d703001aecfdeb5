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

use super::kernels::{exp, ln_ratio};
use super::level::{Ieee, Kernel, Level};
use super::side::{Place, Side, is_call, total_volatility};

/// Years are at least this where they are divided by.
const YEARS_MIN: f64 = 1e-36;

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
        let expiry = Expiry::new(ieee, years, rate);
        let options = Options { forward: &[forward], strike: &[strike], volatility: &[volatility] };
        let mut block = Block::<1, ALL>::new();
        block.price(ieee, &expiry, 0, &options);
        let [
            [call],
            [put],
            [delta_call],
            [gamma],
            [vega],
            [theta_call],
            [delta_put],
            [theta_put],
            [rho_call],
            [rho_put],
            [vanna],
            [volga],
        ] = block.found;
        Value { call, put, delta_call, gamma, vega, theta_call, delta_put, theta_put, rho_call, rho_put, vanna, volga }
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
        let Self(batch, values) = self;
        let expiry = Expiry::new(ieee, batch.years, batch.rate);
        let vector = if ieee.is_wide() { 8 } else { 4 };
        let (inputs, mut outputs, count) = (batch.each(), values.each(), batch.forward.len());
        let mut block = Block::<BLOCK, N>::new();
        if count < BLOCK {
            let missing = BLOCK - count;
            let [forward, strike, volatility] = inputs.map(padded);
            let options = Options { forward: &forward, strike: &strike, volatility: &volatility };
            block.price(ieee, &expiry, missing / vector * vector, &options);
            for (output, found) in outputs.iter_mut().zip(&block.found) {
                output.copy_from_slice(&found[BLOCK - output.len()..]);
            }
            return;
        }
        let mut done = 0;
        while done < count {
            // The last block begins among options that are priced already: to as many vectors as it needs.
            let start = done.min(count - BLOCK);
            let first = (done - start) / vector * vector;
            if let [Some(forward), Some(strike), Some(volatility)] = inputs.map(|input| input[start..].first_chunk()) {
                block.price(ieee, &expiry, first, &Options { forward, strike, volatility });
            }
            for (output, found) in outputs.iter_mut().zip(&block.found) {
                if let Some(output) = output.get_mut(start..).and_then(<[f64]>::first_chunk_mut) {
                    copy_from(first, found, output);
                }
            }
            done = start + BLOCK;
        }
    }
}

/// Options that go through the stages together.
const BLOCK: usize = 16;

/// Copies a block from a place on. Most are copied as a whole, which is a few moves.
#[inline(always)]
fn copy_from(first: usize, block: &[f64; BLOCK], output: &mut [f64; BLOCK]) {
    if first == 0 {
        *output = *block;
    } else {
        output[first..].copy_from_slice(&block[first..]);
    }
}

/// The last options of a block, the missing ones before being ones.
#[inline(always)]
fn padded(last: &[f64]) -> [f64; BLOCK] {
    let mut block = [1.0; BLOCK];
    block[BLOCK - last.len()..].copy_from_slice(last);
    block
}

/// What differs from option to option.
struct Options<'a, const M: usize> {
    forward: &'a [f64; M],
    strike: &'a [f64; M],
    volatility: &'a [f64; M],
}

/// Options of an expiry on their way through the stages, and the first `N` fields of their values.
#[repr(align(64))]
struct Block<const M: usize, const N: usize> {
    /// Their places: h, and -l.
    high: [f64; M],
    low: [f64; M],
    /// 1 / s.
    inverse_total: [f64; M],
    weight: [f64; M],
    found: [[f64; M]; N],
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
    /// -1 / (2 T): theta's part of vega and volatility.
    decay: f64,
}

impl Expiry {
    #[inline(always)]
    pub(super) fn new(ieee: impl Ieee, years: f64, rate: f64) -> Self {
        let decay = -0.5 / if years > YEARS_MIN { years } else { YEARS_MIN };
        Self { years, rate, root: ieee.sqrt(years), discount: exp(ieee, -rate * years), decay }
    }
}

impl<const M: usize, const N: usize> Block<M, N> {
    #[inline(always)]
    fn new() -> Self {
        let none = [0.0; M];
        Self { high: none, low: none, inverse_total: none, weight: none, found: [none; N] }
    }

    /// Prices the options from one on. Loops over arrays without branches: compilers make vectors of them.
    #[inline(always)]
    fn price(&mut self, ieee: impl Ieee, expiry: &Expiry, first: usize, options: &Options<'_, M>) {
        for at in first..M {
            let total = total_volatility(options.volatility[at] * expiry.root);
            let inverse_total = 1.0 / total;
            let moneyness = ln_ratio(ieee, options.forward[at], options.strike[at]);
            let place = Place::new(ieee, moneyness, total, inverse_total);
            self.high[at] = place.high;
            self.low[at] = place.low;
            self.inverse_total[at] = inverse_total;
        }
        for at in first..M {
            self.weight[at] = self.place(at).weight(ieee, options.forward[at], options.strike[at]);
        }
        for at in first..M {
            let fields = self.value(ieee, expiry, options, at).each();
            for (found, field) in self.found.iter_mut().zip(fields) {
                found[at] = field;
            }
        }
    }

    #[inline(always)]
    fn place(&self, at: usize) -> Place {
        Place { high: self.high[at], low: self.low[at] }
    }

    /// The table above, for both sides.
    #[inline(always)]
    fn value(&self, ieee: impl Ieee, expiry: &Expiry, options: &Options<'_, M>, at: usize) -> Value {
        let &Expiry { years, rate, root, discount, decay } = expiry;
        let (forward, strike, volatility) = (options.forward[at], options.strike[at], options.volatility[at]);
        let Place { high, low } = self.place(at);
        let side = Side::new(ieee, forward, strike, self.place(at), self.weight[at]);
        let [call, put] = side.prices(discount, forward, strike);
        let (inverse_forward, inverse_total) = (1.0 / forward, self.inverse_total[at]);
        // With discount: F n(d1), n(d1), and whichever of N(d1) and N(-d1) is less than a half, and the other.
        let weight = discount * self.weight[at];
        let density = weight * inverse_forward;
        let less = density * side.mills;
        let more = discount - less;
        let is_call = is_call(forward, strike);
        let is_below = is_call && high <= 0.0;
        let (d1, d2) = if is_call { (high, -low) } else { (low, -high) };
        let vega = weight * root;
        let decay = volatility * decay;
        let per_volatility = root * inverse_total;
        Value {
            call,
            put,
            delta_call: if is_below { less } else { more },
            delta_put: -if is_below { more } else { less },
            gamma: density * inverse_forward * inverse_total,
            vega,
            theta_call: ieee.fma(vega, decay, rate * call),
            theta_put: ieee.fma(vega, decay, rate * put),
            rho_call: -years * call,
            rho_put: -years * put,
            vanna: -density * d2 * per_volatility,
            volga: vega * (d1 * d2) * per_volatility,
        }
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
