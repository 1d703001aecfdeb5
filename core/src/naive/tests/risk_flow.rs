//! Whatever accounts do in a margined shard, what is kept of them is what they have, and the sweep comes to an end.

use alloc::collections::BTreeSet;
use alloc::format;

use super::canary::Dice;
use super::market::{SMILE, U, call, flat, instrument, stamp, terms};
use super::risk::{A, B, C, D, margined, put, with_scenarios};
use super::{Canary, Desk};
use crate::command::{FeedRules, MarginTerms};
use crate::ids::{AccountId, InstrumentId};
use crate::terms::{InstrumentKind, MarginModel, MarginStatus};
use crate::units::TimeNs;

const ACCOUNTS: [AccountId; 4] = [A, B, C, D];

/// A perpetual, two calls and two puts around 1,000.
fn desk() -> Desk {
    let mut genesis = margined();
    (genesis.capacities.positions, genesis.capacities.vectors) = (12, 6);
    let rules = FeedRules { degraded_after: TimeNs(2_000), stale_after: TimeNs(9_000), ..with_scenarios() };
    let mut desk = Desk::market_of(&genesis, rules, Canary::None);
    desk.set_terms(MarginTerms { doubt: 200_000, ..terms() });
    desk.list(|_| ());
    for strike in [950, 1_050] {
        desk.list(|list| {
            call(list, InstrumentKind::OnDemandOption, SMILE);
            list.strike = crate::units::PriceTicks(strike);
        });
        desk.list(|list| put(list, strike));
    }
    desk.at(900).forward(SMILE, 1_000, stamp(1, 1));
    desk.rate(SMILE, 0, stamp(1, 1));
    desk.smile(SMILE, flat(360_000_000_000), stamp(1, 1));
    desk.index(U, 1_000, stamp(1, 1));
    desk.timer();
    desk.rest();
    desk.fund(MarginModel::Portfolio);
    for account in ACCOUNTS {
        assert_eq!(desk.cash(account, -90_000), "cash 10000");
    }
    desk.margin_model(B, MarginModel::Standard.code());
    desk.margin_model(C, MarginModel::Futures.code());
    desk
}

fn do_anything(desk: &mut Desk, dice: &mut Dice) {
    let number = 1 + dice.roll(5) as u32;
    desk.instrument = instrument(number);
    let middle = if number == 1 { 1_000 } else { 60 };
    let (name, lots, price) = (1 + dice.roll(9), 1 + dice.roll(40), middle - 8 + dice.roll(17));
    let letter = ["a", "b", "c", "d"][dice.roll(4) as usize];
    let account = ACCOUNTS[dice.roll(4) as usize];
    let side = if dice.roll(2) == 0 { "buy" } else { "sell" };
    let flag = ["", "", "", "ioc", "reducing", "post", "show=2", "twin=3", "oldest"][dice.roll(9) as usize];
    let now = desk.sequence + desk.later;
    match dice.roll(60) {
        0..30 => drop(desk.line(&format!("{letter} {side} {name} {lots}@{price} {flag}"))),
        30..33 => {
            let trigger = middle - 2 + dice.roll(5);
            drop(desk.line(&format!("{letter} {side} {name} {lots}@{price} trigger={trigger}")));
        }
        33..35 => drop(desk.line(&format!("{letter} {side} {name} {lots}@{price} peg:primary:0"))),
        35..40 => drop(desk.line(&format!("{letter} cancel {name}"))),
        40..43 => drop(desk.line(&format!("{letter} amend {name} {lots}@{price}"))),
        43..45 => drop(desk.line(&format!("{letter} replace {name} {} {lots}@{price}", 1 + dice.roll(9)))),
        45..48 => drop(desk.index(U, (950 + dice.roll(100)).cast_signed(), stamp(now, 1))),
        48..50 => drop(desk.forward(SMILE, (950 + dice.roll(100)).cast_signed(), stamp(now, 1))),
        50..53 => drop(desk.timer()),
        53 => drop(desk.cash(account, dice.roll(4_000).cast_signed() - 2_000)),
        54 => drop(desk.margin_model(account, 1 + dice.roll(3) as u8)),
        55 => drop(desk.line("state auction")),
        56 => drop(desk.line("uncross")),
        57 => drop(desk.line(&format!("last {}", middle - 2 + dice.roll(5)))),
        58 => desk.later += dice.roll(300),
        _ => drop(desk.work()),
    }
}

fn check(desk: &Desk) {
    let engine = &desk.engine;
    let mut wanted: BTreeSet<(AccountId, InstrumentId)> = BTreeSet::new();
    for account in ACCOUNTS {
        let held = (1..=5).map(instrument).filter(|id| engine.position(account, *id).get() != 0);
        wanted.extend(held.map(|id| (account, id)));
    }
    let resting = engine.book.orders().filter(|order| !order.is_waiting());
    wanted.extend(resting.map(|order| (order.account, order.instrument)));
    let kept = ACCOUNTS.into_iter().flat_map(|account| engine.kept.of(account));
    let kept: BTreeSet<_> = kept.map(|record| (record.account, record.instrument)).collect();
    assert_eq!(kept, wanted);
    assert!(engine.kept.len() <= 12 && engine.kept.vectors() <= 6);
    for account in ACCOUNTS {
        let open = engine.accounts.find(account).unwrap();
        let is_watched = open.status != MarginStatus::Healthy || open.is_to_be_judged;
        assert_eq!(engine.watch.list.contains(&account), is_watched);
        let load = engine.reserve(account, U).map_or(0, |(_, load)| load);
        assert!(load <= 1 << 61);
    }
    let flows: i128 = ACCOUNTS.iter().map(|account| engine.cash_and_flows(*account).unwrap().1).sum();
    assert_eq!(flows, 0);
}

#[test]
fn a_random_flow_keeps_what_there_is() {
    let (mut trades, mut short, mut statuses, mut cancelled) = (0, 0, 0, 0);
    for seed in 0..6 {
        let (mut desk, mut dice) = (desk(), Dice(seed));
        for _ in 0..2_500 {
            do_anything(&mut desk, &mut dice);
            check(&desk);
            for event in &desk.said {
                match event.view().name() {
                    "Trade" => trades += 1,
                    "MarginShortfall" => short += 1,
                    "MarginStatusChanged" => statuses += 1,
                    "Cancelled" => cancelled += 1,
                    _ => {}
                }
            }
        }
        desk.rest();
        assert!(ACCOUNTS.iter().all(|account| desk.engine.is_current(*account)));
    }
    assert!(trades > 150 && short > 100 && statuses > 50 && cancelled > 500, "{trades} {short} {statuses} {cancelled}");
}
