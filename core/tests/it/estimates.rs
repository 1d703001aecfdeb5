//! What is said of orders that might come, and of prices at which an account would be liquidated, is what happens if they
//! do. Nothing is changed by asking.

use novate_core::arena::Arena;
use novate_core::command::MarginTerms;
use novate_core::engine::{Left, Supposition};
use novate_core::ids::{AccountId, InstrumentId};
use novate_core::terms::{MarginModel, Side};
use novate_core::units::{PriceTicks, QuantityLots};

use crate::hedged::{EXPIRIES, Hedged, INDEX, OPTIONS, OTHER_INSTRUMENTS, genesis, nth};

/// The one that makes the market, and two that have nothing.
const MAKER: u32 = 2;
const OWN: [u32; 2] = [3, 4];
/// The perpetual, and what a tick of it is.
const PERPETUAL: u32 = OPTIONS + OTHER_INSTRUMENTS;
const TICK: i64 = INDEX / 1_000_000;

fn left(venue: &Hedged<'_>, account: AccountId) -> Left {
    let view = venue.engine.margin(account).expect("an account");
    Left { initial: view.initial.expect("all arrays"), maintenance: view.maintenance.expect("all arrays") }
}

/// Has an account hold so much cash, and no more.
fn hold(venue: &mut Hedged<'_>, account: AccountId, cash: i64) {
    let view = venue.engine.margin(account).expect("an account");
    let had = i64::try_from(view.cash).expect("an amount");
    venue.cash(account, cash - had);
    assert_eq!(venue.engine.margin(account).map(|view| view.cash), Some(cash.into()));
}

/// An account trades with the one that makes the market.
fn trade(venue: &mut Hedged<'_>, account: AccountId, instrument: InstrumentId, (side, price, lots): (Side, i64, i64)) {
    venue.order(nth(MAKER), instrument, (side.opposite(), price, lots));
    let before = venue.engine.position(account, instrument).0;
    venue.order(account, instrument, (side, price, lots));
    assert_eq!((venue.engine.position(account, instrument).0 - before).abs(), lots);
}

/// The other underlying is worth so many ticks of the perpetual, and its options' forward price follows it.
fn move_to(venue: &mut Hedged<'_>, ticks: i64) {
    venue.index(2, ticks * TICK);
    venue.forward(EXPIRIES + 1, ticks * TICK);
    venue.timer();
    venue.settle();
}

/// At one of these prices it falls below its maintenance margin, and a tick before it does not.
fn assert_liquidated(venue: &mut Hedged<'_>, account: AccountId, ticks: i64, before: i64) {
    move_to(venue, ticks);
    let at = left(venue, account).maintenance;
    move_to(venue, before);
    let sound = left(venue, account).maintenance;
    assert!(at < 0 && sound >= 0, "{at} at {ticks}, {sound} at {before}");
}

fn liquidation(venue: &Hedged<'_>, account: AccountId, supposed: Option<&Supposition>) -> [Option<i64>; 2] {
    let estimate = venue.engine.estimate(account, supposed).expect("it has a model");
    // Of the underlying that is supposed to be traded; without a supposition the last one.
    let of = |underlying| estimate.liquidation.iter().find(|found| found.underlying == underlying);
    let supposed = supposed.and_then(|supposed| venue.engine.instrument(supposed.instrument)?.underlying_id);
    let found = supposed.map_or_else(|| estimate.liquidation.last(), of).expect("it has something there");
    [found.below, found.above].map(|price| price.map(|price| price.0 / TICK))
}

#[test]
fn an_order_leaves_what_was_said_before_it() {
    for model in [MarginModel::Futures, MarginModel::Portfolio, MarginModel::Standard] {
        let mut arena = Arena::for_genesis(&genesis(0)).expect("memory");
        let mut venue = Hedged::new(arena.chunks_mut(), 0);
        let account = nth(OWN[0]);
        venue.model(account, model);
        let instruments = [PERPETUAL, OPTIONS + 1, OPTIONS + 2, 2];
        let allowed = if model == MarginModel::Futures { &instruments[..1] } else { &instruments[..] };
        for (turn, &instrument) in (0..12).zip(allowed.iter().cycle()) {
            let near = if instrument == PERPETUAL { 1_000_000 } else { 5_000 };
            let side = if turn % 3 == 1 { Side::Sell } else { Side::Buy };
            let is_filled = turn % 2 == 0;
            let off = near / 10 * if side == Side::Buy { -1 } else { 1 };
            let (price, lots) = (near + if is_filled { 0 } else { off }, 1 + turn);
            let supposed = Supposition {
                instrument: nth(instrument),
                side,
                price: PriceTicks(price),
                quantity: QuantityLots(lots),
                is_filled,
            };
            let state = |venue: &Hedged<'_>| venue.engine.tables().map(<[u8]>::to_vec).collect::<Vec<_>>();
            let before = state(&venue);
            let estimate = venue.engine.estimate(account, Some(&supposed)).expect("an order that may come");
            assert!(before == state(&venue), "asking changes nothing");
            assert_eq!(estimate.before, left(&venue, account));
            if is_filled {
                trade(&mut venue, account, nth(instrument), (side, price, lots));
            } else {
                let (events, _) = venue.order(account, nth(instrument), (side, price, lots));
                assert_eq!(events.len(), 1, "{events:?}");
            }
            assert_eq!(estimate.after, left(&venue, account), "{model:?} {supposed:?}");
        }
    }
}

