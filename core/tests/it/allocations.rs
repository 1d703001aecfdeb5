//! No command allocates: a counting allocator, and a stream that touches every kind of command and table.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use novate_core::arena::{Arena, Chunk, Untracked};
use novate_core::command::{
    Command, CommandRecord, MassCancel, NewComplexOrder, NewPeggedOrder, RawCommand, SetTradingState, Uncross,
};
use novate_core::digest::StateTree;
use novate_core::engine::{Engine, Sequenced};
use novate_core::ids::{AccountId, ClientOrderId, SessionId};
use novate_core::sink::Discard;
use novate_core::terms::{MarginModel, PegReference, Side, TradingState};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

use crate::hedged::{self, Hedged, INDEX, OPTIONS, OTHER_INSTRUMENTS, nth};
use crate::venue::{Desk, arena, engine, genesis};

/// Counts the allocations of the thread that asks for it.
struct Counting;

std::thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
    /// This thread's: tests beside this one count their own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code)]
// SAFETY: every call is passed to the system's allocator with its arguments unchanged; counting touches neither.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.try_with(Cell::get).unwrap_or(false) {
            ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        }
        // SAFETY: the caller's layout, as the trait's contract has it.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's memory and layout, as the trait's contract has them.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[test]
fn commands_do_not_allocate() {
    let genesis = genesis(25_000);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let mut stream: Vec<Vec<u64>> = Vec::new();
    let mut push = |bytes: &[u8]| stream.push(bytemuck::pod_collect_to_vec(bytes));
    for client in 1..=40_000u64 {
        let spread = i64::try_from(client * 7 % 900).unwrap_or(0);
        let (side, price) = if client % 2 == 0 { (Side::Buy, 5_000 - spread) } else { (Side::Sell, 5_002 + spread) };
        push(bytemuck::bytes_of(&desk.limit(client, side, price, 4)));
        match client % 8 {
            3 => push(bytemuck::bytes_of(&desk.cancel(ClientOrderId(client / 2)))),
            5 => push(bytemuck::bytes_of(&desk.limit(client + 1_000_000, Side::Buy, 5_004, 9))),
            7 => push(bytemuck::bytes_of(&desk.amend_price(ClientOrderId(client / 3 + 1), 5_001))),
            _ => {}
        }
        let more = NewComplexOrder::from(desk.limit(client + 2_000_000, side, price, 40));
        let expiry = TimeNs(client * 3);
        match client % 23 {
            0 => push(bytemuck::bytes_of(&more.with_display(QuantityLots(7), QuantityLots(3)).with_expiry(expiry))),
            1 => push(bytemuck::bytes_of(&more.with_trigger(PriceTicks(5_001)).with_twin(ClientOrderId(client)))),
            2 => push(bytemuck::bytes_of(&more.with_trail(PriceTicks(2)))),
            3 => {
                let by = (more.header.session, more.header.session_sequence, more.header.account);
                let peg = (PegReference::Primary, PriceTicks(-3));
                let (name, lots) = (more.client_order_id, more.quantity);
                push(bytemuck::bytes_of(&NewPeggedOrder::new(by, more.instrument, name, side, lots, peg)));
            }
            4 if client % 1_000 < 23 => {
                let by = (more.header.session, more.header.session_sequence, more.header.account);
                push(bytemuck::bytes_of(&MassCancel::new(by, Some(more.instrument))));
            }
            _ => push(bytemuck::bytes_of(&more)),
        }
    }
    let (instrument, state) = (desk.instrument, TradingState::Auction.code());
    let header = desk.operator::<SetTradingState>(AccountId::NONE);
    push(bytemuck::bytes_of(&SetTradingState { header, instrument, state, reserved: [0; 7] }));
    push(bytemuck::bytes_of(&desk.limit(3_000_000, Side::Buy, 6_000, 5_000)));
    let header = Uncross::new_header(SessionId::operator(0), desk.next_operator(), AccountId::NONE);
    push(bytemuck::bytes_of(&Uncross { header, instrument, price: PriceTicks(0), priced: 0, reserved: [0; 7] }));
    push(&[0xff; 8]);
    let start = engine.sequence().0;
    let batch: Vec<Sequenced<'_>> = (start + 1..)
        .zip(&stream)
        .map(|(at, words)| Sequenced { sequence: Sequence(at), time: TimeNs(at), command: RawCommand::new(words) })
        .collect();
    let counted = Vec::<u8>::with_capacity(1).capacity() as u64;
    COUNTS.set(true);
    let witness = std::hint::black_box(vec![0u8; 16]);
    let after_witness = ALLOCATIONS.get();
    for part in batch.chunks(64) {
        engine.apply_batch(part, &mut Discard).expect("in order");
    }
    let after = ALLOCATIONS.get();
    COUNTS.set(false);
    assert!(after_witness >= counted, "the allocator counts: {}", witness.len());
    assert_eq!(after, after_witness, "allocations while {} commands were applied", batch.len());
    assert!(engine.event_count() > batch.len() as u64);
    assert!(matches!(RawCommand::new(&stream[0]).decode(), Command::NewOrder(_)));
}

