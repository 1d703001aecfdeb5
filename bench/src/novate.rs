//! Novate itself as a [`Contender`]: the engine as a venue would run it, without its journal.
//!
//! One perpetual, one trader session that may act for all accounts, orders spread over 64 accounts. Orders are named
//! by client order id throughout, so that every cancel and reduction pays for the look-up. Commands are records as they
//! arrive in frames; batches of 64 are put together and applied against the clock, and every event is copied out.

use std::io;

use novate_core::arena::{Arena, Chunk, Layout, Untracked};
use novate_core::command::{
    CancelOrder, Command, CommandRecord, ListInstrument, NewOrder, OpenAccount, OpenSession, OrderTarget, RawCommand,
    ReduceOrder,
};
use novate_core::engine::{Engine, Sequenced};
use novate_core::event::{Event, EventWord};
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::sink::{EventSink, FnSink};
use novate_core::terms::{self, Role};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};
use novate_journal::mapping::AnonymousMapping;

use crate::peers::{Contender, Measured, time_in_portions};
use crate::workload::{Expected, Flow, FlowCommand, FlowKind, PRICE_TICKS_END, Rules, Side, Tally};

/// Accounts that the orders are spread over.
const ACCOUNTS: u32 = 64;
/// Commands to a batch.
const BATCH_COMMANDS: usize = 64;
/// Words of the ring that events are copied to: 64 KiB.
const RING_WORDS: usize = 1_024;
/// Sequenced time from one command to the next.
const COMMAND_INTERVAL_NS: u64 = 1_000;

/// Words of the largest record that a flow has.
const RECORD_WORDS_MAX: usize = size_of::<NewOrder>() / 8;

/// A command record as it stands in a frame, whatever its kind.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    words: [u64; RECORD_WORDS_MAX],
    length: usize,
}

impl Record {
    fn of<C: CommandRecord>(record: &C) -> Self {
        let own: &[u64] = bytemuck::cast_slice(std::slice::from_ref(record));
        let mut words = [0; RECORD_WORDS_MAX];
        words[..own.len()].copy_from_slice(own);
        Self { words, length: own.len() }
    }
}

impl<'r> From<&'r Record> for RawCommand<'r> {
    #[inline]
    fn from(record: &'r Record) -> Self {
        Self::new(&record.words[..record.length])
    }
}

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

/// The engine with a flow as command records.
#[derive(Debug)]
pub struct Novate {
    genesis: Genesis,
    memory: AnonymousMapping,
    events: EventRing,
    prefill: Vec<Record>,
    measured: Vec<Record>,
}

impl Novate {
    /// Maps the arena and writes the records.
    ///
    /// # Errors
    /// The kernel's, if it has no room for the arena; and if the engine refuses its set-up.
    pub fn new(flow: &Flow) -> io::Result<Self> {
        // An order that is entered takes its slot before it fills others.
        let genesis = Genesis::new(0, Capacities::for_orders(flow.live_orders_max + 1));
        let memory = AnonymousMapping::new(Layout::of(&genesis).bytes())?;
        let mut scratch = Arena::for_genesis(&genesis).map_err(io::Error::other)?;
        let mut engine = Engine::genesis(scratch.chunks_mut(), Untracked, &genesis).map_err(io::Error::other)?;
        let mut records = RecordWriter { parties: set_up(&mut engine)?, session_sequence: 0 };
        let mut write = |commands: &[FlowCommand]| commands.iter().map(|command| records.write(command)).collect();
        let (prefill, measured) = (write(flow.prefill()), write(flow.measured()));
        Ok(Self { genesis, memory, events: EventRing::new(), prefill, measured })
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
        set_up(&mut engine)?;
        self.events.tally = Tally::default();
        execute(&mut engine, &self.prefill, &mut self.events)?;
        self.events.tally = Tally::default();
        let mut result = Ok(());
        let elapsed = time_in_portions(&self.measured, |records| {
            if result.is_ok() {
                result = execute(&mut engine, records, &mut self.events);
            }
        });
        result?;
        Ok(Measured { elapsed, tally: self.events.tally, hash: engine.events_digest().to_string() })
    }
}

