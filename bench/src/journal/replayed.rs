//! Replaying a journal of flow A that is in the page cache, beside the same commands from memory.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use novate_core::digest::EventsDigest;
use novate_core::genesis::Genesis;
use novate_core::sink::Discard;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::{Halt, Replay};
use novate_journal::state::State;
use novate_journal::storage::Storage;

use super::place::{Empty, Place};
use super::story::{NoJournal, feed, set_up, write};
use super::{Contestant, Duel, Goal, Run};
use crate::compare;
use crate::novate::Told;
use crate::records::Records;
use crate::workload::Flow;

pub(super) fn duel(place: &Place) -> io::Result<Duel> {
    let told = Told::of(&Flow::generate(compare::Case::A.spec(place.is_quick())))?;
    let folder = place.folder("journal");
    folder.anew()?;
    let mut all = set_up();
    all.extend(told.prefill.iter().chain(told.measured.iter()));
    let (opened, expected) = write(folder.storage(), &told.genesis, &[&all])?;
    opened.close(expected).map_err(io::Error::other)?;
    Ok(Duel {
        unit: "command".to_owned(),
        units: all.len(),
        goal: Goal::Ratio(1.25),
        note: "the hash chain is not computed; both mark what they change, and nobody hears the events",
        subject: Box::new(Replayed { folder, expected }),
        peer: Box::new(FromMemory { genesis: told.genesis, all, expected }),
    })
}

/// Every command of the journal on the disk.
struct Replayed {
    folder: Empty,
    expected: EventsDigest,
}

impl Contestant for Replayed {
    fn run(&mut self) -> io::Result<Run> {
        let storage: Arc<dyn Storage> = self.folder.storage();
        let reader = Reader::open(storage, Chain::Ignored).map_err(io::Error::other)?;
        let mut replay = Replay::from_genesis(reader).map_err(io::Error::other)?;
        let start = Instant::now();
        let halt = replay.run(None, &mut Discard).map_err(io::Error::other)?;
        let elapsed = start.elapsed();
        let digest = replay.result().map_err(io::Error::other)?.1;
        let is_right = matches!(halt, Halt::End(_)) && digest == self.expected;
        Ok(Run { elapsed, hash: digest.to_string(), is_right })
    }
}

/// The same commands in the same batches on the same kind of state.
struct FromMemory {
    genesis: Genesis,
    all: Records,
    expected: EventsDigest,
}

impl Contestant for FromMemory {
    fn run(&mut self) -> io::Result<Run> {
        let mut state = State::genesis(&self.genesis).map_err(io::Error::other)?;
        let mut engine = state.attach().map_err(io::Error::other)?;
        let elapsed = feed(&mut engine, &self.all, &mut Discard, &mut NoJournal)?;
        let digest = engine.events_digest();
        Ok(Run { elapsed, hash: digest.to_string(), is_right: digest == self.expected })
    }
}
