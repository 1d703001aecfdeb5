//! Underlyings, feeds, marks and risk arrays, through commands: what the engine keeps is what the models say.

#![allow(clippy::float_arithmetic, clippy::cast_precision_loss)]

use novate_core::arena::{Arena, Untracked};
use novate_core::command::{
    CommandRecord, FeedStamp, ListExpiry, ListInstrument, ListUnderlying, NewOrder, OpenAccount, OpenSession, PPM,
    RawCommand, SetScenarios, SetShocks, SmileTerms, Timer, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface,
    UpdateVolatility, Work,
};
use novate_core::engine::Engine;
use novate_core::event::{ArraysPublished, ExpiryListed, InstrumentListed, OwnedEvent, UnderlyingListed};
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, ExpiryId, InstrumentId, SessionId, UnderlyingId};
use novate_core::margin::sets::{ScenarioSet, derive_pmrm2, nine_by_three, span_16};
use novate_core::pricing::Level;
use novate_core::pricing::pmrm::{self, Discounts, Grid, Scenario, SkewShock, VolatilityShock};
use novate_core::pricing::svi::Smile;
use novate_core::terms::{InstrumentKind, OptionType, Role, Side, Surface, Validity};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, Sequence, TimeNs};

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;
const DOLLAR: i64 = 1_000_000;

/// A venue with an underlying, driven by hand.
struct Venue<'a> {
    engine: Engine<'a, Untracked>,
    now: u64,
    operator: u64,
    sequencer: u64,
    events: Vec<OwnedEvent>,
}

fn genesis() -> Genesis {
    let capacities = Capacities { instruments: 512, underlyings: 2, expiries: 2, ..Capacities::for_orders(64) };
    Genesis::new(0, 9, capacities)
}

