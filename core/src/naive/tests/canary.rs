//! Every canary sings: one random flow tells each from the rules.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Canary, Desk, small};
use crate::ids::AccountId;

/// A splitmix generator: enough for a flow.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % below
    }
}

fn random_line(dice: &mut Dice) -> String {
    let account = ["a", "b", "c", "d"][dice.roll(4) as usize];
    let (name, quantity, price) = (dice.roll(12) + 1, dice.roll(9) + 1, 95 + dice.roll(10));
    match dice.roll(100) {
        0..60 => {
            let side = if dice.roll(2) == 0 { "buy" } else { "sell" };
            let flags = ["", "", "", "ioc", "fok", "post", "market", "gfa", "slide"][dice.roll(9) as usize];
            format!("{account} {side} {name} {quantity}@{price} {flags}")
        }
        60..78 => format!("{account} cancel {name}"),
        78..82 => format!("{account} reduce {name} {quantity}"),
        82..88 => format!("{account} amend {name} {quantity}@"),
        88..91 => format!("{account} amend {name} {quantity}@{price}"),
        91..95 => format!("{account} replace {name} {} {quantity}@{price}", dice.roll(12) + 1),
        95..97 => String::from("state auction"),
        _ => String::from("uncross"),
    }
}

/// As a random line, but of the complex sort.
fn complex_line(dice: &mut Dice) -> String {
    let account = ["a", "b", "c", "d"][dice.roll(4) as usize];
    let side = if dice.roll(2) == 0 { "buy" } else { "sell" };
    let (name, quantity, price) = (dice.roll(12) + 1, dice.roll(9) + 1, 95 + dice.roll(10));
    let order = format!("{account} {side} {name} {quantity}@{price}");
    match dice.roll(100) {
        0..25 => {
            let (shown, least) = (dice.roll(3) + 1, dice.roll(3));
            format!("{order} show={shown} least={least}")
        }
        25..50 => {
            let (trigger, kind) = (95 + dice.roll(10), ["", "day", "ioc", "market"][dice.roll(4) as usize]);
            let direction = ["", "up", "down"][dice.roll(3) as usize];
            format!("{order} trigger={trigger} {kind} {direction}")
        }
        50..65 => format!("{order} till={}", dice.roll(40)),
        65..80 => format!("{order} twin={}", dice.roll(12) + 1),
        80..85 => format!("{order} fok budget={}", i64::try_from(quantity * price).unwrap()),
        85..88 => format!("last {price}"),
        88..90 => format!("mark {price}"),
        90..92 => format!("band {}", dice.roll(6)),
        92..94 => format!("{account} mass"),
        94..95 => String::from("day-end"),
        95..97 => format!("{account} protect {} {} {}", dice.roll(50), dice.roll(20), dice.roll(6)),
        97..99 => format!("{account} resume"),
        _ => String::from("indicative"),
    }
}

pub(super) fn any_line(dice: &mut Dice) -> String {
    if dice.roll(3) == 0 { complex_line(dice) } else { random_line(dice) }
}

/// The events of a script, one string a line.
fn run(canary: Canary, lines: &[String]) -> Vec<String> {
    let mut desk = Desk::with(&small(), canary);
    lines.iter().map(|line| desk.line(line)).collect()
}

#[test]
fn a_random_flow_shows_most() {
    let mut dice = Dice(1);
    let lines: Vec<String> = (0..12_000).map(|_| any_line(&mut dice)).collect();
    let right = run(Canary::None, &lines);
    assert!(right.iter().any(|events| events.contains("uncrossed")));
    // These need a flow of their own, below.
    let shy = [
        Canary::AuctionForgetsLastPrice,
        Canary::SliceOneStepShort,
        Canary::OutcomeWindowOneShort,
        Canary::SlotsOldestFirst,
        Canary::ZeroPositionKept,
        Canary::RoomForgetsOwnLeaves,
        Canary::CostReleasedRoundedDown,
        Canary::ReduceOnlyMakerCounts,
        Canary::ReduceOnlyNotClipped,
        Canary::ReduceOnlyMakerTrades,
        Canary::SelfTradeByAccount,
        Canary::SelfTradeCancelsTheOther,
        Canary::ReduceTakesFromShown,
        Canary::TwinTakesNoRecord,
        Canary::ExpiredMakerTrades,
        Canary::BudgetMustNotBeReached,
        Canary::QueuedScanGoesOn,
        Canary::ScanTakesLaterOrders,
        Canary::PegsSeeEachOther,
        Canary::MidRoundsUp,
        Canary::TrailsBothWays,
        Canary::PassSeesNewView,
        // And these feeds: they are shown beside the rules that they break.
        Canary::HeldMoveIsTaken,
        Canary::SecondSourceDoesNotConfirm,
        Canary::NearForgetsHeld,
        Canary::DoubtConfirms,
        Canary::ClockAheadIsKept,
        Canary::HeldValueIsNews,
        Canary::StaleOneLate,
        Canary::PegIgnored,
        Canary::RoundTakesLateTimer,
        Canary::MarkIgnoresBand,
        Canary::MarkWeighsSamplesAlike,
        Canary::WindowOutlivesFeed,
        Canary::PassSeesNewFeed,
        Canary::PublishesEachAtOnce,
        Canary::OnDemandIgnoresExercise,
        Canary::SettlementIsSudden,
    ];
    for canary in Canary::ALL.iter().filter(|canary| !shy.contains(canary) && !Canary::OF_MARGIN.contains(canary)) {
        assert!(run(*canary, &lines) != right, "{}", canary.name());
    }
}

