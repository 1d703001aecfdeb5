//! The check of an order, code by code, and what is kept of accounts.

use alloc::format;

use super::market::{SMILE, STRIKES, U, call, instrument, lenient, stamp, terms};
use super::risk::{A, B, C, margined, with_scenarios};
use super::{Canary, Desk};
use crate::command::{FeedRules, ListInstrument, MarginTerms, ScenarioTerms, SetScenarios};
use crate::ids::InstrumentId;
use crate::terms::{InstrumentKind, MarginModel, Smile};
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

const RESTS: &str = "accepted 1 rests";
const NO_MARGIN: &str = "rejected InsufficientMargin";

#[test]
fn setting_up() {
    let mut desk = Desk::with(&margined(), Canary::None);
    let with = |set| move |list: &mut crate::command::ListUnderlying| list.rules.scenario_set = set;
    desk.scenarios(1, [1_100_000]);
    desk.shocks(1);
    assert_eq!(desk.underlying(with(1)), "rejected UnknownScenarioSet");
    for set in [0, 5] {
        assert_eq!(desk.terms(set, terms()), "rejected UnknownScenarioSet");
    }
    let most = 16_000_000;
    let edits: [fn(&mut MarginTerms); 14] = [
        |terms| terms.long = 4_000_001,
        |terms| terms.short = 4_000_001,
        |terms| terms.slippage = 4_000_001,
        |terms| terms.initial_multiple = 999_999,
        |terms| terms.initial_multiple = 4_000_001,
        |terms| terms.initial_loss = 799_999,
        |terms| terms.initial_loss = 16_000_001,
        |terms| terms.linear[1] = 16_000_001,
        |terms| terms.option[0] = 16_000_001,
        |terms| terms.confidence_threshold = 1_000_001,
        |terms| terms.doubt = 16_000_001,
        |terms| terms.peg_loss = 16_000_001,
        |terms| terms.offset = 16_000_001,
        |terms| terms.unpaired[0] = 16_000_001,
    ];
    for edit in edits {
        let mut wrong = terms();
        edit(&mut wrong);
        assert_eq!(desk.terms(1, wrong), "rejected InvalidField");
    }
    assert_eq!(desk.terms(1, MarginTerms { reserved: [0, 1], ..terms() }), "rejected ReservedNotZero");
    let all = MarginTerms {
        long: 4_000_000,
        initial_multiple: 4_000_000,
        initial_loss: most,
        maintenance_loss: most,
        ..terms()
    };
    assert_eq!(desk.terms(1, all), "MarginTermsSet");
    assert_eq!(desk.underlying(with(1)), "UnderlyingListed");
    let mut skews = |count: usize| {
        let skew = ScenarioTerms::new(1_000_000, 1_000_000, Smile::Absolute);
        let record = SetScenarios::new(desk.operators(), 1, core::iter::repeat_n(skew, count));
        desk.send(&record)
    };
    assert_eq!((skews(4).as_str(), skews(5).as_str()), ("ScenariosSet", "rejected InvalidField"));
    // In a shard that is not margined a set is known without terms; cash is kept all the same, and keeps accounts open.
    let mut desk = Desk::new();
    desk.scenarios(1, [1_100_000]);
    desk.shocks(1);
    assert_eq!(desk.underlying(with(1)), "UnderlyingListed");
    assert_eq!((desk.cash(A, 7).as_str(), desk.cash(A, -9).as_str()), ("cash 7", "cash -2"));
    assert_eq!(desk.close(A), "rejected AccountInUse");
    assert_eq!((desk.cash(A, 2).as_str(), desk.close(A).as_str()), ("cash 0", "AccountClosed"));
    assert_eq!(desk.cash(A, 1), "rejected StaleAccount");
    assert_eq!(desk.engine.margin_status(A), None);
    let trader = desk.trader;
    desk.operator = trader;
    desk.next[1] = desk.next[2];
    assert_eq!(desk.cash(B, 1), "rejected RoleNotPermitted");
    assert_eq!(desk.terms(1, terms()), "rejected RoleNotPermitted");
}

