//! `novate replay`: the state rebuilt from a journal, compared with what the journal states of it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::engine::Effort;
use novate_core::event::Event;
use novate_core::sink::EventSink;
use novate_core::units::Sequence;
use novate_journal::folder::Folder;
use novate_journal::format::names;
use novate_journal::format::payload::Seal;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{ChainError, Halt, Replay, ReplayError, Watch, verify_chain};
use novate_journal::snapshot::{self, SnapshotHeader};
use novate_journal::storage::Storage;
use novate_journal::verify::verify_before;
use novate_journal::{Damage, Fault, JournalError};
use serde::Serialize;

use super::Verdict;
use crate::cli::ReplayArgs;
use crate::error::Error;
use crate::input::progress_bar;
use crate::journal::{DamageObject, EndingObject, ResultObject, ending_text};
use crate::output::{Listing, Output, tell};

/// A block whose events differ, as JSON.
#[derive(Debug, Serialize)]
struct DifferenceObject {
    /// The first command of the block: the first that differs is this one or a later one up to `last_sequence`.
    first_sequence: u64,
    last_sequence: u64,
    expected: String,
    got: String,
}

/// The result as JSON.
#[derive(Serialize)]
struct ReplayObject {
    journal: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_snapshot: Option<u64>,
    #[serde(flatten)]
    ending: Option<EndingObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<DifferenceObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<DamageObject>,
    #[serde(flatten)]
    result: ResultObject,
}

/// What a replay came to.
pub(crate) struct Replayed {
    pub(crate) result: ResultObject,
    halt: Result<Halt, Error>,
    from_snapshot: Option<u64>,
    efforts: Option<Efforts>,
}

impl Replayed {
    /// The result, of a journal without damage, and what its commands did, if that was wanted.
    pub(crate) fn sound(self) -> Result<(ResultObject, Efforts), Error> {
        self.halt.map(|_| (self.result, self.efforts.unwrap_or_default()))
    }
}

/// What commands did of valuation and margin beside their own business, each of it apart.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Efforts {
    /// The sum of all commands: arrays, records, judged, looked.
    pub(crate) sums: [u64; 4],
    /// The most that one command did of each.
    pub(crate) most: [u32; 4],
}

impl Efforts {
    fn add(&mut self, effort: Effort) {
        let parts = [effort.arrays, effort.records, effort.judged, effort.looked];
        for ((sum, most), part) in self.sums.iter_mut().zip(&mut self.most).zip(parts) {
            *sum += u64::from(part);
            *most = (*most).max(part);
        }
    }
}

/// Shows how far reading has come, and adds efforts up where they are wanted.
struct Progress {
    bar: ProgressBar,
    efforts: Option<Efforts>,
}

impl EventSink for Progress {
    #[inline]
    fn emit(&mut self, _event: Event<'_>) {}
}

impl Watch for Progress {
    /// Nothing states the digest there yet that it could be compared with.
    fn wants_checkpoint(&self, _sequence: Sequence) -> bool {
        false
    }

    fn wants_efforts(&self) -> bool {
        self.efforts.is_some()
    }

    fn worked(&mut self, _sequence: Sequence, effort: Effort) {
        if let Some(efforts) = &mut self.efforts {
            efforts.add(effort);
        }
    }

    fn progress(&mut self, read: u64, all: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_length(all);
            self.bar.set_position(read);
        }
    }
}

/// Replays and prints the result.
pub(crate) fn replay(args: &ReplayArgs, json: bool) -> Result<Verdict, Error> {
    let storage = args.journal.storage();
    let to = args.to.map(Sequence);
    let wanted = Wanted { chain: !args.no_verify, efforts: false };
    let replayed = replay_journal(&storage, (args.from_snapshot, to), wanted)?;
    if let (Ok(Halt::End(ending)), Some(to)) = (&replayed.halt, to)
        && to.0 > replayed.result.sequence
    {
        let what = format!("sequence {to}: it ends at {}, {}", replayed.result.sequence, ending_text(ending));
        return Err(JournalError::Beyond { what }.into());
    }
    let journal = args.journal.journal.display().to_string();
    let printed = print(&journal, &replayed, json);
    // Damage is said even if nobody took the last good result.
    let halt = replayed.halt.map_err(|error| match error {
        Error::Journal(error) if printed.is_ok() => Error::Told(Box::new(error)),
        other => other,
    })?;
    printed?;
    Ok(if matches!(halt, Halt::Differs { .. }) { Verdict::Wrong } else { Verdict::Right })
}

