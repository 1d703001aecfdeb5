//! Margin of futures and perpetuals: the loss of a move against the position, and what closing it costs.
//!
//! With the mark price p, a position of v lots, buy orders b and sell orders s, the long side has L = max(v, 0) and
//!
//! maintenance(long) = p (linear L + quadratic L^2) + p (L + b) long, if v + b > 0,
//!
//! the short side likewise with max(-v, 0), s and the factor `short`, if v - s < 0. The larger of both counts, rounded up.
//! Search, initial and release level are multiples of it, rounded down. The model is that of Vega Protocol: "margin
//! calculations" and "slippage" of its specification (0019-MCAL).

use ethnum::U256;

use super::{RATE_UNIT, Rate, TooLarge};

/// How much an instrument's margin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Risk factor of a long position: what it may lose, as a part of its value.
    pub long: Rate,
    /// Risk factor of a short position.
    pub short: Rate,
    /// Cost of closing, as a part of the value.
    pub linear_slippage: Rate,
    /// Cost of closing that grows with the position: as a part of the value, for each lot.
    pub quadratic_slippage: Rate,
    /// The level below which collateral is looked for, as a multiple of maintenance.
    pub search: Rate,
    /// What a new position needs.
    pub initial: Rate,
    /// The level above which collateral is given back.
    pub release: Rate,
}

/// What an account has of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Lots: negative is short.
    pub position: i64,
    /// Lots that rest to be bought.
    pub buys: u64,
    /// Lots that rest to be sold.
    pub sells: u64,
    /// The mark price of one lot, in atoms.
    pub mark: u64,
}

/// Margin levels, in atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Below it the position is closed.
    pub maintenance: i64,
    /// Below it collateral is looked for.
    pub search: i64,
    /// A new position needs so much.
    pub initial: i64,
    /// Above it collateral is given back.
    pub release: i64,
}

/// Computes the margin levels of one instrument.
///
/// ```
/// use novate_core::margin::futures::{Exposure, Parameters, levels};
///
/// let rate = |text: &str| text.parse();
/// let parameters = Parameters {
///     long: rate("0.2")?,
///     short: rate("0.1")?,
///     linear_slippage: rate("0.25")?,
///     quadratic_slippage: rate("0")?,
///     search: rate("3.2")?,
///     initial: rate("4")?,
///     release: rate("5")?,
/// };
/// let exposure = Exposure { position: 13, buys: 0, sells: 0, mark: 10_000_000 };
/// assert_eq!(levels(&parameters, &exposure)?.maintenance, 58_500_000);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Errors
/// [`TooLarge`]: a level is beyond what cash can be.
pub fn levels(parameters: &Parameters, exposure: &Exposure) -> Result<Levels, TooLarge> {
    let Exposure { position, buys, sells, mark } = *exposure;
    let size = position.unsigned_abs();
    let (long, short) = if position > 0 { (size, 0) } else { (0, size) };
    // Orders that only close what there is are no risk of that side.
    let is_long_at_risk = position > 0 || buys > short;
    let is_short_at_risk = position < 0 || sells > long;
    let of_long = if is_long_at_risk { side(parameters, parameters.long, (long, buys)) } else { U256::ZERO };
    let of_short = if is_short_at_risk { side(parameters, parameters.short, (short, sells)) } else { U256::ZERO };
    let scaled = of_long.max(of_short).checked_mul(mark.into()).ok_or(TooLarge)?;
    let unit = U256::from(RATE_UNIT);
    let maintenance = scaled / unit + U256::from(u64::from(scaled % unit != U256::ZERO));
    let multiple = |rate: Rate| to_atoms(maintenance.checked_mul(rate.units().into()).ok_or(TooLarge)? / unit);
    Ok(Levels {
        maintenance: to_atoms(maintenance)?,
        search: multiple(parameters.search)?,
        initial: multiple(parameters.initial)?,
        release: multiple(parameters.release)?,
    })
}

/// The margin of one side for each atom of the mark price, in units of 1e-18.
fn side(parameters: &Parameters, factor: Rate, (lots, orders): (u64, u64)) -> U256 {
    let Parameters { linear_slippage, quadratic_slippage, .. } = *parameters;
    let (lots, orders) = (U256::from(lots), U256::from(orders));
    // Lots have 64 bits, rates 80: 64 + 64 + 80, and a sum of three.
    let slippage = lots * U256::from(linear_slippage.units()) + lots * lots * U256::from(quadratic_slippage.units());
    slippage + (lots + orders) * U256::from(factor.units())
}

fn to_atoms(amount: U256) -> Result<i64, TooLarge> {
    amount.try_into().map_err(|_| TooLarge)
}