#[test]
fn conditions_of_listing() {
    let mut desk = Desk::market_of(&margined(), with_scenarios(), Canary::None);
    let none = |list: &mut ListInstrument| *list = ListInstrument { header: list.header, ..perpetual_without() };
    assert_eq!(desk.list(none), "rejected InvalidInstrument");
    let option = |multiplier: i64, unit: i64, expiry| {
        move |list: &mut ListInstrument| {
            call(list, InstrumentKind::EuropeanOption, expiry);
            (list.multiplier, list.price_unit) = (CashAtoms(multiplier), CashAtoms(unit));
        }
    };
    assert_eq!(desk.list(option(2, 3, SMILE)), "InstrumentListed");
    desk.rest();
    assert_eq!(desk.list(option(3, 3, SMILE)), "rejected LotsDiffer");
    assert_eq!(desk.list(option(2, 2, SMILE)), "rejected LotsDiffer");
    assert_eq!(desk.list(option(3, 3, STRIKES)), "InstrumentListed");
    desk.rest();
    // After the expiry, before the lanes; futures have lots of their own.
    let late = |list: &mut ListInstrument| (option(3, 3, SMILE)(list), list.expiry = TimeNs(7_000_000)).1;
    assert_eq!(desk.list(late), "rejected ExpiryMismatch");
    assert_eq!(desk.list(option(i64::MAX, 3, SMILE)), "rejected LotsDiffer");
    let future = |list: &mut ListInstrument| {
        option(9, 9, SMILE)(list);
        (list.kind, list.option_type, list.strike) = (InstrumentKind::Future.code(), 0, PriceTicks::ZERO);
    };
    assert_eq!(desk.list(future), "InstrumentListed");
    desk.rest();
    desk.delist(instrument(1));
    assert_eq!(desk.list(option(3, 3, SMILE)), "InstrumentListed");
}

fn perpetual_without() -> ListInstrument {
    ListInstrument::perpetual((crate::ids::SessionId::NONE, 0), "I")
}

#[test]
fn models_and_feeds_and_arrays() {
    let rules = FeedRules {
        degraded_after: TimeNs(1_000_000),
        stale_after: TimeNs(2_000_000),
        invalid_after: TimeNs(3_000_000),
        ..with_scenarios()
    };
    let mut desk = Desk::market_of(&margined(), rules, Canary::None);
    desk.list(|_| ());
    desk.instrument = instrument(1);
    desk.at(900).index(U, 1_000, stamp(900, 1));
    desk.rest();
    assert_eq!(desk.line("a buy 1 1@1000"), "rejected NoMarginModel");
    desk.fund(MarginModel::Futures);
    // There is no mark yet, but feeds are asked first.
    assert_eq!(desk.line("a buy 1 1@1000"), "rejected NoRiskArray");
    desk.at(2_000_900).timer();
    desk.rest();
    assert_eq!(desk.line("a buy 1 1@1000"), "rejected FeedNotValid");
    desk.index(U, 1_000, stamp(2_000_900, 1));
    desk.timer();
    desk.rest();
    assert_eq!(desk.line("a buy 1 9@1000"), RESTS);
    desk.line("b sell 2 9@1000");
    // Stale: what reduces is accepted, together no more than the position.
    desk.at(4_000_900);
    assert_eq!(desk.line("a sell 1 6@1000"), RESTS);
    assert_eq!(desk.line("a sell 2 4@1000"), "rejected FeedNotValid");
    assert_eq!(desk.line("a buy 2 1@1000"), "rejected FeedNotValid");
    assert_eq!(desk.line("a sell 2 3@1000"), "accepted 2 rests");
    // What is replaced does not count.
    assert_eq!(desk.line("a replace 1 3 7@1000"), "rejected FeedNotValid");
    assert_eq!(desk.line("a replace 1 3 6@1001"), "cancelled 1 6 Replaced resting; accepted 3 rests");
    assert_eq!(desk.line("a amend 3 7@1001"), "rejected FeedNotValid");
    assert_eq!(desk.line("a amend 3 5@1001"), "amended 3 5@1001 keeps");
    assert_eq!(desk.line("a amend 3 6@1001"), "amended 3 6@1001 rests");
    assert_eq!(desk.line("c buy 1 5@1000"), "rejected FeedNotValid");
    assert_eq!(
        desk.line("b buy 1 5@1000 ioc"),
        "accepted 1; trade 2+1 3@1000 left 0/2; cancelled 1 2 ImmediateRemainder"
    );
    // An option, for the model of futures; for another, without an array.
    desk.list_call(InstrumentKind::EuropeanOption, SMILE);
    desk.instrument = instrument(2);
    assert!(desk.line("a buy 9 1@1").starts_with("rejected ModelForbidsInstrument"));
    assert!(desk.margin_model(C, 1).starts_with("MarginModelSet"));
    assert!(desk.line("c buy 9 1@1").starts_with("rejected FeedNotValid"));
}