/// Applies records in batches.
fn execute(engine: &mut Engine<'_>, records: &[Record], events: &mut EventRing) -> io::Result<()> {
    let mut sequence = engine.sequence().0;
    let mut batch = Vec::with_capacity(BATCH_COMMANDS);
    for chunk in records.chunks(BATCH_COMMANDS) {
        batch.clear();
        batch.extend(chunk.iter().map(|record| {
            sequence += 1;
            let time = TimeNs(sequence * COMMAND_INTERVAL_NS);
            Sequenced { sequence: Sequence(sequence), time, command: RawCommand::from(record) }
        }));
        engine.apply_batch(&batch, events).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Lists the instrument and opens accounts and the trader's session, by the operator's commands.
///
/// # Errors
/// If the engine refuses one of them: it is not at its beginning, or its capacities are too small.
pub fn set_up(engine: &mut Engine<'_>) -> io::Result<Parties> {
    let operator = SessionId::operator(0);
    let mut parties = Parties::default();
    let mut step = |engine: &mut Engine<'_>, command: Command<'_>| {
        let sequence = Sequence(engine.sequence().0 + 1);
        let mut sink = FnSink(|event: Event<'_>| match event {
            Event::InstrumentListed(listed) => parties.instrument = listed.instrument,
            Event::AccountOpened(opened) => parties.accounts.push(opened.account),
            Event::SessionOpened(opened) => parties.session = opened.session,
            _ => {}
        });
        engine.apply(sequence, TimeNs(sequence.0), command, &mut sink).map_err(io::Error::other)
    };
    let list = ListInstrument {
        price_min: PriceTicks(0),
        price_max: PriceTicks(PRICE_TICKS_END.into()),
        limit_low: PriceTicks(0),
        limit_high: PriceTicks(PRICE_TICKS_END.into()),
        ..ListInstrument::perpetual((operator, 1), "FLOW-PERP")
    };
    step(engine, Command::from(&list))?;
    for owner in 1..=u64::from(ACCOUNTS) {
        let header = OpenAccount::new_header(operator, owner + 1, AccountId::NONE);
        step(engine, Command::from(&OpenAccount { header, owner }))?;
    }
    let header = OpenSession::new_header(operator, u64::from(ACCOUNTS) + 2, AccountId::NONE);
    let open = OpenSession { header, role: Role::Trader.code(), flags: OpenSession::ALL_ACCOUNTS, reserved: [0; 6] };
    step(engine, Command::from(&open))?;
    if parties.accounts.len() != ACCOUNTS as usize || parties.session == SessionId::NONE {
        return Err(io::Error::other("the engine refused a command of the set-up"));
    }
    Ok(parties)
}

/// Writes a flow's commands as records of the trader's session.
struct RecordWriter {
    parties: Parties,
    session_sequence: u64,
}

impl RecordWriter {
    fn write(&mut self, command: &FlowCommand) -> Record {
        self.session_sequence += 1;
        let account = self.parties.accounts[(command.id % ACCOUNTS) as usize];
        let (session, sequence) = (self.parties.session, self.session_sequence);
        let client_order_id = ClientOrderId(command.id.into());
        let target = OrderTarget::from(client_order_id);
        let quantity = QuantityLots(command.quantity_lots.into());
        match command.kind {
            FlowKind::Passive | FlowKind::Aggressive => {
                let side = match command.side {
                    Side::Buy => terms::Side::Buy,
                    Side::Sell => terms::Side::Sell,
                };
                let price = PriceTicks(command.price_ticks.into());
                let submitter = (session, sequence, account);
                let instrument = self.parties.instrument;
                Record::of(&NewOrder::limit(submitter, instrument, client_order_id, side, price, quantity))
            }
            FlowKind::Cancel => {
                Record::of(&CancelOrder { header: CancelOrder::new_header(session, sequence, account), target })
            }
            FlowKind::Reduce => {
                let header = ReduceOrder::new_header(session, sequence, account);
                Record::of(&ReduceOrder { header, target, by: quantity })
            }
        }
    }
}

/// Copies every event out, as a venue would to its outgoing ring, and tallies the trades.
#[derive(Debug)]
struct EventRing {
    words: Box<[EventWord; RING_WORDS]>,
    next: usize,
    tally: Tally,
}

impl EventRing {
    fn new() -> Self {
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
