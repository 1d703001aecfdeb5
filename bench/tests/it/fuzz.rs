//! The fuzzers with small numbers; long runs are the binary `fuzz`.

use std::thread;

use novate_bench::fuzz::crash::{self, CrashCanary};
use novate_bench::fuzz::{Coverage, Midway, batch, book, bytes, kill, replay, reserve, witness};
use novate_core::naive::Canary;
use novate_core::reject::{CancelReason, RejectCode};

/// Over the digests of twenty journals, the same in every build.
const REPLAYS_HASH: &str = "be93c710640ac578a0ad0d7a6f7a75ce7a67185b380dc1865ba9546bdb48d411";
/// Commands of a short run against the oracle: every canary must be found within it.
const SHORT_RUN_COMMANDS: u64 = 600_000;

#[test]
fn engine_and_oracle_say_the_same() {
    let coverage = book::run(1, SHORT_RUN_COMMANDS, Canary::None, &mut |_| {}).expect("no difference");
    let unseen: Vec<_> =
        CancelReason::ALL.iter().filter(|reason| !coverage.cancels.contains_key(reason.name())).collect();
    assert!(unseen.is_empty(), "cancel reasons that the short run does not meet: {unseen:?}");
    // Met by other tests: what the oracle does not model (a full ladder, a crowded index), ids that run out after 2^28, and
    // what only worlds with many options of an expiry have.
    let elsewhere = [
        RejectCode::LadderFull,
        RejectCode::ClientOrderIdsCrowded,
        RejectCode::IdsExhausted,
        RejectCode::TooManyOptions,
    ];
    let unseen: Vec<_> = RejectCode::ALL
        .iter()
        .filter(|code| !elsewhere.contains(code) && !coverage.rejections.contains_key(code.name()))
        .collect();
    assert!(unseen.is_empty(), "codes that the short run does not meet: {unseen:?}");
    // As many as one command may fire, or cancel by its own scan and another; and nearly as many expire.
    let most = &coverage.most;
    assert_eq!(most["triggers"], 64, "{most:?}");
    // More than one command may compute.
    assert!(most["arrays"] > 4, "{most:?}");
    assert!(most["scanned"] > 64 && most["expired"] > 50 && most["tripped"] > 50, "{most:?}");
}

#[test]
fn engine_and_oracle_say_the_same_of_margin() {
    let coverage = book::run_margined(1, SHORT_RUN_COMMANDS, Canary::None, &mut |_| {}).expect("no difference");
    let reason = CancelReason::InsufficientMargin.name();
    assert!(coverage.cancels.contains_key(reason), "{:?}", coverage.cancels);
    // What a share does at most, and more for whoever is named.
    let most = &coverage.most;
    assert_eq!(
        (most["arrays that a command made"], most["times that the account named was judged"]),
        (4, 2),
        "{most:?}"
    );
    assert!(most["records that the sweep added"] >= 16 && most["records added before stop orders"] > 16, "{most:?}");
    let is_of_margin = |code: &&RejectCode| code.code() / 100 == 9 || MARGINED.contains(code);
    let unseen: Vec<_> = RejectCode::ALL
        .iter()
        .filter(is_of_margin)
        .filter(|code| !coverage.rejections.contains_key(code.name()))
        .collect();
    assert!(unseen.is_empty(), "codes that the short run does not meet: {unseen:?}");
}

/// What is rejected for margin alone, besides what has its own hundred.
const MARGINED: [RejectCode; 3] = [RejectCode::PositionTableFull, RejectCode::VectorTableFull, RejectCode::LotsDiffer];

#[test]
fn every_canary_is_found() {
    let find = |canary| {
        let run = if Canary::OF_MARGIN.contains(&canary) { book::run_margined } else { book::run };
        let found = run(1, SHORT_RUN_COMMANDS, canary, &mut |_| {});
        assert!(found.is_err(), "{} was not found in {SHORT_RUN_COMMANDS} commands", canary.name());
    };
    // It takes longest of all tests: by two of them.
    let (even, odd): (Vec<_>, Vec<_>) = Canary::ALL.iter().enumerate().partition(|(place, _)| place % 2 == 0);
    thread::scope(|scope| {
        for part in [even, odd] {
            scope.spawn(move || part.into_iter().for_each(|(_, canary)| find(*canary)));
        }
    });
}

