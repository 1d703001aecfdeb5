//! Order commands: find and check. What becomes of an order then is in `lifecycle`, what trades in `sweep`.

use super::Engine;
use super::emit::Emitter;
use super::gate::{About, Execute, Roles, Sender};
use super::sweep::Means;
use crate::arena::{Found, KeyHash, Marks, NO_PLACE};
use crate::book::{Order, Terms, client_hash};
use crate::command::{AmendOrder, CancelOrder, CommandHeader, NewOrder, OrderTarget, ReduceOrder, ReplaceOrder};
use crate::event::Cancelled;
use crate::ids::{AccountId, ClientOrderId, EntityId, InstrumentId, OrderId};
use crate::instrument::Instrument;
use crate::reject::{CancelReason, RejectCode};
use crate::sink::EventSink;
use crate::terms::{Role, Side, TimeInForce, TradingState};
use crate::units::{PriceTicks, QuantityLots};

pub(super) const TRADER: Roles = Roles(1 << Role::Trader.code());
pub(super) const TRADER_OR_OPERATOR: Roles = Roles(1 << Role::Trader.code() | 1 << Role::Operator.code());

/// An order on its way in, its fields decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) account: AccountId,
    /// The instrument's slot.
    pub(super) instrument: u32,
    pub(super) instrument_id: InstrumentId,
    pub(super) client_order_id: ClientOrderId,
    /// Limit price, or the clamped protection limit.
    pub(super) price: PriceTicks,
    pub(super) quantity: QuantityLots,
    pub(super) terms: Terms,
}

/// What the checks of an order found out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    /// The level of its price; 0 if there is none, or if it may not rest.
    pub(super) level: u32,
    /// Whether it rests as it comes.
    pub(super) rests: bool,
}

impl OrderTarget {
    fn about(&self) -> About {
        let mut about = About::default();
        match self.by {
            Self::BY_ORDER_ID => about.order = OrderId(self.id),
            Self::BY_CLIENT_ORDER_ID => about.client_order_id = ClientOrderId(self.id),
            _ => {}
        }
        about
    }
}

impl Execute for NewOrder {
    const ROLES: Roles = TRADER;

    fn about(&self) -> About {
        About { instrument: self.instrument, client_order_id: self.client_order_id, ..About::default() }
    }

    #[inline(always)]
    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        engine.entering_account(sender, self.header.account)?;
        let slot = engine.find_instrument(self.instrument)?;
        let instrument = engine.instruments.slab.get(slot);
        let mut entry = decode_entry(self, slot, instrument)?;
        let name = engine.check_client_order_id(&entry, 0)?;
        if !engine.book.has_order_room() {
            return Err(RejectCode::OrderTableFull);
        }
        let placement = engine.check_placement(instrument, &mut entry, None, Means::ALL)?;
        if entry.terms.is_seldom() {
            entry.quantity = engine.reducible(&entry)?;
        }
        if engine.is_margined() {
            engine.check_margin(&entry.apart(), entry.price, None, out)?;
        }
        if entry.terms.is_seldom() && entry.terms.is(TimeInForce::GoodForAuction) {
            engine.instruments.slab.get_mut(slot).has_auction_orders = 1;
        }
        let slot = engine.book.take_order();
        if placement.rests {
            Ok(engine.accept_resting(&entry, placement, slot, name, out))
        } else {
            Ok(engine.accept_taker(&entry.apart(), slot, name.hash, out))
        }
    }
}

impl Execute for CancelOrder {
    const ROLES: Roles = TRADER_OR_OPERATOR;

    fn about(&self) -> About {
        self.target.about()
    }

    #[inline(always)]
    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let found = engine.find_order(sender, &self.header, self.target)?;
        let order = *engine.book.order(found.slot);
        engine.check_not_busy(&order)?;
        if order.terms.complex() != 0 {
            return Ok(engine.cancel(found.slot, CancelReason::Requested, out));
        }
        engine.say_cancelled(&order, CancelReason::Requested, Cancelled::RESTED, out);
        engine.remove_found(&order, found);
        Ok(order.id)
    }
}

impl Execute for ReduceOrder {
    const ROLES: Roles = TRADER_OR_OPERATOR;

    fn about(&self) -> About {
        self.target.about()
    }

