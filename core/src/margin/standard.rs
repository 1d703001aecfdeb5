//! Standard margin: options strike by strike, each expiry for itself, without scenarios.
//!
//! An expiry needs the smaller of two amounts, both of them losses and so not above zero:
//!
//! - **isolated**: over all short options, quantity times mark and, for a call, quantity times a part of spot; for a put the
//!   larger of that and of a part of the mark. For the initial margin the part of spot is max(a - out of the money, b), where
//!   out of the money counts as a part of spot, and a put needs at least its maintenance times an offset;
//! - **bounded**: what the options pay at the worst price, which is zero or a strike, and where more calls are sold than
//!   bought, a multiple of the forward price for each.
//!
//! In the manner of Derive's standard manager (`StandardManager.sol` of its v2-core).

use super::amount::{cost, difference, part, sum};
use super::{Rate, TooLarge};

/// How much options need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Initial margin at the money, as a part of spot.
    pub initial: Rate,
    /// Initial margin however far out of the money.
    pub initial_min: Rate,
    /// Maintenance margin of calls and of puts, as a part of spot.
    pub maintenance: [Rate; 2],
    /// Maintenance margin of puts, as a part of the mark.
    pub maintenance_of_mark: Rate,
    /// Initial margin of puts, as a multiple of maintenance.
    pub offset: Rate,
    /// Of the forward for each call that is sold and not bought: maintenance, initial.
    pub unpaired: [Rate; 2],
}

/// An option and how many of it; prices are of one lot, in 2^-k atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Lots: negative is short.
    pub quantity: i64,
    /// Strike.
    pub strike: i128,
    /// Call or put.
    pub is_call: bool,
    /// What it is worth.
    pub mark: i128,
}

/// An expiry's positions; prices are of one lot, in 2^-k atoms.
#[derive(Clone, Copy, Debug)]
pub struct Expiry<'a> {
    /// Its positions.
    pub positions: &'a [Position],
    /// The spot price.
    pub spot: i128,
    /// The forward price.
    pub forward: i128,
}

/// What is needed, as amounts not above zero, in 2^-k atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margin {
    /// To keep the positions.
    pub maintenance: i128,
    /// To have taken them.
    pub initial: i128,
}

fn times(quantity: i64, price: i128) -> Result<i128, TooLarge> {
    i128::from(quantity).checked_mul(price).ok_or(TooLarge)
}

/// What an expiry needs.
///
/// # Errors
/// [`TooLarge`].
///
/// ```
/// use novate_core::margin::standard::{Expiry, Parameters, Position, margin};
///
/// let rate = |text: &str| text.parse();
/// let parameters = Parameters {
///     initial: rate("0.15")?,
///     initial_min: rate("0.1")?,
///     maintenance: [rate("0.075")?; 2],
///     maintenance_of_mark: rate("0.075")?,
///     offset: rate("1.05")?,
///     unpaired: [rate("1.1")?, rate("1.2")?],
/// };
/// // One call sold at the money: 15 % of spot and its mark.
/// let sold = Position { quantity: -1, strike: 1_000, is_call: true, mark: 40 };
/// let needed = margin(&parameters, &Expiry { positions: &[sold], spot: 1_000, forward: 1_000 })?;
/// assert_eq!((needed.maintenance, needed.initial), (-115, -190));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub fn margin(parameters: &Parameters, expiry: &Expiry<'_>) -> Result<Margin, TooLarge> {
    let mut isolated = Margin::default();
    let mut of_spot = None;
    for position in expiry.positions.iter().filter(|position| position.quantity < 0) {
        let of_spot = match of_spot {
            Some(known) => known,
            None => *of_spot.insert(OfSpot::new(parameters, expiry.spot)?),
        };
        let needed = isolated_of(parameters, (expiry.spot, &of_spot), position)?;
        isolated.maintenance = sum([isolated.maintenance, needed.maintenance])?;
        isolated.initial = sum([isolated.initial, needed.initial])?;
    }
    let worst = worst_payment(expiry)?;
    let sold =
        expiry.positions.iter().filter(|position| position.is_call).map(|position| i128::from(position.quantity));
    let unpaired = sum(sold)?.min(0);
    let bounded = |rate| {
        let each = cost(expiry.forward, rate)?;
        sum([worst, unpaired.checked_mul(each).ok_or(TooLarge)?])
    };
    let [maintenance, initial] = parameters.unpaired;
    Ok(Margin {
        maintenance: isolated.maintenance.max(bounded(maintenance)?),
        initial: isolated.initial.max(bounded(initial)?),
    })
}

