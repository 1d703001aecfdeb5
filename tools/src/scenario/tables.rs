//! What can be written of each field, for every kind of command and event: one table each; a third has the forms of what
//! the engine's own records hold.

use std::mem::offset_of;

use novate_core::command::{AmendOrder, CommandHeader, NewComplexOrder, NewOrder, OpenSession};
use novate_core::event::{Accepted, Amended, Cancelled, FeedUpdated, Replenished, Repriced};
use novate_core::reject::{CancelReason, RejectCode};
use novate_core::terms::{
    FeedKind, InstrumentKind, MarginModel, MarginStatus, OptionType, OrderType, PegReference, Role, SelfTrade, Side,
    Surface, TimeInForce, TradingState, TriggerDirection,
};

use super::record::{Field, Form, Reads, Record};

const fn number(width: usize, is_signed: bool) -> Form {
    Form { width, is_signed, reads: Reads::Number, unit: "" }
}

const fn reads(width: usize, reads: Reads) -> Form {
    Form { width, is_signed: false, reads, unit: "" }
}

/// A number of which readers must know what one is: whoever writes a fraction has another unit in mind.
const fn measured(width: usize, is_signed: bool, unit: &'static str) -> Form {
    Form { width, is_signed, reads: Reads::Number, unit }
}

pub(super) const U8: Form = number(1, false);
const U16: Form = number(2, false);
const U32: Form = number(4, false);
pub(super) const U64: Form = number(8, false);
pub(super) const I64: Form = number(8, true);
const U128: Form = number(16, false);
pub(super) const I128: Form = number(16, true);
const ATOMS: Form = measured(8, true, "atoms (1e-6 of the settlement asset's unit)");
const BILLIONTHS: Form = measured(8, true, "1e-9");
const TRILLIONTHS: Form = measured(8, true, "1e-12");
const PPM: Form = measured(4, false, "1e-6");
const SHOCK: Form = measured(4, true, "1e-6");
const NANOSECONDS: Form = measured(8, false, "nanoseconds");
pub(super) const LABEL: Form = reads(16, Reads::Label);
pub(super) const ACCOUNT: Form = reads(8, Reads::Account);
const INSTRUMENT: Form = reads(8, Reads::Instrument);
const UNDERLYING: Form = reads(8, Reads::Underlying);
const EXPIRY: Form = reads(8, Reads::Expiry);
const SCENARIO: Form = reads(8, Reads::Scenario);
pub(super) const SESSION: Form = reads(8, Reads::Session);
pub(super) const ORDER: Form = reads(8, Reads::Order);
const CLIENT: Form = reads(8, Reads::Client);
pub(super) const TARGET: Form = reads(16, Reads::Target);

/// A field that holds one value of an enumeration.
macro_rules! names {
    ($width:literal, $of:ident) => {
        reads($width, Reads::Name(|| $of::ALL.iter().map(|value| (value.name(), value.code().into())).collect()))
    };
}

pub(super) const SIDE: Form = names!(1, Side);
const ORDER_TYPE: Form = names!(1, OrderType);
const TIME_IN_FORCE: Form = names!(1, TimeInForce);
const SELF_TRADE: Form = names!(1, SelfTrade);
const DIRECTION: Form = names!(1, TriggerDirection);
const TRADING_STATE: Form = names!(1, TradingState);
const ROLE: Form = names!(1, Role);
const WIDE_ROLE: Form = names!(8, Role);
const INSTRUMENT_KIND: Form = names!(1, InstrumentKind);
const OPTION_TYPE: Form = names!(1, OptionType);
const SURFACE: Form = names!(1, Surface);
const FEED_KIND: Form = names!(1, FeedKind);
const MARGIN_MODEL: Form = names!(1, MarginModel);
const MARGIN_STATUS: Form = names!(1, MarginStatus);
const REASON: Form = names!(1, CancelReason);
pub(super) const CODE: Form = names!(2, RejectCode);

/// A field of flags, each with its name in the record.
macro_rules! flags {
    ($of:ident: $($name:ident)*) => { reads(1, Reads::Flags(&[$((stringify!($name), $of::$name),)*])) };
}

