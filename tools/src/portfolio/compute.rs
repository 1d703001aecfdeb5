//! From a portfolio to its margin, through risk arrays of integers: lots of 1e-11, lanes of 2^-48 atoms, 128 bits.

use novate_core::margin::portfolio::{Account, Collateral, Expiry, Margin, Parameters, Perpetuals, Scenario, margin};
use novate_core::margin::{Array, RATE_UNIT, Rate};
use novate_core::pricing::Level;
use novate_core::pricing::SCENARIOS_MAX;
use novate_core::pricing::pmrm::{self, Discounts, Grid, SkewShock, Smile, VolatilityShock, Worth};
use novate_core::pricing::svi::{self, NotASmile};

use super::json;
use crate::text::number;

/// Units of a position to a lot.
const LOT: f64 = 1e-11;
/// Atoms of one unit of cash.
const ATOMS: f64 = 1e6;
/// Lanes to an atom: 2^48.
const LANES: f64 = 281_474_976_710_656.0;
/// Lots of a position, at most: what 53 bits hold.
const LOTS_MAX: f64 = 9_007_199_254_740_992.0;

/// What a portfolio comes to, in cash.
#[derive(Clone, Debug)]
pub(crate) struct Computed {
    /// Names of the scenarios.
    pub(crate) names: Vec<String>,
    /// Profit under each.
    pub(crate) scenarios: Vec<f64>,
    /// The loss by basis.
    pub(crate) basis: f64,
    /// Value of everything.
    pub(crate) mark_to_market: f64,
    /// What is added for maintenance, and beyond that for the initial margin.
    pub(crate) contingency: [f64; 2],
    /// What is left over the maintenance margin.
    pub(crate) maintenance: f64,
    /// What is left over the initial margin.
    pub(crate) initial: f64,
    /// Each option's price.
    pub(crate) marks: Vec<f64>,
}

/// Cash, or the worth of something, in lanes.
fn lanes(amount: f64) -> Result<i128, String> {
    let scaled = amount * ATOMS * LANES;
    if scaled.abs() < 1e36 { Ok(scaled as i128) } else { Err(too_large(amount)) }
}

fn too_large(amount: f64) -> String {
    format!("an amount of {} is too large", number(amount))
}

/// The worth of one lot.
pub(crate) fn lot(worth: f64) -> Result<i128, String> {
    lanes(worth * LOT)
}

/// Lanes as cash.
pub(crate) fn cash(lanes: i128) -> f64 {
    lanes as f64 / LANES / ATOMS
}

/// A quantity in lots.
pub(crate) fn lots(amount: f64) -> Result<i64, String> {
    let lots = (amount / LOT).round();
    if lots.abs() <= LOTS_MAX { Ok(lots as i64) } else { Err(too_large(amount)) }
}

fn rate(name: &str, value: f64) -> Result<Rate, String> {
    let units = (value >= 0.0).then_some((value * RATE_UNIT as f64).round() as u128);
    let rate = units.and_then(Rate::new);
    rate.ok_or_else(|| format!("{name} is {}; expected a number from 0 to 1000000", number(value)))
}

fn array(worth: &Worth) -> Result<Array<i128>, String> {
    let mut scenarios = [0; SCENARIOS_MAX];
    for (lane, worth) in scenarios.iter_mut().zip(worth.scenarios) {
        *lane = lot(worth)?;
    }
    Ok(Array { mark: lot(worth.mark)?, basis: [lot(worth.basis[0])?, lot(worth.basis[1])?], scenarios })
}

/// What a scenario does to the smile.
fn smile(direction: &str) -> Smile {
    match direction {
        "Up" => Smile::Up,
        "Down" => Smile::Down,
        "Linear" | "LINEAR" => Smile::Linear,
        "Abs" | "ABS" => Smile::Absolute,
        _ => Smile::Kept,
    }
}

/// Computes a portfolio's margin.
///
/// # Errors
/// What of it makes no sense.
pub(crate) fn compute(portfolio: &json::Portfolio) -> Result<Computed, String> {
    let json::Portfolio { market, parameters, .. } = portfolio;
    if !(1..=SCENARIOS_MAX).contains(&parameters.scenarios.len()) {
        return Err(format!("Scenarios has {} rows; expected 1 to {SCENARIOS_MAX}", parameters.scenarios.len()));
    }
    let mut confidence = market.spot_confidence;
    let collaterals = collaterals(market)?;
    if market.num_perps != 0.0 {
        confidence = confidence.min(market.perp_confidence);
    }
    let (expiries, marks) = expiries(market, parameters, confidence)?;
    let has_perpetuals = f64::from(u8::from(market.num_perps != 0.0));
    let account = Account {
        expiries: &expiries,
        perpetuals: Perpetuals {
            value: lanes(market.num_perps * market.perp_price)?,
            notional: lanes(market.num_perps.abs() * market.spot_price)?,
            unrealised: lanes(has_perpetuals * (market.unrealised_perp_pnl + market.unrealised_funding))?,
            confidence: rate("SpotConfidence", confidence)?,
        },
        collaterals: &collaterals,
        cash: lanes(market.cash)?,
        spot: lot(market.spot_price)?,
    };
    let scenarios = parameters.scenarios.iter().map(|scenario| {
        Ok(Scenario {
            spot: rate("SpotShock", scenario.spot_shock)?,
            damping: rate("DampeningFactor", scenario.damping)?,
            is_skew: smile(&scenario.vol_shock_direction).is_skew(),
        })
    });
    let scenarios = scenarios.collect::<Result<Vec<_>, String>>()?;
    let found =
        margin(&scenarios, &own_parameters(market, parameters)?, &account).map_err(|error| error.to_string())?;
    Ok(computed(parameters, &found, marks))
}