impl<'a> Venue<'a> {
    fn new(arena: &'a mut Arena) -> Self {
        let engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis()).expect("a genesis");
        Self { engine, now: SECOND, operator: 0, sequencer: 0, events: Vec::new() }
    }

    /// Applies a command, with its header filled in, and returns its events.
    fn send<C: CommandRecord>(&mut self, mut record: C) -> Vec<OwnedEvent>
    where
        for<'c> &'c C: Into<RawCommand<'c>>,
    {
        let is_sequencers = C::KIND > 300;
        let next = if is_sequencers { &mut self.sequencer } else { &mut self.operator };
        *next += 1;
        let session = if is_sequencers { SessionId::sequencer(0) } else { SessionId::operator(0) };
        let header = C::new_header(session, *next, AccountId::NONE);
        bytemuck::bytes_of_mut(&mut record)[..32].copy_from_slice(bytemuck::bytes_of(&header));
        let sequence = Sequence(self.engine.sequence().0 + 1);
        let mut events: Vec<OwnedEvent> = Vec::new();
        self.engine.apply(sequence, TimeNs(self.now), &record, &mut events).expect("in order");
        self.events.extend(events.iter().copied());
        events
    }

    fn settle(&mut self) {
        while self.engine.work_pending() {
            self.send(Work { header: bytemuck::Zeroable::zeroed() });
        }
    }

    fn stamp(&self) -> FeedStamp {
        FeedStamp { source_time: TimeNs(self.now), confidence: PPM, ..FeedStamp::default() }
    }

    fn underlying(&mut self, set: &ScenarioSet) -> UnderlyingId {
        self.send(SetScenarios::new((SessionId::operator(0), 0), 1, set.scenarios.iter().copied()));
        self.send(SetShocks::new((SessionId::operator(0), 0), 1, set.shocks));
        let mut list = ListUnderlying::new((SessionId::operator(0), 0), "BTC", CashAtoms(200_000 * DOLLAR));
        list.rules.scenario_set = 1;
        match self.send(list)[..] {
            [OwnedEvent::UnderlyingListed(UnderlyingListed { underlying, .. })] => underlying,
            ref other => panic!("{other:?}"),
        }
    }

    fn expiry(&mut self, underlying: UnderlyingId, time: u64, surface: Surface) -> ExpiryId {
        let mut list: ListExpiry = bytemuck::Zeroable::zeroed();
        (list.underlying, list.time, list.surface) = (underlying, TimeNs(time), surface.code());
        match self.send(list)[..] {
            [OwnedEvent::ExpiryListed(ExpiryListed { expiry, .. })] => expiry,
            ref other => panic!("{other:?}"),
        }
    }

    /// Ticks are cents, lots a hundredth of a coin.
    fn list(&mut self, underlying: UnderlyingId, change: impl Fn(&mut ListInstrument)) -> InstrumentId {
        let mut list = ListInstrument::perpetual((SessionId::operator(0), 0), "X");
        list.underlying_id = underlying;
        (list.price_unit, list.multiplier, list.position_max) =
            (CashAtoms(10_000), CashAtoms(100), QuantityLots(10_000));
        change(&mut list);
        let events = self.send(list);
        match events.first() {
            Some(OwnedEvent::InstrumentListed(InstrumentListed { instrument, .. })) => *instrument,
            other => panic!("{other:?}"),
        }
    }

    fn feed_index(&mut self, underlying: UnderlyingId, price: i64) {
        let mut update: UpdateIndex = bytemuck::Zeroable::zeroed();
        (update.underlying, update.price, update.stamp) = (underlying, CashAtoms(price), self.stamp());
        self.send(update);
    }

    fn feed_forward(&mut self, expiry: ExpiryId, price: i64) {
        let mut update: UpdateForward = bytemuck::Zeroable::zeroed();
        (update.expiry, update.price, update.stamp) = (expiry, CashAtoms(price), self.stamp());
        self.send(update);
    }

    fn feed_expiry(&mut self, expiry: ExpiryId, forward: i64, smile: SmileTerms) {
        self.feed_forward(expiry, forward);
        let mut rate: UpdateRate = bytemuck::Zeroable::zeroed();
        (rate.expiry, rate.rate, rate.stamp) = (expiry, 50_000_000, self.stamp());
        self.send(rate);
        let mut surface: UpdateSurface = bytemuck::Zeroable::zeroed();
        (surface.expiry, surface.smile, surface.stamp) = (expiry, smile, self.stamp());
        self.send(surface);
    }

    fn published(&self) -> Vec<ArraysPublished> {
        let of = |event: &OwnedEvent| match event {
            OwnedEvent::ArraysPublished(event) => Some(*event),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }
}

fn smile() -> SmileTerms {
    let trillion = 1_000_000_000_000_i64;
    SmileTerms {
        a: trillion / 50,
        b: trillion / 10,
        rho: -trillion / 5,
        m: trillion / 100,
        sigma: trillion / 5,
        forward: CashAtoms(60_000 * DOLLAR),
        years: trillion / 12,
    }
}

fn option(strike: i64, option_type: OptionType, expiry: ExpiryId, time: u64) -> impl Fn(&mut ListInstrument) {
    move |list| {
        (list.kind, list.option_type) = (InstrumentKind::EuropeanOption.code(), option_type.code());
        (list.strike, list.expiry, list.expiry_id) = (PriceTicks(strike), TimeNs(time), expiry);
    }
}

/// The set as floats, written once more.
fn grid<'s>(set: &ScenarioSet, scenarios: &'s mut Vec<Scenario>) -> Grid<'s> {
    let part = |ppm: i32| f64::from(ppm) / 1e6;
    let pair = |ppm: [i32; 2]| ppm.map(part);
    *scenarios = set
        .scenarios
        .iter()
        .map(|scenario| Scenario { spot: f64::from(scenario.spot) / 1e6, smile: scenario.smile().expect("a smile") })
        .collect();
    let shocks = &set.shocks;
    Grid {
        scenarios,
        volatility: VolatilityShock {
            range_up: part(shocks.range_up),
            range_down: part(shocks.range_down),
            short_power: part(shocks.short_power),
            long_power: part(shocks.long_power),
            floor_days: part(shocks.floor_days),
            evaluated_min: part(shocks.evaluated_min),
        },
        skew: SkewShock {
            linear: pair(shocks.linear),
            absolute: pair(shocks.absolute),
            width_min: part(shocks.width_min),
            width: part(shocks.width),
            volatility: pair(shocks.volatility),
        },
        discounts: Discounts {
            fixed: pair(shocks.fixed),
            rate_mult: pair(shocks.rate_mult),
            rate_add: pair(shocks.rate_add),
            basis: pair(shocks.basis),
            basis_factor: pair(shocks.basis_factor),
        },
    }
}

