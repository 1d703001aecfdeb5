//! The record check, step 6 of "Every command", written out from the records' documentation: reserved bytes are zero,
//! every enumeration holds a defined number, and a kind that concerns no account names none.

use super::venue::is_label;
use crate::command::{
    Command, FeedRules, FeedStamp, MarginTerms, NewComplexOrder, OrderTarget, ScenarioTerms, SetScenarios, Shocks,
};
use crate::ids::AccountId;
use crate::reject::RejectCode;
use crate::terms::Smile;
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

/// Checks what a record alone can show.
pub(super) fn check(command: Command<'_>) -> Result<(), RejectCode> {
    let Some(header) = command.header() else {
        return Err(RejectCode::MalformedRecord);
    };
    if header.reserved != 0 || !reserved_is_zero(command) {
        return Err(RejectCode::ReservedNotZero);
    }
    if header.account != AccountId::NONE && !concerns_an_account(command) {
        return Err(RejectCode::InvalidField);
    }
    if fields_are_defined(command) { Ok(()) } else { Err(RejectCode::InvalidField) }
}

fn reserved_is_zero(command: Command<'_>) -> bool {
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    match command {
        Command::NewOrder(c) => is_zero(&c.reserved),
        Command::NewComplexOrder(c) => c.reserved == 0,
        Command::NewPeggedOrder(c) => is_zero(&c.reserved) && is_zero(&c.reserved_tail),
        Command::SetProtection(c) => is_zero(&c.reserved),
        Command::CancelOrder(c) => is_zero(&c.target.reserved),
        Command::ReduceOrder(c) => is_zero(&c.target.reserved),
        Command::AmendOrder(c) => is_zero(&c.target.reserved) && is_zero(&c.reserved),
        Command::ReplaceOrder(c) => is_zero(&c.target.reserved),
        Command::ListInstrument(c) => is_zero(&c.reserved),
        Command::SetTradingState(c) => is_zero(&c.reserved),
        Command::Uncross(c) => is_zero(&c.reserved),
        Command::OpenSession(c) => is_zero(&c.reserved),
        Command::SetMarginModel(c) => is_zero(&c.reserved),
        Command::ListUnderlying(c) => is_zero(&c.reserved) && is_zero(&c.reserved_tail) && c.rules.reserved == 0,
        Command::ConfigureUnderlying(c) => c.rules.reserved == 0,
        Command::ListExpiry(c) => is_zero(&c.reserved),
        Command::SetScenarios(c) => is_zero(&c.reserved),
        Command::SetShocks(c) => is_zero(&c.reserved),
        Command::SetMarginTerms(c) => is_zero(&c.reserved) && c.terms.reserved == [0; 2],
        _ => stamp_of(command).is_none_or(|stamp| stamp.reserved == 0),
    }
}

/// Where and when a feed's update is from.
fn stamp_of(command: Command<'_>) -> Option<FeedStamp> {
    match command {
        Command::UpdateIndex(c) => Some(c.stamp),
        Command::UpdateForward(c) => Some(c.stamp),
        Command::UpdateRate(c) => Some(c.stamp),
        Command::UpdateSurface(c) => Some(c.stamp),
        Command::UpdateVolatility(c) => Some(c.stamp),
        _ => None,
    }
}

/// The order commands, and of the party commands those about an account that exists.
fn concerns_an_account(command: Command<'_>) -> bool {
    matches!(
        command,
        Command::NewOrder(_)
            | Command::CancelOrder(_)
            | Command::ReduceOrder(_)
            | Command::AmendOrder(_)
            | Command::ReplaceOrder(_)
            | Command::NewComplexOrder(_)
            | Command::NewPeggedOrder(_)
            | Command::MassCancel(_)
            | Command::SetProtection(_)
            | Command::ResumeTrading(_)
            | Command::CloseAccount(_)
            | Command::GrantAccount(_)
            | Command::RevokeAccount(_)
            | Command::SetMarginModel(_)
            | Command::AdjustCash(_)
    )
}

fn fields_are_defined(command: Command<'_>) -> bool {
    let names_an_order = |target: &OrderTarget| matches!(target.by, 1 | 2);
    match command {
        Command::NewOrder(c) => {
            let terms = matches!(c.side, 1 | 2) && matches!(c.order_type, 1 | 2);
            terms && matches!(c.time_in_force, 1..=5) && matches!(c.flags, 0..=7) && matches!(c.self_trade, 0..=5)
        }
        Command::NewComplexOrder(c) => complex_terms_are_defined(c),
        Command::NewPeggedOrder(c) => {
            let terms = matches!(c.side, 1 | 2) && matches!(c.reference, 1..=3) && matches!(c.time_in_force, 1..=6);
            terms && matches!(c.flags, 0..=7) && matches!(c.self_trade, 0..=5)
        }
        Command::SetProtection(c) => c.quantity >= QuantityLots::ZERO,
        Command::SetPriceBand(c) => c.distance >= PriceTicks::ZERO,
        Command::CancelOrder(c) => names_an_order(&c.target),
        Command::ReduceOrder(c) => names_an_order(&c.target),
        Command::AmendOrder(c) => {
            // What is not changed is zero.
            let (price, quantity) = match c.changes {
                1 => (true, c.quantity == QuantityLots::ZERO),
                2 => (c.price == PriceTicks::ZERO, true),
                3 => (true, true),
                _ => (false, false),
            };
            names_an_order(&c.target) && price && quantity
        }
        Command::ReplaceOrder(c) => names_an_order(&c.target),
        Command::ListInstrument(c) => {
            let kind = matches!(c.kind, 1..=4) && matches!(c.option_type, 0..=2);
            kind && matches!(c.initial_state, 1..=3) && matches!(c.self_trade, 0..=5)
        }
        Command::SetTradingState(c) => matches!(c.state, 1..=3),
        Command::Uncross(c) => c.priced == 1 || c.priced == 0 && c.price == PriceTicks::ZERO,
        // A sequencer's session (role 6) is not for anybody to open.
        Command::OpenSession(c) => matches!(c.role, 1..=5) && matches!(c.flags, 0 | 1),
        Command::SetMarginModel(c) => matches!(c.model, 1..=3),
        Command::ListUnderlying(c) => {
            let symbol = c.symbol.first() != Some(&0) && is_label(&c.symbol);
            let price_max = (CashAtoms(1)..=CashAtoms(1_000_000_000_000_000)).contains(&c.price_max);
            symbol && price_max && c.lane_bits <= 40 && rules_are_sound(&c.rules)
        }
        Command::ConfigureUnderlying(c) => rules_are_sound(&c.rules),
        Command::ListExpiry(c) => matches!(c.surface, 1 | 2),
        Command::SetScenarios(c) => scenarios_are_sound(c),
        Command::SetShocks(c) => shocks_are_sound(&c.shocks),
        Command::SetMarginTerms(c) => terms_are_sound(&c.terms),
        _ => stamp_of(command).is_none_or(|stamp| stamp.confidence <= ONE),
    }
}

