//! The two threads beside the hot one, and a clean close.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use novate_core::digest::EventsDigest;

use super::flusher::{Flush, Flusher};
use super::open::Opened;
use super::preparer::Preparer;
use super::shared::{Poison, Shared};
use super::{AppendError, Writer};
use crate::chain::Link;
use crate::error::{JournalError, io as io_error};
use crate::folder::Folder;
use crate::format::control::Control;
use crate::format::names;
use crate::storage::Storage;

/// How long a flusher that makes every batch durable sleeps where nothing comes.
const NAP: Duration = Duration::from_micros(50);

/// How long a preparer sleeps while all segments are made. Two are ahead, and even small ones last longer; each awakening
/// takes a moment from whoever shares its core.
const PREPARER_NAP: Duration = Duration::from_millis(1);

/// How long a thread that makes every batch durable stays awake for the next one.
const WAKEFUL: Duration = Duration::from_millis(2);

/// What a clean close left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The last block and its chain value.
    pub link: Link,
    /// Segments of the journal, pruned ones included.
    pub segments: u32,
}

/// The threads that flush and that make segments ahead. They end when this is dropped; only
/// [`Background::close`] closes the journal.
pub struct Background {
    stop: Arc<AtomicBool>,
    flusher: Option<JoinHandle<Flusher>>,
    preparer: Option<JoinHandle<Preparer>>,
    storage: Arc<dyn Storage>,
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}

impl Opened {
    /// Starts the two threads.
    ///
    /// # Errors
    /// The system has no room for them.
    pub fn start(self) -> Result<(Writer, Background), JournalError> {
        let Self { writer, flusher, preparer, storage } = self;
        let stop = Arc::new(AtomicBool::new(false));
        let mut background = Background { stop: Arc::clone(&stop), flusher: None, preparer: None, storage };
        let (is_stopped, alarm) = (Arc::clone(&stop), Alarm::new(&flusher.shared, "the thread novate-flush"));
        let spawned = thread::Builder::new().name("novate-flush".into()).spawn(move || {
            let _alarm = alarm;
            flush(flusher, &is_stopped)
        });
        background.flusher = Some(spawned.map_err(io_error("starting a thread", "novate-flush"))?);
        let alarm = Alarm::new(&preparer.shared, "the thread novate-prepare");
        let spawned = thread::Builder::new().name("novate-prepare".into()).spawn(move || {
            let _alarm = alarm;
            prepare(preparer, &stop)
        });
        background.preparer = Some(spawned.map_err(io_error("starting a thread", "novate-prepare"))?);
        Ok((writer, background))
    }

    /// Closes the journal without having started threads; see [`Background::close`].
    ///
    /// # Errors
    /// As [`Background::close`].
    pub fn close(self, events_digest: EventsDigest) -> Result<Closed, JournalError> {
        let Self { writer, flusher, preparer, storage } = self;
        close(&*storage, writer, flusher, preparer.control(), events_digest)
    }
}

/// Poisons the writer when its thread panics: nothing would become durable any more, or no segment be made, and whoever
/// writes would not hear of it.
struct Alarm {
    shared: Arc<Shared>,
    thread: &'static str,
}

impl Alarm {
    fn new(shared: &Arc<Shared>, thread: &'static str) -> Self {
        Self { shared: Arc::clone(shared), thread }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            self.shared.set_poison(self.thread, "it panicked; keep its message");
        }
    }
}

/// Flushes at the policy's pace; ends when it is told to, or when nothing can be written any more.
fn flush(mut flusher: Flusher, stop: &AtomicBool) -> Flusher {
    let mut next = Instant::now();
    let mut last_done = next;
    while !stop.load(Ordering::Acquire) {
        let Some(milliseconds) = flusher.pace_ms() else {
            match flusher.step(Flush::All) {
                Ok(true) => last_done = Instant::now(),
                // Whoever waits for a batch waits for the end of a nap too, and naps are longer than they were asked for.
                Ok(false) if last_done.elapsed() < WAKEFUL => thread::yield_now(),
                Ok(false) => thread::sleep(NAP),
                // The writer knows.
                Err(_) => break,
            }
            continue;
        };
        let now = Instant::now();
        if now < next {
            thread::sleep((next - now).min(Duration::from_millis(10)));
            continue;
        }
        next = now + Duration::from_millis(milliseconds.into());
        let what = flusher.policy();
        if flusher.step(what).is_err() {
            break;
        }
    }
    flusher
}