#[test]
fn arrays_are_the_models_values() {
    let sets = [derive_pmrm2(), span_16(120_000, 250_000, 3 * PPM, 330_000), nine_by_three()];
    for set in sets {
        let mut arena = Arena::for_genesis(&genesis()).expect("memory");
        let mut venue = Venue::new(&mut arena);
        let underlying = venue.underlying(&set);
        let time = venue.now + 30 * DAY;
        let expiry = venue.expiry(underlying, time, Surface::Smile);
        let mut options = Vec::new();
        for strike in [30_000_i64, 55_000, 60_000, 66_000, 150_000] {
            for kind in [OptionType::Call, OptionType::Put] {
                options.push((strike, kind, venue.list(underlying, option(strike * 100, kind, expiry, time))));
            }
        }
        venue.settle();
        assert_eq!(venue.engine.risk(options[0].2), None, "no feed yet");
        venue.feed_index(underlying, 59_900 * DOLLAR);
        venue.feed_expiry(expiry, 60_100 * DOLLAR, smile());
        venue.settle();
        assert_eq!(venue.engine.expiry_validity(expiry), Some(Validity::Good));
        let mut scenarios = Vec::new();
        let grid = grid(&set, &mut scenarios);
        let feeds = pmrm::Expiry { seconds: 30.0 * 86_400.0, forward: 60_100.0, rate: 0.05 };
        for (strike, kind, instrument) in options {
            let strike_f = strike as f64;
            let fitted = Smile::try_from(&SmileTerms { forward: CashAtoms(60_000), ..smile() }).expect("a smile");
            let volatility = fitted.volatility(strike_f);
            let terms = pmrm::Terms { strike: strike_f, is_call: kind == OptionType::Call, volatility };
            let worth = pmrm::Prepared::new(Level::Software, &grid, &feeds).worth(&terms);
            let risk = venue.engine.risk(instrument).expect("an array");
            // A hundredth of a coin, in atoms of 1e-6, and 8 bits.
            let unit = 0.01 * 1e6 * f64::from(1 << 8);
            let is_near = |lane: i64, value: f64| (lane as f64 - value * unit).abs() <= 2.0 + value * unit * 1e-12;
            assert!(
                is_near(risk.array.mark, worth.mark),
                "{strike} {kind:?} {} {}",
                risk.array.mark,
                worth.mark * unit
            );
            for index in 0..grid.scenarios.len() {
                assert!(is_near(risk.array.scenarios[index], worth.scenarios[index]), "{strike} {kind:?} {index}");
            }
            assert!(risk.array.scenarios[grid.scenarios.len()..].iter().all(|lane| *lane == 0));
            assert!(is_near(risk.array.basis[0], worth.basis[0]) && is_near(risk.array.basis[1], worth.basis[1]));
            assert!(risk.greeks.vega > 0 && risk.greeks.theta != 0);
            assert_eq!(risk.greeks.delta > 0, kind == OptionType::Call);
        }
    }
}

