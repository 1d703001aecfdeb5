//! The engine's loop on flow A with a journal, beside the same loop without.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use novate_core::arena::{Chunk, Layout, Untracked};
use novate_core::digest::EventsDigest;
use novate_core::engine::{Engine, Sequenced};
use novate_journal::mapping::AnonymousMapping;
use novate_journal::storage::Storage;

use super::bare::Mappings;
use super::place::{Empty, Place};
use super::story::{Journaled, Keep, feed, hash_of, read_back, set_up};
use super::{Contestant, Duel, Goal, Run};
use crate::compare;
use crate::novate::{EventRing, Told};
use crate::workload::{Flow, Rules, Tally};

pub(super) fn duel(place: &Place) -> io::Result<Duel> {
    let flow = Flow::generate(compare::Case::A.spec(place.is_quick()));
    let told = Rc::new(Told::of(&flow)?);
    let tally = flow.expected(Rules::NOVATE, u64::from).tally;
    let expected = hash_of(&[&set_up(), &told.prefill, &told.measured]);
    let units = told.measured.len();
    let with_journal = Looped::new(Rc::clone(&told), tally, place.folder("journal"), Some(expected))?;
    let without = Looped::new(told, tally, place.folder("bare"), None)?;
    Ok(Duel {
        unit: "command".to_owned(),
        units,
        goal: Goal::Added(6.0),
        note: "flow A in batches of 64, each appended before it is applied; sealed every 1,024 commands",
        subject: Box::new(with_journal),
        peer: Box::new(without),
    })
}

/// The loop, with a journal if there is a hash of what it is to hold.
struct Looped {
    told: Rc<Told>,
    tally: Tally,
    memory: AnonymousMapping,
    events: EventRing,
    folder: Empty,
    journal: Option<String>,
}

impl Looped {
    fn new(told: Rc<Told>, tally: Tally, folder: Empty, journal: Option<String>) -> io::Result<Self> {
        let memory = AnonymousMapping::new(Layout::of(&told.genesis).bytes())?;
        Ok(Self { told, tally, memory, events: EventRing::new(), folder, journal })
    }

    /// Sets up and fills the book, then executes the measured commands.
    fn execute(&mut self, keep: &mut impl Keep) -> io::Result<Run> {
        let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(self.memory.as_bytes_mut());
        let mut engine = Engine::genesis(chunks, Untracked, &self.told.genesis).map_err(io::Error::other)?;
        feed(&mut engine, &set_up(), &mut self.events, keep)?;
        feed(&mut engine, &self.told.prefill, &mut self.events, keep)?;
        self.events.tally = Tally::default();
        let elapsed = feed(&mut engine, &self.told.measured, &mut self.events, keep)?;
        Ok(Run { elapsed, hash: engine.events_digest().to_string(), is_right: self.events.tally == self.tally })
    }
}

impl Contestant for Looped {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let Some(expected) = self.journal.clone() else {
            let mut without = Without(Mappings::new((*self.folder.storage()).clone()));
            return self.execute(&mut without);
        };
        let storage: Arc<dyn Storage> = self.folder.storage();
        let mut journaled = Journaled::create(Arc::clone(&storage), &self.told.genesis)?;
        let run = self.execute(&mut journaled)?;
        drop(journaled);
        let is_kept = read_back(storage)? == expected;
        Ok(Run { is_right: run.is_right && is_kept, ..run })
    }
}

/// No journal; but in the pauses as much memory is made and filled as a journal's segment takes, so that the caches are as
/// cold behind them.
struct Without(Mappings);

impl Keep for Without {
    #[inline(always)]
    fn before(&mut self, _batch: &[Sequenced<'_>], _digest: EventsDigest) -> io::Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn after(&mut self, _batch: &[Sequenced<'_>], _digest: EventsDigest) -> io::Result<()> {
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        self.0.prepare()?;
        self.0.next().map(drop)
    }
}
