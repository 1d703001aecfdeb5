//! The sweep: an incoming order against the opposite side, best level first, oldest order first, at the maker's price.

use super::Engine;
use super::emit::Emitter;
use super::orders::Entry;
use crate::arena::Marks;
use crate::book::{Order, Terms};
use crate::event::{Decremented, Trade};
use crate::ids::{AccountId, EntityId};
use crate::instrument::SAFE_VALUE;
use crate::ledger::{Account, Holding, REALISED_END, moved};
use crate::reject::{CancelReason, RejectCode};
use crate::sink::EventSink;
use crate::terms::{SelfTrade, Side};
use crate::units::{PriceTicks, QuantityLots};
use bytemuck::Zeroable;

/// The incoming order, as far as it matters to a sweep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taker {
    pub(super) order: Order,
    /// What it still wants.
    pub(super) leaves: QuantityLots,
    /// The middle of the price band as the sweep began, if there is one.
    pub(super) reference: Option<PriceTicks>,
}

impl Taker {
    pub(super) fn of(order: &Order) -> Self {
        Self { order: *order, leaves: order.leaves, reference: None }
    }
}

/// What a fill-or-kill order may use up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    /// What a buy may cost, or a sell must bring; none for whatever it is.
    pub(super) budget: Option<i128>,
    /// Steps that the command has made already.
    pub(super) steps_made: u32,
}

impl Means {
    /// All that a command has.
    pub(super) const ALL: Self = Self { budget: None, steps_made: 0 };
}

/// What an order wants where it meets one of its owner's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prevention {
    mode: SelfTrade,
    owner: u64,
}

/// Whose position cannot take a trade, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unable {
    Maker(CancelReason),
    Taker(CancelReason),
}

/// How a buyer's or seller's position moves by a quantity, which is not negative. Without a branch.
#[inline(always)]
pub(super) fn signed(side: Side, quantity: i64) -> i64 {
    let flip = side.flip();
    (quantity ^ flip) - flip
}

/// What lots cost, in atoms.
#[inline(always)]
pub(super) fn paid(lots: i64, price: PriceTicks, multiplier: i64) -> i128 {
    match lots.checked_mul(price.0) {
        Some(paid) => i128::from(paid) * i128::from(multiplier),
        // No further than prices are, which are within what lanes can say.
        None => (i128::from(lots) * i128::from(price.0)).saturating_mul(multiplier.into()),
    }
}

/// Whether a realised profit or loss bears as much more.
#[cold]
#[inline(never)]
fn bears(realised: u128, more: Option<u128>) -> bool {
    more.and_then(|more| more.checked_add(realised)).is_some_and(|sum| sum < REALISED_END)
}