#[test]
fn a_pass_uses_the_feeds_of_its_begin_and_publishes_at_once() {
    let mut arena = Arena::for_genesis(&genesis()).expect("memory");
    let mut venue = Venue::new(&mut arena);
    let underlying = venue.underlying(&derive_pmrm2());
    let time = venue.now + 7 * DAY;
    let expiry = venue.expiry(underlying, time, Surface::Smile);
    let options: Vec<_> = (0..200)
        .map(|step| venue.list(underlying, option((40_000 + 200 * step) * 100, OptionType::Call, expiry, time)))
        .collect();
    venue.feed_index(underlying, 60_000 * DOLLAR);
    venue.feed_expiry(expiry, 60_000 * DOLLAR, smile());
    venue.settle();
    let before: Vec<_> = options.iter().map(|option| venue.engine.risk(*option).expect("an array")).collect();
    // A tick begins a pass of a command an option; each of these brings another tick.
    venue.now += SECOND / 2;
    venue.feed_forward(expiry, 60_500 * DOLLAR);
    let mut commands = 0;
    while venue.engine.risk(options[0]).expect("an array").generation == before[0].generation {
        for (option, before) in options.iter().zip(&before) {
            assert_eq!(venue.engine.risk(*option), Some(*before), "nothing changes before all does");
        }
        commands += 1;
        venue.now += 1_000;
        venue.feed_forward(expiry, (60_500 - commands) * DOLLAR);
    }
    assert!((195..=205).contains(&commands), "{commands}");
    let mixed: Vec<_> = options.iter().map(|option| venue.engine.risk(*option).expect("an array")).collect();
    assert!(mixed.iter().all(|risk| risk.generation == mixed[0].generation));
    // The same feeds without ticks in between give the same arrays.
    let published = venue.published();
    let begun = published.last().expect("a pass").begun;
    let mut other = Arena::for_genesis(&genesis()).expect("memory");
    let mut quiet = Venue::new(&mut other);
    let underlying = quiet.underlying(&derive_pmrm2());
    let expiry = quiet.expiry(underlying, time, Surface::Smile);
    let same: Vec<_> = (0..200)
        .map(|step| quiet.list(underlying, option((40_000 + 200 * step) * 100, OptionType::Call, expiry, time)))
        .collect();
    quiet.feed_index(underlying, 60_000 * DOLLAR);
    quiet.feed_expiry(expiry, 60_000 * DOLLAR, smile());
    quiet.settle();
    quiet.now += SECOND / 2;
    quiet.feed_forward(expiry, 60_500 * DOLLAR);
    quiet.settle();
    assert!(begun.0 > 0);
    for (mixed, same) in mixed.iter().zip(same) {
        let quiet = quiet.engine.risk(same).expect("an array");
        assert_eq!((mixed.array, mixed.greeks), (quiet.array, quiet.greeks));
    }
}

#[test]
fn options_on_demand_are_worth_what_exercise_pays_at_least() {
    let mut arena = Arena::for_genesis(&genesis()).expect("memory");
    let mut venue = Venue::new(&mut arena);
    let underlying = venue.underlying(&span_16(100_000, 200_000, 3 * PPM, 330_000));
    let time = venue.now + 300 * DAY;
    let expiry = venue.expiry(underlying, time, Surface::Strikes);
    let put = |on_demand: bool| {
        move |list: &mut ListInstrument| {
            option(9_000_000, OptionType::Put, expiry, time)(list);
            if on_demand {
                list.kind = InstrumentKind::OnDemandOption.code();
            }
        }
    };
    let (european, on_demand) = (venue.list(underlying, put(false)), venue.list(underlying, put(true)));
    venue.feed_index(underlying, 50_000 * DOLLAR);
    venue.feed_forward(expiry, 50_000 * DOLLAR);
    let mut rate: UpdateRate = bytemuck::Zeroable::zeroed();
    (rate.expiry, rate.rate, rate.stamp) = (expiry, 100_000_000, venue.stamp());
    venue.send(rate);
    for instrument in [european, on_demand] {
        let mut update: UpdateVolatility = bytemuck::Zeroable::zeroed();
        (update.instrument, update.volatility, update.stamp) = (instrument, 200_000_000, venue.stamp());
        venue.send(update);
    }
    venue.settle();
    let [european, on_demand] =
        [european, on_demand].map(|instrument| venue.engine.risk(instrument).expect("an array"));
    let unit = 10_000_i64 << 8;
    assert!(european.array.mark < 40_000 * unit, "the discount takes it below");
    assert_eq!(on_demand.array.mark, 40_000 * unit);
    assert_eq!((on_demand.greeks.delta, on_demand.greeks.vega), (-50_000 * unit, 0));
    assert!(on_demand.array.scenarios.iter().zip(european.array.scenarios).all(|(with, without)| *with >= without));
}

