//! The accounts of a run: who has which margin model, how much to lose, and which positions. One seed, one set of accounts.
//!
//! Each account is drawn from the stream of the seed, in the order of the accounts, and in this order:
//!
//! 1. a **model**: of ten accounts four have that of futures, four that of portfolios, two the standard one;
//! 2. **means**: of twenty three are tight, three modest, the others ample. Money is counted in usual orders: the margin of one,
//!    which is taken for a tenth of its worth. An ample account has that of 100,000 orders. A modest one is left with that
//!    of 30 to 200 over its initial margin, a tight one with that of nothing to one, in tenths;
//! 3. one to four **holdings**: each an instrument of those that the model allows (futures: the perpetual and futures,
//!    else all; all are equally likely), long or short, of the size of 1 to 8 usual orders. An account of tight means has
//!    ten times that, all of it on the side of its first holding: it is the one that a move hurts. An instrument that comes
//!    twice is held twice, or less. Where accounts together would be further than 8,192 usual orders to one side of an
//!    instrument, the holding is on the other side.
//!
//! What a usual order is, the flow's first rows say ([`Survey`](super::head::Survey)).

use novate_bench::workload::Random;
use novate_core::terms::{MarginModel, Side};

/// Usual orders whose margin an account is given at first.
pub(super) const AMPLE_ORDERS: i64 = 100_000;
/// Of a usual order's worth, its margin is one part of so many.
pub(super) const MARGIN_PART: i64 = 10;
/// What a tight account is left with, at most, in tenths of a usual order's margin.
const TIGHT_TENTHS_MAX: i64 = 10;
/// How many times as much it holds as others.
const TIGHT_SIZE: i64 = 10;
/// How far accounts together may be to one side of an instrument, in usual orders: lanes have room for twice that.
const NET_MAX: i64 = 8_192;

/// What an account holds of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    /// The instrument's place among those that are dealt.
    pub(super) instrument: usize,
    /// Long (buy) or short.
    pub(super) side: Side,
    /// How much, in usual orders; above zero.
    pub(super) orders: i64,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Portfolio {
    /// How its margin is reckoned.
    pub(super) model: MarginModel,
    /// What is left over its initial margin once it has its holdings, in tenths of a usual order's margin; none where it
    /// keeps what it was given.
    pub(super) spare_tenths: Option<i64>,
    /// What it holds.
    pub(super) holdings: Vec<Holding>,
}

/// Draws so many accounts, where the first `linear` of `instruments` are futures and perpetuals.
pub(super) fn draw(seed: u64, accounts: u32, (linear, instruments): (u32, u32)) -> Vec<Portfolio> {
    let mut random = Random::new(seed);
    let mut net = vec![0; instruments as usize];
    (0..accounts).map(|_| draw_one(&mut random, (linear, instruments), &mut net)).collect()
}

fn draw_one(random: &mut Random, (linear, instruments): (u32, u32), net: &mut [i64]) -> Portfolio {
    let model = match random.below(10) {
        0..=3 => MarginModel::Futures,
        4..=7 => MarginModel::Portfolio,
        _ => MarginModel::Standard,
    };
    let spare_tenths = match random.below(20) {
        0..=2 => Some(i64::from(random.between(0, TIGHT_TENTHS_MAX as u32))),
        3..=5 => Some(i64::from(random.between(300, 2_000))),
        _ => None,
    };
    let is_tight = spare_tenths.is_some_and(|tenths| tenths <= TIGHT_TENTHS_MAX);
    let mut first_is_long = None;
    let choice = if model == MarginModel::Futures { linear } else { instruments };
    let holdings = (0..random.between(1, 4))
        .map(|_| {
            let instrument = random.below(choice) as usize;
            let is_long = random.below(2) == 0;
            let first_is_long = *first_is_long.get_or_insert(is_long);
            let is_long = if is_tight { first_is_long } else { is_long };
            let orders = i64::from(random.between(1, 8)) * if is_tight { TIGHT_SIZE } else { 1 };
            let signed = if is_long { orders } else { -orders };
            let sum = net.get(instrument).map_or(0, |net| *net);
            let signed = if (sum + signed).abs() > NET_MAX { -signed } else { signed };
            if let Some(net) = net.get_mut(instrument) {
                *net += signed;
            }
            Holding { instrument, side: if signed > 0 { Side::Buy } else { Side::Sell }, orders }
        })
        .collect();
    Portfolio { model, spare_tenths, holdings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_set_of_accounts() {
        let instruments = (4, 34);
        let drawn = draw(1, 1_000, instruments);
        assert_eq!(drawn, draw(1, 1_000, instruments));
        assert_eq!(
            drawn.get(..10),
            draw(1, 10, instruments).get(..),
            "the first do not depend on how many come behind"
        );
        assert_ne!(drawn, draw(2, 1_000, instruments));
    }

    #[test]
    fn accounts_are_as_documented() {
        let drawn = draw(7, 1_000, (4, 34));
        let count = |is: &dyn Fn(&Portfolio) -> bool| drawn.iter().filter(|one| is(one)).count();
        assert!((340..460).contains(&count(&|one| one.model == MarginModel::Futures)));
        assert!((150..250).contains(&count(&|one| one.model == MarginModel::Standard)));
        assert!((110..190).contains(&count(&|one| one.spare_tenths.is_some_and(|tenths| tenths <= TIGHT_TENTHS_MAX))));
        assert!((640..760).contains(&count(&|one| one.spare_tenths.is_none())));
        let mut net = [0_i64; 34];
        for one in &drawn {
            assert!((1..=4).contains(&one.holdings.len()));
            for holding in &one.holdings {
                let is_linear = holding.instrument < 4;
                assert!(is_linear || one.model != MarginModel::Futures && holding.instrument < 34);
                assert!((1..=80).contains(&holding.orders));
                net[holding.instrument] += if holding.side == Side::Buy { holding.orders } else { -holding.orders };
            }
        }
        assert!(net.iter().all(|net| net.abs() <= NET_MAX));
    }
}
