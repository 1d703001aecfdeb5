//! What lots do to their account's sums: records are made and closed, sums changed, and added up anew.
//!
//! A record's lots are always right. What is summed up over them is right as of the generation of arrays that the record
//! was added by; where that is not the one in force, the record waits to be added anew.

use super::Engine;
use super::effort::{Effort, RECORD_UNITS};
use crate::arena::Marks;
use crate::book::Order;
use crate::exposure::{Change, Lot, Lots, NO_CHARGE, Portfolio, Reserve, Vector, VectorKey, charge_of};
use crate::ids::EntityId;
use crate::ledger::{Holding, Position};
use crate::terms::{MarginModel, Side};
use crate::units::{PriceTicks, Sequence};
use crate::valuation::{Links, Risk, Underlying};
use bytemuck::Zeroable;

/// Units without an end: those of a command that names the account.
pub(super) const NO_LIMIT: u32 = u32::MAX;

/// What the check of an order at a price found, for when it comes to rest; good until the command ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checked {
    /// The command.
    pub(super) sequence: Sequence,
    /// The record of its account and instrument; 0 if nothing was found.
    pub(super) position: u32,
    pub(super) price: PriceTicks,
    pub(super) adverse: i64,
    /// What a lot is charged, in lanes, of so many bits.
    pub(super) charge: i64,
    pub(super) lane_bits: u8,
}

/// Where an instrument's or expiry's record of a generation is: the one before stays until the next is published.
pub(super) fn place(slot: u32, generation: u64) -> u32 {
    2 * slot + parity(generation) as u32
}

/// Which of two places is a generation's.
pub(super) fn parity(generation: u64) -> usize {
    usize::from(generation & 1 == 1)
}

/// A price of one lot, in lanes, where it fits 64 bits, as nearly always.
#[inline(always)]
pub(super) fn narrow_product(price: i64, multiplier: i64, lane_bits: u8) -> Option<i64> {
    price.checked_mul(multiplier)?.checked_mul(1 << (lane_bits & 63))
}

/// What a lot is charged that comes to rest, by the array of a generation.
#[inline(always)]
pub(super) fn charge_by(risk: &Risk, side: Side, generation: u64) -> Option<i64> {
    let charge = risk.charges[parity(generation)][usize::from(side == Side::Sell)];
    (charge != NO_CHARGE).then_some(charge)
}