#[test]
fn marks_are_averages_of_the_book_at_timers() {
    let mut arena = Arena::for_genesis(&genesis()).expect("memory");
    let mut venue = Venue::new(&mut arena);
    let underlying = venue.underlying(&derive_pmrm2());
    let perpetual = venue.list(underlying, |_| {});
    venue.feed_index(underlying, 50_000 * DOLLAR);
    let timer = Timer { header: bytemuck::Zeroable::zeroed() };
    let mark = |venue: &Venue<'_>| venue.engine.instrument(perpetual).expect("listed").mark_price;
    assert_eq!(mark(&venue), None);
    venue.send(timer);
    assert_eq!(mark(&venue), Some(PriceTicks(5_000_000)), "the index, in ticks");
    // Nothing but a timer changes it, and no sooner than after a window of a second.
    venue.now += SECOND / 2;
    venue.feed_index(underlying, 51_000 * DOLLAR);
    venue.send(timer);
    assert_eq!(mark(&venue), Some(PriceTicks(5_000_000)));
    venue.now += SECOND;
    venue.feed_index(underlying, 51_300 * DOLLAR);
    assert_eq!(mark(&venue), Some(PriceTicks(5_000_000)));
    venue.send(timer);
    // Half a second at 51,000 and a whole one at 51,300.
    assert_eq!(mark(&venue), Some(PriceTicks(5_120_000)));
    venue.settle();
    let risk = venue.engine.risk(perpetual).expect("an array");
    let value = (51_200 * 10_000_i64) << 8;
    assert_eq!((risk.array.mark, risk.array.basis, risk.greeks.delta), (value, [value; 2], value));
    let first = derive_pmrm2().scenarios[0].spot;
    assert_eq!(risk.array.scenarios[0], value / 1_000_000 * i64::from(first));
}

#[test]
fn options_positions_are_worth_what_their_arrays_say() {
    let mut arena = Arena::for_genesis(&genesis()).expect("memory");
    let mut venue = Venue::new(&mut arena);
    let underlying = venue.underlying(&derive_pmrm2());
    let time = venue.now + 30 * DAY;
    let expiry = venue.expiry(underlying, time, Surface::Smile);
    let call = venue.list(underlying, option(6_000_000, OptionType::Call, expiry, time));
    venue.feed_index(underlying, 60_000 * DOLLAR);
    venue.feed_expiry(expiry, 60_000 * DOLLAR, smile());
    venue.settle();
    let trader = venue.send(OpenSession::for_all_accounts((SessionId::operator(0), 0), Role::Trader));
    let Some(OwnedEvent::SessionOpened(trader)) = trader.first() else { panic!("{trader:?}") };
    let accounts: Vec<_> = (0..2)
        .map(|owner| match venue.send(OpenAccount::new((SessionId::operator(0), 0), owner))[..] {
            [OwnedEvent::AccountOpened(opened)] => opened.account,
            ref other => panic!("{other:?}"),
        })
        .collect();
    for ((&account, side), turn) in accounts.iter().zip([Side::Buy, Side::Sell]).zip(1..) {
        let sender = (trader.session, turn, account);
        let client = ClientOrderId(1);
        let order = NewOrder::limit(sender, call, client, side, PriceTicks(100_000), QuantityLots(7));
        let sequence = Sequence(venue.engine.sequence().0 + 1);
        venue.engine.apply(sequence, TimeNs(venue.now), &order, &mut Vec::<OwnedEvent>::new()).expect("in order");
    }
    let mark = i128::from(venue.engine.risk(call).expect("an array").array.mark);
    for (account, lots) in accounts.into_iter().zip([7, -7]) {
        let position = venue.engine.position_view(account, call).expect("a position");
        assert_eq!(position.unrealised, Some(((lots * mark) >> 8) - lots * 100_000 * 100));
    }
}
