//! The decision table of `docs/FORMAT.md`: every case made, and what is said of it.

use std::sync::Arc;

use novate_core::command::{Checkpoint, CommandRecord};
use novate_core::ids::{AccountId, SessionId};
use novate_core::sink::Discard;
use novate_core::units::TimeNs;
use novate_journal::checksum::crc32c;
use novate_journal::format::frame::{FrameHeader, FrameKind, RawFrame, encode};
use novate_journal::format::names;
use novate_journal::format::payload::Seal;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Halt, Replay, ReplayError};
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::verify::verify;
use novate_journal::writer::{Flush, Opening, create};
use novate_journal::{Fault, JournalError};

use crate::support::{SMALL, Taking, commands, from_memory, genesis, write};

const COUNT: usize = 60;
/// Where the first segment's frames begin.
const BEGIN: usize = 256;

/// A folder in memory that can be changed.
#[derive(Clone)]
struct Image(Vec<(String, Vec<u8>)>);

impl Image {
    /// A journal of three segments, closed or not, all of it durable as far as it says, with a snapshot.
    fn new(is_closed: bool) -> Self {
        let commands = commands(9, COUNT);
        let trace = from_memory(&commands);
        let storage: Arc<dyn Storage> = Arc::new(CrashStorage::new());
        let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
        write(&mut opened, &commands[..COUNT - 3], &trace, 0, 5);
        opened.flusher.step(Flush::All).expect("memory does not fail");
        write(&mut opened, &commands, &trace, COUNT - 3, 1);
        if is_closed {
            opened.close(trace.events[COUNT - 1]).expect("a clean close");
        }
        let reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
        let mut taking = Taking { storage: storage.clone(), at: trace.states[1].0 };
        Replay::from_genesis(reader).expect("a state").run(None, &mut taking).expect("no damage");
        let entries = storage.list().expect("a folder");
        Self(
            entries.into_iter().map(|entry| (entry.name.clone(), storage.read(&entry.name).expect("a file"))).collect(),
        )
    }

    fn file(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.0.iter_mut().find(|file| file.0 == name).unwrap_or_else(|| panic!("no {name}")).1
    }

    fn segment(&mut self, number: u32) -> &mut Vec<u8> {
        self.file(&names::segment(number))
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|file| file.0 != name);
    }

    fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.push((name.to_owned(), bytes.to_vec()));
    }

    /// The frames of a segment: where each begins and ends.
    fn frames(&mut self, number: u32) -> Vec<(usize, usize)> {
        let bytes = self.segment(number).clone();
        let (mut at, mut frames) = (BEGIN, Vec::new());
        while at + 8 <= bytes.len() {
            let size = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
            if size == 0 {
                break;
            }
            frames.push((at, at + size));
            at += size;
        }
        frames
    }

    /// Changes the first frame of a kind, behind the first `skip`, and makes its sum right.
    fn change(&mut self, number: u32, kind: FrameKind, skip: usize, change: impl Fn(&mut FrameHeader, &mut Vec<u64>)) {
        let frames = self.frames(number);
        let bytes = self.segment(number);
        let mut of_kind = frames.into_iter().filter(|&(begin, end)| read(&bytes[begin..end]).0.kind == kind);
        let (begin, end) = of_kind.nth(skip).expect("a frame of this kind");
        let (mut header, mut payload) = read(&bytes[begin..end]);
        change(&mut header, &mut payload);
        header.payload_bytes = payload.len() as u32 * 8;
        let words = encode(header, &payload);
        let made: &[u8] = bytemuck::cast_slice(&words);
        bytes[begin..begin + made.len()].copy_from_slice(made);
    }

    fn storage(&self) -> Arc<dyn Storage> {
        let storage = CrashStorage::new();
        for (name, bytes) in &self.0 {
            storage.write(name, bytes).expect("memory takes it");
        }
        Arc::new(storage)
    }

    /// What `verify`, a replay and an opening for writing say.
    fn judge(&self) -> [Said; 3] {
        let verified = verify(self.storage(), &mut |_, _| {}).map(|verified| verified.ending);
        let opened = Opening::lock(self.storage(), None, None).and_then(|mut opening| {
            let ending = opening.plan()?.ending;
            opening.recover().map(|_| ending)
        });
        [said(verified), said(replay(&self.storage())), said(opened)]
    }
}

