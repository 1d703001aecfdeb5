//! Read-only queries. They tell the truth between any two commands, also while work is pending.

use super::Engine;
use crate::arena::Marks;
use crate::book::{Order, client_hash};
use crate::digest::{EventsDigest, Hash256};
use crate::genesis::Genesis;
use crate::ids::{AccountId, ClientOrderId, EntityId, InstrumentId, OrderId, SessionId, UnderlyingId};
use crate::ledger::Holding;
use crate::terms::{InstrumentKind, MarginModel, OptionType, Role, Side, TimeInForce, TradingState};
use crate::units::{CashAtoms, PriceTicks, QuantityLots, Sequence, TimeNs};

/// A live order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Its id.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub instrument: InstrumentId,
    /// On which side.
    pub side: Side,
    /// Its limit price.
    pub price: PriceTicks,
    /// Its open quantity, shown and hidden.
    pub leaves: QuantityLots,
    /// What of it others see; zero while a stop order waits.
    pub shown: QuantityLots,
    /// The trigger price that a stop order waits for; none once it has triggered, and for all others.
    pub trigger: Option<PriceTicks>,
    /// When it expires, if it is good till a date.
    pub expiry: Option<TimeNs>,
    /// The other of two orders of which one cancels the other.
    pub twin: Option<OrderId>,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// Whether it is post-only.
    pub is_post_only: bool,
    /// What a lot of it loses at once if it is filled, as was reckoned when it came to rest, in lanes; zero while it waits,
    /// and where margin is not checked.
    pub reserve: i64,
}

/// What an auction would find at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndicativeView {
    /// The price.
    pub price: PriceTicks,
    /// Lots bid at the price or higher.
    pub bids: i128,
    /// Lots asked at the price or lower. The smaller of the two would trade.
    pub asks: i128,
}

/// A price level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelView {
    /// Its price.
    pub price: PriceTicks,
    /// The sum of its orders' open quantities, shown and hidden.
    pub quantity: QuantityLots,
    /// What of it others see.
    pub shown: QuantityLots,
    /// How many orders.
    pub orders: u32,
}

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Its id.
    pub account: AccountId,
    /// Its owner, in the venue's own numbering.
    pub owner: u64,
    /// How many live orders it has.
    pub orders: u32,
    /// How many open positions it has.
    pub positions: u32,
    /// Realised profit and loss over all instruments, in atoms.
    pub realised: i128,
    /// Whether its market-maker protection has tripped, and trading was not resumed.
    pub has_tripped: bool,
    /// Its margin model, once one was chosen.
    pub margin_model: Option<MarginModel>,
}

/// An open position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionView {
    /// What is held, signed, in lots; not zero.
    pub quantity: QuantityLots,
    /// What it cost: the sum of price times signed quantity, less what was released when parts were closed.
    pub cost: i128,
    /// Cost divided by quantity, in ticks, rounded up for a long and down for a short position: against the holder.
    pub average_entry: PriceTicks,
    /// Profit, in atoms, if it were closed at the mark price, or at the last trade's where no mark was set; for an option
    /// with an underlying at what its risk array says, rounded down. None if the instrument has none of these, or if it is
    /// beyond 128 bits.
    pub unrealised: Option<i128>,
}

/// A session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub session: SessionId,
    /// What it may do; none only if its record was damaged.
    pub role: Option<Role>,
    /// Whether it may act for every account.
    pub has_all_accounts: bool,
    /// How many accounts were granted to it.
    pub grants: u32,
    /// The last session sequence that it consumed: its next command has one more.
    pub last_session_sequence: u64,
}

/// An instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstrumentView {
    /// Its id.
    pub instrument: InstrumentId,
    /// Its label, zero-padded.
    pub symbol: [u8; 16],
    /// Its underlying's label, zero-padded.
    pub underlying: [u8; 16],
    /// The underlying that it is valued by, if it is.
    pub underlying_id: Option<UnderlyingId>,
    /// What it is; none only if its record was damaged.
    pub kind: Option<InstrumentKind>,
    /// Call or put; none only if its record was damaged.
    pub option_type: Option<OptionType>,
    /// Strike price of an option.
    pub strike: PriceTicks,
    /// What one tick of one lot is worth, in atoms.
    pub multiplier: CashAtoms,
    /// When it expires; zero for a perpetual.
    pub expiry: TimeNs,
    /// The option of the other type that margin takes together with it, where margin is checked.
    pub pair: Option<InstrumentId>,
    /// Its trading state.
    pub state: TradingState,
    /// Lowest and highest price in force.
    pub price_limits: (PriceTicks, PriceTicks),
    /// The last trade's price, or what it was set to; none before.
    pub last_price: Option<PriceTicks>,
    /// The mark price, if it was set.
    pub mark_price: Option<PriceTicks>,
    /// The price band's distance from the reference price, if there is one.
    pub price_band: Option<PriceTicks>,
    /// How many live orders it has.
    pub orders: u32,
    /// How many open positions there are.
    pub positions: u32,
}

