//! Orders that follow the market: pegged orders and trailing stop orders, the ring of instruments that have some, and the
//! passes over them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bytemuck::Zeroable;

use super::book::{Order, Trigger};
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::event::Repriced;
use crate::ids::InstrumentId;
use crate::reject::CancelReason;
use crate::terms::{OrderType, PegReference, Side, TradingState};
use crate::units::{PriceTicks, Sequence};

/// Units of a follower that is repriced or cancelled; of any other, and of a look, one.
const MOVE_UNITS: u32 = 16;

/// What a pegged order's price follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peg {
    pub(super) reference: PegReference,
    pub(super) offset: PriceTicks,
    pub(super) limit: PriceTicks,
}

/// What followers look at, pegged orders left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    last: Option<PriceTicks>,
    bid: Option<PriceTicks>,
    ask: Option<PriceTicks>,
}

/// A pass over an instrument's followers.
#[derive(Clone, Copy, Debug)]
struct Pass {
    instrument: InstrumentId,
    view: View,
    /// Those accepted up to here were asked.
    asked: Sequence,
}

/// Where following stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Following {
    /// The instruments with followers, the one that got its first first first.
    ring: Vec<InstrumentId>,
    /// The views with which their last passes began.
    views: BTreeMap<InstrumentId, View>,
    /// The instrument that was looked at last.
    looked_last: Option<InstrumentId>,
    /// How many are still to be looked at.
    unlooked: usize,
    pass: Option<Pass>,
    /// Events of the command at hand that are noticed already.
    noticed: usize,
}

/// What came of asking for a piece of following.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    Nothing,
    OutOfUnits,
}

impl NaiveEngine {
    /// Before a command: it has said nothing yet.
    pub(super) fn begin_following(&mut self) {
        self.following.noticed = 0;
        self.mend_ring();
    }

    /// An order was accepted: if it is a follower its instrument is in the ring.
    pub(super) fn join_ring(&mut self, order: &Order) {
        if order.is_follower() && !self.following.ring.contains(&order.instrument) {
            self.following.ring.push(order.instrument);
            self.following.views.remove(&order.instrument);
        }
    }

    /// Takes instruments that have no followers any more out of the ring.
    fn mend_ring(&mut self) {
        while let Some(at) = self.following.ring.iter().position(|id| self.book.followers(*id).next().is_none()) {
            let gone = self.following.ring.remove(at);
            if self.following.looked_last == Some(gone) {
                self.following.looked_last =
                    at.checked_sub(1).and_then(|before| self.following.ring.get(before)).copied();
            }
            if self.following.pass.is_some_and(|pass| pass.instrument == gone) {
                self.following.pass = None;
            }
        }
    }

    /// Where events were said since the last time, all instruments of the ring are to be looked at.
    pub(super) fn notice_events(&mut self) {
        self.mend_ring();
        if self.outbox.len() != self.following.noticed {
            self.following.noticed = self.outbox.len();
            self.following.unlooked = self.following.ring.len();
        }
    }

    /// Whether instruments are still to be looked at, or a pass is under way.
    pub(super) fn is_following(&self) -> bool {
        !self.following.ring.is_empty() && (self.following.unlooked > 0 || self.following.pass.is_some())
    }

    /// Looks round the ring, and does the passes that this calls for.
    pub(super) fn follow(&mut self, units: &mut u32) -> Followed {
        loop {
            self.notice_events();
            if let Some(pass) = self.following.pass {
                if self.ask_next(pass, units) == Followed::OutOfUnits {
                    return Followed::OutOfUnits;
                }
            } else if self.following.ring.is_empty() || self.following.unlooked == 0 || *units == 0 {
                return Followed::Nothing;
            } else {
                *units -= 1;
                self.look();
            }
        }
    }

    /// Looks at the next instrument; a pass begins if it shows another view.
    fn look(&mut self) {
        let following = &mut self.following;
        let last = following.ring.iter().position(|id| Some(*id) == following.looked_last);
        let next = last.map_or(0, |last| last + 1) % following.ring.len().max(1);
        let Some(id) = following.ring.get(next).copied() else { return };
        following.looked_last = Some(id);
        following.unlooked -= 1;
        let is_open = self.instruments.find(id).is_ok_and(|listed| listed.state == TradingState::Continuous);
        let view = self.view_of(id);
        if is_open && self.following.views.get(&id) != Some(&view) {
            self.following.views.insert(id, view);
            self.following.pass = Some(Pass { instrument: id, view, asked: Sequence::ZERO });
        }
    }

    /// Asks the next follower of a pass; the pass is over if there is none, or where trading is not continuous.
    fn ask_next(&mut self, pass: Pass, units: &mut u32) -> Followed {
        let id = pass.instrument;
        let instrument =
            self.instruments.find(id).ok().copied().filter(|listed| listed.state == TradingState::Continuous);
        let next = self.book.followers(id).find(|order| order.accepted > pass.asked).copied();
        let (Some(instrument), Some(order)) = (instrument, next) else {
            self.following.pass = None;
            return Followed::Nothing;
        };
        let view = if self.canary == Canary::PassSeesNewView { self.view_of(id) } else { pass.view };
        let moved = self.moved(&instrument, &order, view);
        let cost = if moved.is_some() { MOVE_UNITS } else { 1 };
        if *units < cost {
            return Followed::OutOfUnits;
        }
        *units -= cost;
        self.following.pass = Some(Pass { asked: order.accepted, ..pass });
        if let Some(moved) = moved {
            self.reprice(&order, moved);
        }
        Followed::Nothing
    }

