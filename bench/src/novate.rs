//! Novate itself as a [`Contender`]: the engine as a venue would run it, without its journal.
//!
//! One perpetual, one trader session that may act for all accounts, orders spread over 64 accounts. Orders are named
//! by client order id throughout, so that every cancel and reduction pays for the look-up. Commands are records as they
//! arrive in frames; batches of 64 are put together and applied against the clock, and every event is copied out.

use std::io;
use std::time::Instant;

use novate_core::arena::{Arena, Chunk, Layout, Untracked};
use novate_core::command::{CancelOrder, ListInstrument, NewOrder, OpenAccount, OpenSession, RawCommand, ReduceOrder};
use novate_core::engine::{Engine, Sequenced};
use novate_core::event::{Event, EventWord};
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::sink::{EventSink, FnSink};
use novate_core::terms::{self, Role};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};
use novate_journal::mapping::AnonymousMapping;

use crate::flow_c::FlowC;
use crate::peers::{Contender, Measured};
use crate::records::Records;
use crate::workload::{Expected, Flow, FlowCommand, FlowKind, PRICE_TICKS_END, Rules, Side, Tally};

/// Accounts that the orders are spread over.
const ACCOUNTS: u32 = 64;
/// Commands to a batch.
pub(crate) const BATCH_COMMANDS: usize = 64;
/// Words of the ring that events are copied to: 64 KiB.
const RING_WORDS: usize = 1_024;
/// Sequenced time from one command to the next.
pub(crate) const COMMAND_INTERVAL_NS: u64 = 1_000;

/// The ids that [`set_up`] gave out.
#[derive(Clone, Debug, Default)]
pub struct Parties {
    /// The perpetual.
    pub instrument: InstrumentId,
    /// The trader's session, which may act for every account.
    pub session: SessionId,
    /// The accounts.
    pub accounts: Vec<AccountId>,
}

/// A flow as what an engine is told, behind the [set-up](set_up_records).
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) genesis: Genesis,
    pub(crate) set_up: Records,
    pub(crate) prefill: Records,
    pub(crate) measured: Records,
}

impl Told {
    pub(crate) fn of(flow: &Flow) -> io::Result<Self> {
        Self::behind(flow, Self::genesis_of(flow), set_up_records(&owners()))
    }

    /// A flow behind a set-up.
    pub(crate) fn behind(flow: &Flow, genesis: Genesis, set_up: Records) -> io::Result<Self> {
        let mut writer = RecordWriter::behind(&genesis, &set_up)?;
        let mut write = |commands: &[FlowCommand]| {
            let mut records = Records::default();
            for command in commands {
                writer.write(command, 0, |record| records.extend([record]));
            }
            records
        };
        let (prefill, measured) = (write(flow.prefill()), write(flow.measured()));
        Ok(Self { genesis, set_up, prefill, measured })
    }

    /// A genesis with room for the flow's orders.
    pub(crate) fn genesis_of(flow: &Flow) -> Genesis {
        // An order that is entered takes its slot before it fills others.
        Genesis::new(0, 1, Capacities::for_orders(flow.live_orders_max + 1))
    }
}

/// The engine with a flow as command records.
#[derive(Debug)]
pub struct Novate {
    genesis: Genesis,
    set_up: Records,
    memory: AnonymousMapping,
    events: EventRing,
    prefill: Records,
    measured: Records,
}

impl Novate {
    /// Maps the arena and writes the records.
    ///
    /// # Errors
    /// The kernel's, if it has no room for the arena; and if the engine refuses its set-up.
    pub fn new(flow: &Flow) -> io::Result<Self> {
        Self::told(Told::of(flow)?)
    }

    /// Maps the arena for what is told.
    pub(crate) fn told(told: Told) -> io::Result<Self> {
        let Told { genesis, set_up, prefill, measured } = told;
        let memory = AnonymousMapping::new(Layout::of(&genesis).bytes())?;
        Ok(Self { genesis, set_up, memory, events: EventRing::new(), prefill, measured })
    }

