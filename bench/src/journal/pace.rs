//! How long single appends take at a steady pace while a flusher works, beside bare stores while another does the same.
//!
//! The pace is an open loop: what is late makes what follows it late, and every time counts from when it was meant to begin,
//! so that nothing is left out. A reading of the clock is in each of them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use novate_core::digest::EventsDigest;
use novate_journal::storage::{Scratch, Storage};
use novate_journal::writer::{Durability, Settings, create};

use super::append::{append, genesis, hash_of_orders, order};
use super::bare::{RECORD_BYTES, RECORD_WORDS, holds, store};
use super::place::{Empty, Place};
use super::story::{BLOCK_COMMANDS, read_back};
use super::{Contestant, Duel, Goal, Run};
use crate::machine::work_beside;
use crate::open_loop::{OpenLoop, histogram};

/// Paces: commands a second, and how many of them.
const PACES: [(u64, usize); 2] = [(1_000_000, 1_000_000), (4_000_000, 1_000_000)];
/// How many of them in a quick run.
const QUICK_COMMANDS: usize = 20_000;
/// How often bytes are made durable, in milliseconds.
const INTERVAL_MS: u32 = 1;
/// Bytes of a page.
const PAGE: usize = 4_096;

pub(super) fn duels(place: &Place) -> Vec<Duel> {
    let cores = place.cores();
    let of_pace = |(index, (a_second, commands)): (usize, (u64, usize))| {
        let commands = if place.is_quick() { QUICK_COMMANDS } else { commands };
        let beats = Pace { rate: a_second, commands, cores };
        let (journal, bare) = (place.folder(&format!("journal-{index}")), place.folder(&format!("bare-{index}")));
        Duel {
            unit: format!("99th percentile at {a_second} a second"),
            units: 1,
            goal: Goal::Ratio(2.0),
            note: "one segment made ahead; flushed every millisecond on another core; times count from when an append was \
                   meant to begin",
            subject: Box::new(Append { folder: journal, pace: beats }),
            peer: Box::new(BareStores { folder: bare, pace: beats }),
        }
    };
    PACES.into_iter().enumerate().map(of_pace).collect()
}

/// How fast and how many.
#[derive(Clone, Copy)]
struct Pace {
    /// Beats a second.
    rate: u64,
    commands: usize,
    cores: Option<(usize, usize)>,
}

impl Pace {
    /// Bytes of a segment or mapping that takes them all, with room for seals.
    fn bytes(self) -> usize {
        (self.commands * RECORD_BYTES / 64 * 65 + 16 * PAGE).next_multiple_of(PAGE)
    }

    /// Does something at each beat, which are counted from 1, and returns the 99th percentile.
    fn keep(self, mut step: impl FnMut(u64) -> io::Result<()>) -> io::Result<Duration> {
        let mut histogram = histogram()?;
        let open_loop = OpenLoop::new(self.rate);
        for beat in 1..=self.commands as u64 {
            let intended = open_loop.wait_for(beat);
            step(beat)?;
            histogram.saturating_record(open_loop.now() - intended);
        }
        Ok(Duration::from_nanos(histogram.value_at_quantile(0.99)))
    }
}

struct Append {
    folder: Empty,
    pace: Pace,
}

impl Contestant for Append {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let storage: Arc<dyn Storage> = self.folder.storage();
        let settings =
            Settings { segment_bytes: self.pace.bytes() as u32, durability: Durability::Interval(INTERVAL_MS) };
        let mut opened = create(Arc::clone(&storage), &genesis(), settings).map_err(io::Error::other)?;
        while opened.preparer.step().map_err(io::Error::other)? {}
        let (mut writer, background) = work_beside(self.pace.cores, || opened.start()).map_err(io::Error::other)?;
        let elapsed = self.pace.keep(|sequence| {
            append(&mut writer, sequence, &order(sequence)).map_err(io::Error::other)?;
            if sequence % BLOCK_COMMANDS as u64 == 0 {
                writer.seal(EventsDigest::default()).map_err(io::Error::other)?;
            }
            Ok(())
        })?;
        background.close(writer, EventsDigest::default()).map_err(io::Error::other)?;
        let hash = read_back(storage)?;
        let is_right = hash == hash_of_orders(self.pace.commands);
        Ok(Run { elapsed, hash, is_right })
    }
}

struct BareStores {
    folder: Empty,
    pace: Pace,
}

impl Contestant for BareStores {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let scratch = Arc::new(self.folder.storage().scratch(self.pace.bytes() as u64)?);
        let written = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let flusher = work_beside(self.pace.cores, || {
            let (scratch, written, stop) = (Arc::clone(&scratch), Arc::clone(&written), Arc::clone(&stop));
            thread::Builder::new().spawn(move || flush(&scratch, &written, &stop))
        })?;
        let elapsed = self.pace.keep(|record| {
            let at = (record as usize - 1) * RECORD_WORDS;
            store(&scratch.words()[at..at + RECORD_WORDS], record);
            written.store(record as usize * RECORD_BYTES, Ordering::Release);
            Ok(())
        });
        stop.store(true, Ordering::Release);
        flusher.join().map_err(|_| io::Error::other("the flushing thread died"))??;
        let is_right = holds(&scratch.words()[..self.pace.commands * RECORD_WORDS], 1);
        Ok(Run { elapsed: elapsed?, hash: self.pace.commands.to_string(), is_right })
    }
}

/// Makes full pages durable every millisecond, as a journal's flusher does.
fn flush(scratch: &Scratch, written: &AtomicUsize, stop: &AtomicBool) -> io::Result<()> {
    let (mut flushed, mut next) = (0, Instant::now());
    while !stop.load(Ordering::Acquire) {
        let now = Instant::now();
        if now < next {
            thread::sleep(next - now);
            continue;
        }
        next = now + Duration::from_millis(INTERVAL_MS.into());
        let end = written.load(Ordering::Acquire) & !(PAGE - 1);
        if end > flushed {
            scratch.sync(flushed, end)?;
            flushed = end;
        }
    }
    Ok(())
}