#[test]
fn without_an_array_positions_may_be_reduced() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Portfolio, Canary::None);
    desk.list_call(InstrumentKind::OnDemandOption, SMILE);
    desk.feed_options();
    desk.move_to(1_000);
    desk.line("a buy 1 5@1000");
    desk.line("b sell 2 5@1000");
    desk.instrument = instrument(2);
    // The index is 1,000: 1,900 lanes.
    assert_eq!(desk.line("a buy 3 1@1000"), "accepted 3 rests");
    // Without a set there are no arrays.
    desk.configure(lenient());
    desk.move_to(999);
    assert_eq!((desk.engine.margin(A), desk.engine.margin(C)), (None, Some((100_000, 100_000))));
    assert_eq!(desk.line("c buy 3 1@900"), "rejected NoRiskArray");
    desk.instrument = instrument(1);
    assert_eq!(desk.line("a sell 4 6@1000"), "rejected NoRiskArray");
    assert_eq!(desk.line("a sell 4 5@-900000000000000000"), "accepted 4 rests");
    assert_eq!(desk.engine.reserve(A, U).unwrap().0, 100);
    assert_eq!(desk.cash(A, -1), NO_MARGIN);
    assert_eq!(desk.margin_model(A, 3), "rejected AccountInUse");
    assert_eq!(desk.engine.vector(A, U, None), None);
}

#[test]
fn what_an_order_must_have() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    // A lot needs 150 lanes, 75 atoms.
    assert_eq!(desk.line("a buy 1 1001@1"), "rejected PositionTooLarge");
    // 2^59 / 1,000 lanes: 576,460,752,303,423; half of it, beyond 1,000.
    assert_eq!(desk.line("a buy 1 1@288230376152712"), "rejected PriceTooFar");
    assert!(desk.line("a buy 1 1@288230376152711").starts_with("short "));
    assert_eq!(desk.line("a buy 1 1000@1000"), RESTS);
    // 3 x 1,334 is more than 4,000; 3 x 1,333 is not.
    assert_eq!(desk.line("a sell 2 334@1000 post"), "rejected PostOnlyWouldCross");
    assert_eq!(desk.line("a sell 2 334@1001"), "rejected PortfolioTooLarge");
    assert_eq!(desk.line("a sell 2 333@1001"), "accepted 2 rests");
    desk.line("a cancel 2");
    desk.line("a cancel 1");
    // 1,333 lots are 99,975 atoms; but the position's largest is 1,000: 75,000 of these, and 25 for each at once.
    assert_eq!(desk.line("a buy 1 1000@1025"), RESTS);
    desk.line("a cancel 1");
    assert_eq!(desk.line("a buy 1 1000@1026"), "short 1000 of 100000; rejected InsufficientMargin");
    assert_eq!(desk.line("a amend 1 2@"), "rejected UnknownOrder");
    assert_eq!(desk.line("a buy 1 1000@1025"), RESTS);
    assert_eq!(desk.line("a amend 1 @1026"), "short 1000 of 100000; rejected InsufficientMargin");
    assert_eq!(desk.line("a replace 1 2 1000@1026"), "short 1000 of 100000; rejected InsufficientMargin");
    assert_eq!(desk.line("a buy 3 1@900"), "rejected PositionTooLarge");
    assert_eq!(desk.cash(A, -1), "short 1 of 0; rejected InsufficientMargin");
    let off_by_one = |canary: Canary| {
        let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, canary);
        desk.line("a buy 1 1000@1026")
    };
    assert_eq!(off_by_one(Canary::ShortfallOffByOne), "short 1001 of 100000; rejected InsufficientMargin");
}