fn print(journal: &str, replayed: &Replayed, json: bool) -> Result<(), Error> {
    let ending = match &replayed.halt {
        Ok(Halt::End(ending)) => Some(ending),
        _ => None,
    };
    let difference = difference_of(&replayed.halt);
    let damage = match &replayed.halt {
        Err(Error::Journal(error)) => DamageObject::of(journal, error),
        _ => None,
    };
    if let Some(ending @ Ending::Open { .. }) = ending {
        tell(format_args!("{journal}: {}", ending_text(ending)));
    }
    if let Some(DifferenceObject { first_sequence, last_sequence, expected, got }) = &difference {
        tell(format_args!(
            "{journal}: the events of commands {first_sequence} to {last_sequence} differ: the journal states \
             the digest {expected}, the replay comes to {got}"
        ));
    }
    let mut output = Output::new(json);
    let mut listing = Listing::new();
    listing.row("journal", &journal);
    if let Some(sequence) = replayed.from_snapshot {
        listing.row("from snapshot", &sequence);
    }
    replayed.result.list(&mut listing);
    if let Some(ending) = ending {
        listing.row("ending", &ending_text(ending));
    }
    output.json_line(&ReplayObject {
        journal: journal.to_owned(),
        from_snapshot: replayed.from_snapshot,
        ending: ending.map(EndingObject::from),
        difference,
        damage,
        result: replayed.result.clone(),
    });
    output.text_line(&listing.lines());
    output.write()
}

fn difference_of(halt: &Result<Halt, Error>) -> Option<DifferenceObject> {
    let Ok(Halt::Differs { seal, events_digest }) = halt else { return None };
    Some(DifferenceObject {
        first_sequence: seal.first_sequence,
        last_sequence: seal.last_sequence,
        expected: EventsDigest::from_bytes(seal.events_digest).to_string(),
        got: events_digest.to_string(),
    })
}

/// What a replay does beside replaying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The hash chain is verified, on a second thread.
    pub(crate) chain: bool,
    /// Efforts are added up, for which commands are applied one by one.
    pub(crate) efforts: bool,
}

/// Replays a journal.
///
/// # Errors
/// There is nothing that could be replayed. Damage on the way is in the result.
pub(crate) fn replay_journal(
    storage: &Arc<dyn Storage>,
    (from_snapshot, to): (bool, Option<Sequence>),
    wanted: Wanted,
) -> Result<Replayed, Error> {
    let start = Start::find(storage, from_snapshot, to)?;
    // The chain is waited for even where the replay stopped early: a difference in a block that was tampered with is damage,
    // whichever thread is the faster.
    let (replayed, chain) = thread::scope(|scope| {
        let chain = wanted.chain.then(|| scope.spawn(|| start.verify(to)));
        (start.replay(to, wanted.efforts), chain.map(thread::ScopedJoinHandle::join))
    });
    let replayed = replayed?;
    match chain {
        Some(Ok(Err(found))) if is_about_the_chain(&found.error) => {
            let ChainError { error, last_good } = *found;
            // A difference in what the chain has confirmed comes before what it has not.
            if matches!(&replayed.halt, Ok(Halt::Differs { seal, .. }) if seal.last_sequence <= last_good.0) {
                return Ok(replayed);
            }
            // The frames are whole, but not those that were written: only what the chain has confirmed counts.
            let good = start.replay(Some(last_good), wanted.efforts)?;
            Ok(Replayed { halt: Err(error.into()), ..good })
        }
        Some(Err(_)) => Err(Error::engine("verifying the hash chain", "the thread died")),
        // Whatever else is wrong, the replay has found too.
        _ => Ok(replayed),
    }
}

fn is_about_the_chain(error: &JournalError) -> bool {
    matches!(error, JournalError::Damaged(Damage { fault: Fault::Chain { .. }, .. }))
}

/// Where a replay begins.
struct Start<'s> {
    storage: &'s Arc<dyn Storage>,
    snapshot: Option<snapshot::Snapshot>,
}

impl<'s> Start<'s> {
    /// The newest snapshot at or before `to`, if one is wanted or if the journal's beginning was pruned.
    fn find(storage: &'s Arc<dyn Storage>, from_snapshot: bool, to: Option<Sequence>) -> Result<Self, Error> {
        let folder = Folder::read_to_gap(Arc::clone(storage))?;
        let is_pruned = folder.segments.first().is_some_and(|file| file.number > 1);
        if folder.segments.is_empty() || !from_snapshot && !is_pruned {
            return Ok(Self { storage, snapshot: None });
        }
        // Without any, a pruned journal has lost what it begins with.
        if let Some(place) = snapshot::beginning(&folder)? {
            verify_before(Arc::clone(storage), &place)?;
        }
        for &sequence in folder.snapshots.iter().rev().filter(|sequence| to.is_none_or(|to| **sequence <= to.0)) {
            let kept = snapshot::read(&**storage, sequence)?;
            // What lies behind a missing segment is not come to.
            if folder.gap.is_none_or(|gap| kept.header.place().position.segment < gap) {
                return Ok(Self { storage, snapshot: Some(kept) });
            }
        }
        if folder.gap.is_some() && !is_pruned {
            return Ok(Self { storage, snapshot: None });
        }
        let what = match to {
            Some(to) => format!("a snapshot at or before sequence {to}"),
            None => "a snapshot; take one with `novate snapshot`".to_owned(),
        };
        Err(JournalError::Beyond { what }.into())
    }