fn prepare(mut preparer: Preparer, stop: &AtomicBool) -> Preparer {
    while !stop.load(Ordering::Acquire) {
        match preparer.step() {
            Ok(true) => {}
            Ok(false) => thread::sleep(PREPARER_NAP),
            Err(_) => break,
        }
    }
    preparer
}

impl Background {
    /// Closes the journal: seals the last block, makes everything durable, states the last chain value in an end frame, cuts
    /// the last segment to what is used and removes those that were made ahead. `events_digest` is the engine's after the last
    /// command.
    ///
    /// # Errors
    /// The writer was poisoned, or something failed now: the journal stays as a crash leaves it.
    pub fn close(mut self, writer: Writer, events_digest: EventsDigest) -> Result<Closed, JournalError> {
        self.stop.store(true, Ordering::Release);
        let flusher = joined(self.flusher.take())?;
        let preparer = joined(self.preparer.take())?;
        close(&*self.storage, writer, flusher, preparer.control(), events_digest)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.flusher.take().map(JoinHandle::join);
        let _ = self.preparer.take().map(JoinHandle::join);
    }
}

fn joined<T>(handle: Option<JoinHandle<T>>) -> Result<T, JournalError> {
    let died = || {
        let cause = std::io::Error::other("a thread of the writer died");
        JournalError::Io { doing: "closing", file: "the journal".to_owned(), cause }
    };
    handle.ok_or_else(died)?.join().map_err(|_| died())
}

fn close(
    storage: &dyn Storage,
    mut writer: Writer,
    mut flusher: Flusher,
    control: Control,
    events_digest: EventsDigest,
) -> Result<Closed, JournalError> {
    let failed = |poison: Poison| JournalError::Io {
        doing: poison.doing,
        file: "the journal".to_owned(),
        cause: std::io::Error::other(poison.cause),
    };
    if let Err(AppendError::Poisoned(poison)) = writer.seal(events_digest) {
        return Err(failed(poison));
    }
    flusher.step(Flush::All).map_err(failed)?;
    let link = flusher.chain();
    writer.end(link.value);
    flusher.step(Flush::All).map_err(failed)?;
    let (end, name) = (writer.position(), names::segment(writer.segment));
    storage.truncate(&name, end.offset.into()).map_err(io_error("cutting", name.as_str()))?;
    // Where the disk is full, this makes the room that the control file takes.
    remove_spares(storage)?;
    // The control file before segments are removed, so that none is missing at any moment.
    let closed = Control::new(control.epoch, control.oldest_segment, end.segment, control.genesis_hash);
    Folder::write_control(storage, &closed).map_err(io_error("writing", names::CONTROL))?;
    for number in (end.segment + 1..=control.newest_segment).rev() {
        let name = names::segment(number);
        storage.remove(&name).map_err(io_error("removing", name.as_str()))?;
    }
    storage.sync_names().map_err(io_error("removing files in", storage.name()))?;
    Ok(Closed { link, segments: end.segment })
}

/// Removes what was kept as room for segments. Other files that are not finished are other people's: a snapshot that is
/// being taken.
fn remove_spares(storage: &dyn Storage) -> Result<(), JournalError> {
    let entries = storage.list().map_err(io_error("reading the folder", storage.name()))?;
    let is_spare = |name: &str| {
        let finished = name.strip_suffix(names::TEMPORARY).map(names::parse);
        matches!(finished, Some(names::Named::Segment(_)))
    };
    for entry in entries.into_iter().filter(|entry| is_spare(&entry.name)) {
        storage.remove(&entry.name).map_err(io_error("removing", entry.name.as_str()))?;
    }
    Ok(())
}