#[test]
fn a_position_is_liquidated_at_the_price_that_was_said() {
    let mut arena = Arena::for_genesis(&genesis(0)).expect("memory");
    let mut venue = Hedged::new(arena.chunks_mut(), 0);
    let [long, short]: [AccountId; 2] = OWN.map(nth);
    for (account, side) in [(long, Side::Buy), (short, Side::Sell)] {
        venue.model(account, MarginModel::Futures);
        hold(&mut venue, account, 200_000_000);
        trade(&mut venue, account, nth(PERPETUAL), (side, 1_000_000, 10));
    }
    let [Some(low), None] = liquidation(&venue, long, None) else { panic!("long") };
    let [None, Some(high)] = liquidation(&venue, short, None) else { panic!("short") };
    // 5 % of its value is to be left of 0.2 of it: 0.8 / 0.95, and 1.2 / 1.05.
    assert_eq!((low, high), (842_105, 1_142_858));
    assert_liquidated(&mut venue, long, low, low + 1);
    assert_liquidated(&mut venue, short, high, high - 1);
}

#[test]
fn resting_orders_count_once_the_price_has_passed_them() {
    let mut arena = Arena::for_genesis(&genesis(0)).expect("memory");
    let mut venue = Hedged::new(arena.chunks_mut(), 0);
    let account = nth(OWN[0]);
    venue.model(account, MarginModel::Futures);
    hold(&mut venue, account, 300_000_000);
    trade(&mut venue, account, nth(PERPETUAL), (Side::Buy, 1_000_000, 10));
    let [Some(alone), None] = liquidation(&venue, account, None) else { panic!("a price") };
    let (side, price, quantity) = (Side::Buy, PriceTicks(900_000), QuantityLots(10));
    let supposed = Supposition { instrument: nth(PERPETUAL), side, price, quantity, is_filled: false };
    let said = liquidation(&venue, account, Some(&supposed));
    let (_, bid) = venue.order(account, nth(PERPETUAL), (Side::Buy, 900_000, 10));
    assert_eq!(said, liquidation(&venue, account, None), "with the bid supposed");
    let (_, ask) = venue.order(account, nth(PERPETUAL), (Side::Sell, 1_100_000, 10));
    // A bid that the price passes doubles what is lost below it; an ask that it does not pass changes nothing.
    let [Some(low), None] = liquidation(&venue, account, None) else { panic!("a price") };
    assert!(low > alone, "{low} {alone}");
    venue.cancel(account, ask);
    assert_eq!(liquidation(&venue, account, None), [Some(low), None]);
    move_to(&mut venue, 900_000);
    venue.order(nth(MAKER), nth(PERPETUAL), (Side::Sell, 900_000, 10));
    assert_eq!(venue.engine.position(account, nth(PERPETUAL)).0, 20, "{bid}");
    assert_liquidated(&mut venue, account, low, low + 1);
}

#[test]
fn terms_that_were_set_count_before_a_pass_takes_them() {
    for model in [MarginModel::Portfolio, MarginModel::Futures] {
        let mut arena = Arena::for_genesis(&genesis(0)).expect("memory");
        let mut venue = Hedged::new(arena.chunks_mut(), 0);
        let account = nth(OWN[0]);
        venue.model(account, model);
        hold(&mut venue, account, 300_000_000);
        trade(&mut venue, account, nth(PERPETUAL), (Side::Buy, 1_000_000, 10));
        let before = liquidation(&venue, account, None);
        let usual = MarginTerms::USUAL;
        let maintenance_loss = 2 * usual.maintenance_loss;
        let initial_loss = usual.initial_loss.max(maintenance_loss);
        venue.terms(MarginTerms { maintenance_loss, initial_loss, long: 2 * usual.long, ..usual });
        let said = liquidation(&venue, account, None);
        assert_ne!(said, before, "{model:?}");
        move_to(&mut venue, 1_000_000);
        assert_eq!(said, liquidation(&venue, account, None), "{model:?}");
    }
}

#[test]
fn options_follow_the_price_and_other_underlyings_do_not() {
    let mut arena = Arena::for_genesis(&genesis(0)).expect("memory");
    let mut venue = Hedged::new(arena.chunks_mut(), 0);
    let account = nth(OWN[0]);
    // Calls of both underlyings are sold; the perpetual is bought.
    trade(&mut venue, account, nth(3), (Side::Sell, 20_000, 10));
    trade(&mut venue, account, nth(OPTIONS + 2), (Side::Sell, 5_000, 100));
    trade(&mut venue, account, nth(PERPETUAL), (Side::Buy, 1_000_000, 2));
    hold(&mut venue, account, 500_000_000);
    let lots = QuantityLots(1);
    let (side, price) = (Side::Buy, PriceTicks(1_000_000));
    let supposed = Supposition { instrument: nth(PERPETUAL), side, price, quantity: lots, is_filled: true };
    let [_, Some(high)] = liquidation(&venue, account, Some(&supposed)) else { panic!("a price above") };
    trade(&mut venue, account, nth(PERPETUAL), (Side::Buy, 1_000_000, 1));
    assert!(high > 1_000_000, "{high}");
    assert_liquidated(&mut venue, account, high, high - 1);
    // Each underlying that it has something in has prices of its own.
    let [first, second] = &venue.engine.estimate(account, None).expect("it has a model").liquidation[..] else {
        panic!("two underlyings")
    };
    assert_eq!(second.above.map(|price| price.0 / TICK), Some(high));
    assert!(first.underlying != second.underlying && first.above.is_some() && first.above != second.above, "{first:?}");
    // Where it would have nothing any more there is no price.
    let (side, price, quantity) = (Side::Buy, PriceTicks(20_000), QuantityLots(10));
    let supposed = Supposition { instrument: nth(3), side, price, quantity, is_filled: true };
    let closed = venue.engine.estimate(account, Some(&supposed)).expect("it has a model").liquidation;
    assert_eq!(closed.iter().map(|found| found.underlying).collect::<Vec<_>>(), [second.underlying]);
}