    fn reader(&self, chain: Chain) -> Result<Reader, JournalError> {
        match &self.snapshot {
            None => Reader::open(Arc::clone(self.storage), chain),
            Some(kept) => {
                let reader = open_at(self.storage, chain, &kept.header)?;
                let (expected, found) = (reader.genesis_hash(), Hash256(kept.header.genesis_hash));
                if found != expected {
                    let file = names::snapshot(kept.header.sequence);
                    return Err(JournalError::OtherGenesis { file, expected, found });
                }
                Ok(reader)
            }
        }
    }

    fn verify(&self, to: Option<Sequence>) -> Result<(), Box<ChainError>> {
        let opened = self.reader(Chain::Verified);
        let mut reader = opened.map_err(|error| Box::new(ChainError { error, last_good: Sequence::ZERO }))?;
        verify_chain(&mut reader, to)
    }

    fn replay(&self, to: Option<Sequence>, wants_efforts: bool) -> Result<Replayed, Error> {
        let begin = Instant::now();
        let reader = self.reader(Chain::Ignored)?;
        let mut replay = match &self.snapshot {
            None => Replay::from_genesis(reader)?,
            Some(kept) => Replay::from_state(kept.state()?, reader),
        };
        let mut progress = Progress { bar: progress_bar(), efforts: wants_efforts.then(Efforts::default) };
        let halt = replay.run(to, &mut progress).map_err(|error| match error {
            // A snapshot that does not fit to the journal is one of another.
            ReplayError::OutOfOrder(error) => Error::engine("replaying", error),
            other => Error::from(other),
        });
        progress.bar.finish_and_clear();
        if let Some(kept) = &self.snapshot
            && replay.commands() == 0
        {
            // No command, and so no seal, has confirmed the place where the snapshot says that it was taken.
            check_place(self.storage, &kept.header)?;
        }
        let elapsed: Duration = begin.elapsed();
        let ((sequence, events_digest), commands) = (replay.result()?, replay.commands());
        let digests = (events_digest, replay.state().digest());
        let result = ResultObject::new(sequence, digests, commands, elapsed);
        let from_snapshot = self.snapshot.as_ref().map(|kept| kept.header.sequence);
        Ok(Replayed { result, halt, from_snapshot, efforts: progress.efforts })
    }
}

/// A reader behind a snapshot's block. Where there is no such place, the snapshot is of a tail that is gone.
fn open_at(storage: &Arc<dyn Storage>, chain: Chain, header: &SnapshotHeader) -> Result<Reader, JournalError> {
    match Reader::open_at(Arc::clone(storage), chain, &header.place()) {
        Err(JournalError::Beyond { .. }) => {
            check_place(storage, header)?;
            Err(damaged_snapshot(header, Fault::Snapshot("the place where it was taken")))
        }
        other => other,
    }
}

/// Whether the journal has the block at whose end a snapshot says that it was taken.
fn check_place(storage: &Arc<dyn Storage>, header: &SnapshotHeader) -> Result<(), JournalError> {
    let place = header.place();
    let mut reader = Reader::open_near(Arc::clone(storage), place.sequence)?;
    while reader.position() < place.position && reader.next()?.is_some() {}
    let sealed = reader.walk().sealed.filter(|sealed| sealed.end == place.position);
    let is_its_block = |seal: &Seal| {
        (seal.block, seal.last_sequence, seal.events_digest) == (header.block, header.sequence, header.events_digest)
    };
    if sealed.is_some_and(|sealed| is_its_block(&sealed.seal)) {
        return Ok(());
    }
    let last = reader.sequence().0.0;
    let fault = if last < header.sequence {
        Fault::SnapshotBeyond { last }
    } else {
        Fault::Snapshot("it is not what the journal has at its block")
    };
    Err(damaged_snapshot(header, fault))
}

fn damaged_snapshot(header: &SnapshotHeader, fault: Fault) -> JournalError {
    Damage { file: names::snapshot(header.sequence), offset: 0, after_sequence: 0, fault }.into()
}