/// Accounts of all models trade, are filled, cancel, and are made current while an index ticks.
#[test]
fn nor_do_they_where_margin_is_checked() {
    const MAKER: u32 = 2;
    let genesis = hedged::genesis(0);
    let mut arena = Arena::for_genesis(&genesis).expect("memory");
    let mut venue = Hedged::new(arena.chunks_mut(), 0);
    let (perpetual, option) = (nth(OPTIONS + OTHER_INSTRUMENTS), nth(OPTIONS + 2));
    let models = [MarginModel::Futures, MarginModel::Portfolio, MarginModel::Standard];
    for (round, model) in (0..).zip(models) {
        let account = nth(3 + u32::from(model == MarginModel::Portfolio));
        venue.model(account, model);
        venue.cash(account, 3_000_000_000);
        for (instrument, price) in [(perpetual, 1_000_000), (option, 5_000)] {
            venue.order(nth(MAKER), instrument, (Side::Sell, price, 20));
            venue.order(account, instrument, (Side::Buy, price, 5));
            let (_, name) = venue.order(account, instrument, (Side::Buy, price / 2, 5));
            venue.index(2, INDEX + 1_000 * (1 + round));
            venue.settle();
            venue.order(account, instrument, (Side::Buy, price, 5));
            venue.cancel(account, name);
            venue.order(account, instrument, (Side::Buy, price, 1 << 20));
        }
        venue.order(nth(MAKER), perpetual, (Side::Buy, 1_000_000, 40));
        venue.order(account, perpetual, (Side::Sell, 1_000_000, 10));
    }
    // Options were bought by the models that know them, and accounts were added up.
    let held = [3, 4].map(|account| venue.engine.position(nth(account), option).0);
    assert!(held.into_iter().all(|lots| lots > 0) && venue.most.records > 0, "{held:?} {:?}", venue.most);
    let log = std::mem::take(&mut venue.log);
    let said = venue.engine.events_digest();
    let mut arena = Arena::for_genesis(&genesis).expect("memory");
    let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis).expect("a genesis");
    let mut allocations = 0;
    for (words, sequence) in log.iter().zip((1..).map(Sequence)) {
        COUNTS.set(true);
        let before = ALLOCATIONS.get();
        let applied = engine.apply(sequence, hedged::time_of(sequence), RawCommand::new(words), &mut Discard);
        allocations += ALLOCATIONS.get() - before;
        COUNTS.set(false);
        applied.expect("in order");
    }
    assert_eq!((allocations, engine.events_digest()), (0, said), "of {} commands", log.len());
}

#[test]
fn a_tree_allocates_only_when_it_is_made() {
    // Three batches and a rest, so that every way through an update is gone.
    let mut chunks = vec![Chunk([1; 256]); 3 * 4_096 + 7];
    let mut marks = vec![1; chunks.len()];
    let (mut tree, other) = (StateTree::new(&chunks), StateTree::new(&chunks));
    let mut digests = [tree.digest(&chunks); 2];
    chunks[77].0[7] = 7;
    COUNTS.set(true);
    let before = ALLOCATIONS.get();
    let witness = std::hint::black_box(vec![0u8; 16]);
    let after_witness = ALLOCATIONS.get();
    let all = tree.update(&chunks, &mut marks);
    marks[5_000] = 1;
    let one = tree.update(&chunks, &mut marks);
    digests[1] = tree.digest(&chunks);
    let (differing, scrubbed) = (tree.differing(&other).count(), tree.scrub(&chunks, 0, chunks.len()));
    let after = ALLOCATIONS.get();
    COUNTS.set(false);
    assert!(after_witness > before, "the allocator counts: {}", witness.len());
    assert_eq!(after, after_witness);
    assert_eq!((all, one, differing, scrubbed), (chunks.len(), 1, 1, Ok(0)));
    assert_ne!(digests[0], digests[1]);
}
