//! Appending commands, beside bare stores of as many bytes: both over segments of 16 MiB that are there, mapped and touched.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use novate_core::command::NewOrder;
use novate_core::digest::EventsDigest;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::terms::Side;
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};
use novate_journal::storage::Storage;
use novate_journal::writer::{AppendError, Writer};

use super::bare::{Mappings, RECORD_WORDS, holds, store};
use super::place::{Empty, Place};
use super::story::{BLOCK_COMMANDS, Fold, Journaled, Keep, PAUSE_BLOCKS, read_back};
use super::{Contestant, Duel, Goal, Run};
use crate::novate::COMMAND_INTERVAL_NS;

/// Pauses in a run, between which there is about a segment.
const PAUSES: usize = 16;

pub(super) fn duel(place: &Place) -> Duel {
    let pauses = if place.is_quick() { 1 } else { PAUSES };
    let (journal, files) = (place.folder("journal"), place.folder("bare"));
    Duel {
        unit: "command".to_owned(),
        units: pauses * PAUSE_BLOCKS * BLOCK_COMMANDS,
        goal: Goal::Ratio(1.5),
        note: "a frame of 128 bytes with its checksum, beside 16 words that are known without reading",
        subject: Box::new(Append { folder: journal, pauses }),
        peer: Box::new(BareStores { folder: files, pauses }),
    }
}

/// A configuration for journals whose commands nobody applies.
pub(super) fn genesis() -> Genesis {
    Genesis::new(0, 1, Capacities::for_orders(1_000))
}

/// An order that is no other's; its record has 80 bytes, its frame 128.
pub(super) fn order(sequence: u64) -> NewOrder {
    let submitter = (SessionId::operator(1), sequence, AccountId::NONE);
    let (price, quantity) = (PriceTicks(sequence.cast_signed()), QuantityLots(1 + sequence.cast_signed() % 100));
    NewOrder::limit(submitter, InstrumentId::default(), ClientOrderId(sequence), Side::Buy, price, quantity)
}

/// The time at which a command is appended.
pub(super) fn time_of(sequence: u64) -> TimeNs {
    TimeNs(sequence * COMMAND_INTERVAL_NS)
}

/// The hash of so many orders.
pub(super) fn hash_of_orders(count: usize) -> String {
    let mut fold = Fold::default();
    for sequence in 1..=count as u64 {
        fold.take(bytemuck::cast_slice(&[order(sequence)]));
    }
    fold.finish()
}

/// Appends, and seals where the segment is at its end.
#[inline(always)]
pub(super) fn append(writer: &mut Writer, sequence: u64, order: &NewOrder) -> Result<(), AppendError> {
    match writer.append(Sequence(sequence), time_of(sequence), order) {
        Err(AppendError::SealFirst) => {
            writer.seal(EventsDigest::default())?;
            writer.append(Sequence(sequence), time_of(sequence), order)
        }
        other => other,
    }
}

struct Append {
    folder: Empty,
    pauses: usize,
}

impl Contestant for Append {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let storage: Arc<dyn Storage> = self.folder.storage();
        let mut journaled = Journaled::create(Arc::clone(&storage), &genesis())?;
        let (mut sequence, mut elapsed) = (0, Duration::ZERO);
        let mut orders = Vec::with_capacity(BLOCK_COMMANDS);
        for _ in 0..self.pauses {
            journaled.pause()?;
            let writer = &mut journaled.opened.writer;
            for _ in 0..PAUSE_BLOCKS {
                orders.clear();
                orders.extend((sequence + 1..).take(BLOCK_COMMANDS).map(order));
                let start = Instant::now();
                for order in &orders {
                    sequence += 1;
                    append(writer, sequence, order).map_err(io::Error::other)?;
                }
                elapsed += start.elapsed();
                writer.seal(EventsDigest::default()).map_err(io::Error::other)?;
            }
        }
        drop(journaled);
        let hash = read_back(storage)?;
        let is_right = hash == hash_of_orders(sequence as usize);
        Ok(Run { elapsed, hash, is_right })
    }
}

struct BareStores {
    folder: Empty,
    pauses: usize,
}

impl Contestant for BareStores {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let mut mappings = Mappings::new((*self.folder.storage()).clone());
        mappings.prepare()?;
        let (mut full, mut current, mut at) = (Vec::new(), mappings.next()?, 0);
        let (mut record, mut elapsed) = (0_u64, Duration::ZERO);
        for _ in 0..self.pauses {
            mappings.prepare()?;
            for _ in 0..PAUSE_BLOCKS {
                let start = Instant::now();
                for _ in 0..BLOCK_COMMANDS {
                    let words = if let Some(words) = current.words().get(at..at + RECORD_WORDS) {
                        words
                    } else {
                        full.push(std::mem::replace(&mut current, mappings.next()?));
                        at = 0;
                        &current.words()[..RECORD_WORDS]
                    };
                    store(words, record);
                    (record, at) = (record + 1, at + RECORD_WORDS);
                }
                elapsed += start.elapsed();
            }
        }
        let records_in_one = (current.words().len() / RECORD_WORDS) as u64;
        let firsts = (0..).step_by(records_in_one as usize);
        let is_right = full.iter().zip(firsts.clone()).all(|(mapping, first)| holds(mapping.words(), first))
            && holds(&current.words()[..at], full.len() as u64 * records_in_one);
        Ok(Run { elapsed, hash: record.to_string(), is_right })
    }
}