    /// Maps the arena for a flow that is made of records already.
    ///
    /// # Errors
    /// The kernel's, if it has no room for the arena.
    pub fn with_flow_c(flow: &FlowC) -> io::Result<Self> {
        let genesis = flow.genesis();
        let memory = AnonymousMapping::new(Layout::of(&genesis).bytes())?;
        let (prefill, measured) = (flow.prefill().clone(), flow.measured().clone());
        let set_up = set_up_records(&FlowC::owners());
        Ok(Self { genesis, set_up, memory, events: EventRing::new(), prefill, measured })
    }

    /// Bytes of the arena, and how many of them lie on huge pages once it ran.
    pub fn memory_bytes(&self) -> (usize, usize) {
        (self.memory.as_bytes().len(), self.memory.huge_page_bytes())
    }
}

impl Contender for Novate {
    fn name(&self) -> &'static str {
        "novate"
    }

    fn note(&self) -> &'static str {
        ""
    }

    fn expected(&self, flow: &Flow) -> Expected {
        flow.expected(Rules::NOVATE, u64::from)
    }

    fn run(&mut self) -> io::Result<Measured> {
        let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(self.memory.as_bytes_mut());
        let mut engine = Engine::genesis(chunks, Untracked, &self.genesis).map_err(io::Error::other)?;
        apply_set_up(&mut engine, &self.set_up)?;
        self.events.tally = Tally::default();
        execute(&mut engine, &self.prefill, &mut self.events)?;
        self.events.tally = Tally::default();
        let start = Instant::now();
        execute(&mut engine, &self.measured, &mut self.events)?;
        let elapsed = start.elapsed();
        Ok(Measured { elapsed, tally: self.events.tally, hash: engine.events_digest().to_string() })
    }
}

/// Applies records in batches.
fn execute(engine: &mut Engine<'_>, records: &Records, events: &mut EventRing) -> io::Result<()> {
    let mut sequence = engine.sequence().0;
    let mut records = records.iter();
    let mut batch = Vec::with_capacity(BATCH_COMMANDS);
    loop {
        batch.clear();
        batch.extend(records.by_ref().take(BATCH_COMMANDS).map(|command| {
            sequence += 1;
            Sequenced { sequence: Sequence(sequence), time: TimeNs(sequence * COMMAND_INTERVAL_NS), command }
        }));
        if batch.is_empty() {
            return Ok(());
        }
        engine.apply_batch(&batch, events).map_err(io::Error::other)?;
    }
}

/// Lists the instrument and opens accounts and the trader's session, by the operator's commands.
///
/// # Errors
/// If the engine refuses one of them: it is not at its beginning, or its capacities are too small.
pub fn set_up(engine: &mut Engine<'_>) -> io::Result<Parties> {
    set_up_for(engine, &owners())
}

/// The owners of the accounts: each has one.
pub(crate) fn owners() -> Vec<u64> {
    (1..=ACCOUNTS.into()).collect()
}

/// As [`set_up`], with an account for each of the given owners.
pub(crate) fn set_up_for(engine: &mut Engine<'_>, owners: &[u64]) -> io::Result<Parties> {
    let parties = apply_set_up(engine, &set_up_records(owners))?;
    if parties.accounts.len() != owners.len() {
        return Err(io::Error::other("the engine refused a command of the set-up"));
    }
    Ok(parties)
}

/// Applies a set-up.
fn apply_set_up(engine: &mut Engine<'_>, records: &Records) -> io::Result<Parties> {
    let (mut parties, mut is_refused) = (Parties::default(), false);
    for command in records.iter() {
        let sequence = Sequence(engine.sequence().0 + 1);
        let mut sink = FnSink(|event: Event<'_>| match event {
            Event::InstrumentListed(listed) => parties.instrument = listed.instrument,
            Event::AccountOpened(opened) => parties.accounts.push(opened.account),
            Event::SessionOpened(opened) => parties.session = opened.session,
            Event::Rejected(_) => is_refused = true,
            _ => {}
        });
        let mut sink: &mut dyn EventSink = &mut sink;
        engine.apply(sequence, TimeNs(sequence.0), command, &mut sink).map_err(io::Error::other)?;
    }
    if is_refused || parties.session == SessionId::NONE {
        return Err(io::Error::other("the engine refused a command of the set-up"));
    }
    Ok(parties)
}

