//! What drives the index of a run: the flow's own trades.
//!
//! The index is the last price at which the flow's perpetual traded, and before it trades the median price of the flow's
//! first orders. With the first row of each second of sequenced time the operator says it anew, and the forwards that are
//! carried from it, before the row; with the first row of each minute also rates and smiles. So whatever a row is judged by
//! is younger than a second, or a minute, however long nothing came before it, and what is said depends on nothing but the
//! events of the rows before. All of it is sent at once, so that one pass of valuation is enough for it.
//!
//! Volatilities rise with the distance that the index has come: from 25 % a year, by a half for each hundredth of its first
//! value, up to three times that.

use novate_core::command::{FeedStamp, SmileTerms, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface};
use novate_core::ids::{EntityId, ExpiryId, UnderlyingId};
use novate_core::terms::Side;
use novate_core::units::{CashAtoms, PriceTicks, TimeNs};

use super::feed::SHARD;
use super::scale::Scale;
use super::trader::Operator;
use super::venue::{Line, words};
use crate::error::Error;

/// Days from the first row to each expiry.
pub(super) const EXPIRY_DAYS: [u64; 3] = [7, 30, 90];
/// Interest, and what a forward is carried with: 4 % a year, in parts of 1e-9.
pub(super) const RATE: i64 = 40_000_000;
/// The volatility at the money at first, in parts of 1e-9.
const VOLATILITY: i128 = 250_000_000;
/// What it is multiplied with, in ppm, is one and so many times the distance of the index, in ppm of its first value.
const RISE: i128 = 50;
/// The largest such factor, in ppm.
const RISE_MAX: i128 = 3 * PPM;
/// A smile's skew, and how round it is, in parts of 1e-12.
const SKEW: i64 = -300_000_000_000;
const ROUNDNESS: i64 = 200_000_000_000;
/// How far from the last price a market order trades, at most: a part of the price of one in so many.
const PROTECTION_PART: i64 = 4;

const PPM: i128 = 1_000_000;
const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;
const DAY_NS: u64 = 86_400 * SECOND_NS;
/// Nanoseconds of a year of 365 days.
const YEAR_NS: i128 = 365 * DAY_NS as i128;
/// One, in parts of 1e-12.
const ONE: i128 = 1_000_000_000_000;

/// The underlying of a run.
pub(super) fn underlying() -> UnderlyingId {
    UnderlyingId::from_parts(SHARD, 1, 1)
}

/// An expiry of a run, and when it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry {
    pub(super) id: ExpiryId,
    pub(super) time: TimeNs,
}

/// All of them, for a flow that begins then.
pub(super) fn expiries(begin: TimeNs) -> [Expiry; EXPIRY_DAYS.len()] {
    let mut number = 0;
    EXPIRY_DAYS.map(|days| {
        number += 1;
        let id = ExpiryId::from_parts(SHARD, number, number);
        Expiry { id, time: TimeNs(begin.0.saturating_add(days * DAY_NS)) }
    })
}

/// What the operator knows of prices, and when it has said so last.
#[derive(Clone, Debug)]
pub(super) struct Feeds {
    scale: Scale,
    expiries: [Expiry; EXPIRY_DAYS.len()],
    first: CashAtoms,
    index: CashAtoms,
    /// The last price, in ticks; before there is one, the median of the first orders.
    last: i64,
    said: Option<TimeNs>,
}

impl Feeds {
    /// Nothing was said yet. `price` is that of the flow's first orders, with its sign.
    pub(super) fn new(scale: Scale, expiries: [Expiry; EXPIRY_DAYS.len()], price: i64) -> Self {
        let first = scale.index(scale.reference);
        Self { scale, expiries, first, index: first, last: price, said: None }
    }

    /// The flow's perpetual has traded. The index stays where it was while there are prices of which it can be none: those
    /// that are not above zero.
    pub(super) fn hear(&mut self, price: PriceTicks) {
        self.last = price.0;
        if price.0 > 0 {
            self.index = self.scale.index(price.0);
        }
    }

    /// Where a market order ends: it is reserved for as if it traded there.
    pub(super) fn protection(&self, side: Side) -> PriceTicks {
        let distance = self.last.unsigned_abs().div_ceil(PROTECTION_PART.unsigned_abs()).max(1).cast_signed();
        PriceTicks(match side {
            Side::Buy => self.last.saturating_add(distance),
            Side::Sell => self.last.saturating_sub(distance),
        })
    }

    /// Says what is due at a time: with the first row of a second, of a minute.
    ///
    /// # Errors
    /// The engine refused it, or is gone.
    pub(super) fn say(&mut self, time: TimeNs, operator: &mut Operator, line: &mut impl Line) -> Result<(), Error> {
        let is_new = |interval: u64| self.said.is_none_or(|said| said.0 / interval < time.0 / interval);
        let (is_second, is_minute) = (is_new(SECOND_NS), is_new(MINUTE_NS));
        if !is_second {
            return Ok(());
        }
        let stamp = FeedStamp::sure(0, time);
        let mut all = vec![words(&UpdateIndex::new(operator.next(), underlying(), self.index, stamp))];
        // What has expired takes no feeds any more.
        for expiry in self.expiries.into_iter().filter(|expiry| expiry.time > time) {
            let forward = self.forward(expiry, time);
            all.push(words(&UpdateForward::new(operator.next(), expiry.id, forward, stamp)));
            if is_minute {
                all.push(words(&UpdateRate::new(operator.next(), expiry.id, RATE, stamp)));
                let smile = self.smile(expiry, time);
                all.push(words(&UpdateSurface::new(operator.next(), expiry.id, smile, stamp)));
            }
        }
        line.tell_all(&all)?.accepted()?;
        self.said = Some(time);
        Ok(())
    }

