//! `novate margin JOURNAL`: an account's margin after a command, and with an order more.

use novate_core::command::{
    AdjustCash, FeedRules, FeedStamp, ListUnderlying, MarginTerms, PPM, SetMarginModel, SetMarginTerms, SetScenarios,
    SetShocks, Timer, UpdateIndex, Work,
};
use novate_core::ids::UnderlyingId;
use novate_core::margin::sets::derive_pmrm2;
use novate_core::prelude::*;
use novate_core::terms::MarginModel;
use novate_core::units::CashAtoms;
use serde_json::{Value, json};

use crate::journals::{Made, Recipe, commands, genesis, journal, made};
use crate::support::{Folder, Ran, run};

/// Cash of both accounts.
const CASH: i64 = 30_000;
/// Lots that account 1 buys of account 2, at 1000 ticks of one atom.
const LOTS: i64 = 100;

fn account(number: u32) -> AccountId {
    AccountId::from_parts(0, number, number)
}

/// A venue with margin: two accounts of the model of futures trade a perpetual; then the index falls by a tenth.
fn venue() -> Vec<Made> {
    let operator = SessionId::operator(0);
    let (underlying, trader) = (UnderlyingId::from_parts(0, 1, 1), SessionId::from_parts(0, 3, 3));
    let set = derive_pmrm2();
    let mut coin = ListUnderlying::new((operator, 4), "COIN", CashAtoms(2_000_000));
    coin.rules = FeedRules { scenario_set: 1, mark_window: TimeNs(1), mark_band: PPM, move_max: 0, ..FeedRules::USUAL };
    let perpetual = ListInstrument {
        underlying_id: underlying,
        price_unit: CashAtoms(1_000),
        position_max: QuantityLots(1_000),
        limit_low: PriceTicks(1),
        limit_high: PriceTicks(2_000),
        ..ListInstrument::perpetual((operator, 5), "COIN-PERP")
    };
    let mut all = vec![
        made(1, &SetScenarios::new((operator, 1), 1, set.scenarios)),
        made(1, &SetShocks::new((operator, 2), 1, set.shocks)),
        made(1, &SetMarginTerms::new((operator, 3), 1, MarginTerms::USUAL)),
        made(1, &coin),
        made(1, &perpetual),
    ];
    for (number, sequence) in [(1, 6), (2, 9)] {
        let header = SetMarginModel::new_header(operator, sequence + 1, account(number));
        let model = MarginModel::Futures.code();
        all.push(made(1, &OpenAccount::new((operator, sequence), number.into())));
        all.push(made(1, &SetMarginModel { header, model, reserved: [0; 7] }));
        all.push(made(1, &AdjustCash::new((operator, sequence + 2), account(number), CashAtoms(CASH))));
    }
    all.push(made(1, &OpenSession::for_all_accounts((operator, 12), Role::Trader)));
    let mut sequencer = 0;
    // The feed, the mark that a timer makes of it, and the arrays that work makes of the mark.
    let mut tick = |all: &mut Vec<Made>, sequence: u64, time: u64, price: i64| {
        let stamp = FeedStamp::sure(0, TimeNs(time));
        all.push(made(time, &UpdateIndex::new((operator, sequence), underlying, CashAtoms(price), stamp)));
        let mut header = || {
            sequencer += 1;
            Timer::new_header(SessionId::sequencer(0), sequencer, AccountId::NONE)
        };
        all.push(made(time + 1, &Timer { header: header() }));
        for _ in 0..3 {
            all.push(made(
                time + 1,
                &Work { header: Work::new_header(SessionId::sequencer(0), header().session_sequence, AccountId::NONE) },
            ));
        }
    };
    tick(&mut all, 13, 10, 1_000_000);
    for (number, side) in [(1, Side::Buy), (2, Side::Sell)] {
        let (by, id) = ((trader, number.into(), account(number)), ClientOrderId(number.into()));
        let instrument = InstrumentId::from_parts(0, 1, 1);
        all.push(made(20, &NewOrder::limit(by, instrument, id, side, PriceTicks(1_000), QuantityLots(LOTS))));
    }
    tick(&mut all, 14, 30, 900_000);
    all
}

fn margin(journal: &str, args: &[&str]) -> Ran {
    run(&[&["margin", journal], args].concat())
}

fn written(folder: &Folder) -> String {
    let genesis = Genesis { capacities: Capacities { vectors: 4, ..genesis().capacities }, ..genesis() };
    journal(folder, "margined", &venue(), Recipe { genesis, segment_bytes: 1 << 16, ..Recipe::new() })
}