impl<M: Marks> Engine<'_, M> {
    /// Lets the taker trade until it has nothing left, nothing crosses, or the returned reason stops it.
    pub(super) fn sweep<S: EventSink>(&mut self, taker: &mut Taker, out: &mut Emitter<'_, S>) -> Option<CancelReason> {
        let (side, price, instrument) = (taker.order.side(), taker.order.price, taker.order.instrument);
        let max_steps = self.header.get().genesis.max_steps;
        let prevention = self.prevention(taker.order.account, instrument, taker.order.terms);
        taker.reference = self.band_reference(instrument);
        while taker.leaves.0 > 0 {
            let record = self.instruments.slab.get(instrument);
            if !record.crosses(side, price) {
                return None;
            }
            let best = record.side(side.opposite());
            if self.is_beyond_band(instrument, taker.reference, best.best_price) {
                self.say_breached(taker, out);
                return Some(CancelReason::PriceBand);
            }
            if out.steps >= max_steps {
                return Some(CancelReason::SweepLimit);
            }
            out.steps += 1;
            let slot = self.book.level(best.best).head;
            let maker = self.book.order(slot);
            if let Some(reason) = self.unfit(maker) {
                self.cancel(slot, reason, out);
                continue;
            }
            let account = self.accounts.slab.get(maker.account.slot());
            let is_plain = maker.terms.is_plain() && taker.order.terms.is_plain() && account.guard == 0;
            if let Some(prevention) = prevention
                && account.owner == prevention.owner
            {
                if self.prevent(prevention, taker, slot, out) {
                    return Some(CancelReason::SelfTrade);
                }
                continue;
            }
            let traded =
                if is_plain { self.trade_plain(taker, slot, out) } else { self.trade_complex(taker, slot, out) };
            match traded {
                Ok(()) => {}
                Err(Unable::Maker(reason)) => {
                    self.cancel(slot, reason, out);
                }
                Err(Unable::Taker(reason)) => return Some(reason),
            }
        }
        None
    }

    /// What prevents an order's self-trades; none if nothing does.
    #[inline(always)]
    pub(super) fn prevention(&self, account: AccountId, instrument: u32, terms: Terms) -> Option<Prevention> {
        let own = terms.self_trade_code();
        let default = self.instruments.slab.get(instrument).self_trade;
        let mode = if own == SelfTrade::Default.code() { default } else { own };
        if mode <= SelfTrade::Allow.code() {
            return None;
        }
        let mode = SelfTrade::from_code(mode).unwrap_or(SelfTrade::Allow);
        Some(Prevention { mode, owner: self.accounts.slab.get(account.slot()).owner })
    }

    /// Keeps two orders of one owner from trading; true if the taker is to be cancelled.
    #[inline(never)]
    fn prevent<S: EventSink>(
        &mut self,
        prevention: Prevention,
        taker: &mut Taker,
        slot: u32,
        out: &mut Emitter<'_, S>,
    ) -> bool {
        if matches!(prevention.mode, SelfTrade::CancelOldest | SelfTrade::CancelBoth) {
            self.cancel(slot, CancelReason::SelfTrade, out);
        }
        if prevention.mode == SelfTrade::Decrement {
            self.decrement(taker, slot, out);
        }
        matches!(prevention.mode, SelfTrade::CancelNewest | SelfTrade::CancelBoth)
    }

    fn decrement<S: EventSink>(&mut self, taker: &mut Taker, slot: u32, out: &mut Emitter<'_, S>) {
        let (maker, order) = (*self.book.order(slot), taker.order);
        let quantity = maker.leaves.min(taker.leaves);
        taker.leaves.0 -= quantity.0;
        let maker_leaves = QuantityLots(self.open_quantity(&maker).0 - quantity.0);
        out.emit(Decremented {
            aggressor: order.side().code(),
            instrument: self.instruments.slab.get(order.instrument).id,
            price: maker.price,
            quantity,
            maker_order: maker.id,
            taker_order: order.id,
            maker_client_order_id: maker.client_order_id,
            taker_client_order_id: order.client_order_id,
            maker_account: maker.account,
            taker_account: order.account,
            maker_leaves,
            taker_leaves: taker.leaves,
            ..Decremented::zeroed()
        });
        self.take_shown(slot, quantity, taker.leaves.0 == 0, out);
    }

    /// Lots that an order of this side would take off the account's position.
    pub(super) fn reducible_lots(&self, account: u32, instrument: u32, side: Side) -> i64 {
        let held = self.positions.holding(self.positions.find(self.seed(), account, instrument)).quantity;
        match side {
            Side::Buy => (-held).max(0),
            Side::Sell => held.max(0),
        }
    }

    /// The most that an order may trade of a quantity: all but where it must only reduce a position.
    #[inline(always)]
    pub(super) fn tradable(&self, order: &Order, quantity: QuantityLots) -> QuantityLots {
        if order.terms.is_reduce_only() {
            let lots = self.reducible_lots(order.account.slot(), order.instrument, order.side());
            return quantity.min(QuantityLots(lots));
        }
        quantity
    }

    /// One trade with the maker in `slot`, both being plain and the maker's account not protected: what is done for all
    /// others does not concern them.
    #[inline(always)]
    fn trade_plain<S: EventSink>(
        &mut self,
        taker: &mut Taker,
        slot: u32,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), Unable> {
        let maker = *self.book.order(slot);
        let quantity = maker.leaves.min(taker.leaves);
        // An account's trade with itself moves no position.
        let at_once = maker.account != taker.order.account;
        self.trade(taker, (&maker, at_once), quantity, QuantityLots(maker.leaves.0 - quantity.0), out)?;
        if !at_once {
            self.release(slot, maker.side(), quantity.0);
        }
        if maker.leaves == quantity {
            self.leave(&maker);
            self.forget(&maker, slot);
        } else {
            self.book.take_off(slot, quantity.0);
        }
        Ok(())
    }

    /// One trade with the maker in `slot`, whatever the two are.
    #[inline(never)]
    fn trade_complex<S: EventSink>(
        &mut self,
        taker: &mut Taker,
        slot: u32,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), Unable> {
        let maker = *self.book.order(slot);
        let quantity = self.tradable(&maker, maker.leaves).min(taker.leaves);
        if quantity.0 == 0 {
            return Err(Unable::Maker(CancelReason::ReduceOnly));
        }
        let left = QuantityLots(self.open_quantity(&maker).0 - quantity.0);
        self.trade(taker, (&maker, false), quantity, left, out)?;
        let taker_complex = taker.order.terms.complex();
        let (maker_twin, taker_twin) = (self.twin_of(&maker), self.twin_of(&taker.order));
        self.take_shown(slot, quantity, taker.leaves.0 == 0, out);
        let are_twins = maker_twin != 0 && maker_twin == taker_complex;
        if are_twins {
            self.part_twins(taker_complex);
            if left.0 != 0 {
                self.cancel(slot, CancelReason::OneCancelsOther, out);
            }
        } else {
            self.cancel_twin(maker_twin, out);
            self.cancel_twin(taker_twin, out);
        }
        if self.accounts.slab.get(maker.account.slot()).guard & Account::PROTECTED != 0 {
            self.count_fill(&maker, quantity, out);
        }
        if are_twins { Err(Unable::Taker(CancelReason::OneCancelsOther)) } else { Ok(()) }
    }

    /// Moves positions and the last price, and says the trade; what it does to the maker's order is the caller's, but for
    /// what that has reserved, where this is released at once.
    #[inline(always)]
    fn trade<S: EventSink>(
        &mut self,
        taker: &mut Taker,
        (maker, at_once): (&Order, bool),
        quantity: QuantityLots,
        maker_leaves: QuantityLots,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), Unable> {
        let order = taker.order;
        let taker_delta = signed(order.side(), quantity.0);
        let (maker_position, taker_position) = self.exchange((maker, at_once), &order, taker_delta, maker.price)?;
        if !at_once {
            self.note_fill(maker.id.slot(), order.account, maker.price);
        }
        taker.leaves.0 -= quantity.0;
        let instrument = self.instruments.slab.get_mut(order.instrument);
        instrument.last_price = maker.price;
        instrument.has_last = 1;
        out.emit(Trade {
            aggressor: order.side().code(),
            instrument: instrument.id,
            price: maker.price,
            quantity,
            maker_order: maker.id,
            taker_order: order.id,
            maker_client_order_id: maker.client_order_id,
            taker_client_order_id: order.client_order_id,
            maker_account: maker.account,
            taker_account: order.account,
            maker_leaves,
            taker_leaves: taker.leaves,
            maker_position: QuantityLots(maker_position),
            taker_position: QuantityLots(taker_position),
            ..Trade::zeroed()
        });
        Ok(())
    }

    /// Moves both positions, the taker's by `taker_delta`, the maker's against it, or neither; posts what they realise.
    /// Returns what they are then. With `at_once`, lots are released that the maker's order had resting; accounts are two
    /// then.
    #[inline(always)]
    pub(super) fn exchange(
        &mut self,
        (maker, at_once): (&Order, bool),
        taker: &Order,
        taker_delta: i64,
        price: PriceTicks,
    ) -> Result<(i64, i64), Unable> {
        let (seed, instrument) = (self.seed(), taker.instrument);
        let taker_slot = self.positions.find(seed, taker.account.slot(), instrument);
        let taker_old = self.positions.holding(taker_slot);
        if !self.takes(taker.account.slot(), instrument, taker_old, taker_delta) {
            return Err(Unable::Taker(CancelReason::PositionLimit));
        }
        let room = self.positions.room();
        let taker_needs = u32::from(taker_slot == 0);
        if room < taker_needs {
            return Err(Unable::Taker(CancelReason::PositionTableFull));
        }
        if maker.account == taker.account {
            // Both legs cancel out; each alone must still fit.
            let fits = self.takes(maker.account.slot(), instrument, taker_old, -taker_delta);
            let held = (taker_old.quantity, taker_old.quantity);
            return if fits { Ok(held) } else { Err(Unable::Maker(CancelReason::PositionLimit)) };
        }
        let maker_slot = self.positions.find(seed, maker.account.slot(), instrument);
        let maker_old = self.positions.holding(maker_slot);
        if !self.takes(maker.account.slot(), instrument, maker_old, -taker_delta) {
            return Err(Unable::Maker(CancelReason::PositionLimit));
        }
        if maker_slot == 0 && room < taker_needs + 1 {
            return Err(Unable::Maker(CancelReason::PositionTableFull));
        }
        let released = if at_once { maker.id.slot() } else { 0 };
        if at_once {
            self.note_fill(released, taker.account, price);
        }
        let maker_new = self.trade_position(maker_slot, (maker, released), maker_old, -taker_delta, price);
        let taker_new = self.trade_position(taker_slot, (taker, 0), taker_old, taker_delta, price);
        Ok((maker_new, taker_new))
    }

    /// Whether the position can move by `delta`, and the account's realised profit and loss bear whatever may come of it.
    #[inline(always)]
    fn takes(&self, account: u32, instrument: u32, held: Holding, delta: i64) -> bool {
        let realised = self.accounts.slab.get(account).realised.unsigned_abs();
        let instrument = self.instruments.slab.get(instrument);
        let bears = (realised < SAFE_VALUE && delta.unsigned_abs() <= instrument.safe_lots)
            || bears(realised, instrument.value_at_most(delta.unsigned_abs()));
        moved(held.quantity, delta).is_some() && bears
    }

    /// Opens, changes or closes the position of an order's account, and returns what it is then. What is traded is released
    /// of what rests in a slot of orders, unless that is 0.
    #[inline(always)]
    fn trade_position(
        &mut self,
        slot: u32,
        (order, released): (&Order, u32),
        held: Holding,
        delta: i64,
        price: PriceTicks,
    ) -> i64 {
        let seed = self.seed();
        let (holding, realised) = held.traded(delta, price.0);
        if self.is_margined() {
            let place = (order.account.slot(), order.instrument);
            return self.trade_record((slot, released), place, (held, holding), realised, (delta, price));
        }
        let instrument = self.instruments.slab.get_mut(order.instrument);
        let account = self.accounts.slab.get_mut(order.account.slot());
        if realised != 0 {
            account.realise(realised, instrument.multiplier);
        }
        if slot != 0 && holding.quantity != 0 {
            self.positions.set(slot, holding);
        } else if slot != 0 {
            account.positions -= 1;
            instrument.positions -= 1;
            self.positions.close(seed, slot);
        } else if holding.quantity != 0 {
            account.positions += 1;
            instrument.positions += 1;
            self.positions.open(seed, order.account.slot(), order.instrument, holding);
        }
        holding.quantity
    }

    /// As [`Engine::trade_position`], where margin is checked: the record is there as long as the account has lots or orders.
    #[inline(never)]
    fn trade_record(
        &mut self,
        (slot, released): (u32, u32),
        (account_slot, instrument_slot): (u32, u32),
        (held, holding): (Holding, Holding),
        realised: i128,
        (delta, price): (i64, PriceTicks),
    ) -> i64 {
        let instrument = self.instruments.slab.get_mut(instrument_slot);
        let account = self.accounts.slab.get_mut(account_slot);
        if realised != 0 {
            account.realise(realised, instrument.multiplier);
        }
        account.flows -= paid(delta, price, instrument.multiplier);
        let (opens, closes) = (held.quantity == 0, holding.quantity == 0);
        if opens != closes {
            let by = if opens { 1 } else { -1 };
            account.positions = account.positions.wrapping_add_signed(by);
            instrument.positions = instrument.positions.wrapping_add_signed(by);
        }
        let slot = if slot == 0 { self.open_record(account_slot, instrument_slot) } else { slot };
        if released != 0 {
            self.fill_resting(slot, released, holding);
        } else {
            self.lower_floor_by_trade((account_slot, instrument_slot), delta, price);
            self.change_held(slot, holding);
        }
        holding.quantity
    }

    /// An order that trades on entry is charged as if it had come to rest at the price of the trade.
    #[inline(always)]
    fn lower_floor_by_trade(&mut self, (account, instrument): (u32, u32), delta: i64, price: PriceTicks) {
        if self.accounts.slab.get(account).has_floor == 0 {
            return;
        }
        let side = if delta >= 0 { Side::Buy } else { Side::Sell };
        let adverse = i64::try_from(self.adverse(account, instrument, side, price)).unwrap_or(i64::MAX);
        self.lower_floor((account, instrument), side, delta.abs(), adverse);
    }

    /// The test for FOK: whether the whole quantity is sure to fill within the bounded work, and within the budget.
    #[inline(never)]
    pub(super) fn check_fill_or_kill(&self, entry: &Entry, means: Means) -> Result<(), RejectCode> {
        let (instrument, side, quantity) = (entry.instrument, entry.terms.side(), entry.quantity);
        let max_steps = u64::from(self.header.get().genesis.max_steps);
        let prevention = self.prevention(entry.account, instrument, entry.terms);
        let reference = self.band_reference(instrument);
        let record = self.instruments.slab.get(instrument);
        let mut level = record.side(side.opposite()).best;
        let mut maker = if level == 0 { 0 } else { self.book.level(level).head };
        let (mut wanted, mut steps, mut records, mut cost) = (quantity.0, u64::from(means.steps_made), 0, 0);
        let fits = |account: u32, delta: i64| {
            let slot = self.positions.find(self.seed(), account, instrument);
            let takes = self.takes(account, instrument, self.positions.holding(slot), delta);
            takes.then_some(u32::from(slot == 0))
        };
        // Where orders hide quantity they take turns: all of the level may be met, unless what the first ones show is
        // enough for what was wanted when the level was reached.
        let (mut wanted_here, mut shown) = (wanted, 0_i64);
        let takes_turns = |level: u32, maker: u32, is_enough: bool| {
            let record = self.book.level(level);
            level != 0 && record.hidden != 0 && maker != record.head && !is_enough
        };
        while wanted > 0 || takes_turns(level, maker, shown >= wanted_here) {
            let price = self.book.level(level).price;
            let crosses = level != 0 && side.crosses(entry.price.0, price.0);
            if !crosses || self.is_beyond_band(instrument, reference, price) {
                return Err(RejectCode::FillOrKillNotFillable);
            }
            let order = self.book.order(maker);
            steps += self.fills_at_most(order);
            if steps > max_steps {
                return Err(RejectCode::FillOrKillExceedsSteps);
            }
            if self.counts(prevention, order)? {
                let needs = fits(order.account.slot(), signed(side.opposite(), quantity.0));
                records += needs.ok_or(RejectCode::FillOrKillNotFillable)?;
                let taken = self.open_quantity(order).0.min(wanted);
                wanted -= taken;
                shown += order.leaves.0.min(wanted_here - shown);
                cost += i128::from(taken) * i128::from(order.price.0);
            }
            maker = order.next;
            if maker == 0 {
                level = self.book.level(level).worse;
                maker = if level == 0 { 0 } else { self.book.level(level).head };
                (wanted_here, shown) = (wanted, 0);
            }
        }
        let own = fits(entry.account.slot(), signed(side, quantity.0));
        records += own.ok_or(RejectCode::FillOrKillNotFillable)?;
        // Where margin is checked, makers have records, and that check finds room for the taker's.
        if records > self.positions.room() && !self.is_margined() {
            return Err(RejectCode::FillOrKillNotFillable);
        }
        let is_met = means.budget.is_none_or(|budget| if side == Side::Buy { cost <= budget } else { cost >= budget });
        if is_met { Ok(()) } else { Err(RejectCode::BudgetNotMet) }
    }

    /// Fills that a maker may take until nothing is left of it.
    fn fills_at_most(&self, maker: &Order) -> u64 {
        let complex = maker.terms.complex();
        if complex == 0 {
            return 1;
        }
        let record = self.book.complex(complex);
        1 + record.hidden.0.unsigned_abs().div_ceil(record.display.0.unsigned_abs().max(1))
    }

    /// Whether a maker counts in the test for FOK; not fillable if it would stop the taker.
    #[inline(always)]
    fn counts(&self, prevention: Option<Prevention>, maker: &Order) -> Result<bool, RejectCode> {
        if self.unfit(maker).is_some() {
            return Ok(false);
        }
        if let Some(prevention) = prevention
            && self.accounts.slab.get(maker.account.slot()).owner == prevention.owner
        {
            let goes_on = prevention.mode == SelfTrade::CancelOldest;
            return if goes_on { Ok(false) } else { Err(RejectCode::FillOrKillNotFillable) };
        }
        // How much a reduce-only order may trade by then is not known.
        Ok(!maker.terms.is_reduce_only())
    }
}