fn read(frame: &[u8]) -> (FrameHeader, Vec<u64>) {
    let words: Vec<u64> = bytemuck::pod_collect_to_vec(frame);
    let raw = RawFrame::check(&words).expect("a frame");
    let header = FrameHeader {
        sequence: raw.sequence(),
        time: raw.time(),
        epoch: raw.epoch(),
        segment: raw.segment(),
        kind: raw.kind(),
        payload_bytes: raw.payload().len() as u32 * 8,
    };
    (header, raw.payload().to_vec())
}

fn replay(storage: &Arc<dyn Storage>) -> Result<Ending, JournalError> {
    let text = |error| match error {
        ReplayError::Journal(error) => error,
        other => panic!("{other}"),
    };
    let reader = Reader::open(storage.clone(), Chain::Verified)?;
    match Replay::from_genesis(reader).map_err(text)?.run(None, &mut Discard).map_err(text)? {
        Halt::End(ending) => Ok(ending),
        other => panic!("{other:?}"),
    }
}

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// Right, and closed.
    Closed,
    /// Right, not closed, nothing torn.
    Open,
    /// Right, but torn.
    Torn,
    /// Damage, by the name of its fault.
    Damage(String),
    /// No journal, or one of another kind.
    Other(&'static str),
}

fn said(result: Result<Ending, JournalError>) -> Said {
    match result {
        Ok(Ending::Closed) => Said::Closed,
        Ok(Ending::Open { torn_bytes: 0, fault: None, .. }) => Said::Open,
        Ok(Ending::Open { .. }) => Said::Torn,
        Err(JournalError::Damaged(damage)) => {
            let text = damage.to_string();
            assert!(text.contains("expected ") && text.contains(", found ") && text.contains("; "), "{text}");
            Said::Damage(format!("{:?}", damage.fault).split(['(', ' ']).next().unwrap_or_default().to_owned())
        }
        Err(JournalError::NoJournal { .. }) => Said::Other("NoJournal"),
        Err(JournalError::OtherGenesis { .. }) => Said::Other("OtherGenesis"),
        Err(JournalError::OtherVersion { .. }) => Said::Other("OtherVersion"),
        Err(error) => panic!("{error}"),
    }
}

fn damage(fault: &str) -> [Said; 3] {
    [(); 3].map(|()| Said::Damage(fault.to_owned()))
}

/// One row: what is done to a journal, and what all three say then.
fn row(is_closed: bool, change: impl FnOnce(&mut Image), expected: impl Into<[Said; 3]>) {
    let mut image = Image::new(is_closed);
    change(&mut image);
    assert_eq!(image.judge(), expected.into());
}

const CLOSED: [Said; 3] = [Said::Closed, Said::Closed, Said::Closed];
const OPEN: [Said; 3] = [Said::Open, Said::Open, Said::Open];
const TORN: [Said; 3] = [Said::Torn, Said::Torn, Said::Torn];

/// The last segment that was written to.
fn last(image: &mut Image) -> u32 {
    let numbers = (1..).take_while(|&number| image.0.iter().any(|file| file.0 == names::segment(number)));
    let written: Vec<u32> = numbers.collect();
    written.into_iter().rev().find(|&number| !image.frames(number).is_empty()).expect("a segment")
}

#[test]
fn journals_that_are_none() {
    row(true, |image| image.0.clear(), [(); 3].map(|()| Said::Other("NoJournal")));
    let left_overs = |image: &mut Image| {
        image.0.retain(|file| file.0 == names::CONTROL);
        *image.file(names::CONTROL) = control(1, 0);
        image.add("00000001.segment.tmp", &[0; 4_096]);
        image.add("lock", &[]);
    };
    row(true, left_overs, [(); 3].map(|()| Said::Other("NoJournal")));
}

