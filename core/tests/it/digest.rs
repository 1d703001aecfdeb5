//! The state digest: the tree says what the oracle says, and proofs prove what they should and nothing else.

use novate_core::arena::{Arena, Chunk, Dirty, Layout};
use novate_core::command::{CommandRecord, RawCommand, SetTradingState, Uncross};
use novate_core::digest::{ChunkPath, ChunkProof, Flipped, Hash256, ProofError, StateTree, naive};
use novate_core::engine::{Engine, OpenError};
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, OrderId, SessionId};
use novate_core::terms::{Side, TradingState};
use novate_core::units::PriceTicks;

use crate::venue::{Desk, accepted, genesis, send};

/// Numbers of chunks: powers of two, what needs padding, more than one level of everything.
const SIZES: [usize; 6] = [1, 2, 3, 5, 8, 1_000];

/// The bits of a proof's bytes in which the index stands.
const INDEX_BITS: core::ops::Range<usize> = 64..128;

/// A linear congruential row of numbers (Knuth's MMIX constants).
struct Row(u64);

impl Row {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Chunks of which about every third is zero.
fn chunks(count: usize) -> Vec<Chunk> {
    let mut row = Row(count as u64);
    let mut chunk = |_| {
        let is_zero = row.below(3) == 0;
        Chunk(core::array::from_fn(|_| if is_zero { 0 } else { row.below(256) as u8 }))
    };
    (0..count).map(&mut chunk).collect()
}

/// An engine's arena as small as it gets, with an order in it.
fn small_arena() -> (Layout, Arena) {
    let capacities = Capacities {
        instruments: 1,
        accounts: 2,
        sessions: 3,
        grants: 1,
        orders: 1,
        levels: 1,
        ladder_nodes: 40,
        positions: 1,
        work_items: 1,
        complex_orders: 1,
        underlyings: 1,
        expiries: 1,
        scenario_sets: 1,
        vectors: 0,
    };
    let genesis = Genesis { outcome_window: 8, ..Genesis::new(0, 1, capacities) };
    let (layout, mut arena) = (Layout::of(&genesis), crate::venue::arena(&genesis));
    let mut engine = crate::venue::engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let order = desk.limit(1, Side::Buy, 100, 5);
    assert_ne!(accepted(&send(&mut engine, &order)), OrderId::NONE);
    (layout, arena)
}

#[test]
fn tree_and_oracle_agree_after_random_writes() {
    for size in SIZES {
        let (mut chunks, mut marks) = (chunks(size), vec![0u8; size]);
        let mut tree = StateTree::new(&chunks);
        let mut row = Row(1);
        for _ in 0..20 {
            assert_eq!(tree.root(), naive::tree_root(&chunks), "{size} chunks");
            assert_eq!(tree.digest(&chunks), naive::state_digest(&chunks), "{size} chunks");
            for _ in 0..row.below(size / 4 + 2) {
                let chunk = row.below(size);
                chunks[chunk].0[row.below(256)] = row.below(256) as u8;
                marks[chunk] = 1;
            }
            // Marked without a change, and back to zero.
            (marks[row.below(size)], marks[size - 1], chunks[size - 1]) = (1, 1, Chunk([0; 256]));
            let marked = marks.iter().map(|mark| usize::from(*mark)).sum::<usize>();
            assert_eq!(tree.update(&chunks, &mut marks), marked);
            assert!(marks.iter().all(|mark| *mark == 0));
        }
        assert_eq!(tree.root(), StateTree::new(&chunks).root());
    }
}

/// More than are hashed in one go, all of them at once and then with gaps.
#[test]
fn large_updates_are_hashed_batch_by_batch() {
    let size = 3 * 4_096 + 7;
    let mut chunks: Vec<Chunk> = (0..size).map(|chunk| Chunk([chunk as u8 | 1; 256])).collect();
    let mut tree = StateTree::new(&chunks);
    assert_eq!(tree.root(), naive::tree_root(&chunks));
    for step in [1, 2, 63, 64, 65] {
        let mut marks = vec![0; size];
        for chunk in (0..size).step_by(step) {
            (chunks[chunk].0[step], marks[chunk]) = (0, 1);
        }
        assert_eq!(tree.update(&chunks, &mut marks), size.div_ceil(step));
        assert_eq!(tree.root(), naive::tree_root(&chunks), "every {step}th chunk");
    }
}

#[test]
fn an_update_of_nothing_is_nothing() {
    for size in SIZES {
        let chunks = chunks(size);
        let mut tree = StateTree::new(&chunks);
        let before = tree.digest(&chunks);
        assert_eq!(tree.update(&chunks, &mut vec![0; size]), 0);
        assert_eq!(tree.digest(&chunks), before);
        // Marks beyond the last chunk are somebody else's.
        let mut marks = vec![0; size + 70];
        marks[size..].fill(1);
        assert_eq!(tree.update(&chunks, &mut marks), 0);
        assert!(marks[size..].iter().all(|mark| *mark == 1));
    }
}

#[test]
fn zero_chunks_are_hashed_like_any_other() {
    for size in SIZES {
        let zeros = vec![Chunk([0; 256]); size];
        assert_eq!(StateTree::new(&zeros).root(), naive::tree_root(&zeros), "{size} chunks");
    }
}

#[test]
fn a_flipped_bit_in_any_chunk_changes_the_digest() {
    for size in SIZES {
        let (mut chunks, mut marks, mut row) = (chunks(size), vec![0; size], Row(3));
        let mut tree = StateTree::new(&chunks);
        let mut seen = vec![tree.digest(&chunks)];
        for chunk in 0..size {
            let bit = row.below(2_048);
            chunks[chunk].0[bit / 8] ^= 1 << (bit % 8);
            marks[chunk] = 1;
            assert_eq!(tree.update(&chunks, &mut marks), 1);
            seen.push(tree.digest(&chunks));
        }
        seen.sort_unstable_by_key(|digest| digest.0);
        seen.dedup();
        assert_eq!(seen.len(), size + 1);
    }
}

#[test]
fn trees_differ_exactly_where_chunks_do() {
    for size in SIZES {
        let (before, mut row) = (chunks(size), Row(4));
        let old = StateTree::new(&before);
        assert_eq!(old.differing(&old).count(), 0);
        for changes in [1, 2, size / 3 + 1, size] {
            let mut after = before.clone();
            for _ in 0..changes {
                after[row.below(size)].0[row.below(256)] ^= 1 << row.below(8);
            }
            let new = StateTree::new(&after);
            let expected: Vec<usize> = (0..size).filter(|chunk| before[*chunk] != after[*chunk]).collect();
            assert_eq!(old.differing(&new).collect::<Vec<_>>(), expected, "{size} chunks");
        }
        let inverted: Vec<Chunk> = before.iter().map(|chunk| Chunk(chunk.0.map(|byte| !byte))).collect();
        assert!(old.differing(&StateTree::new(&inverted)).eq(0..size));
    }
}

#[test]
fn scrubbing_finds_what_flipped_unmarked() {
    for size in SIZES {
        let (mut chunks, mut row) = (chunks(size), Row(5));
        let tree = StateTree::new(&chunks);
        for slice in [1, 7, 16, 40, size, usize::MAX] {
            let (mut next, mut slices) = (0, 0);
            loop {
                next = tree.scrub(&chunks, next, slice).expect("nothing flipped");
                slices += 1;
                if next == 0 {
                    break;
                }
            }
            assert_eq!(slices, size.div_ceil(slice));
        }
        assert_eq!(tree.scrub(&chunks, 0, 0), Ok(0));
        assert_eq!(tree.scrub(&chunks, size + 9, 1), tree.scrub(&chunks, 0, 1));
        for _ in 0..50 {
            let (chunk, bit) = (row.below(size), row.below(2_048));
            chunks[chunk].0[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(tree.scrub(&chunks, 0, size), Err(Flipped { chunk }));
            assert_eq!(tree.scrub(&chunks, chunk, 1), Err(Flipped { chunk }));
            if chunk > 0 {
                assert_eq!(tree.scrub(&chunks, 0, chunk), Ok(chunk));
            }
            chunks[chunk].0[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn the_digest_of_the_small_arena_is_golden() {
    let (layout, arena) = small_arena();
    let digest = StateTree::new(arena.chunks()).digest(arena.chunks());
    let golden = "5e46630643098f0aff785c8c029d18194cd80d7638181e89e37fb8e7da803260";
    assert_eq!((layout.chunks(), digest.to_string().as_str()), (121, golden));
}

#[test]
fn the_root_over_numbered_chunks_is_golden() {
    let chunks: Vec<Chunk> = (0..1_000u32).map(|chunk| Chunk([(chunk % 251) as u8; 256])).collect();
    let golden = "926b8280697fc0026cb022f60e3c7c9c2be1df78c3bedbc6124822237237c690";
    assert_eq!(StateTree::new(&chunks).root().to_string(), golden);
}

/// Commands of every weight, auctions included, so that few and many chunks change.
fn next_command(desk: &mut Desk, row: &mut Row, client: u64) -> Vec<u64> {
    fn words<C: CommandRecord>(record: &C) -> Vec<u64> {
        bytemuck::pod_collect_to_vec(bytemuck::bytes_of(record))
    }
    let (instrument, operator) = (desk.instrument, SessionId::operator(0));
    let side = if row.below(2) == 0 { Side::Buy } else { Side::Sell };
    let price = 1_000 + row.below(50).cast_signed() as i64;
    match row.below(40) {
        0..25 => words(&desk.limit(client, side, price, 1 + row.below(9).cast_signed() as i64)),
        25..37 => words(&desk.cancel(ClientOrderId(client.saturating_sub(row.below(60) as u64)))),
        37 => vec![row.below(1_000) as u64; row.below(9)],
        38 => words(&SetTradingState::new((operator, desk.next_operator()), instrument, TradingState::Auction)),
        _ => {
            let header = Uncross::new_header(operator, desk.next_operator(), AccountId::NONE);
            words(&Uncross { header, instrument, price: PriceTicks(0), priced: 0, reserved: [0; 7] })
        }
    }
}

#[test]
fn kept_up_to_date_is_from_scratch_after_every_command() {
    let genesis = genesis(300);
    let (layout, mut arena) = (Layout::of(&genesis), crate::venue::arena(&genesis));
    let mut marks = vec![0; layout.chunks()];
    let mut tree = StateTree::new(arena.chunks());
    let mut engine = Engine::genesis(arena.chunks_mut(), Dirty(&mut marks), &genesis).expect("valid");
    let mut desk = Desk::open(&mut engine);
    let mut row = Row(6);
    let mut most = 0;
    for client in 1..=2_000 {
        let mut engine = Engine::attach_as(&layout, arena.chunks_mut(), Dirty(&mut marks)).expect("its own state");
        let words = next_command(&mut desk, &mut row, client);
        send(&mut engine, RawCommand::new(&words));
        let before = tree.root();
        most = most.max(tree.update(arena.chunks(), &mut marks));
        assert_ne!(tree.root(), before, "a command was counted, whatever it was");
        assert_eq!(tree.root(), StateTree::new(arena.chunks()).root(), "command {client}");
        if client % 100 == 0 {
            assert_eq!(tree.digest(arena.chunks()), naive::state_digest(arena.chunks()), "command {client}");
        }
    }
    assert!(most > 30, "{most} chunks at most: nothing large happened");
}

#[test]
fn paths_lead_to_the_root() {
    for size in SIZES {
        let chunks = chunks(size);
        let tree = StateTree::new(&chunks);
        for (index, chunk) in chunks.iter().enumerate() {
            let path = tree.prove(&chunks, index).path;
            assert_eq!(path.root(chunk), Ok(tree.root()));
            let elsewhere = ChunkPath { index: path.index ^ 1, ..path.clone() };
            let is_elsewhere = size > 1 && chunks.get(index ^ 1) != Some(chunk);
            assert!(!is_elsewhere || elsewhere.root(chunk) != Ok(tree.root()), "{index} of {size}");
            // A number of chunks that makes the tree lower or higher needs another number of siblings.
            for chunks in [path.chunks.next_power_of_two() * 2, path.chunks.next_power_of_two() / 2, u64::MAX, 0] {
                assert!(ChunkPath { chunks, ..path.clone() }.root(chunk).is_err());
            }
        }
    }
}

#[test]
fn proofs_of_every_chunk_verify_and_survive_bytes() {
    let (layout, arena) = small_arena();
    let chunks = arena.chunks();
    let tree = StateTree::new(chunks);
    let digest = tree.digest(chunks);
    for (index, chunk) in chunks.iter().enumerate() {
        let proof = tree.prove(chunks, index);
        assert_eq!(proof.verify(chunk, &digest), Ok(()), "chunk {index}");
        let bytes = proof.to_bytes();
        assert_eq!(bytes.len(), 280 + 32 * layout.chunks().next_power_of_two().ilog2() as usize);
        assert_eq!(ChunkProof::from_bytes(&bytes).as_ref(), Ok(&proof));
        for other in chunks.iter().filter(|other| *other != chunk) {
            assert_eq!(proof.verify(other, &digest), Err(ProofError::OtherState));
        }
        assert_eq!(proof.verify(chunk, &Hash256::default()), Err(ProofError::OtherState));
    }
}

/// Whatever verifies is true. Of two zero chunks side by side the proof of one becomes that of the other by one bit.
#[test]
fn every_flipped_bit_of_proof_or_chunk_is_found() {
    let (_, arena) = small_arena();
    let chunks = arena.chunks();
    let tree = StateTree::new(chunks);
    let digest = tree.digest(chunks);
    let verify = |bytes: &[u8], chunk: &Chunk| ChunkProof::from_bytes(bytes)?.verify(chunk, &digest);
    // All bits for the header, a chunk in the middle and the last one; every seventh for the others.
    for index in 0..chunks.len() {
        let is_thorough = [0, chunks.len() / 2, chunks.len() - 1].contains(&index);
        let step = if is_thorough { 1 } else { 7 };
        let (mut bytes, mut chunk) = (tree.prove(chunks, index).to_bytes(), chunks[index]);
        for bit in (index % step..bytes.len() * 8).step_by(step) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let is_twin =
                INDEX_BITS.contains(&bit) && chunks.get(index ^ (1 << (bit - INDEX_BITS.start))) == Some(&chunk);
            assert!(verify(&bytes, &chunk).is_err() || is_twin, "bit {bit} of the proof of {index}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for bit in (index % step..2_048).step_by(step) {
            chunk.0[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&bytes, &chunk), Err(ProofError::OtherState), "bit {bit} of chunk {index}");
            chunk.0[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(verify(&bytes, &chunk), Ok(()));
    }
}

#[test]
fn padding_is_no_chunk() {
    let (layout, arena) = small_arena();
    let chunks = arena.chunks();
    let count = layout.chunks();
    let width = count.next_power_of_two();
    assert!(width > count, "there is padding");
    let digest = StateTree::new(chunks).digest(chunks);
    // Whoever makes proofs may make a tree over the padding as well: its root is the same.
    let mut padded = chunks.to_vec();
    padded.resize(width, Chunk([0; 256]));
    let tree = StateTree::new(&padded);
    assert_eq!(tree.digest(&padded), digest);
    let proof = tree.prove(&padded, count);
    assert_eq!(proof.path.root(&padded[count]), Ok(tree.root()));
    let (needed, given) = (count as u64, width as u64);
    assert_eq!(proof.verify(&padded[count], &digest), Err(ProofError::WrongCount { needed, given }));
}

#[test]
fn what_is_no_proof_is_refused() {
    let (_, arena) = small_arena();
    let chunks = arena.chunks();
    let tree = StateTree::new(chunks);
    let digest = tree.digest(chunks);
    let proof = tree.prove(chunks, 1);
    let bytes = proof.to_bytes();
    for cut in 0..bytes.len() {
        assert_eq!(ChunkProof::from_bytes(&bytes[..cut]), Err(ProofError::Malformed));
    }
    assert_eq!(ChunkProof::from_bytes(&[&bytes[..], &[0; 32]].concat()), Err(ProofError::Malformed));
    let mut row = Row(8);
    for size in 0..700usize {
        let mut any: Vec<u8> = (0..size).map(|_| row.below(256) as u8).collect();
        // Random bytes that at least state their size and form.
        let known = [size as u8, (size >> 8) as u8, 0, 0, 1, 0, 0, 0];
        let _ = any.iter_mut().zip(known).map(|(byte, known)| *byte = known).count();
        assert!(ChunkProof::from_bytes(&any).is_err(), "{size}");
    }
    let needed = proof.path.siblings.len() as u32;
    for given in (0..needed as usize + 3).filter(|given| *given != needed as usize) {
        let mut other = proof.clone();
        other.path.siblings.resize(given, Hash256::default());
        let error = ProofError::WrongLength { needed, given };
        assert_eq!(other.verify(&chunks[1], &digest), Err(error));
        assert_eq!(ChunkProof::from_bytes(&other.to_bytes()), Err(error));
    }
    let mut other = proof.clone();
    other.path.index = proof.path.chunks;
    let error = ProofError::NoSuchChunk { index: proof.path.chunks, chunks: proof.path.chunks };
    assert_eq!(other.verify(&chunks[1], &digest), Err(error));
    assert_eq!(ChunkProof::from_bytes(&other.to_bytes()), Err(error));
}

/// A digest that somebody made of chunks that are no state proves nothing.
#[test]
fn a_header_of_no_state_is_refused() {
    let chunks = chunks(9);
    let tree = StateTree::new(&chunks);
    let refused = tree.prove(&chunks, 4).verify(&chunks[4], &tree.digest(&chunks));
    assert!(matches!(refused, Err(ProofError::Header(OpenError::Arena(_)))), "{refused:?}");
}

#[test]
#[should_panic(expected = "the chunks that it was made for")]
fn trees_of_other_sizes_are_not_compared() {
    let _ = StateTree::new(&chunks(3)).differing(&StateTree::new(&chunks(4))).count();
}