pub(super) const ORDER_FLAGS: Form = flags!(NewOrder: POST_ONLY REDUCE_ONLY POST_ONLY_SLIDE);
const GIVES: Form = flags!(NewComplexOrder: TRIGGER BUDGET TRAIL);
const REFERENCE: Form = names!(1, PegReference);
const CHANGES: Form = flags!(AmendOrder: PRICE QUANTITY);
const SESSION_FLAGS: Form = flags!(OpenSession: ALL_ACCOUNTS);
pub(super) const ACCEPTED: Form = flags!(Accepted: RESTS MARKET POST_ONLY REDUCE_ONLY STOP ICEBERG TWIN FOLLOWS);
const FEED_UPDATED: Form = flags!(FeedUpdated: HELD PASSED);
const REPRICED: Form = flags!(Repriced: RESTS);
const CANCELLED: Form = flags!(Cancelled: RESTED);
const AMENDED: Form = flags!(Amended: KEEPS_PRIORITY RESTS);
const REPLENISHED: Form = flags!(Replenished: KEEPS_PRIORITY);

/// A field within a field has a name with a point between, and so has an entry of an array, counted from 0.
macro_rules! records {
    ($module:ident: $($record:ident {
        $($field:ident $(. $inner:ident)* $([$entry:literal])?: $form:ident,)*
    })*) => {
        &[$(Record { name: stringify!($record), fields: &[$(Field {
            name: concat!(stringify!($field) $(, ".", stringify!($inner))* $(, ".", $entry)?),
            offset: offset_of!(novate_core::$module::$record, $field $(. $inner)*) $(+ $entry * $form.width)?,
            form: $form,
        },)*] },)*]
    };
}

/// The fields that every command begins with. Bodies have fields with these names, hence the longer ones.
pub(super) const COMMAND_HEADER: &[Field] = &[
    Field { name: "header.kind", offset: offset_of!(CommandHeader, kind), form: U16 },
    Field { name: "header.size", offset: offset_of!(CommandHeader, size), form: U16 },
    Field { name: "header.reserved", offset: offset_of!(CommandHeader, reserved), form: U32 },
    Field { name: "header.session", offset: offset_of!(CommandHeader, session), form: SESSION },
    Field { name: "header.session_sequence", offset: offset_of!(CommandHeader, session_sequence), form: U64 },
    Field { name: "account", offset: offset_of!(CommandHeader, account), form: ACCOUNT },
];

/// The fields that every event begins with.
pub(super) const EVENT_HEADER: &[Field] = &[
    Field { name: "sequence", offset: offset_of!(Accepted, sequence), form: U64 },
    Field { name: "ordinal", offset: offset_of!(Accepted, ordinal), form: U32 },
];

