//! Venue commands (kinds 101..=199) and the sequencer's own (301..): rare, sent by operators.

use bytemuck::{Pod, Zeroable};

use super::{CommandHeader, CommandRecord, RARE_SIZE_MAX, command_record};
use crate::ids::{AccountId, ExpiryId, InstrumentId, SessionId, UnderlyingId};
use crate::terms::{InstrumentKind, OptionType, SelfTrade, TradingState};
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

/// Lists an instrument. 192 bytes. The event [`InstrumentListed`](crate::event::InstrumentListed) tells its id.
///
/// Rejected with `InvalidInstrument` unless: the symbol is printable ASCII, not empty and zero-padded; `tick`, `lot`
/// and `multiplier` are at least 1; `1 <= quantity_min <= quantity_max`, with a multiple of the lot among them;
/// `price_min <= limit_low <= limit_high <= price_max`, with a multiple of the tick in the range; options have an
/// [`OptionType`] and a strike of at least 1, others have none and a zero strike; a perpetual has `expiry` zero, everything
/// else an expiry after the command's time; `price_unit` and `position_max` are at least 1 with an underlying, else zero;
/// and `expiry_id` is given for what has an underlying and an expiry, and for nothing else.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ListInstrument {
    /// Kind 101.
    pub header: CommandHeader,
    /// A label for people; the id is the identity.
    pub symbol: [u8; 16],
    /// Label of the underlying, printable ASCII, zero-padded; may be empty.
    pub underlying: [u8; 16],
    /// Smallest price that an order may ever have.
    pub price_min: PriceTicks,
    /// Largest price that an order may ever have.
    pub price_max: PriceTicks,
    /// Price limit in force at first, see [`SetPriceLimits`].
    pub limit_low: PriceTicks,
    /// Price limit in force at first, see [`SetPriceLimits`].
    pub limit_high: PriceTicks,
    /// Order prices are multiples of this.
    pub tick: PriceTicks,
    /// Order quantities are multiples of this.
    pub lot: QuantityLots,
    /// Smallest quantity of a new order.
    pub quantity_min: QuantityLots,
    /// Largest quantity of an order.
    pub quantity_max: QuantityLots,
    /// Value of one lot for a price difference of one.
    pub multiplier: CashAtoms,
    /// Strike price of an option.
    pub strike: PriceTicks,
    /// When the contract expires; zero for a perpetual.
    pub expiry: TimeNs,
    /// An [`InstrumentKind`].
    pub kind: u8,
    /// An [`OptionType`].
    pub option_type: u8,
    /// The [`TradingState`] to begin in: auction, continuous or halted.
    pub initial_state: u8,
    /// The [`SelfTrade`] of orders that have no wish of their own.
    pub self_trade: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 4],
    /// The underlying whose feeds value it; none for an instrument that is not valued.
    pub underlying_id: UnderlyingId,
    /// The expiry whose feeds value it.
    pub expiry_id: ExpiryId,
    /// What a price of one is worth, in atoms for one unit of the underlying; so `multiplier / price_unit` units are a lot.
    pub price_unit: CashAtoms,
    /// The largest position of an account, long or short, that its risk array is made for. Where margin is checked no order is
    /// accepted with which a position could become larger (`PositionTooLarge`), unless it only reduces it.
    pub position_max: QuantityLots,
}

command_record!(ListInstrument, kind 101, size 192 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 4],
    fields |f| InstrumentKind::from_code(f.kind).is_some() && OptionType::from_code(f.option_type).is_some()
        && settable_state(f.initial_state) && f.self_trade <= SelfTrade::Decrement.code());

impl ListInstrument {
    /// A perpetual with an increment of one and the widest ranges, trading continuously: a start for examples and
    /// tests, to be narrowed field by field. Of a longer `symbol` the first 16 bytes are taken.
    pub fn perpetual((session, session_sequence): (SessionId, u64), symbol: &str) -> Self {
        let mut padded = [0; 16];
        for (to, from) in padded.iter_mut().zip(symbol.bytes()) {
            *to = from;
        }
        Self {
            header: Self::new_header(session, session_sequence, AccountId::NONE),
            symbol: padded,
            price_min: PriceTicks::MIN,
            price_max: PriceTicks::MAX,
            limit_low: PriceTicks::MIN,
            limit_high: PriceTicks::MAX,
            tick: PriceTicks(1),
            lot: QuantityLots(1),
            quantity_min: QuantityLots(1),
            quantity_max: QuantityLots::MAX,
            multiplier: CashAtoms(1),
            kind: InstrumentKind::Perpetual.code(),
            initial_state: TradingState::Continuous.code(),
            ..Self::zeroed()
        }
    }
}

/// Whether a command may set this state: all but `Uncrossing`.
fn settable_state(code: u8) -> bool {
    TradingState::from_code(code).is_some_and(|state| state != TradingState::Uncrossing)
}

/// Delists an instrument without live orders and open positions. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DelistInstrument {
    /// Kind 102.
    pub header: CommandHeader,
    /// Which.
    pub instrument: InstrumentId,
}