/// A control file of these numbers, with a right sum.
fn control(epoch: u32, newest: u32) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..8].copy_from_slice(b"novatect");
    bytes[12..16].copy_from_slice(&1_u32.to_le_bytes());
    bytes[16..20].copy_from_slice(&epoch.to_le_bytes());
    bytes[20..24].copy_from_slice(&newest.to_le_bytes());
    bytes[24..56].copy_from_slice(&genesis().hash().0);
    bytes[56..60].copy_from_slice(&1_u32.to_le_bytes());
    let sum = crc32c(&bytes[12..]);
    bytes[8..12].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn journals_that_are_right() {
    row(true, |_| {}, CLOSED);
    row(false, |_| {}, OPEN);
    let left_over = |image: &mut Image| {
        image.add("00000009.segment.tmp", b"anything");
        image.add("control.tmp", b"");
        image.add("lock", b"");
    };
    row(true, left_over, CLOSED);
    row(false, left_over, OPEN);
    row(true, |image| image.remove(names::CONTROL), CLOSED);
    row(false, |image| image.remove(names::CONTROL), OPEN);
}

#[test]
fn torn_tails() {
    let behind = |image: &mut Image, bytes: &[u8]| {
        let number = last(image);
        let end = image.frames(number).last().expect("a frame").1;
        image.segment(number)[end..end + bytes.len()].copy_from_slice(bytes);
    };
    row(false, |image| behind(image, &[7]), TORN);
    row(false, |image| behind(image, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 7]), TORN);
    // The last frames were never durable.
    let broken = |image: &mut Image| {
        let number = last(image);
        let begin = image.frames(number).last().expect("a frame").0;
        image.segment(number)[begin + 50] ^= 1;
    };
    row(false, broken, TORN);
    // A frame of an earlier epoch, or of another segment, left over.
    for change in [(|header| header.epoch = 0) as fn(&mut FrameHeader), |header| header.segment = 77] {
        let left_over = |image: &mut Image| {
            let number = last(image);
            let frames = image.frames(number);
            let (begin, end) = *frames.last().expect("a frame");
            let (mut header, payload) = read(&image.segment(number)[begin..end]);
            change(&mut header);
            let words = encode(header, &payload);
            behind(image, bytemuck::cast_slice(&words));
        };
        row(false, left_over, TORN);
    }
}

#[test]
fn damage_below_what_was_durable() {
    for is_closed in [true, false] {
        for offset in [BEGIN, BEGIN + 500, 3_000] {
            row(is_closed, |image| image.segment(1)[offset] ^= 4, damage("NoFrame"));
        }
        // Behind the last frame of a segment that was left.
        let behind = |image: &mut Image| {
            let end = image.frames(1).last().expect("a frame").1;
            image.segment(1)[end + 64] = 1;
        };
        row(is_closed, behind, damage("BehindEnd"));
        row(is_closed, |image| image.segment(2)[248] ^= 1, damage("FirstSequence"));
        row(is_closed, |image| image.segment(1)[248] ^= 2, damage("FirstSequence"));
        row(is_closed, |image| image.segment(2)[30] ^= 1, damage("SegmentHeader"));
        row(is_closed, |image| image.segment(1).truncate(2_048), damage("SegmentSize"));
        row(is_closed, |image| image.segment(1).truncate(100), damage("SegmentSize"));
        row(is_closed, |image| image.remove(&names::segment(1)), damage("MissingSegment"));
        row(is_closed, |image| image.remove(&names::segment(2)), damage("MissingSegment"));
        let exchanged = |image: &mut Image| {
            let (one, two) = (image.segment(1).clone(), image.segment(2).clone());
            *image.segment(1) = two;
            *image.segment(2) = one;
        };
        row(is_closed, exchanged, damage("SegmentNumber"));
        row(is_closed, |image| image.file(names::CONTROL)[16] ^= 1, damage("Control"));
        row(is_closed, |image| image.add("notes.txt", b"mine"), damage("ForeignFile"));
    }
    row(true, |image| image.add(&names::segment(9), b"x"), damage("MissingSegment"));
    let last_removed = |image: &mut Image| {
        let number = last(image);
        image.remove(&names::segment(number));
    };
    row(true, last_removed, damage("MissingSegment"));
    let behind_end = |image: &mut Image| {
        let number = last(image);
        image.segment(number).extend_from_slice(&[9; 64]);
    };
    row(true, behind_end, damage("BehindEnd"));
    let cut = |image: &mut Image| {
        let number = last(image);
        let begin = image.frames(number).last().expect("a frame").0;
        image.segment(number).truncate(begin);
    };
    row(true, cut, damage("SegmentSize"));
}

