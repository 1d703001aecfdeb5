//! Flows are for ever: figures are compared across releases only because the commands are the same.

use novate_bench::compare::{Case, Published};
use novate_bench::flow_c::FlowC;
use novate_bench::novate::Novate;
use novate_bench::peers::Contender;
use novate_bench::workload::{Flow, FlowSpec, Reduction, Rules};

#[test]
fn cut_flows_are_the_published_ones() {
    let flow = Flow::generate(FlowSpec::A.with_commands(100_000));
    assert_eq!(flow.hash().to_string(), "a3a418455e4631db9779c9037b0ceb124ac42ae0dafc7f26c39e349cbbea02e1");
    let expected = flow.expected(Rules::NOVATE, u64::from);
    assert_eq!((expected.tally.trades, expected.tally.volume_lots), (11_946, 259_629));
    assert_eq!(expected.tally.digest, 3_478_614_948_995_900_180);
    assert_eq!(expected.commands_without_order, 0);
}

#[test]
fn a_longer_cut_begins_with_the_shorter() {
    let spec = FlowSpec { live_orders: 500, ..FlowSpec::B };
    let (short, long) = (Flow::generate(spec.with_commands(100)), Flow::generate(spec.with_commands(1_000)));
    assert_eq!(short.commands(), &long.commands()[..short.commands().len()]);
}

#[test]
fn whole_flow_a_is_the_published_one() {
    let flow = Flow::generate(FlowSpec::A);
    let expected = flow.expected(Rules::NOVATE, u64::from);
    let published = Published { hash: flow.hash().to_string(), tally: expected.tally };
    assert_eq!(Some(published), Case::A.published(false));
    assert_eq!((expected.tally.trades, expected.tally.volume_lots), (579_465, 12_038_204));
    assert_eq!(flow.prefill().len(), 10_000);

    let loses_place = Rules { reduction: Reduction::CancelsAndEntersAgain, ..Rules::NOVATE };
    let other = flow.expected(loses_place, u64::from);
    assert_eq!((other.tally.trades, other.tally.volume_lots), (579_647, 12_043_368));
}

#[test]
fn whole_flow_b_is_the_published_one() {
    let flow = Flow::generate(FlowSpec::B);
    let tally = flow.expected(Rules::NOVATE, u64::from).tally;
    assert_eq!(Some(Published { hash: flow.hash().to_string(), tally }), Case::B.published(false));
    assert_eq!((tally.trades, tally.volume_lots), (411_351, 7_283_067));
    assert_eq!(flow.prefill().len(), 1_000_000);
}

#[test]
fn whole_flow_c_is_the_published_one() {
    let flow = FlowC::generate(FlowSpec::C).expect("the engine takes it");
    let summary = flow.summary();
    assert_eq!(Some(Published { hash: flow.hash().to_string(), tally: summary.tally }), Case::C.published(false));
    assert_eq!(flow.commands(), (10_000, 5_000_000));
    // What it is made for happens, and the book stays as large as it is wanted.
    assert_eq!((summary.triggered, summary.replenished), (11_347, 416_188));
    assert_eq!((summary.mass_cancelled, summary.self_trades, summary.rejected), (1_499_718, 126_466, 0));
    assert!((9_000..=11_000).contains(&summary.live_orders), "{summary:?}");
}

#[test]
fn flow_c_in_batches_trades_as_when_it_was_made() {
    let spec = FlowSpec { live_orders: 2_000, ..FlowSpec::C.with_commands(50_000) };
    let flow = FlowC::generate(spec).expect("the engine takes it");
    assert_eq!(flow.hash(), FlowC::generate(spec).expect("the engine takes it").hash());
    let measured = Novate::with_flow_c(&flow).expect("a small arena").run().expect("the flow runs");
    assert_eq!(measured.tally, flow.summary().tally);
}