/// Where reserved bytes have a name it is that of the first of them.
pub(super) const COMMANDS: &[Record] = records! { command:
    NewOrder {
        instrument: INSTRUMENT, client_order_id: CLIENT, price: I64, quantity: I64, side: SIDE, order_type: ORDER_TYPE,
        time_in_force: TIME_IN_FORCE, flags: ORDER_FLAGS, self_trade: SELF_TRADE, reserved: U8,
    }
    CancelOrder { target: TARGET, }
    ReduceOrder { target: TARGET, by: I64, }
    AmendOrder { target: TARGET, price: I64, quantity: I64, changes: CHANGES, reserved: U8, }
    ReplaceOrder { target: TARGET, client_order_id: CLIENT, price: I64, quantity: I64, }
    NewComplexOrder {
        instrument: INSTRUMENT, client_order_id: CLIENT, price: I64, quantity: I64, side: SIDE, order_type: ORDER_TYPE,
        time_in_force: TIME_IN_FORCE, flags: ORDER_FLAGS, self_trade: SELF_TRADE, gives: GIVES, direction: DIRECTION,
        reserved: U8, trigger: I64, display: I64, display_minimum: I64, twin: CLIENT, expiry: U64, budget: I128,
    }
    NewPeggedOrder {
        instrument: INSTRUMENT, client_order_id: CLIENT, limit: I64, quantity: I64, side: SIDE, reference: REFERENCE,
        time_in_force: TIME_IN_FORCE, flags: ORDER_FLAGS, self_trade: SELF_TRADE, reserved: U8, offset: I64, expiry: U64,
    }
    MassCancel { instrument: INSTRUMENT, }
    SetProtection { window: U64, quantity: I64, fills: U64, reserved: U8, }
    ResumeTrading {}
    ListInstrument {
        symbol: LABEL, underlying: LABEL, price_min: I64, price_max: I64, limit_low: I64, limit_high: I64, tick: I64,
        lot: I64, quantity_min: I64, quantity_max: I64, multiplier: I64, strike: I64, expiry: U64,
        kind: INSTRUMENT_KIND, option_type: OPTION_TYPE, initial_state: TRADING_STATE, self_trade: SELF_TRADE, reserved: U8,
        underlying_id: UNDERLYING, expiry_id: EXPIRY, price_unit: ATOMS, position_max: I64,
    }
    DelistInstrument { instrument: INSTRUMENT, }
    SetTradingState { instrument: INSTRUMENT, state: TRADING_STATE, reserved: U8, }
    Uncross { instrument: INSTRUMENT, price: I64, priced: U8, reserved: U8, }
    SetPriceLimits { instrument: INSTRUMENT, low: I64, high: I64, }
    SetLastPrice { instrument: INSTRUMENT, price: I64, }
    SetMarkPrice { instrument: INSTRUMENT, price: I64, }
    SetPriceBand { instrument: INSTRUMENT, distance: I64, }
    EndTradingDay { instrument: INSTRUMENT, }
    PublishIndicative { instrument: INSTRUMENT, }
    ListUnderlying {
        symbol: LABEL, price_max: ATOMS, peg: UNDERLYING, lane_bits: U8, reserved: U8, rules.degraded_after: NANOSECONDS, rules.stale_after: NANOSECONDS, rules.invalid_after: NANOSECONDS,
        rules.mark_window: NANOSECONDS, rules.move_max: PPM, rules.mark_band: PPM, rules.confidence_min: PPM,
        rules.slow_multiple: U32, rules.confirm_after_us: U32, rules.scenario_set: U16, rules.confirmations: U8, rules.reserved: U8,
        reserved_tail: U8,
    }
    DelistUnderlying { underlying: UNDERLYING, }
    ConfigureUnderlying {
        underlying: UNDERLYING, rules.degraded_after: NANOSECONDS, rules.stale_after: NANOSECONDS, rules.invalid_after: NANOSECONDS,
        rules.mark_window: NANOSECONDS, rules.move_max: PPM, rules.mark_band: PPM, rules.confidence_min: PPM,
        rules.slow_multiple: U32, rules.confirm_after_us: U32, rules.scenario_set: U16, rules.confirmations: U8, rules.reserved: U8,
    }
    ListExpiry { underlying: UNDERLYING, time: NANOSECONDS, surface: SURFACE, reserved: U8, }
    DelistExpiry { expiry: EXPIRY, }
    SetScenarios {
        set: U16, count: U8, reserved: U8,
        scenarios[0]: SCENARIO, scenarios[1]: SCENARIO, scenarios[2]: SCENARIO, scenarios[3]: SCENARIO,
        scenarios[4]: SCENARIO, scenarios[5]: SCENARIO, scenarios[6]: SCENARIO, scenarios[7]: SCENARIO,
        scenarios[8]: SCENARIO, scenarios[9]: SCENARIO, scenarios[10]: SCENARIO, scenarios[11]: SCENARIO,
        scenarios[12]: SCENARIO, scenarios[13]: SCENARIO, scenarios[14]: SCENARIO, scenarios[15]: SCENARIO,
        scenarios[16]: SCENARIO, scenarios[17]: SCENARIO, scenarios[18]: SCENARIO, scenarios[19]: SCENARIO,
        scenarios[20]: SCENARIO, scenarios[21]: SCENARIO, scenarios[22]: SCENARIO, scenarios[23]: SCENARIO,
        scenarios[24]: SCENARIO, scenarios[25]: SCENARIO, scenarios[26]: SCENARIO, scenarios[27]: SCENARIO,
        scenarios[28]: SCENARIO, scenarios[29]: SCENARIO, scenarios[30]: SCENARIO, scenarios[31]: SCENARIO,
    }
    SetShocks {
        set: U16, reserved: U8, shocks.range_up: SHOCK, shocks.range_down: SHOCK, shocks.short_power: SHOCK,
        shocks.long_power: SHOCK, shocks.floor_days: SHOCK, shocks.evaluated_min: SHOCK, shocks.linear[0]: SHOCK, shocks.linear[1]: SHOCK,
        shocks.absolute[0]: SHOCK, shocks.absolute[1]: SHOCK, shocks.width_min: SHOCK, shocks.width: SHOCK,
        shocks.volatility[0]: SHOCK, shocks.volatility[1]: SHOCK, shocks.fixed[0]: SHOCK, shocks.fixed[1]: SHOCK,
        shocks.rate_mult[0]: SHOCK, shocks.rate_mult[1]: SHOCK, shocks.rate_add[0]: SHOCK, shocks.rate_add[1]: SHOCK,
        shocks.basis[0]: SHOCK, shocks.basis[1]: SHOCK, shocks.basis_factor[0]: SHOCK, shocks.basis_factor[1]: SHOCK,
    }
    SetMarginTerms {
        set: U16, reserved: U8, terms.long: PPM, terms.short: PPM, terms.slippage: PPM, terms.initial_multiple: PPM,
        terms.maintenance_loss: PPM, terms.initial_loss: PPM, terms.linear[0]: PPM, terms.linear[1]: PPM, terms.option[0]: PPM,
        terms.option[1]: PPM, terms.confidence_threshold: PPM, terms.doubt: PPM, terms.peg_threshold: PPM, terms.peg_loss: PPM,
        terms.initial: PPM, terms.initial_min: PPM, terms.maintenance[0]: PPM, terms.maintenance[1]: PPM,
        terms.maintenance_of_mark: PPM, terms.offset: PPM, terms.unpaired[0]: PPM, terms.unpaired[1]: PPM, terms.reserved[0]: U32,
    }
    UpdateIndex {
        underlying: UNDERLYING, price: ATOMS, stamp.source_time: NANOSECONDS, stamp.confidence: PPM, stamp.source: U16, stamp.reserved: U16,
    }
    UpdateForward {
        expiry: EXPIRY, price: ATOMS, stamp.source_time: NANOSECONDS, stamp.confidence: PPM, stamp.source: U16, stamp.reserved: U16,
    }
    UpdateRate {
        expiry: EXPIRY, rate: BILLIONTHS, stamp.source_time: NANOSECONDS, stamp.confidence: PPM, stamp.source: U16, stamp.reserved: U16,
    }
    UpdateSurface {
        expiry: EXPIRY, smile.a: TRILLIONTHS, smile.b: TRILLIONTHS, smile.rho: TRILLIONTHS, smile.m: TRILLIONTHS,
        smile.sigma: TRILLIONTHS, smile.forward: ATOMS, smile.years: TRILLIONTHS, stamp.source_time: NANOSECONDS, stamp.confidence: PPM, stamp.source: U16, stamp.reserved: U16,
    }
    UpdateVolatility {
        instrument: INSTRUMENT, volatility: BILLIONTHS, stamp.source_time: NANOSECONDS, stamp.confidence: PPM, stamp.source: U16, stamp.reserved: U16,
    }
    OpenAccount { owner: U64, }
    CloseAccount {}
    OpenSession { role: ROLE, flags: SESSION_FLAGS, reserved: U8, }
    CloseSession { session: SESSION, }
    GrantAccount { session: SESSION, }
    RevokeAccount { session: SESSION, }
    SetMarginModel { model: MARGIN_MODEL, reserved: U8, }
    AdjustCash { amount: ATOMS, }
    Work {}
    Checkpoint {}
    Timer {}
};