#[test]
fn degraded_feeds_ask_for_more() {
    let rules = FeedRules { degraded_after: TimeNs(1_000_000), ..with_scenarios() };
    let mut desk = Desk::market_of(&margined(), rules, Canary::None);
    desk.set_terms(MarginTerms { doubt: 100_000, ..terms() });
    desk.list(|_| ());
    desk.instrument = instrument(1);
    desk.at(900).index(U, 1_000, stamp(900, 1));
    desk.at(1_000).timer();
    desk.rest();
    desk.fund(MarginModel::Futures);
    assert_eq!(desk.line("a buy 1 900@1000"), RESTS);
    desk.line("a cancel 1");
    desk.at(1_000_900);
    // 900 x 75, and a tenth of 900,000: 157,500 of 100,000.
    assert_eq!(desk.line("a buy 1 900@1000"), "short 57500 of 100000; rejected InsufficientMargin");
    assert_eq!(desk.line("a buy 1 571@1000"), RESTS);
}

#[test]
fn what_reduces_risk_is_accepted() {
    let of = |canary: Canary| {
        let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, canary);
        desk.line("a buy 1 900@1000");
        desk.line("b sell 2 900@1000");
        desk.move_to(960);
        desk
    };
    // 900 lots lost 40, and need 72 each: 100,000 - 36,000 - 64,800.
    let mut desk = of(Canary::None);
    assert_eq!(desk.engine.margin(A), Some((-800, 64_000 - 43_200)));
    assert_eq!(desk.line("a buy 3 1@960"), "short 872 of -800; rejected InsufficientMargin");
    assert_eq!(desk.cash(A, -1), "short 801 of -800; rejected InsufficientMargin");
    // To sell at 960 frees 72 a lot, at 888 it costs as much.
    assert_eq!(desk.line("a sell 3 5@887"), "short 1165 of -800; rejected InsufficientMargin");
    assert_eq!(desk.line("a sell 3 5@888"), "accepted 3 rests");
    // It only reduces: accepted without more, by the canary.
    let mut careless = of(Canary::ReduceAlwaysAccepted);
    assert_eq!(careless.line("a sell 3 5@887"), "accepted 3 rests");
    // With it resting there is less yet; filled, it is as if it were sold at the mark.
    assert_eq!(desk.line("a sell 4 895@960 ioc"), "accepted 4; cancelled 4 895 ImmediateRemainder");
}

#[test]
fn tables_are_full() {
    let mut genesis = margined();
    (genesis.capacities.positions, genesis.capacities.vectors) = (3, 2);
    let mut desk = Desk::perpetual(&genesis, MarginModel::Portfolio, Canary::None);
    desk.list_call(InstrumentKind::OnDemandOption, SMILE);
    desk.list(|_| ());
    desk.feed_options();
    desk.move_to(1_000);
    desk.rest();
    assert_eq!(desk.line("a buy 1 1@900"), RESTS);
    desk.instrument = instrument(3);
    assert_eq!(desk.line("a buy 2 1@900"), "accepted 2 rests");
    desk.instrument = instrument(2);
    assert_eq!(desk.line("a buy 3 1@900"), "accepted 3 rests");
    assert_eq!(desk.line("b buy 1 1@900"), "rejected PositionTableFull");
    desk.line("a cancel 2");
    // The perpetual's vector has another record yet.
    assert_eq!(desk.line("b buy 1 1@900"), "rejected VectorTableFull");
    desk.line("a cancel 1");
    assert_eq!(desk.line("b buy 1 1@900"), RESTS);
    // Who takes needs a record, who has an order has one.
    desk.instrument = instrument(1);
    assert_eq!(desk.line("a sell 1 1@950"), "rejected VectorTableFull");
    desk.instrument = instrument(2);
    assert_eq!(desk.line("a sell 4 2@900"), "accepted 4; trade 3+4 1@900 left 0/1; trade 1+4 1@900 left 0/0");
    desk.instrument = instrument(1);
    assert_eq!(desk.line("a buy 1 1@950"), "rejected VectorTableFull");
    assert_eq!(desk.engine.position(A, instrument(2)), QuantityLots(-1));
}

