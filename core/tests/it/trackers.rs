//! Trackers see what changes, and memory that was left can be gone on with.

use novate_core::arena::{ArenaError, Chunk, Dirty, Layout, Untracked};
use novate_core::command::Command;
use novate_core::engine::{Engine, OpenError};
use novate_core::genesis::Genesis;
use novate_core::ids::ClientOrderId;
use novate_core::terms::Side;

use crate::venue::{Desk, arena, engine, genesis, send};

#[test]
fn every_changed_chunk_is_marked_dirty() {
    let genesis = genesis(200);
    let (mut tracked, mut plain) = (arena(&genesis), arena(&genesis));
    let mut marks = vec![0u8; tracked.chunks().len()];
    let desk = {
        let mut engine = Engine::genesis(tracked.chunks_mut(), Dirty(&mut marks), &genesis).expect("valid");
        Desk::open(&mut engine)
    };
    let mut plain_engine = engine(&mut plain, &genesis);
    Desk::open(&mut plain_engine);
    let mut desk = desk;
    for step in 0..600u64 {
        let before: Vec<Chunk> = tracked.chunks().to_vec();
        marks.fill(0);
        let client = step % 150 + 1;
        {
            let mut engine = Engine::attach(tracked.chunks_mut(), Dirty(&mut marks)).expect("its own state");
            let price = 100 + i64::try_from(step % 37).unwrap_or(0);
            if step % 3 == 2 {
                let cancel = desk.cancel(ClientOrderId(client - 1));
                send(&mut engine, Command::from(&cancel));
                send(&mut plain_engine, Command::from(&cancel));
            } else {
                let side = if step % 2 == 0 { Side::Buy } else { Side::Sell };
                let order = desk.limit(client, side, price, 3);
                send(&mut engine, Command::from(&order));
                send(&mut plain_engine, Command::from(&order));
            }
        }
        for (chunk, mark) in marks.iter().enumerate() {
            assert!(*mark == 1 || tracked.chunks()[chunk] == before[chunk], "chunk {chunk} at step {step}");
        }
    }
    assert!(plain.chunks() == tracked.chunks());
}

#[test]
fn memory_that_holds_no_state_is_refused() {
    let genesis = genesis(10);
    let mut arena = arena(&genesis);
    let refused = Engine::attach(arena.chunks_mut(), Untracked).map(|_| ());
    assert_eq!(refused, Err(OpenError::Arena(ArenaError::NoState)));
    let _ = engine(&mut arena, &genesis);
    assert!(Engine::attach(arena.chunks_mut(), Untracked).is_ok());
    let (needed, given) = (arena.chunks().len(), arena.chunks().len() - 1);
    let short = Engine::attach(&mut arena.chunks_mut()[..given], Untracked).map(|_| ());
    assert_eq!(short, Err(OpenError::Arena(ArenaError::WrongSize { needed, given })));
    let mut marks = vec![0u8; 3];
    let few = Engine::attach(arena.chunks_mut(), Dirty(&mut marks)).map(|_| ());
    assert_eq!(few, Err(OpenError::Arena(ArenaError::MarksTooShort { needed })));
    arena.chunks_mut()[0].0[100] ^= 1;
    assert!(Engine::attach(arena.chunks_mut(), Untracked).is_err());
    let unusable = Engine::genesis(&mut [], Untracked, &Genesis { max_steps: 1, ..genesis }).map(|_| ());
    assert!(matches!(unusable, Err(OpenError::Genesis(_))));
}

#[test]
fn attaching_with_a_known_layout_checks_the_same() {
    let genesis = genesis(10);
    let layout = Layout::of(&genesis);
    let mut arena = arena(&genesis);
    let attach_as = |layout: &Layout, chunks: &mut [Chunk]| Engine::attach_as(layout, chunks, Untracked).map(|_| ());
    assert_eq!(attach_as(&layout, &mut []), Err(OpenError::Arena(ArenaError::NoState)));
    assert_eq!(attach_as(&layout, arena.chunks_mut()), Err(OpenError::Arena(ArenaError::NoState)));
    let _ = engine(&mut arena, &genesis);
    assert_eq!(attach_as(&layout, arena.chunks_mut()), Ok(()));
    let other = Layout::of(&Genesis { index_seed: genesis.index_seed + 1, ..genesis });
    assert_eq!(other.hash(), layout.hash());
    assert_eq!(attach_as(&other, arena.chunks_mut()), Err(OpenError::Arena(ArenaError::OtherLayout)));
    // Whatever bit of the header's genesis and names has flipped, both refuse, and for the same reason.
    let begins = arena.chunks()[0].0.windows(32).position(|bytes| bytes == layout.genesis_hash().0).expect("in there");
    let ends = begins + 64 + size_of::<Genesis>();
    for bit in begins * 8..ends * 8 {
        arena.chunks_mut()[0].0[bit / 8] ^= 1 << (bit % 8);
        let refused = Engine::attach(arena.chunks_mut(), Untracked).map(|_| ());
        assert!(refused.is_err(), "bit {bit}");
        assert_eq!(attach_as(&layout, arena.chunks_mut()), refused, "bit {bit}");
        arena.chunks_mut()[0].0[bit / 8] ^= 1 << (bit % 8);
    }
    let (needed, given) = (arena.chunks().len(), arena.chunks().len() - 1);
    let short = attach_as(&layout, &mut arena.chunks_mut()[..given]);
    assert_eq!(short, Err(OpenError::Arena(ArenaError::WrongSize { needed, given })));
}

#[test]
fn tables_are_the_arena() {
    let genesis = genesis(50);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let order = desk.limit(1, Side::Buy, 5, 1);
    send(&mut engine, Command::from(&order));
    let mut bytes = Vec::new();
    for table in engine.tables() {
        bytes.extend_from_slice(table);
        bytes.resize(bytes.len().next_multiple_of(256), 0);
    }
    assert!(bytes == bytemuck::cast_slice::<Chunk, u8>(arena.chunks()));
}