/// Parts of spot, the same for all options of an expiry.
#[derive(Clone, Copy, Debug)]
struct OfSpot {
    initial: i128,
    initial_min: i128,
    /// Of calls, of puts.
    maintenance: [i128; 2],
}

impl OfSpot {
    fn new(parameters: &Parameters, spot: i128) -> Result<Self, TooLarge> {
        let [call, put] = parameters.maintenance;
        Ok(Self {
            initial: cost(spot, parameters.initial)?,
            initial_min: cost(spot, parameters.initial_min)?,
            maintenance: [cost(spot, call)?, cost(spot, put)?],
        })
    }
}

/// What a short option needs for itself.
fn isolated_of(
    parameters: &Parameters,
    (spot, of_spot): (i128, &OfSpot),
    position: &Position,
) -> Result<Margin, TooLarge> {
    let Position { quantity, strike, is_call, mark } = *position;
    let out_of_the_money = if is_call { difference(strike, spot)? } else { difference(spot, strike)? }.max(0);
    let at_least = difference(of_spot.initial, out_of_the_money)?.max(of_spot.initial_min);
    let initial = times(quantity, sum([at_least, mark])?)?;
    let [call, put] = of_spot.maintenance;
    if is_call {
        let maintenance = times(quantity, sum([call, mark])?)?;
        return Ok(Margin { maintenance, initial });
    }
    let more = put.max(cost(mark, parameters.maintenance_of_mark)?);
    let maintenance = times(quantity, sum([more, mark])?)?;
    Ok(Margin { maintenance, initial: initial.min(part(maintenance, parameters.offset)?) })
}

/// The least that all options pay together, not above zero, at zero or at a strike: between those it is a straight line,
/// which is followed from the lowest of them upwards.
fn worst_payment(expiry: &Expiry<'_>) -> Result<i128, TooLarge> {
    let strikes = || expiry.positions.iter().map(|position| position.strike);
    let mut price = strikes().fold(0, i128::min);
    let (mut paid, mut slope) = (0, 0);
    for &Position { quantity, strike, is_call, .. } in expiry.positions {
        // None is below the price.
        if !is_call {
            paid = sum([paid, times(quantity, difference(strike, price)?)?])?;
        }
        let is_rising = is_call && strike == price;
        let is_falling = !is_call && strike > price;
        slope += if is_rising { i128::from(quantity) } else { 0 } - if is_falling { i128::from(quantity) } else { 0 };
    }
    let mut worst = paid.min(0);
    loop {
        // The next strike, or zero, and what begins or ends there: of a call it begins to pay, of a put it no longer does.
        let mut next = if price < 0 { Some((0, 0)) } else { None };
        for &Position { quantity, strike, .. } in expiry.positions.iter().filter(|position| position.strike > price) {
            match &mut next {
                Some((nearest, more)) if *nearest == strike => *more += i128::from(quantity),
                Some((nearest, _)) if *nearest < strike => {}
                _ => next = Some((strike, i128::from(quantity))),
            }
        }
        let Some((strike, more)) = next else { return Ok(worst) };
        let change = difference(strike, price)?.checked_mul(slope).ok_or(TooLarge)?;
        paid = sum([paid, change])?;
        (price, slope, worst) = (strike, slope + more, worst.min(paid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// What all pay at zero and at each strike, one by one.
    fn one_by_one(positions: &[Position]) -> i128 {
        let paid = |price: i128| {
            positions.iter().fold(0, |paid, &Position { quantity, strike, is_call, .. }| {
                let each = if is_call { price - strike } else { strike - price }.max(0);
                paid + i128::from(quantity) * each
            })
        };
        positions.iter().map(|position| position.strike).chain([0]).map(paid).fold(0, i128::min)
    }

    #[test]
    fn the_worst_payment_is_that_of_all_prices() {
        let mut state = 1_u64;
        let mut below = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        for _ in 0..5_000 {
            // Strikes that are repeated, at zero and below it, too.
            let (count, strikes) = (below(33), 1 + below(40));
            let positions: Vec<Position> = (0..count)
                .map(|_| Position {
                    quantity: below(201).cast_signed() - 100,
                    strike: i128::from(below(strikes)) * 7 - 35,
                    is_call: below(2) == 0,
                    mark: 0,
                })
                .collect();
            let expiry = Expiry { positions: &positions, spot: 100, forward: 100 };
            assert_eq!(worst_payment(&expiry), Ok(one_by_one(&positions)), "{positions:?}");
        }
    }
}
