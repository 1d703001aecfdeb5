//! Everybody does what their rules say, trade for trade.

use novate_bench::novate::Novate;
use novate_bench::peers::{Contender, Lobster, Matchcore, OrderbookRs, Peer, Prepared};
use novate_bench::workload::{Flow, FlowSpec, Rules};

fn flow() -> Flow {
    Flow::generate(FlowSpec { live_orders: 2_000, ..FlowSpec::A.with_commands(50_000) })
}

/// Runs twice: the second run must not know of the first.
fn check(contender: &mut dyn Contender, flow: &Flow) {
    let expected = contender.expected(flow);
    let first = contender.run().expect("the flow runs");
    let second = contender.run().expect("the flow runs again");
    assert!(first.tally.trades > 1_000, "{first:?}");
    assert_eq!(first.tally, expected.tally, "{}", contender.name());
    assert_eq!((first.tally, first.hash), (second.tally, second.hash));
}

fn check_peer<P: Peer>() {
    let flow = flow();
    check(&mut Prepared::<P>::new(&flow), &flow);
}

#[test]
fn novate_trades_as_the_reference_book() {
    let flow = flow();
    let mut novate = Novate::new(&flow).expect("a small arena");
    check(&mut novate, &flow);
    assert_eq!(novate.expected(&flow), flow.expected(Rules::NOVATE, u64::from));
}

#[test]
fn matchcore_trades_as_its_rules_say() {
    check_peer::<Matchcore>();
}

#[test]
fn lobster_trades_as_its_rules_say() {
    check_peer::<Lobster>();
}

#[test]
fn orderbook_rs_trades_as_its_rules_say_which_are_novates() {
    check_peer::<OrderbookRs>();
    let flow = flow();
    assert_eq!(flow.expected(OrderbookRs::RULES, u64::from), flow.expected(Rules::NOVATE, u64::from));
}

#[test]
fn matchcores_note_is_true() {
    let flow = flow();
    let (theirs, ours) = (flow.expected(Matchcore::RULES, u64::from), flow.expected(Rules::NOVATE, u64::from));
    assert!(theirs.tally.trades > ours.tally.trades);
    assert!(theirs.commands_without_order > 0);
}