fn of_account(journal: &str, number: u32, args: &[&str]) -> Value {
    let number = account(number).0.to_string();
    let ran = margin(journal, &[&["--account", &number, "--json"], args].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
    ran.result()
}

/// What is left over the initial and over the maintenance margin, and where the account is liquidated.
fn left(object: &Value) -> [&Value; 4] {
    let liquidation = &object["liquidation"][0];
    [&object["initial"], &object["maintenance"], &liquidation["below"], &liquidation["above"]]
}

#[test]
fn what_is_left_before_a_trade_and_after_ticks() {
    let folder = Folder::new();
    let journal = written(&folder);
    // 7.5 % of what the order that rests would buy, which is worth 100,000; nothing is held.
    let resting = of_account(&journal, 1, &["--at", "18"]);
    assert_eq!((&resting["sequence"], &resting["positions"], &resting["flows"]), (&json!(18), &json!([]), &json!(0)));
    assert_eq!(left(&resting)[..2], [22_500, 30_000]);
    // It is filled: 5 % for maintenance.
    let held = of_account(&journal, 1, &["--at", "19"]);
    assert_eq!(held["positions"], json!([{ "symbol": "COIN-PERP", "instrument": "0/1.1", "lots": 100 }]));
    assert_eq!((&held["model"], &held["status"]), (&json!("Futures"), &json!("Healthy")));
    assert_eq!(left(&held)[..2], [22_500, 25_000]);
    // A tenth less: 30,000 - 100,000 + 90,000, and 95 % of 100 p makes up for 70,000 down to p = 737.
    let fallen = of_account(&journal, 1, &["--what-if", "sell 50 COIN-PERP @ 900"]);
    assert_eq!((&fallen["cash"], &fallen["flows"]), (&json!(30_000), &json!(-100_000)));
    assert_eq!(left(&fallen), [&json!(13_250), &json!(15_500), &json!(736_999), &Value::Null]);
    assert_eq!(fallen["underlyings"][0]["delta"], json!(90_000 * 256));
    // An order that reduces needs nothing; filled, half is left.
    assert_eq!(left(&fallen["if_resting"]), left(&fallen));
    assert_eq!(left(&fallen["if_filled"]), [&json!(16_625), &json!(17_750), &json!(526_999), &Value::Null]);
    // Whoever sold: 130,000 make up for 105 % of 100 p below p = 1239.
    let short = of_account(&journal, 2, &[]);
    assert_eq!(left(&short), [&json!(33_250), &json!(35_500), &Value::Null, &json!(1_239_000)]);
    let text = margin(&journal, &["--account", &account(1).to_string()]).stdout;
    let rows: Vec<String> = text.lines().map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in [
        "position in COIN-PERP, lots 100",
        "left over the maintenance margin, atoms 15500",
        "liquidated with 0/1.1 at or below, atoms a unit 736999",
        "liquidated with 0/1.1 at or above, atoms a unit none",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{text}");
    }
    // 13,250 are left; a lot more needs 67.5.
    for (what_if, verdict) in [
        ("sell 50 COIN-PERP @ 900", "passes"),
        ("buy 100 COIN-PERP @ 900", "passes"),
        ("buy 400 COIN-PERP @ 900", "InsufficientMargin, 13750 short"),
    ] {
        let text = margin(&journal, &["--account", &account(1).0.to_string(), "--what-if", what_if]).stdout;
        let row = text.lines().find(|line| line.contains("margin check")).unwrap_or_default();
        assert!(row.ends_with(&format!("  {verdict}")), "{text}");
    }
}

#[test]
fn what_cannot_be_answered_is_said() {
    let folder = Folder::new();
    let journal_path = written(&folder);
    let first = account(1).0.to_string();
    for (args, expected) in [
        (&["--account", "77"][..], "--account: expected the id of an account that is open then"),
        (&["--account", &first, "--at", "999"], "999"),
        (
            &["--account", &first, "--what-if", "hold 5 COIN-PERP @ 10"],
            "--what-if: expected buy|sell LOTS SYMBOL @ PRICE, found \"hold\"",
        ),
        (&["--account", &first, "--what-if", "buy 5 COIN-PERP"], "--what-if: expected buy|sell LOTS SYMBOL @ PRICE"),
        (&["--account", &first, "--what-if", "buy five COIN-PERP @ 10"], "found \"five\""),
        (&["--account", &first, "--what-if", "buy 5 COIN @ 10"], "the symbol of a listed instrument, found \"COIN\""),
        (&["--account", &first, "--what-if", "buy 0 COIN-PERP @ 10"], "--what-if"),
    ] {
        let ran = margin(&journal_path, args);
        assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
    }
    // A shard that checks no margin.
    let plain = journal(&folder, "plain", &commands(20), Recipe::new());
    let ran = margin(&plain, &["--account", &first]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("plain: expected a journal whose shard checks margin"), "{}", ran.stderr);
}