/// One, in parts per million.
const ONE: u32 = 1_000_000;

fn rules_are_sound(rules: &FeedRules) -> bool {
    let ages = TimeNs::ZERO < rules.degraded_after
        && rules.degraded_after <= rules.stale_after
        && rules.stale_after <= rules.invalid_after;
    let counts = (1..=1_000_000).contains(&rules.slow_multiple) && rules.confirmations >= 1;
    ages && counts && rules.mark_window >= TimeNs(1) && rules.mark_band <= ONE && rules.confidence_min <= ONE
}

/// 1 to 32 scenarios, at most 4 of them skews, and zeros behind them.
fn scenarios_are_sound(c: &SetScenarios) -> bool {
    let count = usize::from(c.count);
    let is_sound = |one: &ScenarioTerms| {
        let smile = match one.smile() {
            Some(Smile::Linear | Smile::Absolute) => one.spot == ONE,
            Some(_) => true,
            None => false,
        };
        smile && (1..=16 * ONE).contains(&one.spot) && one.damping() <= ONE
    };
    let none = ScenarioTerms::default();
    let behind = c.scenarios.iter().skip(count).all(|one| *one == none);
    let is_skew = |one: &&ScenarioTerms| matches!(one.smile(), Some(Smile::Linear | Smile::Absolute));
    let few_skews = c.scenarios.iter().take(count).filter(is_skew).count() <= 4;
    (1..=32).contains(&count) && c.scenarios.iter().take(count).all(is_sound) && few_skews && behind
}

fn terms_are_sound(t: &MarginTerms) -> bool {
    let four = [t.long, t.short, t.slippage].iter().all(|factor| *factor <= 4 * ONE);
    let multiple = (ONE..=4 * ONE).contains(&t.initial_multiple);
    let others = [
        [t.maintenance_loss, t.initial_loss],
        t.linear,
        t.option,
        [t.doubt, t.peg_threshold],
        [t.peg_loss, t.initial],
        [t.initial_min, t.maintenance_of_mark],
        t.maintenance,
        [t.offset, 0],
        t.unpaired,
    ];
    let sixteen = others.iter().flatten().all(|rate| *rate <= 16 * ONE);
    four && multiple && sixteen && t.confidence_threshold <= ONE && t.initial_loss >= t.maintenance_loss
}

fn shocks_are_sound(s: &Shocks) -> bool {
    const MOST: i32 = 1_000_000_000;
    let signed = [s.linear, s.absolute, s.volatility];
    let others = [
        [s.range_up, s.range_down],
        [s.short_power, s.long_power],
        [s.floor_days, s.evaluated_min],
        [s.width_min, s.width],
        s.fixed,
        s.rate_mult,
        s.rate_add,
        s.basis,
        s.basis_factor,
    ];
    let bounded = others.iter().flatten().all(|shock| (0..=MOST).contains(shock))
        && signed.iter().flatten().all(|shock| (-MOST..=MOST).contains(shock));
    let powers = s.short_power <= 10_000_000 && s.long_power <= 10_000_000;
    bounded
        && powers
        && s.basis.iter().all(|factor| (1..=16_000_000).contains(factor))
        && s.floor_days >= 1
        && s.width_min >= 1
}

/// What is not given is zero, and no display is negative.
fn complex_terms_are_defined(c: &NewComplexOrder) -> bool {
    let terms = matches!(c.side, 1 | 2) && matches!(c.order_type, 1..=4) && matches!(c.time_in_force, 1..=6);
    let wishes = matches!(c.flags, 0..=7) && matches!(c.self_trade, 0..=5);
    // Trigger 1, budget 2, trail 4, which is one of a trigger.
    let given = matches!(c.gives, 0..=3 | 5 | 7) && matches!(c.direction, 0..=2);
    let display = c.display >= QuantityLots::ZERO && c.display_minimum >= QuantityLots::ZERO;
    let trigger = matches!(c.gives, 1 | 3 | 5 | 7) || c.trigger == PriceTicks::ZERO && c.direction == 0;
    let budget = matches!(c.gives, 2 | 3 | 7) || c.budget == [0, 0];
    terms && wishes && given && display && trigger && budget
}
