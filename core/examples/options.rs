//! Valuing an option: an underlying, an expiry and their feeds by commands, then its risk array and Greeks.
//!
//! Run it: `cargo run -p novate-core --example options`.

use novate_core::command::{
    FeedStamp, ListExpiry, ListUnderlying, RawCommand, SetScenarios, SetShocks, SmileTerms, UpdateForward, UpdateIndex,
    UpdateRate, UpdateSurface, Work,
};
use novate_core::margin::sets;
use novate_core::prelude::*;
use novate_core::terms::{InstrumentKind, OptionType, Surface};
use novate_core::units::CashAtoms;

const DAY: u64 = 86_400_000_000_000;
const DOLLAR: i64 = 1_000_000;

/// A venue, and the numbers of the next command.
struct Venue<'a> {
    engine: Engine<'a>,
    next: u64,
    said: Vec<OwnedEvent>,
}

impl Venue<'_> {
    /// Who sends the next command.
    fn operator(&self) -> (SessionId, u64) {
        (SessionId::operator(0), self.next)
    }

    fn send<'c>(&mut self, command: impl Into<RawCommand<'c>>) -> Result<OwnedEvent, Box<dyn std::error::Error>> {
        let said = self.said.len();
        self.engine.apply(Sequence(self.next), TimeNs(self.next), command, &mut self.said)?;
        self.next += 1;
        self.said.get(said).copied().ok_or_else(|| "nothing was said".into())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let genesis = Genesis::new(0, 0x5eed, Capacities::for_orders(10_000));
    let mut arena = Arena::for_genesis(&genesis)?;
    let engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis)?;
    let mut venue = Venue { engine, next: 1, said: Vec::new() };

    // What options are valued under: Derive's scenarios. Any others are set the same way.
    let set = sets::derive_pmrm2();
    venue.send(&SetScenarios::new(venue.operator(), 1, set.scenarios))?;
    venue.send(&SetShocks::new(venue.operator(), 1, set.shocks))?;
    let mut list = ListUnderlying::new(venue.operator(), "BTC", CashAtoms(200_000 * DOLLAR));
    list.rules.scenario_set = 1;
    let OwnedEvent::UnderlyingListed(bitcoin) = venue.send(&list)? else { return Err("not listed".into()) };
    let in_a_month = TimeNs(30 * DAY);
    let month = ListExpiry::new(venue.operator(), bitcoin.underlying, in_a_month, Surface::Smile);
    let OwnedEvent::ExpiryListed(month) = venue.send(&month)? else { return Err("not listed".into()) };

    // A call; prices in cents, lots of a hundredth of a coin, and nobody has more than a hundred coins of it.
    let call = ListInstrument {
        kind: InstrumentKind::EuropeanOption.code(),
        option_type: OptionType::Call.code(),
        strike: PriceTicks(6_500_000),
        expiry: in_a_month,
        expiry_id: month.expiry,
        underlying_id: bitcoin.underlying,
        price_unit: CashAtoms(DOLLAR / 100),
        multiplier: CashAtoms(DOLLAR / 100 / 100),
        position_max: QuantityLots(10_000),
        ..ListInstrument::perpetual(venue.operator(), "BTC-65000-C")
    };
    let OwnedEvent::InstrumentListed(call) = venue.send(&call)? else { return Err("not listed".into()) };

    // What its value comes from. The smile's parameters are in parts of 1e-12, the rate in parts of 1e-9.
    let stamp = FeedStamp::sure(1, TimeNs(1));
    let smile = SmileTerms {
        a: 10_000_000_000,
        b: 50_000_000_000,
        rho: -200_000_000_000,
        m: 0,
        sigma: 150_000_000_000,
        forward: CashAtoms(60_300 * DOLLAR),
        years: 82_191_780_821,
    };
    venue.send(&UpdateIndex::new(venue.operator(), bitcoin.underlying, CashAtoms(60_000 * DOLLAR), stamp))?;
    venue.send(&UpdateForward::new(venue.operator(), month.expiry, CashAtoms(60_300 * DOLLAR), stamp))?;
    venue.send(&UpdateRate::new(venue.operator(), month.expiry, 60_000_000, stamp))?;
    venue.send(&UpdateSurface::new(venue.operator(), month.expiry, smile, stamp))?;
    // A primary appends these by itself while there is work.
    let mut session_sequence = 1..;
    while venue.engine.work_pending() {
        let header = Work::new_header(SessionId::sequencer(0), session_sequence.next().unwrap_or(0), AccountId::NONE);
        venue.engine.apply(Sequence(venue.next), TimeNs(venue.next), &Work { header }, &mut venue.said)?;
        venue.next += 1;
    }

    let risk = venue.engine.risk(call.instrument).ok_or("no array")?;
    let atoms = |lane: i64| lane >> risk.lane_bits;
    println!(
        "one lot is worth {} atoms; delta {}, vega {}",
        atoms(risk.array.mark),
        atoms(risk.greeks.delta),
        atoms(risk.greeks.vega)
    );
    println!("with the price up 18 % and volatility up: {}", atoms(risk.array.scenarios[0]));
    println!("how far that is to be trusted: {:?}", venue.engine.instrument_validity(call.instrument));
    Ok(())
}