fn computed(parameters: &json::Parameters, found: &Margin, marks: Vec<f64>) -> Computed {
    let name = |scenario: &json::Scenario| format!("{} {}", number(scenario.spot_shock), scenario.vol_shock_direction);
    Computed {
        names: parameters.scenarios.iter().map(name).collect(),
        scenarios: found.scenarios.iter().take(parameters.scenarios.len()).copied().map(cash).collect(),
        basis: cash(found.basis),
        mark_to_market: cash(found.mark_to_market),
        contingency: found.contingency.map(cash),
        maintenance: cash(found.maintenance),
        initial: cash(found.initial),
        marks,
    }
}

fn own_parameters(market: &json::Market, parameters: &json::Parameters) -> Result<Parameters, String> {
    let (other, losses) = (&parameters.other_contingency, &parameters.margin);
    // A peg that is lost makes every loss count more.
    let lost = (other.peg_loss_threshold - market.stable_price).max(0.0);
    Ok(Parameters {
        maintenance_loss: rate("MM_LOSS_FACTOR", losses.mm_loss_factor)?,
        initial_loss: rate("IM_LOSS_FACTOR", losses.im_loss_factor + other.peg_loss_factor * lost)?,
        perpetual: [rate("MM_PERP_PERCENT", other.mm_perp_percent)?, rate("IM_PERP_PERCENT", other.im_perp_percent)?],
        option: [
            rate("MM_OPTION_PERCENT", other.mm_option_percent)?,
            rate("IM_OPTION_PERCENT", other.im_option_percent)?,
        ],
        confidence_threshold: rate("CONF_THRESHOLD", other.conf_threshold)?,
        confidence: rate("CONF_MARGIN", other.conf_margin)?,
    })
}

fn collaterals(market: &json::Market) -> Result<Vec<Collateral>, String> {
    let each = market.collaterals.iter().map(|collateral| {
        Ok(Collateral {
            value: lanes(collateral.amount * collateral.price / market.stable_price)?,
            is_risk_cancelling: collateral.is_risk_cancelling,
            maintenance_haircut: rate("MMHaircut", collateral.maintenance_haircut)?,
            initial_haircut: rate("IMHaircut", collateral.initial_haircut)?,
            confidence: rate("Confidence", collateral.confidence.min(market.spot_confidence))?,
        })
    });
    each.collect()
}

/// The sums of every expiry, and each option's price.
fn expiries(
    market: &json::Market,
    parameters: &json::Parameters,
    confidence: f64,
) -> Result<(Vec<Expiry<i128>>, Vec<f64>), String> {
    let scenarios: Vec<pmrm::Scenario> = parameters
        .scenarios
        .iter()
        .map(|scenario| pmrm::Scenario { spot: scenario.spot_shock, smile: smile(&scenario.vol_shock_direction) })
        .collect();
    let grid = grid(&scenarios, parameters);
    let mut marks = vec![0.0; market.options.len()];
    let mut seconds: Vec<f64> = market.options.iter().map(|option| option.expiry).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    seconds.dedup();
    let feeds = feeds(&market.option_feeds)?;
    let mut expiries = Vec::new();
    for seconds in seconds {
        let place = feeds.binary_search_by(|feed| feed.expiry.total_cmp(&seconds));
        let place = place.map_err(|_| format!("OptionFeeds has no row with FeedExpiry {}", number(seconds)))?;
        let options = market.options.iter().zip(&mut marks).enumerate();
        let options = options.filter(|(_, (option, _))| option.expiry == seconds);
        expiries.push(expiry(&grid, feeds[place], options, confidence)?);
    }
    Ok((expiries, marks))
}

/// Feeds in the order of their expiries, of which each has one.
fn feeds(rows: &[json::Feed]) -> Result<Vec<&json::Feed>, String> {
    let mut feeds: Vec<&json::Feed> = rows.iter().collect();
    feeds.sort_by(|one, other| one.expiry.total_cmp(&other.expiry));
    match feeds.windows(2).find(|pair| pair[0].expiry == pair[1].expiry) {
        Some(pair) => Err(format!("OptionFeeds has two rows with FeedExpiry {}; expected one", number(pair[0].expiry))),
        None => Ok(feeds),
    }
}