    #[inline(always)]
    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_order(sender, &self.header, self.target)?.slot;
        let order = *engine.book.order(slot);
        engine.check_not_busy(&order)?;
        if order.terms.waits() {
            return Err(RejectCode::StopNotTriggered);
        }
        engine.instruments.slab.get(order.instrument).check_lot(self.by)?;
        let leaves = engine.open_quantity(&order);
        if self.by >= leaves {
            return Ok(engine.cancel(slot, CancelReason::ReducedToZero, out));
        }
        Ok(engine.lower(slot, leaves.0 - self.by.0, out))
    }
}

impl Execute for AmendOrder {
    const ROLES: Roles = TRADER;

    fn about(&self) -> About {
        self.target.about()
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_changing_order(sender, &self.header, self.target)?;
        let order = *engine.book.order(slot);
        let instrument = engine.instruments.slab.get(order.instrument);
        let open = engine.open_quantity(&order);
        let changes_price = self.changes & Self::PRICE != 0;
        if changes_price && engine.is_pegged(order.terms) {
            return Err(RejectCode::PegFixesPrice);
        }
        let changes_quantity = self.changes & Self::QUANTITY != 0;
        if changes_quantity && self.quantity.0 <= 0 {
            return Ok(engine.cancel(slot, CancelReason::AmendedToZero, out));
        }
        if changes_quantity {
            instrument.check_lot(self.quantity)?;
            instrument.check_maximum(self.quantity)?;
        }
        if changes_price {
            instrument.check_price(self.price)?;
        }
        let price = if changes_price { self.price } else { order.price };
        let leaves = if changes_quantity { self.quantity } else { open };
        if price == order.price && leaves <= open {
            return Ok(engine.lower(slot, leaves.0, out));
        }
        engine.move_order(slot, &order, price, leaves, out)
    }
}

impl Execute for ReplaceOrder {
    const ROLES: Roles = TRADER;

    fn about(&self) -> About {
        About { client_order_id: self.client_order_id, ..self.target.about() }
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let old_slot = engine.find_changing_order(sender, &self.header, self.target)?;
        let old = *engine.book.order(old_slot);
        if engine.is_pegged(old.terms) {
            return Err(RejectCode::PegFixesPrice);
        }
        let instrument = engine.instruments.slab.get(old.instrument);
        instrument.check_quantity(self.quantity)?;
        instrument.check_price(self.price)?;
        let mut entry = Entry {
            client_order_id: self.client_order_id,
            price: self.price,
            ..Entry::of(&old, instrument, self.quantity)
        };
        let hash = engine.check_client_order_id(&entry, old_slot)?.hash;
        let placement = engine.check_placement(instrument, &mut entry, Some(&old), Means::ALL)?;
        entry.quantity = engine.reducible(&entry)?;
        if engine.is_margined() {
            engine.check_margin(&entry, entry.price, Some(&old), out)?;
        }
        if old.terms.complex() != 0 {
            return Ok(engine.replace_complex(&entry, placement.rests, old_slot, hash, out));
        }
        engine.cancel(old_slot, CancelReason::Replaced, out);
        let slot = engine.book.take_order();
        if placement.rests {
            // The old order may have been all that kept the level open.
            let placement = Placement { level: engine.level_at(&entry), ..placement };
            let name = Name { hash, place: NO_PLACE };
            Ok(engine.accept_resting(&entry, placement, slot, name, out))
        } else {
            Ok(engine.accept_taker(&entry, slot, hash, out))
        }
    }
}

impl Entry {
    /// A copy for a function that is called: it alone is written to memory, and only there, not on the way of orders that
    /// rest as they come.
    #[inline(always)]
    fn apart(&self) -> Self {
        let &Self { account, instrument, instrument_id, client_order_id, price, quantity, terms } = self;
        Self { account, instrument, instrument_id, client_order_id, price, quantity, terms }
    }

    /// A live order, entered anew with a quantity.
    pub(super) fn of(order: &Order, instrument: &Instrument, quantity: QuantityLots) -> Self {
        Self {
            account: order.account,
            instrument: order.instrument,
            instrument_id: instrument.id,
            client_order_id: order.client_order_id,
            price: order.price,
            quantity,
            terms: order.terms,
        }
    }
}

/// An instrument in which orders are entered and changed.
#[inline(always)]
pub(super) fn check_open(instrument: &Instrument) -> Result<(), RejectCode> {
    if instrument.is_in(TradingState::Continuous) || instrument.is_in(TradingState::Auction) {
        return Ok(());
    }
    Err(if instrument.is_in(TradingState::Uncrossing) { RejectCode::BookBusy } else { RejectCode::InstrumentHalted })
}