#[test]
fn batches_are_their_commands_one_by_one() {
    let coverage = batch::run(6, 60_000, &mut |_| {}).expect("nothing found");
    assert_eq!(coverage.commands, 60_000);
    // Beyond so many they look ahead.
    assert!(coverage.most["live orders"] > 16_384, "{:?}", coverage.most);
    let coverage = batch::run(4, 30_000, &mut |_| {}).expect("nothing found");
    assert!(is_margined(&coverage), "{:?}", coverage.events);
}

/// Whether accounts were judged, and arrays made, on the way.
fn is_margined(coverage: &Coverage) -> bool {
    let events = ["ArraysPublished", "MarginShortfall", "MarginStatusChanged"];
    events.iter().all(|name| coverage.events.contains_key(name))
}

#[test]
fn what_is_said_and_reserved_before_is_left_after() {
    let coverage = reserve::run(1, 16_000, Canary::None, &mut |_| {}).expect("nothing found");
    for name in [
        "books with fills tried",
        "estimates of orders that rested",
        "estimates of orders that were filled",
        "estimates of liquidation prices",
    ] {
        assert!(coverage.most.get(name) > Some(&0), "{name} in {:?}", coverage.most);
    }
}

/// The rule that one would think of first leaves less than was reserved, and so do two more: the property finds them.
#[test]
fn too_little_reserved_is_found() {
    for canary in reserve::CANARIES {
        let found = reserve::run(1, 60_000, canary, &mut |_| {}).expect_err("less is left than was reserved");
        assert!(found.to_string().contains(" left, and "), "{canary:?}: {found}");
    }
}

#[test]
fn any_bytes_are_applied_or_rejected() {
    let coverage = bytes::run(7, 200_000, &mut |_| {}).expect("nothing found");
    assert_eq!(coverage.commands, 200_000);
}

#[test]
fn commands_run_again_on_their_witness_alone() {
    let coverage = witness::run(1, 6_000, &mut |_| {}).expect("nothing found");
    assert_eq!(coverage.commands, 6_000);
    assert!(is_margined(&coverage), "{:?}", coverage.events);
}

#[test]
fn losses_of_power_lose_nothing_durable() {
    let done = crash::run(1, 500, CrashCanary::None, &mut |_| {}).expect("nothing found");
    assert_eq!(done.crashes, 500);
    for what in ["closed", "left torn", "left whole", "left closed", "gone while opening", "poisoned", "no room"] {
        assert!(done.met.contains_key(what), "{what} in {:?}", done.met);
    }
    assert!(done.met["margined"] > 10 && done.met["judged"] > 0, "{:?}", done.met);
    let lied = crash::run(1, 500, CrashCanary::LyingDisk, &mut |_| {});
    assert!(lied.is_err(), "a disk that lies was not found out");
}

#[test]
fn replays_agree_in_every_build() {
    let done = replay::run(1, 20, &mut |_| {}).expect("no difference");
    assert!(done.commands > 5_000 && done.checkpoints > 100, "{done:?}");
    assert!(is_margined(&done.coverage), "{:?}", done.coverage.events);
    let Midway { in_pass, in_sweep, in_account, .. } = done.midway;
    assert!(in_pass > 10 && in_sweep > 10 && in_account > 0, "{:?}", done.midway);
    assert_eq!(done.hash.to_string(), REPLAYS_HASH);
}

#[test]
fn killed_writers_lose_nothing_durable() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let program = assert_cmd::cargo::cargo_bin!("fuzz");
    let kills = kill::run(program, folder.path(), (1, 20), &mut |_| {}).expect("nothing lost");
    assert_eq!(kills, 20);
}

#[test]
fn one_seed_is_one_run() {
    let run = |seed| book::run(seed, 20_000, Canary::None, &mut |_| {}).map(|coverage| coverage.events).ok();
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(50));
}