    /// The index in ticks of futures and options.
    pub(super) const fn fine_index(&self) -> i64 {
        self.index.0 / self.scale.fine_unit.0
    }

    /// The index, and interest on it for as long as there is to the expiry.
    pub(super) fn forward(&self, expiry: Expiry, now: TimeNs) -> CashAtoms {
        let index = i128::from(self.index.0);
        let carry = index * i128::from(RATE) / 1_000_000_000 * years(expiry, now) / ONE;
        CashAtoms(clamped(index + carry).min(self.scale.index_max.0))
    }

    /// The smile of an expiry: of the total variance at the money six tenths are everywhere, and four tenths bend.
    pub(super) fn smile(&self, expiry: Expiry, now: TimeNs) -> SmileTerms {
        let (index, first) = (i128::from(self.index.0), i128::from(self.first.0));
        let distance = (index - first).abs() * PPM / first;
        let volatility = VOLATILITY * (PPM + RISE * distance).min(RISE_MAX) / PPM;
        let years = years(expiry, now);
        let variance = volatility * volatility * years / 1_000_000_000_000_000_000;
        SmileTerms {
            a: clamped(variance * 6 / 10),
            b: clamped(variance * 4 / 10 * ONE / i128::from(ROUNDNESS)),
            rho: SKEW,
            m: 0,
            sigma: ROUNDNESS,
            forward: self.forward(expiry, now),
            years: clamped(years),
        }
    }
}

/// Years to an expiry, in parts of 1e-12; some milliseconds at least, since a smile has a time.
pub(super) fn years(expiry: Expiry, now: TimeNs) -> i128 {
    (i128::from(expiry.time.0.saturating_sub(now.0)) * ONE / YEAR_NS).max(1_000)
}

/// What is within 64 bits by far, but for flows that make nonsense of it.
fn clamped(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "to be compared with what is about right")]
mod tests {
    use super::*;
    use novate_core::pricing::svi::Smile;

    const BEGIN: TimeNs = TimeNs(1_703_422_805_243_925_307);

    fn feeds(price: i64) -> Feeds {
        Feeds::new(Scale::new(price, 1).expect("it fits"), expiries(BEGIN), price)
    }

    #[test]
    fn volatility_rises_with_the_distance() {
        let mut feeds = feeds(10_000);
        let [_, month, _] = feeds.expiries;
        let at_the_money = |feeds: &Feeds| {
            let terms = feeds.smile(month, BEGIN);
            Smile::try_from(&terms).expect("a smile").volatility(terms.forward.0 as f64)
        };
        for (price, expected) in [(10_000, 0.25), (10_100, 0.375), (9_900, 0.375), (20_000, 0.75), (1, 0.75)] {
            feeds.hear(PriceTicks(price));
            let found = at_the_money(&feeds);
            assert!((found - expected).abs() < 1e-4, "{price}: {found}");
        }
    }

    #[test]
    fn the_index_is_the_last_price_that_can_be_one() {
        let mut feeds = feeds(-10);
        assert_eq!(feeds.index, feeds.scale.index(10));
        assert_eq!([Side::Sell, Side::Buy].map(|side| feeds.protection(side).0), [-13, -7]);
        feeds.hear(PriceTicks(12));
        feeds.hear(PriceTicks(-8));
        assert_eq!(feeds.index, feeds.scale.index(12));
        feeds.hear(PriceTicks(i64::MAX));
        assert_eq!((feeds.index, feeds.protection(Side::Buy)), (feeds.scale.index_max, PriceTicks::MAX));
        assert!(feeds.expiries.iter().all(|expiry| feeds.forward(*expiry, BEGIN) == feeds.scale.index_max));
    }

    #[test]
    fn there_is_a_smile_to_the_end() {
        let feeds = feeds(10_000);
        for expiry in feeds.expiries {
            for left in [1, 1_000_000, SECOND_NS, MINUTE_NS, DAY_NS] {
                let terms = feeds.smile(expiry, TimeNs(expiry.time.0 - left));
                let volatility = Smile::try_from(&terms).expect("a smile").volatility(terms.forward.0 as f64);
                assert!((volatility - 0.25).abs() < 5e-3, "{left}: {volatility}");
            }
        }
    }

    #[test]
    fn forwards_are_carried() {
        let feeds = feeds(10_000);
        let [_, _, quarter] = feeds.expiries;
        let carried = feeds.forward(quarter, BEGIN).0 as f64 / feeds.index.0 as f64;
        assert!((carried - (1.0 + 0.04 * 90.0 / 365.0)).abs() < 1e-9, "{carried}");
    }
}