    /// The order as it follows a view; none if that changes nothing.
    fn moved(&self, instrument: &Instrument, order: &Order, view: View) -> Option<Order> {
        if let Some(peg) = order.peg {
            let price = within_reach(instrument, self.pegged_price(instrument, order, peg, view)?)?;
            return (price != order.price).then_some(Order { price, ..*order });
        }
        let (trail, old) = (order.trail?, order.trigger?);
        let price = trailing(view.last?, trail, old.up)?;
        let mut is_nearer = if old.up { price < old.price } else { price > old.price };
        if self.canary == Canary::TrailsBothWays {
            is_nearer = price != old.price;
        }
        if !is_nearer || instrument.check_range(price).is_err() {
            return None;
        }
        let mut moved = *order;
        moved.trigger = Some(Trigger { price, ..old });
        let shifted = i128::from(order.price.get()) + i128::from(price.get()) - i128::from(old.price.get());
        if let (OrderType::StopLimit, Ok(limit)) = (order.pricing, i64::try_from(shifted).map(PriceTicks))
            && instrument.check_range(limit).is_ok()
        {
            moved.price = limit;
        }
        Some(moved)
    }

    fn reprice(&mut self, old: &Order, moved: Order) {
        if moved.peg.is_some() && self.check_room(&moved, None).is_err() {
            return self.cancel_live(old, CancelReason::NoRoom);
        }
        self.book.remove(old.id);
        if moved.is_waiting() {
            self.book.add_waiting(moved);
        } else {
            self.book.add(moved);
        }
        let trigger = |order: &Order| order.trigger.map(|trigger| trigger.price).unwrap_or_default();
        self.emit(Repriced {
            side: moved.side.code(),
            flags: if moved.is_waiting() { 0 } else { Repriced::RESTS },
            instrument: moved.instrument,
            account: moved.account,
            order: moved.id,
            client_order_id: moved.client_order_id,
            old_price: old.price,
            price: moved.price,
            old_trigger: trigger(old),
            trigger: trigger(&moved),
            leaves: moved.leaves,
            ..Repriced::zeroed()
        });
    }

    /// What followers of an instrument look at.
    pub(super) fn view_of(&self, id: InstrumentId) -> View {
        let best = |side| {
            let counts = |order: &&&Order| order.peg.is_none() || self.canary == Canary::PegsSeeEachOther;
            self.book.in_priority(id, side).iter().find(counts).map(|order| order.price)
        };
        let last = self.instruments.find(id).ok().and_then(|listed| listed.last);
        View { last, bid: best(Side::Buy), ask: best(Side::Sell) }
    }

    /// The price that a pegged order has in a view: none if the view has not what it needs. It may be out of reach.
    pub(super) fn pegged_price(&self, instrument: &Instrument, order: &Order, peg: Peg, view: View) -> Option<i128> {
        let exact = |price: PriceTicks| i128::from(price.get());
        let side = order.side;
        let (own, other) = if side == Side::Buy { (view.bid, view.ask) } else { (view.ask, view.bid) };
        // Twice the reference, which may lie between two prices.
        let twice = match peg.reference {
            PegReference::Primary => 2 * exact(own?),
            PegReference::Market => 2 * exact(other?),
            PegReference::Mid => exact(own?) + exact(other?),
        };
        let (twice, tick) = (twice + 2 * exact(peg.offset), exact(instrument.terms.tick));
        let opposite = self.book.best(order.instrument, side.opposite()).map(|best| exact(best.price));
        let opposite = opposite.filter(|_| instrument.state == TradingState::Continuous);
        let price = if side == Side::Buy && self.canary == Canary::MidRoundsUp {
            -floor_to(-twice, 2 * tick) / 2
        } else if side == Side::Buy {
            let bounded = twice.min(2 * exact(peg.limit)).min(2 * exact(instrument.limit_high));
            let rounded = floor_to(bounded, 2 * tick) / 2;
            opposite.map_or(rounded, |best| if best <= rounded { best - tick } else { rounded })
        } else {
            let bounded = twice.max(2 * exact(peg.limit)).max(2 * exact(instrument.limit_low));
            let rounded = -floor_to(-bounded, 2 * tick) / 2;
            opposite.map_or(rounded, |best| if best >= rounded { best + tick } else { rounded })
        };
        Some(price)
    }
}

/// A price that orders of the instrument may have now.
pub(super) fn within_reach(instrument: &Instrument, price: i128) -> Option<PriceTicks> {
    let price = i64::try_from(price).map(PriceTicks).ok()?;
    instrument.check_price(price).is_ok().then_some(price)
}

/// The largest multiple of `unit` that is not above `value`.
fn floor_to(value: i128, unit: i128) -> i128 {
    value - value.rem_euclid(unit.max(1))
}

/// The trigger price at a distance from the last price.
pub(super) fn trailing(last: PriceTicks, distance: PriceTicks, up: bool) -> Option<PriceTicks> {
    let trigger = if up { last.get().checked_add(distance.get()) } else { last.get().checked_sub(distance.get()) };
    trigger.map(PriceTicks)
}
