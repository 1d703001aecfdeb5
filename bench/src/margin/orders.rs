//! What margin adds to a fill, to an order that is checked and nothing else, and to one that rests and is cancelled again.

use std::io;

use novate_core::command::NewOrder;
use novate_core::ids::ClientOrderId;
use novate_core::terms::{MarginModel, Side, TimeInForce};

use super::stage::{Heard, Play, Rhythm};
use super::venue::{Board, Trader, account};
use super::{Duel, Goal, Plan};
use crate::novate::BATCH_COMMANDS;
use crate::records::Records;
use crate::workload::random::Random;

/// Resting orders, of as many accounts, that an order sweeps.
const MAKERS: u32 = 64;
/// Sweeps in a run.
const SWEEPS: usize = 4_000;
/// Nanoseconds for each side of a fill.
const GOAL_FILL: f64 = 10.0;
/// Accounts whose orders are checked in cache.
const NEAR: u32 = 4;
/// Orders that they enter and cancel in a run.
const NEAR_ORDERS: usize = 200_000;
/// Nanoseconds for an order.
const GOAL_FUTURES: f64 = 30.0;
const GOAL_PORTFOLIO: f64 = 100.0;
/// Accounts whose orders are checked in random order.
const FAR: usize = 10_000;
/// Options of each expiry that they hold.
const FAR_HELD: u32 = 2;
/// Orders that rest meanwhile: so many that the engine looks ahead.
const FAR_RESTING: usize = 20_000;
const FAR_ORDERS: usize = 200_000;
const GOAL_FAR: f64 = 250.0;
/// The stream that accounts are drawn from.
const SEED: u64 = 41;

/// Accounts with options in four expiries, ten in each; or one perpetual, for the model of futures.
fn board(model: MarginModel, accounts: u32, orders: u32) -> Board {
    let expiries = if model == MarginModel::Futures { 0 } else { 4 };
    Board { model, accounts, expiries, options: 10, held: 10, orders, is_in_doubt: false }
}

/// Sweeps, of which only the sweeping order is timed.
pub(super) fn fill(model: MarginModel, plan: Plan) -> io::Result<Duel> {
    let board = board(model, MAKERS, MAKERS);
    let sweeps = plan.units(SWEEPS);
    let fills = sweeps * MAKERS as usize;
    let script = |trader: &mut Trader, records: &mut Records| {
        let instrument = board.instrument(0, 0);
        for sweep in 0..sweeps {
            let [makers, taker] =
                if sweep.is_multiple_of(2) { [Side::Sell, Side::Buy] } else { [Side::Buy, Side::Sell] };
            for index in 0..MAKERS {
                records.push(&trader.order(account(index), instrument, (makers, board.price(), 1)).0);
            }
            records.push(&trader.order(board.maker(), instrument, (taker, board.price(), MAKERS.into())).0);
        }
    };
    let rhythm = Rhythm { lead: 0, before: MAKERS as usize, timed: 1 };
    let goal = Goal::Extra(GOAL_FILL);
    duel(&board, script, (rhythm, Heard { fills, refusals: 0 }), ("side of a fill", 2 * fills, goal))
}

/// Orders of few accounts that trade at once or not at all, and find nobody: what is left of them is their check.
pub(super) fn check(model: MarginModel, plan: Plan) -> io::Result<Duel> {
    near(board(model, NEAR, NEAR), Stays::NotAtAll, plan)
}

/// The same where feeds are in doubt: margin is reckoned in full for every order.
pub(super) fn check_full(plan: Plan) -> io::Result<Duel> {
    near(Board { is_in_doubt: true, ..board(MarginModel::Portfolio, NEAR, NEAR) }, Stays::NotAtAll, plan)
}

/// Orders of few accounts that rest, each cancelled by the next command.
pub(super) fn rest(model: MarginModel, plan: Plan) -> io::Result<Duel> {
    near(board(model, NEAR, NEAR), Stays::Rests, plan)
}

/// What becomes of an order that trades with nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stays {
    NotAtAll,
    Rests,
}

fn near(board: Board, stays: Stays, plan: Plan) -> io::Result<Duel> {
    let orders = plan.units(NEAR_ORDERS);
    let script = |trader: &mut Trader, records: &mut Records| {
        for number in 0..orders as u32 {
            let (index, holding) = (number % NEAR, number / NEAR % board.holdings());
            let (order, name) = passive(&board, trader, (index, holding), number);
            match stays {
                Stays::NotAtAll => records.push(&order.with_time_in_force(TimeInForce::ImmediateOrCancel)),
                Stays::Rests => {
                    records.push(&order);
                    records.push(&trader.cancel(account(index), name));
                }
            }
        }
    };
    let goal = match (stays, board.model) {
        (Stays::Rests, _) => Goal::Open,
        (_, MarginModel::Futures) => Goal::Extra(GOAL_FUTURES),
        _ => Goal::Extra(GOAL_PORTFOLIO),
    };
    let rhythm = Rhythm { lead: 0, before: 0, timed: BATCH_COMMANDS };
    duel(&board, script, (rhythm, Heard::default()), ("order", orders, goal))
}

/// Orders of many accounts in no order, which trade at once or not at all, while others rest.
pub(super) fn check_far(plan: Plan) -> io::Result<Duel> {
    let (accounts, resting) = (plan.units(FAR) as u32, plan.units(FAR_RESTING));
    let board = Board { held: FAR_HELD, ..board(MarginModel::Portfolio, accounts, resting as u32 + 1) };
    let orders = plan.units(FAR_ORDERS);
    let script = |trader: &mut Trader, records: &mut Records| {
        let mut random = Random::new(SEED);
        for number in 0..resting + orders {
            let (index, holding) = (random.below(accounts), random.below(board.holdings()));
            let (order, _) = passive(&board, trader, (index, holding), number as u32);
            records.push(&if number < resting {
                order
            } else {
                order.with_time_in_force(TimeInForce::ImmediateOrCancel)
            });
        }
    };
    let rhythm = Rhythm { lead: resting, before: 0, timed: BATCH_COMMANDS };
    duel(&board, script, (rhythm, Heard::default()), ("order", orders, Goal::Extra(GOAL_FAR)))
}

/// An order that rests, to buy and to sell in turns.
fn passive(board: &Board, trader: &mut Trader, (index, holding): (u32, u32), number: u32) -> (NewOrder, ClientOrderId) {
    // An account's own orders are of both sides, one after the other.
    let is_bid = (number + number / NEAR).is_multiple_of(2);
    let side = if is_bid { Side::Buy } else { Side::Sell };
    trader.order(account(index), board.instrument(index, holding), (side, board.passive_price(side), 1))
}

/// The same commands with margin and without.
fn duel(
    board: &Board,
    script: impl Fn(&mut Trader, &mut Records),
    (rhythm, heard): (Rhythm, Heard),
    (unit, units, goal): (&'static str, usize, Goal),
) -> io::Result<Duel> {
    let play = |is_margined| {
        let (stage, mut trader, _) = board.stage(is_margined)?;
        let mut records = Records::default();
        script(&mut trader, &mut records);
        io::Result::Ok(Box::new(Play { stage, script: records, rhythm, heard, digest: String::new() }))
    };
    let (mut subject, mut peer) = (play(true)?, play(false)?);
    // Margin has nothing to say about these commands.
    if subject.listen()? != peer.listen()? {
        return Err(io::Error::other("with margin the engine says something else than without it"));
    }
    Ok(Duel { unit, units, goal, subject, peer, ticks: None })
}