fn grid<'a>(scenarios: &'a [pmrm::Scenario], parameters: &json::Parameters) -> Grid<'a> {
    let (vol, skew) = (&parameters.vol_shock, &parameters.skew_shock);
    let (margin, basis) = (&parameters.margin, &parameters.basis_contingency);
    Grid {
        scenarios,
        volatility: VolatilityShock {
            range_up: vol.volrangeup,
            range_down: vol.volrangedown,
            short_power: vol.shorttermpower,
            long_power: vol.longtermpower,
            floor_days: vol.dte_floor,
            evaluated_min: vol.min_vol_eval_shocked,
        },
        skew: SkewShock {
            linear: [skew.linear_scale_cap, skew.linear_cbase],
            absolute: [skew.abs_scale_cap, skew.abs_cbase],
            width_min: skew.min_k_star,
            width: skew.min_width_scale,
            volatility: [skew.vol_param_static, skew.vol_param_scale],
        },
        discounts: Discounts {
            fixed: [margin.base_static_discount, margin.base_static_discount_neg],
            rate_mult: [margin.long_rate_multscale, margin.short_rate_multscale],
            rate_add: [margin.long_rate_addscale, margin.short_rate_addscale],
            basis: [basis.scenario_spot_up, basis.scenario_spot_down],
            basis_factor: [basis.basis_cont_add_factor, basis.basis_cont_mult_factor],
        },
    }
}

/// How many of an expiry's options there are, in lots.
#[derive(Debug, Default)]
struct Counted {
    /// Bought and sold together.
    gross: u64,
    /// What was bought less what was sold, strike by strike.
    strikes: Vec<(f64, i64)>,
}

impl Counted {
    fn add(&mut self, strike: f64, quantity: i64) -> Result<(), String> {
        let gross = self.gross.checked_add(quantity.unsigned_abs());
        self.gross = gross
            .ok_or_else(|| format!("the amounts of its expiry are more than {} together", most(u64::MAX as f64)))?;
        match self.strikes.iter_mut().find(|(other, _)| *other == strike) {
            Some((_, net)) => {
                let sum = net.checked_add(quantity);
                *net = sum.ok_or_else(|| {
                    format!("the amounts at strike {} are more than {} together", number(strike), most(i64::MAX as f64))
                })?;
            }
            None => self.strikes.push((strike, quantity)),
        }
        Ok(())
    }

    /// What was sold beyond what was bought. Less than the gross, so that it has room.
    fn naked(&self) -> u64 {
        let sold = self.strikes.iter().map(|(_, net)| net.min(&0).unsigned_abs());
        sold.fold(0, u64::saturating_add)
    }
}

/// So many lots, as an amount in whole units.
fn most(lots: f64) -> String {
    number((lots * LOT).floor())
}

fn expiry<'m>(
    grid: &Grid<'_>,
    feed: &json::Feed,
    options: impl Iterator<Item = (usize, (&'m json::Position, &'m mut f64))>,
    confidence: f64,
) -> Result<Expiry<i128>, String> {
    let level = Level::best();
    let feeds = pmrm::Expiry { seconds: feed.expiry, forward: feed.forward, rate: feed.rate };
    let smile = svi_smile(feed)?;
    let factors = pmrm::factors(level, &grid.discounts, &feeds);
    let prepared = pmrm::Prepared::new(level, grid, &feeds);
    let (mut sums, mut counted) = (Array::default(), Counted::default());
    for (index, (option, mark)) in options {
        let volatility = smile.volatility(option.strike);
        let worth = prepared.worth(&pmrm::Terms { strike: option.strike, is_call: option.is_call, volatility });
        let mut add = || {
            let quantity = lots(option.amount)?;
            sums.add(quantity, &array(&worth)?).map_err(|error| error.to_string())?;
            counted.add(option.strike, quantity)
        };
        add().map_err(|what| format!("Options: row {}: Amount {}: {what}", index + 1, number(option.amount)))?;
        *mark = worth.mark;
    }
    let feed_confidence = feed.forward_confidence.min(feed.rate_confidence).min(feed.option_vol_confidences);
    Ok(Expiry {
        sums,
        discount_long: rate("BASE_STATIC_DISCOUNT", factors.long)?,
        discount_short: rate("BASE_STATIC_DISCOUNT_NEG", factors.short)?,
        basis: rate("BASIS_CONT_ADD_FACTOR", factors.basis)?,
        naked: counted.naked(),
        gross: counted.gross,
        confidence: rate("ForwardConfidence", feed_confidence.min(confidence))?,
    })
}

/// The smile of an expiry.
fn svi_smile(feed: &json::Feed) -> Result<svi::Smile, String> {
    let [a, b, rho, m, sigma, forward, years] = feed.smile;
    let smile = svi::Smile::new(svi::Parameters { a, b, rho, m, sigma, forward, years });
    smile.map_err(|error| {
        let what = match error {
            NotASmile::Parameter { name, value, expected } => {
                format!("the smile's parameter {name} is {}; expected {expected}", number(value))
            }
            NotASmile::NegativeVariance { least } => {
                format!("its least variance is {}; expected 0 or more", number(least))
            }
        };
        format!("SVIparam of the expiry in {} seconds: {what}", number(feed.expiry))
    })
}