impl<M: Marks> Engine<'_, M> {
    /// Whether margin is checked here.
    #[inline(always)]
    pub(super) fn is_margined(&self) -> bool {
        self.is_margined
    }

    /// What the command at hand has done so far.
    pub(super) fn effort_mut(&mut self) -> &mut Effort {
        let sequence = self.header.get().sequence;
        if self.effort.sequence != sequence {
            self.effort = Effort { sequence, ..Effort::default() };
        }
        &mut self.effort
    }

    /// An account's model; futures, which asks for least, without one: such an account has no positions.
    #[inline(always)]
    pub(super) fn model_of(&self, account: u32) -> MarginModel {
        MarginModel::from_code(self.accounts.slab.get(account).margin_model).unwrap_or(MarginModel::Futures)
    }

    /// The generation in force of an instrument's underlying.
    #[inline(always)]
    pub(super) fn generation_of(&self, instrument: u32) -> u64 {
        self.underlyings.slab.get(self.risks.get(instrument).underlying).generation
    }

    /// What a lot is worth in the generation in force.
    #[inline(always)]
    pub(super) fn lot(&self, instrument: u32) -> Option<Lot<'_>> {
        let generation = self.generation_of(instrument);
        self.arrays.lot(place(instrument, generation), generation, self.risks.get(instrument).is_option != 0)
    }

    /// A price of one lot, in lanes.
    #[inline(always)]
    pub(super) fn price_in_lanes(&self, instrument: u32, price: PriceTicks) -> i128 {
        let lane_bits = self.underlyings.slab.get(self.risks.get(instrument).underlying).lane_bits;
        let multiplier = self.instruments.slab.get(instrument).multiplier;
        if let Some(lanes) = narrow_product(price.0, multiplier, lane_bits) {
            return lanes.into();
        }
        let atoms = i128::from(price.0) * i128::from(multiplier);
        // Of a price that is out of all bounds the size does not matter.
        atoms.checked_mul(1 << (lane_bits & 63)).unwrap_or(if atoms < 0 { i128::MIN / 4 } else { i128::MAX / 4 })
    }

    /// What one lot loses at once if it is filled at a price; nothing without an array.
    #[inline(always)]
    pub(super) fn adverse(&self, account: u32, instrument: u32, side: Side, price: PriceTicks) -> i128 {
        let generation = self.generation_of(instrument);
        let worths = self.arrays.worths(place(instrument, generation));
        if worths.generation != generation || generation == 0 {
            return 0;
        }
        let is_option = self.risks.get(instrument).is_option != 0;
        let counts = !is_option || self.model_of(account) != MarginModel::Standard;
        let mark = if counts { worths.mark } else { 0 };
        let over = self.price_in_lanes(instrument, price) - i128::from(mark);
        (if side == Side::Buy { over } else { -over }).max(0)
    }

    /// The worst price that a resting order may come to have.
    pub(super) fn worst_price(&self, order: &Order) -> PriceTicks {
        let complex = self.book.complex(order.terms.complex());
        if complex.peg == 0 {
            return order.price;
        }
        let record = self.instruments.slab.get(order.instrument);
        match order.side() {
            Side::Buy => complex.limit.min(record.limit_high),
            Side::Sell => complex.limit.max(record.limit_low),
        }
    }

    /// Counts the order in a slot, which has come to rest. (By its slot: an order that is lent would have to be in memory
    /// on everybody's way.)
    #[inline(always)]
    pub(super) fn reserve(&mut self, slot: u32) {
        if self.is_margined() {
            self.reserve_lots(slot);
        }
    }

    #[inline(never)]
    fn reserve_lots(&mut self, slot: u32) {
        // Field by field: what was just stored so is not at hand as a whole yet.
        let order = self.book.order(slot);
        let &Order { account, instrument, price, terms, .. } = order;
        let (account, side, lots) = (account.slot(), terms.side(), self.open_quantity(order).0);
        let found = self.positions.get(self.checked.position);
        let is_same = (found.account, found.instrument) == (account, instrument)
            && self.checked.sequence == self.header.get().sequence;
        let (position, adverse) = if is_same && terms.complex() == 0 && price == self.checked.price {
            let Checked { position, adverse, charge, lane_bits, .. } = self.checked;
            let account = self.accounts.slab.get_mut(account);
            if account.has_floor != 0 {
                account.floor -= charge_of(lots, charge, adverse, lane_bits);
            }
            (position, adverse)
        } else {
            let (position, adverse) = self.find_adverse(slot);
            self.lower_floor((account, instrument), side, lots, adverse);
            (position, adverse)
        };
        *self.exposures.reserve_mut(slot) = Reserve { adverse, position, reserved: 0 };
        self.change_resting(position, side, lots, adverse);
    }

    /// Lowers an account's floor by what lots that come to rest, or trade as if they had, are charged; each loses so much at
    /// once.
    #[inline(always)]
    pub(super) fn lower_floor(&mut self, (account, instrument): (u32, u32), side: Side, lots: i64, adverse: i64) {
        if self.accounts.slab.get(account).has_floor == 0 {
            return;
        }
        let charge = self.charge(instrument, side);
        let record = self.accounts.slab.get_mut(account);
        match charge {
            Some((charge, lane_bits)) => record.floor -= charge_of(lots, charge, adverse, lane_bits),
            None => record.has_floor = 0,
        }
    }

    /// What a lot is charged that comes to rest, in lanes of so many bits; none without an array.
    #[inline(always)]
    fn charge(&self, instrument: u32, side: Side) -> Option<(i64, u8)> {
        let risk = self.risks.get(instrument);
        let &Underlying { generation, lane_bits, .. } = self.underlyings.slab.get(risk.underlying);
        let worths = self.arrays.worths(place(instrument, generation));
        let charge = charge_by(risk, side, generation)?;
        (generation != 0 && worths.generation == generation).then_some((charge, lane_bits))
    }

    /// The record that an order belongs to, made if there is none, and what a lot of it loses at once.
    #[inline(never)]
    fn find_adverse(&mut self, slot: u32) -> (u32, i64) {
        let order = *self.book.order(slot);
        let account = order.account.slot();
        let adverse = self.adverse(account, order.instrument, order.side(), self.worst_price(&order));
        // Cut off only where the order was not checked for want of an array.
        let adverse = adverse.min(self.risks.get(order.instrument).lane_limit.into()) as i64;
        match self.positions.find(self.seed(), account, order.instrument) {
            0 => (self.open_record(account, order.instrument), adverse),
            position => (position, adverse),
        }
    }

    /// Counts lots of a resting order no longer.
    #[inline(always)]
    pub(super) fn release(&mut self, slot: u32, side: Side, lots: i64) {
        if self.is_margined() {
            self.release_lots(slot, side, lots);
        }
    }

    #[inline(never)]
    fn release_lots(&mut self, slot: u32, side: Side, lots: i64) {
        let &Reserve { adverse, position, .. } = self.exposures.reserve(slot);
        self.change_resting(position, side, -lots, adverse);
    }

    #[inline(always)]
    fn change_resting(&mut self, slot: u32, side: Side, lots: i64, adverse: i64) {
        let record = self.positions.get_mut(slot);
        let before = record.lots();
        match side {
            Side::Buy => record.buys += lots,
            Side::Sell => record.sells += lots,
        }
        let after = record.lots();
        self.restate(slot, &Change { before, after }, lots * adverse);
        if after.are_none() {
            self.close_record(slot);
        }
    }

    /// Changes what a record holds.
    #[inline(always)]
    pub(super) fn change_held(&mut self, slot: u32, holding: Holding) {
        let before = self.positions.get(slot).lots();
        self.positions.set(slot, holding);
        let after = self.positions.get(slot).lots();
        self.restate(slot, &Change { before, after }, 0);
        if after.are_none() {
            self.close_record(slot);
        }
    }

    /// The same where a resting order, in a slot of its own, was filled: what comes to be held rested before.
    #[inline(always)]
    pub(super) fn fill_resting(&mut self, slot: u32, order: u32, holding: Holding) {
        let adverse = self.exposures.reserve(order).adverse;
        let before = self.positions.get(slot).lots();
        let bought = holding.quantity - before.held;
        self.positions.set(slot, holding);
        let record = self.positions.get_mut(slot);
        if bought > 0 {
            record.buys -= bought;
        } else {
            record.sells += bought;
        }
        let after = record.lots();
        self.restate(slot, &Change { before, after }, -bought.abs() * adverse);
        if after.are_none() {
            self.close_record(slot);
        }
    }

    /// Brings the sums of a record's portfolio up to date, as far as they are kept now.
    #[inline(always)]
    fn restate(&mut self, slot: u32, change: &Change, adverse: i64) {
        let &Position { account, instrument, portfolio, added, .. } = self.positions.get(slot);
        let &Risk { lane_limit, underlying, .. } = self.risks.get(instrument);
        let generation = self.underlyings.slab.get(underlying).generation;
        let model = self.model_of(account);
        let sums = self.exposures.portfolio_mut(portfolio);
        sums.load += (change.after.weight() - change.before.weight()) * lane_limit;
        sums.adverse += adverse;
        if added != generation {
            // A portfolio that is behind may be given back before it is added up again: nobody would reckon the account.
            self.accounts.slab.get_mut(account).has_floor = 0;
            return;
        }
        if model != MarginModel::Futures {
            self.add_change(slot, change, model);
            return;
        }
        let worths = self.arrays.worths(place(instrument, generation));
        if worths.generation == generation {
            sums.restate_linear(worths, change);
        }
    }

    /// Adds a change of a record to sums of the generation in force.
    #[inline(never)]
    fn add_change(&mut self, slot: u32, change: &Change, model: MarginModel) {
        self.add_to_sums(slot, change, model);
    }

    /// The same. False if the instrument has no array.
    #[inline(always)]
    fn add_to_sums(&mut self, slot: u32, change: &Change, model: MarginModel) -> bool {
        let &Position { instrument, portfolio, vector, pair, .. } = self.positions.get(slot);
        let risk = self.risks.get(instrument);
        let generation = self.underlyings.slab.get(risk.underlying).generation;
        let at = place(instrument, generation);
        let Some(lot) = self.arrays.lot(at, generation, risk.is_option != 0) else { return false };
        self.exposures.portfolio_mut(portfolio).restate(model, &lot, change);
        if model == MarginModel::Portfolio {
            let pair = self.positions.get(pair);
            let pair = if pair.added == generation { pair.lots() } else { Lots::NONE };
            let sums = self.exposures.sums_mut(vector, lot.is_option, change);
            if sums.vector.generation != generation {
                sums.vector.begin(generation);
            }
            sums.restate(&lot, change, pair);
        }
        true
    }

    /// Makes the record of an account's lots in an instrument, which are none yet; the caller made sure of room.
    pub(super) fn open_record(&mut self, account: u32, instrument: u32) -> u32 {
        let seed = self.seed();
        let generation = self.generation_of(instrument);
        let vector = self.vector_for(account, instrument, generation);
        let portfolio = self.exposures.vector(vector).portfolio;
        let slot = self.positions.open(seed, account, instrument, Holding::default());
        let record = self.exposures.portfolio_mut(portfolio);
        record.add_nearby(slot);
        let row = &mut record.positions;
        let previous = core::mem::replace(&mut row.last, slot);
        if previous == 0 {
            row.first = slot;
        } else {
            self.positions.get_mut(previous).siblings.next = slot;
        }
        let row = &mut self.exposures.vector_mut(vector).positions;
        let previous_peer = core::mem::replace(&mut row.last, slot);
        if previous_peer == 0 {
            row.first = slot;
        } else {
            self.positions.get_mut(previous_peer).peers.next = slot;
        }
        let pair = match self.risks.get(instrument).pair {
            0 => 0,
            pair => self.positions.find(seed, account, pair),
        };
        if pair != 0 {
            self.positions.get_mut(pair).pair = slot;
        }
        let record = self.positions.get_mut(slot);
        (record.portfolio, record.vector, record.pair, record.added) = (portfolio, vector, pair, generation);
        record.siblings = Links { previous, next: 0 };
        record.peers = Links { previous: previous_peer, next: 0 };
        self.count_record(slot, 1);
        slot
    }

    /// Counts a record in its portfolio and vector, or takes it away (-1).
    fn count_record(&mut self, slot: u32, by: i32) {
        let &Position { instrument, portfolio, vector, .. } = self.positions.get(slot);
        let is_option = self.risks.get(instrument).is_option != 0;
        let records = &mut self.exposures.portfolio_mut(portfolio).records;
        *records = records.wrapping_add_signed(by);
        let vector = self.exposures.vector_mut(vector);
        vector.records = vector.records.wrapping_add_signed(by);
        if is_option {
            vector.options = vector.options.wrapping_add_signed(by);
        }
    }

    /// The slot of the vector that an account's lots in an instrument belong to, made if there is none.
    fn vector_for(&mut self, account: u32, instrument: u32, generation: u64) -> u32 {
        let seed = self.seed();
        let risk = self.risks.get(instrument);
        let (key, underlying) = (VectorKey::new(risk.underlying, risk.expiry), risk.underlying);
        let vector = self.exposures.find_vector(seed, account, key);
        if vector != 0 {
            return vector;
        }
        let portfolio = match self.exposures.find_portfolio(seed, account, underlying) {
            0 => self.open_portfolio(account, underlying, generation),
            portfolio => portfolio,
        };
        let record = self.exposures.portfolio_mut(portfolio);
        record.vectors += 1;
        let next = record.first_vector;
        let siblings = Links { previous: 0, next };
        let record = Vector { account, portfolio, key: key.0, siblings, generation, ..Vector::zeroed() };
        let slot = self.exposures.open_vector(seed, record);
        self.exposures.portfolio_mut(portfolio).first_vector = slot;
        if next != 0 {
            self.exposures.vector_mut(next).siblings.previous = slot;
        }
        slot
    }

    fn open_portfolio(&mut self, account: u32, underlying: u32, generation: u64) -> u32 {
        let previous = self.accounts.slab.get(account).portfolios.last;
        let siblings = Links { previous, next: 0 };
        let record = Portfolio { account, underlying, generation, siblings, ..Portfolio::zeroed() };
        let slot = self.exposures.open_portfolio(self.seed(), record);
        let row = &mut self.accounts.slab.get_mut(account).portfolios;
        row.last = slot;
        if previous == 0 {
            row.first = slot;
        } else {
            self.exposures.portfolio_mut(previous).siblings.next = slot;
        }
        slot
    }

    /// Closes a record without lots.
    #[inline(never)]
    fn close_record(&mut self, slot: u32) {
        let seed = self.seed();
        let &Position { instrument, portfolio, vector, siblings, peers, pair, added, .. } = self.positions.get(slot);
        if pair != 0 {
            self.positions.get_mut(pair).pair = 0;
        }
        let is_missing = added == self.generation_of(instrument) && self.lot(instrument).is_none();
        self.count_record(slot, -1);
        let record = self.exposures.portfolio_mut(portfolio);
        if record.cursor == slot {
            record.cursor = siblings.next;
        }
        record.missing -= u32::from(is_missing);
        record.remove_nearby(slot);
        if siblings.previous == 0 {
            record.positions.first = siblings.next;
        }
        if siblings.next == 0 {
            record.positions.last = siblings.previous;
        }
        let row = &mut self.exposures.vector_mut(vector).positions;
        if peers.previous == 0 {
            row.first = peers.next;
        }
        if peers.next == 0 {
            row.last = peers.previous;
        }
        // Without a neighbour nobody's record is written to, which is zeroed again.
        self.positions.get_mut(siblings.previous).siblings.next = siblings.next;
        self.positions.get_mut(siblings.next).siblings.previous = siblings.previous;
        self.positions.get_mut(peers.previous).peers.next = peers.next;
        self.positions.get_mut(peers.next).peers.previous = peers.previous;
        let nobody = self.positions.get_mut(0);
        (nobody.siblings, nobody.peers) = (Links { previous: 0, next: 0 }, Links { previous: 0, next: 0 });
        self.positions.close(seed, slot);
        if self.exposures.vector(vector).records == 0 {
            self.close_vector(vector);
        }
        if self.exposures.portfolio(portfolio).records == 0 {
            self.close_portfolio(portfolio);
        }
    }

    fn close_vector(&mut self, slot: u32) {
        let &Vector { portfolio, siblings: Links { previous, next }, .. } = self.exposures.vector(slot);
        if previous == 0 {
            self.exposures.portfolio_mut(portfolio).first_vector = next;
        } else {
            self.exposures.vector_mut(previous).siblings.next = next;
        }
        if next != 0 {
            self.exposures.vector_mut(next).siblings.previous = previous;
        }
        self.exposures.portfolio_mut(portfolio).vectors -= 1;
        self.exposures.close_vector(self.seed(), slot);
    }

    fn close_portfolio(&mut self, slot: u32) {
        let &Portfolio { account, siblings: Links { previous, next }, .. } = self.exposures.portfolio(slot);
        let row = &mut self.accounts.slab.get_mut(account).portfolios;
        if previous == 0 {
            row.first = next;
        }
        if next == 0 {
            row.last = previous;
        }
        if previous != 0 {
            self.exposures.portfolio_mut(previous).siblings.next = next;
        }
        if next != 0 {
            self.exposures.portfolio_mut(next).siblings.previous = previous;
        }
        self.exposures.close_portfolio(self.seed(), slot);
    }

    /// Adds a portfolio up anew where it is not of the generation in force, as far as the units go; true if it is whole.
    pub(super) fn add_up(&mut self, slot: u32, units_left: &mut u32) -> bool {
        let &Portfolio { account, underlying, generation, .. } = self.exposures.portfolio(slot);
        let in_force = self.underlyings.slab.get(underlying).generation;
        if generation != in_force {
            self.exposures.portfolio_mut(slot).begin(in_force);
            if *units_left == NO_LIMIT {
                self.look_at_records(slot);
            }
        }
        let mut cursor = self.exposures.portfolio(slot).cursor;
        let (model, mut added, mut missing) = (self.model_of(account), 0, 0);
        while cursor != 0 && *units_left >= RECORD_UNITS {
            *units_left -= RECORD_UNITS;
            let position = self.positions.get_mut(cursor);
            position.added = in_force;
            let (next, after) = (position.siblings.next, position.lots());
            let has_array = self.add_to_sums(cursor, &Change { before: Lots::NONE, after }, model);
            self.look_at_swept_next();
            (added, missing, cursor) = (added + 1, missing + u32::from(!has_array), next);
        }
        if added != 0 {
            self.effort_mut().records += added;
            let account = self.accounts.slab.get_mut(account);
            (account.is_due, account.has_floor) = (1, 0);
            let portfolio = self.exposures.portfolio_mut(slot);
            portfolio.cursor = cursor;
            portfolio.missing += missing;
        }
        cursor == 0
    }
}