pub(super) const EVENTS: &[Record] = records! { event:
    Accepted {
        side: SIDE, time_in_force: TIME_IN_FORCE, flags: ACCEPTED, instrument: INSTRUMENT, account: ACCOUNT,
        order: ORDER, client_order_id: CLIENT, price: I64, quantity: I64,
    }
    Rejected {
        code: CODE, session: SESSION, session_sequence: U64, account: ACCOUNT, instrument: INSTRUMENT, order: ORDER,
        client_order_id: CLIENT,
    }
    Trade {
        aggressor: SIDE, instrument: INSTRUMENT, price: I64, quantity: I64, maker_order: ORDER, taker_order: ORDER,
        maker_client_order_id: CLIENT, taker_client_order_id: CLIENT, maker_account: ACCOUNT, taker_account: ACCOUNT,
        maker_leaves: I64, taker_leaves: I64, maker_position: I64, taker_position: I64,
    }
    Rested {
        side: SIDE, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT, price: I64,
        leaves: I64,
    }
    Cancelled {
        side: SIDE, reason: REASON, flags: CANCELLED, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER,
        client_order_id: CLIENT, price: I64, leaves: I64,
    }
    Amended {
        side: SIDE, flags: AMENDED, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT,
        old_price: I64, old_leaves: I64, price: I64, leaves: I64,
    }
    Resent { code: CODE, session: SESSION, session_sequence: U64, first_sequence: U64, order: ORDER, }
    Decremented {
        aggressor: SIDE, instrument: INSTRUMENT, price: I64, quantity: I64, maker_order: ORDER, taker_order: ORDER,
        maker_client_order_id: CLIENT, taker_client_order_id: CLIENT, maker_account: ACCOUNT, taker_account: ACCOUNT,
        maker_leaves: I64, taker_leaves: I64,
    }
    Triggered {
        side: SIDE, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT, trigger: I64,
        leaves: I64,
    }
    Replenished {
        side: SIDE, flags: REPLENISHED, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT,
        price: I64, shown: I64, leaves: I64,
    }
    MassCancelled { reason: REASON, instrument: INSTRUMENT, account: ACCOUNT, first_sequence: U64, orders: U64, }
    ProtectionSet { account: ACCOUNT, window: U64, quantity: I64, fills: U64, }
    ProtectionTripped { instrument: INSTRUMENT, account: ACCOUNT, quantity: I64, fills: U64, }
    TradingResumed { account: ACCOUNT, }
    Repriced {
        side: SIDE, flags: REPRICED, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT,
        old_price: I64, price: I64, old_trigger: I64, trigger: I64, leaves: I64,
    }
    MarginShortfall { account: ACCOUNT, instrument: INSTRUMENT, shortfall: ATOMS, initial: ATOMS, }
    InstrumentListed {
        instrument_kind: INSTRUMENT_KIND, state: TRADING_STATE, instrument: INSTRUMENT, symbol: LABEL, tick: I64, lot: I64,
    }
    InstrumentDelisted { instrument: INSTRUMENT, }
    TradingStateChanged { old_state: TRADING_STATE, state: TRADING_STATE, instrument: INSTRUMENT, }
    Uncrossed { instrument: INSTRUMENT, price: I64, bid_quantity: U128, ask_quantity: U128, }
    PriceLimitsSet { instrument: INSTRUMENT, low: I64, high: I64, }
    LastPriceSet { instrument: INSTRUMENT, price: I64, }
    MarkPriceSet { instrument: INSTRUMENT, price: I64, }
    PriceBandSet { instrument: INSTRUMENT, distance: I64, }
    PriceBandBreached { instrument: INSTRUMENT, price: I64, reference: I64, distance: I64, order: ORDER, }
    IndicativePrice { crosses: U8, instrument: INSTRUMENT, price: I64, bid_quantity: U128, ask_quantity: U128, }
    UnderlyingListed { lane_bits: U8, underlying: UNDERLYING, symbol: LABEL, price_max: ATOMS, peg: UNDERLYING, }
    UnderlyingDelisted { underlying: UNDERLYING, }
    UnderlyingConfigured { underlying: UNDERLYING, scenario_set: U16, }
    ExpiryListed { surface: SURFACE, expiry: EXPIRY, underlying: UNDERLYING, time: NANOSECONDS, }
    ExpiryDelisted { expiry: EXPIRY, }
    ScenariosSet { count: U8, set: U16, }
    ShocksSet { set: U16, }
    FeedUpdated {
        feed: FEED_KIND, flags: FEED_UPDATED, underlying: UNDERLYING, expiry: EXPIRY, instrument: INSTRUMENT, value: I64,
        source_time: NANOSECONDS, confidence: PPM, source: U16,
    }
    ArraysPublished { underlying: UNDERLYING, generation: U64, begun: U64, instruments: U32, }
    MarginTermsSet { set: U16, }
    AccountOpened { account: ACCOUNT, owner: U64, }
    AccountClosed { account: ACCOUNT, }
    SessionOpened { session: SESSION, role: WIDE_ROLE, }
    SessionClosed { session: SESSION, }
    AccountGranted { session: SESSION, account: ACCOUNT, }
    AccountRevoked { session: SESSION, account: ACCOUNT, }
    MarginModelSet { model: MARGIN_MODEL, account: ACCOUNT, }
    CashAdjusted { account: ACCOUNT, amount: ATOMS, cash: I128, }
    MarginStatusChanged {
        status: MARGIN_STATUS, old_status: MARGIN_STATUS, account: ACCOUNT, initial: ATOMS, maintenance: ATOMS,
    }
};

/// The fields of records in the engine's memory that are more than numbers: the type of the record, the field's path in
/// it, its form.
pub(super) const STATE: &[(&str, &str, Form)] = &[
    ("Session", "role", ROLE),
    ("Session", "flags", SESSION_FLAGS),
    ("Instrument", "state", TRADING_STATE),
    ("Instrument", "kind", INSTRUMENT_KIND),
    ("Instrument", "option_type", OPTION_TYPE),
    ("Instrument", "self_trade", SELF_TRADE),
    ("Instrument", "symbol", LABEL),
    ("Instrument", "underlying", LABEL),
    ("WorkItem", "scan.reason", REASON),
    ("Outcome", "code", CODE),
    ("Complex", "budget", I128),
    ("Complex", "peg", REFERENCE),
    ("Order", "terms.side", SIDE),
    ("Order", "terms.order_type", ORDER_TYPE),
    ("Order", "terms.time_in_force", TIME_IN_FORCE),
    ("Order", "terms.flags", ORDER_FLAGS),
    ("Order", "terms.self_trade", SELF_TRADE),
];
