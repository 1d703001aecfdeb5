//! What single steps of the engine cost: `cargo bench --bench parts`.
//!
//! Every step leaves the book as it found it, so that a step measured a million times is the same step each time.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use novate_bench::warm::{BEST_BID, LEVELS, WarmBook};
use novate_core::arena::Chunk;
use novate_core::command::{Command, NewOrder};
use novate_core::digest::{EventsDigest, StateTree};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::terms::Side;
use novate_core::units::{PriceTicks, QuantityLots};

/// Sizes of books: one for the processor's caches, one for memory.
const BOOK_ORDERS: [u32; 2] = [10_000, 1_000_000];
/// Chunks of the arena whose state digest is kept up to date: 16 MiB.
const ARENA_CHUNKS: usize = 65_536;
/// A client order id that no order of the book has.
const FREE_ID: u64 = 1 << 40;

fn digest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("digest");
    group.throughput(Throughput::Elements(1));
    let (mut digest, word) = (EventsDigest::default(), [7; 8]);
    group.bench_function("fold", |bencher| bencher.iter(|| digest.fold(black_box(&word))));
    black_box(digest);
    group.finish();
}

/// A checkpoint's worth of commands: so many chunks of an arena changed, anywhere in it.
fn state_tree(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("state tree");
    let mut chunks = vec![Chunk([1; 256]); ARENA_CHUNKS];
    let (mut marks, mut tree) = (vec![0; ARENA_CHUNKS], StateTree::new(&chunks));
    // A stride that visits every chunk, and never a neighbour of one visited shortly before.
    let mut places = (0..).map(|step: usize| step * 40_503 % ARENA_CHUNKS);
    for changed in [10, 1_000, 10_000] {
        group.throughput(Throughput::Elements(changed));
        group.bench_function(BenchmarkId::new("update", changed), |bencher| {
            bencher.iter(|| {
                for chunk in places.by_ref().take(changed as usize) {
                    chunks[chunk].0[0] ^= 1;
                    marks[chunk] = 1;
                }
                tree.update(&chunks, &mut marks)
            });
        });
    }
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let submitter = (SessionId(7), 1, AccountId(8));
    let limit = (PriceTicks(100), QuantityLots(5));
    let order = NewOrder::limit(submitter, InstrumentId(9), ClientOrderId(1), Side::Buy, limit.0, limit.1);
    criterion.bench_function("decode/new order", |bencher| {
        bencher.iter(|| Command::decode(black_box(bytemuck::cast_slice(std::slice::from_ref(&order)))).name());
    });
}

fn client_index(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("client order id");
    for orders in BOOK_ORDERS {
        let book = WarmBook::new(orders);
        let mut ids = book.shuffled_ids();
        group.bench_function(BenchmarkId::new("found", orders), |bencher| {
            bencher.iter(|| ids.next().map(|id| book.engine.order_by_client(book.account(id), ClientOrderId(id))));
        });
        group.bench_function(BenchmarkId::new("missing", orders), |bencher| {
            bencher.iter(|| {
                ids.next().map(|id| book.engine.order_by_client(book.account(id), ClientOrderId(id + FREE_ID)))
            });
        });
    }
    group.finish();
}

fn ladder(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ladder");
    let mut book = WarmBook::new(BOOK_ORDERS[0]);
    let mut depths = (0..LEVELS).map(|place| place * 37 % LEVELS).cycle();
    group.bench_function("level at price", |bencher| {
        bencher.iter(|| {
            let price = depths.next().map_or(BEST_BID, |depth| PriceTicks(BEST_BID.0 - depth));
            book.engine.level(book.instrument(), Side::Buy, price)
        });
    });
    group.bench_function("best level", |bencher| {
        bencher.iter(|| book.engine.top(black_box(book.instrument()), Side::Buy).next());
    });
    // One tick above the best bid nothing rests, so this opens a level and closes it again.
    group.bench_function("open and close a level", |bencher| {
        bencher.iter(|| {
            book.enter(FREE_ID, Side::Buy, PriceTicks(BEST_BID.0 + 1), QuantityLots(1));
            book.cancel(FREE_ID);
        });
    });
    group.finish();
}

fn book(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("book");
    for orders in BOOK_ORDERS {
        let mut book = WarmBook::new(orders);
        let mut ids = book.shuffled_ids();
        group.bench_function(BenchmarkId::new("add and cancel at the best bid", orders), |bencher| {
            bencher.iter(|| {
                book.enter(FREE_ID, Side::Buy, BEST_BID, QuantityLots(1));
                book.cancel(FREE_ID);
            });
        });
        group.bench_function(BenchmarkId::new("cancel and add anywhere", orders), |bencher| {
            bencher.iter(|| {
                if let Some(id) = ids.next() {
                    book.cancel(id);
                    book.enter_again(id);
                }
            });
        });
        group.bench_function(BenchmarkId::new("cross one lot", orders), |bencher| {
            bencher.iter(|| book.enter(FREE_ID, Side::Buy, PriceTicks(BEST_BID.0 + 2), QuantityLots(1)));
        });
    }
    group.finish();
}

criterion_group!(parts, digest, state_tree, decode, client_index, ladder, book);
criterion_main!(parts);