/// Decodes a new order and checks all that its instrument says of it.
#[inline(always)]
fn decode_entry(order: &NewOrder, slot: u32, instrument: &Instrument) -> Result<Entry, RejectCode> {
    check_open(instrument)?;
    let mut entry = Entry {
        account: order.header.account,
        instrument: slot,
        instrument_id: order.instrument,
        client_order_id: order.client_order_id,
        price: order.price,
        quantity: order.quantity,
        terms: Terms::of(order),
    };
    if !entry.terms.is_usual() {
        check_timing(entry.terms, instrument)?;
    }
    instrument.check_quantity(entry.quantity)?;
    if entry.terms.is_market() {
        entry.price = entry.price.max(instrument.limit_low).min(instrument.limit_high);
    } else {
        instrument.check_price(entry.price)?;
    }
    Ok(entry)
}

/// Whether an order that is immediate, or good for the auction, comes at a time for it.
pub(super) fn check_timing(terms: Terms, instrument: &Instrument) -> Result<(), RejectCode> {
    let immediate = !terms.may_rest();
    if immediate && terms.is_post_only() {
        return Err(RejectCode::PostOnlyImmediate);
    }
    if instrument.is_in(TradingState::Auction) {
        return if immediate { Err(RejectCode::ImmediateInAuction) } else { Ok(()) };
    }
    if terms.is(TimeInForce::GoodForAuction) { Err(RejectCode::GoodForAuctionInContinuous) } else { Ok(()) }
}

/// The price next to the best opposite one, for a post-only order that would cross and slides, if orders may have it.
#[cold]
#[inline(never)]
fn slide(terms: Terms, instrument: &Instrument) -> Option<PriceTicks> {
    if !terms.slides() {
        return None;
    }
    let opposite = instrument.side(terms.side().opposite()).best_price.0;
    let next = match terms.side() {
        Side::Buy => opposite.checked_sub(instrument.tick.0)?,
        Side::Sell => opposite.checked_add(instrument.tick.0)?,
    };
    instrument.check_price(PriceTicks(next)).is_ok().then_some(PriceTicks(next))
}

/// A client order id that is free, as the index knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) hash: KeyHash,
    /// Where it would go, as long as the index does not change.
    pub(super) place: u32,
}