#[test]
fn the_standard_model_takes_32_options() {
    let mut desk = Desk::options(MarginModel::Standard, Canary::None, |_| ());
    for strike in 1..=31 {
        desk.list(|list| super::risk::put(list, 100 + strike));
    }
    desk.rest();
    let line = |desk: &mut Desk, number: u32, text: &str| {
        desk.instrument = instrument(number);
        desk.line(text)
    };
    for number in 1..=32 {
        assert_eq!(line(&mut desk, number, &format!("a buy {number} 1@1")), format!("accepted {number} rests"));
    }
    assert_eq!(line(&mut desk, 33, "a buy 33 1@1"), "rejected TooManyOptions");
    desk.line("b buy 1 1@1");
    line(&mut desk, 7, "a buy 34 1@1");
    line(&mut desk, 7, "a cancel 7");
    assert_eq!(line(&mut desk, 33, "a buy 33 1@1"), "rejected TooManyOptions");
    line(&mut desk, 7, "a cancel 34");
    assert_eq!(line(&mut desk, 33, "a buy 33 1@1"), "accepted 33 rests");
    // Chosen with positions: 33 options of an expiry are too many.
    let mut desk = Desk::options(MarginModel::Portfolio, Canary::None, |_| ());
    for strike in 1..=31 {
        desk.list(|list| super::risk::put(list, 100 + strike));
    }
    desk.rest();
    for number in 1..=33 {
        line(&mut desk, number, "a buy 1 1@100");
        assert!(line(&mut desk, number, "b sell 2 1@100").starts_with("accepted 2; trade"), "{number}");
    }
    assert_eq!(desk.margin_model(A, 2), "rejected TooManyOptions");
    assert_eq!(desk.margin_model(A, 3), "rejected ModelForbidsInstrument");
    assert_eq!(desk.margin_model(A, 1), "MarginModelSet");
    line(&mut desk, 33, "a sell 3 1@100");
    line(&mut desk, 33, "b buy 4 1@100");
    assert_eq!(desk.margin_model(A, 2), "MarginModelSet");
}

#[test]
fn another_model_must_do() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Portfolio, Canary::None);
    desk.line("a buy 1 130@1000");
    desk.line("b sell 2 130@1000");
    // 667 atoms are lost for each, and 30 of 1,000: 697 for each of 130. By factors it is 75.
    assert_eq!(desk.engine.margin(A), Some((100_000 - 90_610, 100_000 - 130 * 533 - 130 * 20 - 78)));
    assert_eq!(desk.margin_model(A, 3), "MarginModelSet");
    assert_eq!(desk.engine.margin(A), Some((100_000 - 9_750, 100_000 - 6_500)));
    desk.cash(A, -85_000);
    assert_eq!(desk.margin_model(A, 1), "short 75610 of 5250; rejected InsufficientMargin");
    assert_eq!(desk.engine.margin_model(A), Some(MarginModel::Futures));
    desk.line("a buy 1 1@900 trigger=1001");
    assert_eq!(desk.margin_model(A, 2), "rejected AccountInUse");
}

#[test]
fn pegged_orders_are_reserved_for_the_worst() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    desk.line("b buy 1 1@990");
    // Up to 1,010, it could lose 20 lanes a lot.
    assert_eq!(desk.line("a buy 1 5@1010 peg:primary:0"), "accepted 1 rests follows");
    assert_eq!(desk.engine.reserve(A, U).unwrap().0, 100);
    assert_eq!(desk.line("b buy 2 1@995"), "accepted 2 rests; repriced 1 5@990->995");
    assert_eq!(desk.engine.reserve(A, U).unwrap().0, 100);
    desk.line("limits 900 1005");
    assert_eq!(desk.engine.reserve(A, U).unwrap().0, 100);
    assert_eq!(desk.line("a amend 1 6@"), "amended 1 6@995 rests");
    assert_eq!(desk.engine.reserve(A, U).unwrap().0, 60);
    assert_eq!(desk.line("a buy 2 1@max peg:primary:0"), "accepted 2 rests follows");
    desk.line("limits 900 900000000000000000");
    assert_eq!(desk.line("a buy 3 1@max peg:primary:0"), "rejected PriceTooFar");
}

