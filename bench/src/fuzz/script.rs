//! The commands of an episode, made before they are written to a journal.

use novate_core::arena::{Arena, Marks, Untracked};
use novate_core::command::{Checkpoint, CommandRecord, RawCommand};
use novate_core::digest::EventsDigest;
use novate_core::engine::Engine;
use novate_core::event::OwnedEvent;
use novate_core::genesis::Genesis;
use novate_core::ids::{AccountId, SessionId};
use novate_core::units::{Sequence, TimeNs};
use novate_journal::format::frame::PAYLOAD_MAX;

use super::{Coverage, Generator, World};

/// The commands of an episode, and the digest of all events after each; the first digest is that of no events.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) genesis: Genesis,
    pub(super) commands: Vec<(TimeNs, Vec<u64>)>,
    pub(super) digests: Vec<EventsDigest>,
    /// What all of it said.
    pub(super) coverage: Coverage,
    /// What was under way at checkpoints.
    pub(super) midway: Midway,
}

/// Checkpoints, by what was under way: a snapshot of each is one in the middle of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Midway {
    /// Where margin is checked.
    pub margined: u64,
    /// Of these, within a pass.
    pub in_pass: u64,
    /// Within a turn over the accounts.
    pub in_sweep: u64,
    /// While an account was added up in part.
    pub in_account: u64,
}

impl Midway {
    /// Counts others' besides.
    pub(super) fn add(&mut self, others: &Self) {
        let Self { margined, in_pass, in_sweep, in_account } = others;
        self.margined += margined;
        self.in_pass += in_pass;
        self.in_sweep += in_sweep;
        self.in_account += in_account;
    }

    /// Counts a checkpoint that is just done.
    fn count<M: Marks>(&mut self, engine: &Engine<'_, M>, world: &World) {
        if !world.genesis.is_margined() {
            return;
        }
        let under_way = engine.under_way();
        let portfolios = world.accounts.iter().flat_map(|(account, _)| {
            world.underlyings.iter().filter_map(|known| engine.portfolio(*account, known.underlying))
        });
        self.margined += 1;
        self.in_pass += u64::from(under_way.pass.is_some());
        self.in_sweep += u64::from(under_way.turn_left > 0);
        self.in_account += u64::from(portfolios.into_iter().any(|portfolio| portfolio.is_begun));
    }
}

impl Script {
    /// What the generator makes of a seed, with a checkpoint every so many commands, and without commands that are too long for a frame.
    pub(super) fn new(seed: u64, count: u32, checkpoint_every: usize) -> Result<Self, String> {
        let mut generator = Generator::mixed(seed);
        let genesis = generator.world().genesis;
        let mut arena = Arena::for_genesis(&genesis).map_err(|error| error.to_string())?;
        let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(|error| error.to_string())?;
        let mut script = Self {
            genesis,
            commands: Vec::new(),
            digests: vec![EventsDigest::default()],
            coverage: Coverage::default(),
            midway: Midway::default(),
        };
        while script.commands.len() < count as usize {
            let is_checkpoint = script.commands.len() % checkpoint_every == checkpoint_every - 1;
            let (time, words) =
                if is_checkpoint { (engine.time(), checkpoint(&engine)) } else { generator.next_command(&engine) };
            if words.len() > PAYLOAD_MAX / 8 {
                continue;
            }
            let mut said: Vec<OwnedEvent> = Vec::new();
            let sequence = Sequence(script.commands.len() as u64 + 1);
            engine.apply(sequence, time, RawCommand::new(&words), &mut said).map_err(|error| error.to_string())?;
            for event in &said {
                generator.learn(&event.view());
                script.coverage.count(&event.view());
            }
            if is_checkpoint {
                script.midway.count(&engine, generator.world());
            }
            script.commands.push((time, words));
            script.digests.push(engine.events_digest());
        }
        Ok(script)
    }
}

/// The sequencer's next command.
fn checkpoint<M: Marks>(engine: &Engine<'_, M>) -> Vec<u64> {
    let session = SessionId::sequencer(engine.genesis_config().shard());
    let last = engine.session(session).map_or(0, |session| session.last_session_sequence);
    let header = Checkpoint::new_header(session, last + 1, AccountId::NONE);
    bytemuck::cast_slice(&[Checkpoint { header }]).to_vec()
}