#[test]
fn frames_that_somebody_wrote() {
    for is_closed in [true, false] {
        let change = |kind, skip, change: fn(&mut FrameHeader, &mut Vec<u64>)| {
            move |image: &mut Image| image.change(1, kind, skip, change)
        };
        let command = FrameKind::Command;
        row(is_closed, change(command, 3, |header, _| header.sequence.0 += 1), damage("Sequence"));
        row(is_closed, change(command, 3, |header, _| header.sequence.0 -= 1), damage("Sequence"));
        row(is_closed, change(command, 6, |header, _| header.time = TimeNs(1)), damage("Time"));
        row(is_closed, change(command, 3, |header, _| header.epoch = 2), damage("LaterEpoch"));
        row(is_closed, change(command, 3, |header, _| header.kind = FrameKind::Work), damage("Payload"));
        row(is_closed, change(command, 3, |header, _| (header.kind, header.sequence.0) = (FrameKind::Annul, 3)), {
            damage("Time")
        });
        let seal = FrameKind::Seal;
        for field in [0, 1, 2, 3, 4, 6, 13] {
            let wrong = |image: &mut Image| image.change(1, seal, 1, |_, payload| payload[field] += 1 << 20);
            row(is_closed, wrong, damage("Payload"));
        }
        row(is_closed, change(seal, 1, |header, _| header.kind = FrameKind::Genesis), damage("Misplaced"));
        row(is_closed, change(seal, 1, |header, _| header.kind = FrameKind::Annul), damage("Reserved"));
        row(is_closed, change(seal, 1, |header, _| header.kind = FrameKind::Upgrade), damage("Reserved"));
        row(is_closed, change(seal, 1, |header, _| header.kind = FrameKind::End), damage("Payload"));
        row(is_closed, change(FrameKind::Genesis, 0, |_, payload| payload[1] ^= 1), damage("Payload"));
        // A checkpoint that is not the last of its block.
        let checkpoint = |image: &mut Image| {
            image.change(1, command, 2, |_, payload| {
                let header = Checkpoint::new_header(SessionId::sequencer(0), 99, AccountId::NONE);
                *payload = bytemuck::cast_slice(&[Checkpoint { header }]).to_vec();
                payload.resize(24, 0);
            });
        };
        row(is_closed, checkpoint, damage("Misplaced"));
    }
}

#[test]
fn bytes_that_are_not_those_of_the_chain() {
    for is_closed in [true, false] {
        let mut image = Image::new(is_closed);
        // An order's quantity: a command that is as good as the one that was written.
        image.change(1, FrameKind::Command, 6, |_, payload| *payload.last_mut().expect("words") ^= 1 << 40);
        let [verified, _, opened] = image.judge_without_replay();
        assert_eq!(verified, Said::Damage("Chain".to_owned()));
        // Also where many frames are read at once.
        let mut reader = Reader::open(image.storage(), Chain::Verified).expect("a journal");
        assert_eq!(said(read_in_spans(&mut reader)), Said::Damage("Chain".to_owned()));
        assert!(matches!(opened, Said::Closed | Said::Open), "{opened:?}");
    }
    // The last seal of all states another chain value for a block before it, behind commands that are read with it.
    let of_chain = std::mem::offset_of!(Seal, chain) / 8;
    let mut image = Image::new(false);
    let number = last(&mut image);
    let frames = image.frames(number);
    let &(begin, end) = frames.last().expect("a frame");
    assert_eq!(read(&image.segment(number)[begin..end]).0.kind, FrameKind::Seal);
    let seals =
        frames.iter().filter(|&&(begin, end)| read(&image.segment(number)[begin..end]).0.kind == FrameKind::Seal);
    let skip = seals.count() - 1;
    image.change(number, FrameKind::Seal, skip, |_, payload| payload[of_chain] ^= 1);
    let mut reader = Reader::open(image.storage(), Chain::Verified).expect("a journal");
    assert_eq!(said(read_in_spans(&mut reader)), Said::Damage("Chain".to_owned()));
    // A seal that states another chain value.
    let mut image = Image::new(true);
    image.change(2, FrameKind::Seal, 1, |_, payload| payload[of_chain] ^= 1);
    assert_eq!(image.judge_without_replay()[0], Said::Damage("Chain".to_owned()));
}