command_record!(DelistInstrument, kind 102, size 40 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Moves an instrument to auction, continuous trading or halt. 48 bytes.
///
/// A crossed book is not opened (`BookCrossed`): send [`Uncross`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetTradingState {
    /// Kind 103.
    pub header: CommandHeader,
    /// Which.
    pub instrument: InstrumentId,
    /// The [`TradingState`] to enter; not `Uncrossing`.
    pub state: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 7],
}

impl SetTradingState {
    /// Moves an instrument to a state.
    pub fn new((session, session_sequence): (SessionId, u64), instrument: InstrumentId, state: TradingState) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, instrument, state: state.code(), reserved: [0; 7] }
    }
}

command_record!(SetTradingState, kind 103, size 48 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 7], fields |f| settable_state(f.state));

/// Ends an auction: fixes one price, fills what crosses at it, and opens continuous trading. 56 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Uncross {
    /// Kind 104.
    pub header: CommandHeader,
    /// Which.
    pub instrument: InstrumentId,
    /// The price, if `priced` is 1: a multiple of the tick in the declared range, used as it stands. Else zero.
    pub price: PriceTicks,
    /// 1 where `price` is given, 0 where the engine finds it.
    pub priced: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 7],
}

impl Uncross {
    /// Ends an auction at the given price, or at the one that the engine finds.
    pub fn new(
        (session, session_sequence): (SessionId, u64),
        instrument: InstrumentId,
        price: Option<PriceTicks>,
    ) -> Self {
        Self {
            header: Self::new_header(session, session_sequence, AccountId::NONE),
            instrument,
            price: price.unwrap_or_default(),
            priced: u8::from(price.is_some()),
            reserved: [0; 7],
        }
    }
}

command_record!(Uncross, kind 104, size 56 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 7], fields |f| f.priced <= 1 && (f.priced == 1 || f.price == PriceTicks::ZERO));

/// Sets the price limits in force, both inclusive, within the declared range. Resting orders stay. 56 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetPriceLimits {
    /// Kind 105.
    pub header: CommandHeader,
    /// Which.
    pub instrument: InstrumentId,
    /// Lowest price of an order from now on.
    pub low: PriceTicks,
    /// Highest price of an order from now on.
    pub high: PriceTicks,
}

command_record!(SetPriceLimits, kind 105, size 56 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Sets an instrument's last price, as if it had traded there. 48 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetLastPrice {
    /// Kind 106.
    pub header: CommandHeader,
    /// Which.
    pub instrument: InstrumentId,
    /// The price: a multiple of the tick within the declared range.
    pub price: PriceTicks,
}

command_record!(SetLastPrice, kind 106, size 48 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Sets an instrument's mark price, at which unrealised profit is reckoned. 48 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetMarkPrice {
    /// Kind 107.
    pub header: CommandHeader,
    /// Which.
    pub instrument: InstrumentId,
    /// The price, within the declared range; need not be a multiple of the tick.
    pub price: PriceTicks,
}

command_record!(SetMarkPrice, kind 107, size 48 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Sets how far from its reference price an instrument may trade before a volatility auction begins. 48 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetPriceBand {
    /// Kind 108.
    pub header: CommandHeader,
    /// Which.
    pub instrument: InstrumentId,
    /// The largest distance from the mark price, or from the last price where no mark was set; zero for no band.
    pub distance: PriceTicks,
}

command_record!(SetPriceBand, kind 108, size 48 <= RARE_SIZE_MAX, account false,
    reserved |_r| true, fields |f| f.distance >= PriceTicks::ZERO);

/// Ends the trading day: cancels the day orders of an instrument, or of all. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct EndTradingDay {
    /// Kind 109.
    pub header: CommandHeader,
    /// Where; none for everywhere.
    pub instrument: InstrumentId,
}

command_record!(EndTradingDay, kind 109, size 40 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Has the indicative price of an auction said as an event. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PublishIndicative {
    /// Kind 110.
    pub header: CommandHeader,
    /// Which.
    pub instrument: InstrumentId,
}

command_record!(PublishIndicative, kind 110, size 40 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Nothing but an opportunity to work off pending work; the sequencer appends it while work is pending. 32 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Work {
    /// Kind 301.
    pub header: CommandHeader,
}

command_record!(Work, kind 301, size 32 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Marks where the state digest is computed: whoever replays computes it right after this command, and may compare it
/// with what others computed there. 32 bytes.
///
/// Pending work is done after it as after every command, and is part of the state that the digest is of. To the engine
/// it is a command like [`Work`]: the engine itself hashes nothing.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Checkpoint {
    /// Kind 302.
    pub header: CommandHeader,
}

command_record!(Checkpoint, kind 302, size 32 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Begins a round of marks. The sequencer appends it at a fixed cadence of sequenced time. 32 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Timer {
    /// Kind 304.
    pub header: CommandHeader,
}

command_record!(Timer, kind 304, size 32 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);