impl<M: Marks> Engine<'_, M> {
    /// The last command's sequence; zero at genesis.
    pub fn sequence(&self) -> Sequence {
        self.header.get().sequence
    }

    /// The last command's time.
    pub fn time(&self) -> TimeNs {
        self.header.get().time
    }

    /// The rolling digest over every event so far.
    pub fn events_digest(&self) -> EventsDigest {
        self.header.get().digest
    }

    /// How many events so far.
    pub fn event_count(&self) -> u64 {
        self.header.get().events
    }

    /// Whether work is pending: the sequencer appends `Work` commands until none is.
    pub fn work_pending(&self) -> bool {
        self.has_work()
    }

    /// The configuration that this state began with.
    pub fn genesis_config(&self) -> &Genesis {
        &self.header.get().genesis
    }

    /// The names of genesis and layout, as they stand in the state.
    pub fn identity(&self) -> (Hash256, Hash256) {
        let header = self.header.get();
        (header.genesis_hash, header.layout_hash)
    }

    /// The live order with this id.
    pub fn order(&self, id: OrderId) -> Option<OrderView> {
        self.book.by_id(id).map(|order| self.view(order))
    }

    /// The account's live order with this client order id.
    pub fn order_by_client(&self, account: AccountId, id: ClientOrderId) -> Option<OrderView> {
        if id == ClientOrderId::NONE {
            return None;
        }
        let slot = self.book.find_client(client_hash(self.seed(), account, id), account, id).slot;
        (slot != 0).then(|| self.view(self.book.order(slot)))
    }

    fn view(&self, order: &Order) -> OrderView {
        // Slot 0 is nobody's, and has nothing.
        let (waits, record) = (order.terms.waits(), self.book.complex(order.terms.complex()));
        OrderView {
            order: order.id,
            client_order_id: order.client_order_id,
            account: order.account,
            instrument: self.instruments.slab.get(order.instrument).id,
            side: order.side(),
            price: order.price,
            leaves: self.open_quantity(order),
            shown: if waits { QuantityLots::ZERO } else { order.leaves },
            trigger: waits.then_some(record.trigger),
            expiry: (record.expiry != TimeNs::ZERO).then_some(record.expiry),
            twin: (record.twin != 0).then(|| self.book.order(self.book.complex(record.twin).order).id),
            time_in_force: order.terms.time_in_force(),
            is_post_only: order.terms.is_post_only(),
            reserve: if self.is_margined() && order.level != 0 {
                self.exposures.reserve(order.id.slot()).adverse
            } else {
                0
            },
        }
    }

    /// What an uncross would find now, at the price that it would choose or at a given one; none if nothing crosses. It visits
    /// each level that crosses.
    pub fn indicative(&self, instrument: InstrumentId, given: Option<PriceTicks>) -> Option<IndicativeView> {
        // More steps than there are levels.
        let found = self.outlook(self.find_instrument(instrument).ok()?, given, u32::MAX).ok()?;
        let (price, bids, asks) = found?;
        Some(IndicativeView { price, bids, asks })
    }

    /// The level at a price, if there are orders.
    pub fn level(&self, instrument: InstrumentId, side: Side, price: PriceTicks) -> Option<LevelView> {
        let level = self.level_slot(instrument, side, price);
        (level != 0).then(|| self.level_view(level))
    }

    /// The level at any price; 0 if there is none.
    fn level_slot(&self, instrument: InstrumentId, side: Side, price: PriceTicks) -> u32 {
        let Ok(slot) = self.find_instrument(instrument) else { return 0 };
        let level = self.book.level_at(self.instruments.slab.get(slot), side, price);
        // A price off tick leads to the level of a price nearby.
        if level != 0 && self.book.level(level).price == price { level } else { 0 }
    }

    /// The levels of one side, best first; take as many as you need. Empty for an instrument that is not listed.
    pub fn top(&self, instrument: InstrumentId, side: Side) -> impl Iterator<Item = LevelView> {
        let slot = self.find_instrument(instrument).unwrap_or(0);
        let mut level = if slot == 0 { 0 } else { self.instruments.slab.get(slot).side(side).best };
        core::iter::from_fn(move || {
            let current = (level != 0).then_some(level)?;
            level = self.book.level(current).worse;
            Some(self.level_view(current))
        })
    }

    /// The orders of one level, oldest first. Empty where there is none.
    pub fn queue(&self, instrument: InstrumentId, side: Side, price: PriceTicks) -> impl Iterator<Item = OrderView> {
        let level = self.level_slot(instrument, side, price);
        let mut next = if level == 0 { 0 } else { self.book.level(level).head };
        core::iter::from_fn(move || {
            let order = self.book.order((next != 0).then_some(next)?);
            next = order.next;
            Some(self.view(order))
        })
    }

    fn level_view(&self, slot: u32) -> LevelView {
        let level = self.book.level(slot);
        LevelView {
            price: level.price,
            quantity: QuantityLots(level.total()),
            shown: QuantityLots(level.quantity),
            orders: level.orders,
        }
    }

    /// An open account.
    pub fn account(&self, id: AccountId) -> Option<AccountView> {
        let account = self.accounts.slab.get(self.find_account(id).ok()?);
        Some(AccountView {
            account: id,
            owner: account.owner,
            orders: account.orders,
            positions: account.positions,
            realised: account.realised,
            has_tripped: account.has_tripped(),
            margin_model: MarginModel::from_code(account.margin_model),
        })
    }

    /// What an account holds of an instrument, signed; zero if flat, or if one of the two does not exist.
    pub fn position(&self, account: AccountId, instrument: InstrumentId) -> QuantityLots {
        self.position_view(account, instrument).map_or(QuantityLots::ZERO, |position| position.quantity)
    }

    /// An open position with its cost and profit; none if it is flat, or if one of the two does not exist.
    pub fn position_view(&self, account: AccountId, instrument: InstrumentId) -> Option<PositionView> {
        let (account, slot) = (self.find_account(account).ok()?, self.find_instrument(instrument).ok()?);
        let Holding { quantity, cost } = self.positions.holding(self.positions.find(self.seed(), account, slot));
        if quantity == 0 {
            return None;
        }
        let record = self.instruments.slab.get(slot);
        let mark = record.mark().or(record.last());
        let value = |price: PriceTicks| i128::from(quantity) * i128::from(price.0) - cost;
        // Options with an underlying have no mark price, but a value.
        let modelled = self.risk(instrument).filter(|_| record.has_mark == 0).map(|risk| {
            let worth = (i128::from(quantity) * i128::from(risk.array.mark)) >> risk.lane_bits;
            worth.checked_sub(cost.checked_mul(i128::from(record.multiplier))?)
        });
        let (paid, lots) = (cost * i128::from(quantity.signum()), i128::from(quantity.unsigned_abs()));
        let against_holder = i128::from(quantity > 0 && paid.rem_euclid(lots) != 0);
        Some(PositionView {
            quantity: QuantityLots(quantity),
            cost,
            average_entry: PriceTicks(i64::try_from(paid.div_euclid(lots) + against_holder).unwrap_or(i64::MAX)),
            unrealised: match modelled {
                Some(profit) => profit,
                None => mark.and_then(|price| value(price).checked_mul(i128::from(record.multiplier))),
            },
        })
    }

    /// An open session.
    pub fn session(&self, id: SessionId) -> Option<SessionView> {
        let session = self.sessions.slab.get(self.sessions.find(id, self.shard()).ok()?);
        Some(SessionView {
            session: id,
            role: Role::from_code(session.role),
            has_all_accounts: session.flags & crate::command::OpenSession::ALL_ACCOUNTS != 0,
            grants: session.grants,
            last_session_sequence: session.last,
        })
    }

    /// The listed instruments, by slot.
    pub fn instruments(&self) -> impl Iterator<Item = InstrumentId> {
        let slots = 1..=self.instruments.slab.high_water();
        slots.map(|slot| self.instruments.slab.get(slot).id).filter(|id| *id != InstrumentId::NONE)
    }

    /// A listed instrument.
    pub fn instrument(&self, id: InstrumentId) -> Option<InstrumentView> {
        let slot = self.find_instrument(id).ok()?;
        let (record, pair) = (self.instruments.slab.get(slot), self.risks.get(slot).pair);
        Some(InstrumentView {
            instrument: id,
            symbol: record.symbol,
            underlying: record.underlying,
            underlying_id: match self.underlying_of(slot) {
                0 => None,
                underlying => Some(self.underlyings.slab.get(underlying).id),
            },
            kind: InstrumentKind::from_code(record.kind),
            option_type: OptionType::from_code(record.option_type),
            strike: record.strike,
            multiplier: CashAtoms(record.multiplier),
            expiry: record.expiry,
            pair: (pair != 0).then(|| self.instruments.slab.get(pair).id),
            state: record.state(),
            price_limits: (record.limit_low, record.limit_high),
            last_price: record.last(),
            mark_price: record.mark(),
            price_band: (record.has_band != 0).then(|| self.markets.get(id.slot()).band),
            orders: record.orders,
            positions: record.positions,
        })
    }
}