fn read_in_spans(reader: &mut Reader) -> Result<Ending, JournalError> {
    while reader.read_span(64)?.is_some() {}
    Ok(Ending::Closed)
}

impl Image {
    /// As [`Image::judge`], for journals whose replay differs before the chain is found to.
    fn judge_without_replay(&self) -> [Said; 3] {
        let verified = verify(self.storage(), &mut |_, _| {}).map(|verified| verified.ending);
        let opened = Opening::lock(self.storage(), None, None).and_then(|mut opening| Ok(opening.plan()?.ending));
        [said(verified), Said::Other("not asked"), said(opened)]
    }
}

#[test]
fn snapshots() {
    let name = |image: &Image| image.0.iter().find(|file| file.0.ends_with(".snapshot")).expect("a snapshot").0.clone();
    for offset in [0, 40, 300, 2_000] {
        let mut image = Image::new(true);
        let name = name(&image);
        image.file(&name)[offset] ^= 1;
        let [verified, replayed, opened] = image.judge();
        assert_eq!(verified, Said::Damage("Snapshot".to_owned()), "{offset}");
        assert_eq!((replayed, opened), (Said::Closed, Said::Closed), "not looked at");
    }
    // The same snapshot beside a journal that ends before it.
    let mut image = Image::new(false);
    let name = name(&image);
    let bytes = image.file(&name).clone();
    let (mut short, commands) = (Image(Vec::new()), commands(9, COUNT));
    let trace = from_memory(&commands);
    let storage: Arc<dyn Storage> = Arc::new(CrashStorage::new());
    let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
    write(&mut opened, &commands[..12], &trace, 0, 5);
    opened.close(trace.events[11]).expect("a clean close");
    for entry in storage.list().expect("a folder") {
        short.add(&entry.name, &storage.read(&entry.name).expect("a file"));
    }
    short.add(&name, &bytes);
    assert_eq!(short.judge()[0], Said::Damage("SnapshotBeyond".to_owned()));
    // Where a crash may have taken its commands, the next opening takes it away.
    let storage: Arc<dyn Storage> = Arc::new(CrashStorage::new());
    let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
    write(&mut opened, &commands[..12], &trace, 0, 5);
    drop(opened);
    storage.write(&name, &bytes).expect("memory takes it");
    let plan = Opening::lock(storage.clone(), None, None).expect("nobody writes").recover().expect("no damage");
    assert!(plan.left_over.contains(&name));
    assert!(verify(storage, &mut |_, _| {}).is_ok());
}

#[test]
fn files_of_other_journals_and_versions() {
    let resum = |segment: &mut Vec<u8>| {
        let sum = crc32c(&segment[12..248]);
        segment[8..12].copy_from_slice(&sum.to_le_bytes());
    };
    for (offset, expected) in [(12, "OtherVersion"), (16, "OtherVersion"), (20, "OtherVersion"), (48, "OtherGenesis")] {
        let mut image = Image::new(true);
        image.segment(2)[offset] ^= 0x20;
        resum(image.segment(2));
        assert_eq!(image.judge(), [(); 3].map(|()| Said::Other(expected)), "{offset}");
    }
    // Magic and reserved bytes are damage also with a right sum.
    for offset in [0, 36, 100, 33] {
        let mut image = Image::new(true);
        image.segment(2)[offset] ^= 0x21;
        resum(image.segment(2));
        assert_eq!(image.judge(), damage("SegmentHeader"), "{offset}");
    }
}

#[test]
fn every_fault_says_what_to_do() {
    for fault in [Fault::ForeignFile, Fault::Control, Fault::MissingSegment, Fault::BehindEnd, Fault::Snapshot("x")] {
        let (expected, found) = fault.expected_and_found();
        assert!(!expected.is_empty() && !found.is_empty() && !fault.remedy().is_empty());
    }
}