#[test]
fn the_others_show_where_they_are_asked() {
    let differs = |canary: Canary, lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|line| String::from(*line)).collect();
        run(canary, &lines) != run(Canary::None, &lines)
    };
    assert!(differs(
        Canary::RoomForgetsOwnLeaves,
        &["a buy 1 max@100", "a buy 2 1@99", "a amend 1 @100", "a replace 1 3 5@100"]
    ));
    assert!(differs(
        Canary::AuctionForgetsLastPrice,
        &[
            "state auction",
            "a buy 1 1@105",
            "b sell 2 1@105",
            "uncross",
            "state auction",
            "a buy 3 1@104",
            "b sell 4 1@100",
            "uncross",
        ],
    ));
    let sides = ["a sell 1 1@100", "b buy 2 1@100"];
    let digest = |canary: Canary| {
        let mut desk = Desk::with(&small(), canary);
        sides.iter().chain(&sides).for_each(|line| drop(desk.line(line)));
        desk.engine.events_digest()
    };
    assert_ne!(digest(Canary::SlotsOldestFirst), digest(Canary::None));
    let mut genesis = small();
    genesis.capacities.positions = 2;
    let tight = |canary: Canary| {
        let mut desk = Desk::with(&genesis, canary);
        let lines =
            ["a sell 1 1@100", "b buy 2 1@100", "b sell 3 1@100", "a buy 4 1@100", "c sell 5 1@100", "d buy 6 1@100"];
        lines.iter().map(|line| desk.line(line)).collect::<Vec<_>>()
    };
    assert_ne!(tight(Canary::ZeroPositionKept), tight(Canary::None));
    let sliced = |canary: Canary| {
        let mut desk = Desk::with(&small(), canary);
        desk.line("state auction");
        (0..180).for_each(|_| drop(desk.line("a sell 0 1@100")));
        desk.line("b buy 0 180@100");
        desk.line("uncross");
        desk.line("work")
    };
    assert_ne!(sliced(Canary::SliceOneStepShort), sliced(Canary::None));
    let costly = |canary: Canary| {
        let mut desk = Desk::with(&small(), canary);
        for line in ["a buy 1 2@33", "b sell 2 2@33", "a buy 3 1@34", "b sell 4 1@34", "c buy 5 1@50", "a sell 6 1@50"]
        {
            desk.line(line);
        }
        desk.engine.cost_and_realised(AccountId::assemble(0, 1, 1), desk.instrument)
    };
    assert_eq!((costly(Canary::None), costly(Canary::CostReleasedRoundedDown)), ((66, 16), (67, 17)));
    let resent = |canary: Canary| {
        let mut desk = Desk::with(&small(), canary);
        (1..=8).for_each(|_| drop(desk.line("a sell 0 1@100")));
        desk.next[2] = 1;
        desk.line("a sell 0 1@100")
    };
    assert_eq!(
        (resent(Canary::None).as_str(), resent(Canary::OutcomeWindowOneShort).as_str()),
        ("resent 0", "rejected SessionSequenceTooOld")
    );
}

#[test]
fn those_of_complex_orders_show_where_they_are_asked() {
    let differs = |canary: Canary, lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|line| String::from(*line)).collect();
        run(canary, &lines) != run(Canary::None, &lines)
    };
    assert!(differs(Canary::ReduceTakesFromShown, &["a sell 1 9@100 show=4", "a reduce 1 2", "b buy 2 4@100"]));
    assert!(differs(Canary::ExpiredMakerTrades, &["a sell 1 1@100 till=1", "b buy 2 1@100"]));
    assert!(differs(Canary::BudgetMustNotBeReached, &["a sell 1 1@100", "b buy 2 1@100 fok budget=100"]));
    let pegs = ["b buy 1 5@100", "b sell 2 5@103", "a buy 3 1@max peg:mid:0", "a buy 4 1@max peg:primary:0"];
    assert!(differs(Canary::PegsSeeEachOther, &pegs));
    assert!(differs(Canary::MidRoundsUp, &[pegs[0], pegs[1], pegs[2], "b sell 5 1@102"]));
    assert!(differs(Canary::TrailsBothWays, &["last 100", "a sell 1 1@0 stop trail=5", "last 98"]));
    let mut many: Vec<String> = (100..180).map(|name| format!("a buy {name} 1@max peg:primary:-1")).collect();
    many.insert(0, String::from("b buy 1 5@100"));
    many.extend(["b buy 2 5@102", "b buy 3 5@104"].map(String::from));
    assert_ne!(run(Canary::PassSeesNewView, &many), run(Canary::None, &many));
    let mut genesis = small();
    genesis.capacities.complex_orders = 1;
    let tight = |canary: Canary| {
        let mut desk = Desk::with(&genesis, canary);
        desk.line("a sell 1 1@100");
        desk.line("a sell 2 1@101 twin=1")
    };
    assert_ne!(tight(Canary::TwinTakesNoRecord), tight(Canary::None));
    let long = |canary: Canary| {
        let mut desk = Desk::with(&small(), canary);
        (0..70).for_each(|_| drop(desk.line("a sell 0 1@100")));
        desk.line("mass")
    };
    assert_ne!(long(Canary::QueuedScanGoesOn), long(Canary::None));
    // A replaced order has its old slot, which the scan has not reached, and is later all the same.
    let replaced = |canary: Canary| {
        let mut desk = Desk::with(&small(), canary);
        (1..=140).for_each(|name| drop(desk.line(&format!("a sell {name} 1@100"))));
        ["a mass", "a replace 135 500 1@100", "work"].map(|line| desk.line(line))
    };
    assert_ne!(replaced(Canary::ScanTakesLaterOrders), replaced(Canary::None));
}

#[test]
fn names_come_back() {
    for canary in Canary::ALL.iter().copied().chain([Canary::None]) {
        assert_eq!(Canary::from_name(canary.name()), Some(canary));
    }
    assert_eq!(Canary::from_name("none such"), None);
}