/// What the operator sends: the instrument, an account for each of the owners, the trader's session.
pub(crate) fn set_up_records(owners: &[u64]) -> Records {
    let operator = SessionId::operator(0);
    let mut records = Records::default();
    records.push(&ListInstrument {
        price_min: PriceTicks(0),
        price_max: PriceTicks(PRICE_TICKS_END.into()),
        limit_low: PriceTicks(0),
        limit_high: PriceTicks(PRICE_TICKS_END.into()),
        ..ListInstrument::perpetual((operator, 1), "FLOW-PERP")
    });
    let mut session_sequence = 1;
    for &owner in owners {
        session_sequence += 1;
        records.push(&OpenAccount::new((operator, session_sequence), owner));
    }
    records.push(&OpenSession::for_all_accounts((operator, session_sequence + 1), Role::Trader));
    records
}

/// Writes a flow's commands as records of the trader's session.
#[derive(Clone)]
pub(crate) struct RecordWriter {
    parties: Parties,
    session_sequence: u64,
}

impl RecordWriter {
    /// For an engine that will get the [set-up](set_up_records) first: its ids are found by giving it to another one.
    pub(crate) fn new(genesis: &Genesis) -> io::Result<Self> {
        Self::behind(genesis, &set_up_records(&owners()))
    }

    /// For an engine that will get these records first.
    fn behind(genesis: &Genesis, set_up: &Records) -> io::Result<Self> {
        let mut scratch = Arena::for_genesis(genesis).map_err(io::Error::other)?;
        let mut engine = Engine::genesis(scratch.chunks_mut(), Untracked, genesis).map_err(io::Error::other)?;
        Ok(Self { parties: apply_set_up(&mut engine, set_up)?, session_sequence: 0 })
    }

    /// Lends the record of the session's next command. Orders have other names in each round of a flow.
    #[inline(always)]
    pub(crate) fn write(&mut self, command: &FlowCommand, round: u64, to: impl FnOnce(RawCommand<'_>)) {
        self.session_sequence += 1;
        let account = self.parties.accounts[(command.id % ACCOUNTS) as usize];
        let submitter = (self.parties.session, self.session_sequence, account);
        let client_order_id = ClientOrderId(round << 32 | u64::from(command.id));
        let quantity = QuantityLots(command.quantity_lots.into());
        match command.kind {
            FlowKind::Passive | FlowKind::Aggressive => {
                let side = match command.side {
                    Side::Buy => terms::Side::Buy,
                    Side::Sell => terms::Side::Sell,
                };
                let price = PriceTicks(command.price_ticks.into());
                let instrument = self.parties.instrument;
                let order = NewOrder::limit(submitter, instrument, client_order_id, side, price, quantity);
                to(RawCommand::from(&order));
            }
            FlowKind::Cancel => to(RawCommand::from(&CancelOrder::new(submitter, client_order_id))),
            FlowKind::Reduce => to(RawCommand::from(&ReduceOrder::new(submitter, client_order_id, quantity))),
        }
    }
}

/// Copies every event out, as a venue would to its outgoing ring, and tallies the trades.
#[derive(Debug)]
pub(crate) struct EventRing {
    words: Box<[EventWord; RING_WORDS]>,
    next: usize,
    pub(crate) tally: Tally,
}

impl EventRing {
    pub(crate) fn new() -> Self {
        Self { words: bytemuck::zeroed_box(), next: 0, tally: Tally::default() }
    }
}

impl EventSink for EventRing {
    #[inline]
    fn emit(&mut self, event: Event<'_>) {
        for word in event.words() {
            self.words[self.next % RING_WORDS] = *word;
            self.next += 1;
        }
        if let Event::Trade(trade) = event {
            let (maker, taker) = (trade.maker_client_order_id.0, trade.taker_client_order_id.0);
            self.tally.fill(maker, taker, trade.quantity.0.cast_unsigned(), trade.price.0.cast_unsigned());
        }
    }
}