impl<M: Marks> Engine<'_, M> {
    /// The price that an order acts at: of a stop order, once it has triggered.
    pub(super) fn acting_price(&self, entry: &Entry) -> PriceTicks {
        if !entry.terms.is_market_stop() {
            return entry.price;
        }
        let instrument = self.instruments.slab.get(entry.instrument);
        entry.price.max(instrument.limit_low).min(instrument.limit_high)
    }

    /// Checks that no live order of the account but the one in `except` has the client order id.
    #[inline(always)]
    pub(super) fn check_client_order_id(&self, entry: &Entry, except: u32) -> Result<Name, RejectCode> {
        if entry.client_order_id == ClientOrderId::NONE {
            return Ok(Name { hash: KeyHash(0), place: NO_PLACE });
        }
        let hash = client_hash(self.seed(), entry.account, entry.client_order_id);
        let Found { slot, place, .. } = self.book.find_client(hash, entry.account, entry.client_order_id);
        if slot != 0 && slot != except {
            return Err(RejectCode::DuplicateClientOrderId);
        }
        if place == NO_PLACE && !self.book.has_client_room(hash) {
            return Err(RejectCode::ClientOrderIdsCrowded);
        }
        Ok(Name { hash, place })
    }

    /// Checks what depends on the book, and slides the price of an order that wants it. `leaving` is the order that goes as
    /// this one comes.
    #[inline(always)]
    pub(super) fn check_placement(
        &self,
        instrument: &Instrument,
        entry: &mut Entry,
        leaving: Option<&Order>,
        means: Means,
    ) -> Result<Placement, RejectCode> {
        let continuous = instrument.is_in(TradingState::Continuous);
        let mut crosses = continuous && instrument.crosses(entry.terms.side(), entry.price);
        if crosses && entry.terms.is_post_only() {
            entry.price = slide(entry.terms, instrument).ok_or(RejectCode::PostOnlyWouldCross)?;
            crosses = false;
        }
        if !entry.terms.may_rest() {
            if continuous && entry.terms.is(TimeInForce::FillOrKill) {
                self.check_fill_or_kill(entry, means)?;
            }
            return Ok(Placement { level: 0, rests: false });
        }
        let level = self.room_at(instrument, entry.terms.side(), entry.price, entry.quantity, leaving)?;
        Ok(Placement { level, rests: !crosses })
    }

    /// Checks the room at a price, and returns its level, 0 if there is none.
    #[inline(always)]
    pub(super) fn room_at(
        &self,
        instrument: &Instrument,
        side: Side,
        price: PriceTicks,
        quantity: QuantityLots,
        leaving: Option<&Order>,
    ) -> Result<u32, RejectCode> {
        let level = self.book.level_at(instrument, side, price);
        if level != 0 {
            let record = self.book.level(level);
            let leaves = leaving.filter(|order| order.level == level).map_or(0, |order| self.open_quantity(order).0);
            (record.total() - leaves).checked_add(quantity.0).ok_or(RejectCode::LevelQuantityOverflow)?;
        } else if !self.book.has_level_room() {
            return Err(RejectCode::LevelTableFull);
        } else if !self.book.has_ladder_room() {
            return Err(RejectCode::LadderFull);
        }
        Ok(level)
    }

    /// The quantity of an order; of a reduce-only one what its position leaves of it. In an auction it rests as it comes, and
    /// is looked at when it trades.
    #[inline(never)]
    pub(super) fn reducible(&self, entry: &Entry) -> Result<QuantityLots, RejectCode> {
        if !entry.terms.is_reduce_only() || !self.instruments.slab.get(entry.instrument).is_in(TradingState::Continuous)
        {
            return Ok(entry.quantity);
        }
        match self.reducible_lots(entry.account.slot(), entry.instrument, entry.terms.side()) {
            0 => Err(RejectCode::ReduceOnlyWithoutPosition),
            lots => Ok(entry.quantity.min(QuantityLots(lots))),
        }
    }

    /// The live order that a command is about, for which the session must be permitted to act; with its place in the
    /// index of client order ids, where it was found there.
    #[inline(always)]
    fn find_order(&self, sender: Sender, header: &CommandHeader, target: OrderTarget) -> Result<Found, RejectCode> {
        self.permitted_account(sender, header.account)?;
        if target.by == OrderTarget::BY_CLIENT_ORDER_ID {
            let found = self.find_client_order(header.account, ClientOrderId(target.id));
            self.look_at_reserve(found.slot);
            return if found.slot == 0 { Err(RejectCode::UnknownOrder) } else { Ok(found) };
        }
        let id = OrderId(target.id);
        let slot = id.slot();
        match self.book.try_order(slot) {
            Some(order) if slot != 0 && order.id == id => {
                self.look_at_reserve(slot);
                let owned = order.account == header.account;
                if owned { Ok(Found::elsewhere(slot)) } else { Err(RejectCode::OrderNotOwned) }
            }
            _ if self.book.slot_was_used(slot) => Err(RejectCode::StaleOrder),
            _ => Err(RejectCode::UnknownOrder),
        }
    }

    /// An account's live order of a client order id; slot 0 if there is none.
    #[inline(always)]
    pub(super) fn find_client_order(&self, account: AccountId, id: ClientOrderId) -> Found {
        if id == ClientOrderId::NONE {
            return Found::elsewhere(0);
        }
        self.book.find_client(client_hash(self.seed(), account, id), account, id)
    }

    /// As [`Engine::find_order`], for commands that change the order.
    fn find_changing_order(
        &self,
        sender: Sender,
        header: &CommandHeader,
        target: OrderTarget,
    ) -> Result<u32, RejectCode> {
        self.entering_account(sender, header.account)?;
        let slot = self.find_order(sender, header, target)?.slot;
        let order = self.book.order(slot);
        check_open(self.instruments.slab.get(order.instrument))?;
        if order.terms.waits() {
            return Err(RejectCode::StopNotTriggered);
        }
        if self.has_expired(order) { Err(RejectCode::ExpiryInPast) } else { Ok(slot) }
    }

    /// Cancels and reductions are taken unless the book is being worked on.
    #[inline(always)]
    fn check_not_busy(&self, order: &Order) -> Result<(), RejectCode> {
        let instrument = self.instruments.slab.get(order.instrument);
        if instrument.is_in(TradingState::Uncrossing) { Err(RejectCode::BookBusy) } else { Ok(()) }
    }
}