#[test]
fn stop_orders_are_checked_on_entry_and_when_they_trigger() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    assert_eq!(desk.line("a buy 1 1000@1026 trigger=1000"), "short 1000 of 100000; rejected InsufficientMargin");
    assert_eq!(desk.line("a buy 2 1001@1 trigger=1000"), "rejected PositionTooLarge");
    // A market order, at its limit.
    assert_eq!(desk.line("a buy 4 1@288230376152712 stop trigger=1000"), "rejected PriceTooFar");
    assert_eq!(desk.cash(A, 1_000), "cash 101000");
    assert_eq!(desk.line("a buy 1 1000@1026 trigger=1000"), "accepted 1 stop");
    assert_eq!(desk.line("a buy 3 5@1000 trigger=1000"), "accepted 3 stop");
    // They wait, and reserve nothing.
    assert_eq!(desk.engine.reserve(A, U), None);
    assert_eq!(desk.cash(A, -1_000), "cash 100000");
    let expected = [
        "LastPriceSet",
        "triggered 1 1000 at 1000",
        "short 1000 of 100000",
        "cancelled 1 1000 InsufficientMargin",
        "triggered 3 5 at 1000",
        "rested 3 5@1000",
    ];
    assert_eq!(desk.line("last 1000"), expected.join("; "));
}

#[test]
fn stop_orders_wait_for_their_account() {
    let mut genesis = margined();
    genesis.capacities.positions = 600;
    genesis.capacities.orders = 600;
    genesis.capacities.levels = 600;
    let mut desk = Desk::perpetual(&genesis, MarginModel::Futures, Canary::None);
    // 39 more: a has a record in each of these.
    for _ in 2..=40 {
        desk.list(|_| ());
    }
    desk.rest();
    desk.move_to(1_000);
    for number in 2..=40 {
        desk.instrument = instrument(number);
        assert_eq!(desk.line("a buy 0 1@900"), "accepted 0 rests");
    }
    desk.instrument = instrument(1);
    desk.line("a buy 1 1@900 trigger=1000");
    desk.line("a buy 2 1@900 trigger=1000");
    for number in 3..=40 {
        desk.line(&format!("b buy {number} 1@900 trigger=1000"));
    }
    // Arrays are published, and a is not current; the sweep has not come to it.
    desk.mark_at(1_001);
    assert!((0..200).any(|_| desk.share().contains("published")));
    assert!(!desk.engine.is_current(A));
    // Its records take 624 of 1,024 units; 400 are left, enough for 25 of 40 stops.
    let said = desk.line("last 1000");
    assert_eq!(said.matches("triggered").count(), 25);
    assert!(desk.engine.is_current(A));
}

#[test]
fn records_are_made_and_given_back() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    desk.list(|_| ());
    desk.move_to(1_000);
    let second = InstrumentId::assemble(0, 2, 2);
    let kept = |desk: &Desk| desk.engine.kept.of(A).map(|record| record.instrument).collect::<alloc::vec::Vec<_>>();
    desk.line("a buy 1 5@1000");
    desk.instrument = second;
    desk.line("a buy 2 5@1000");
    desk.instrument = instrument(1);
    assert_eq!(kept(&desk), [instrument(1), second]);
    // An amended order was all that there was: its record is behind the other now.
    desk.line("a amend 1 6@");
    assert_eq!(kept(&desk), [second, instrument(1)]);
    // One that is filled leaves a position.
    desk.line("b sell 2 6@1000");
    desk.instrument = second;
    desk.line("a cancel 2");
    assert_eq!(kept(&desk), [instrument(1)]);
    desk.line("a buy 2 5@1000");
    // Through nothing to the other side: given back, and made again.
    desk.instrument = instrument(1);
    desk.line("b buy 3 6@1000");
    desk.line("c buy 3 6@1000");
    desk.line("a sell 3 8@1000");
    assert_eq!(desk.engine.position(A, instrument(1)), QuantityLots(-2));
    assert_eq!(kept(&desk), [second, instrument(1)]);
    assert_eq!(desk.engine.kept.vectors(), 2);
}
