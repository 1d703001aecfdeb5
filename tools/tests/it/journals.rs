//! Journals for tests: a small venue's commands, written with what the engine makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use novate_core::command::{Checkpoint, CommandRecord, RawCommand, Work};
use novate_core::digest::EventsDigest;
use novate_core::prelude::*;
use novate_journal::checksum::crc32c;
use novate_journal::format::Position;
use novate_journal::format::frame::{FrameHeader, encode, frame_size};
use novate_journal::reader::{Chain, Reader};
use novate_journal::state::State;
use novate_journal::storage::DiskStorage;
use novate_journal::writer::{AppendError, Durability, Flush, Opened, Settings, create};

use crate::support::{Folder, utf8};

/// The instrument, the two accounts and the session that [`commands`] set up, as they are displayed.
pub(crate) const INSTRUMENT: &str = "0/1.1";
pub(crate) const ACCOUNTS: [&str; 2] = ["0/1.1", "0/2.2"];

/// A command with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) time: u64,
    pub(crate) words: Vec<u64>,
}

pub(crate) fn made<C: CommandRecord>(time: u64, record: &C) -> Made {
    Made { time, words: bytemuck::cast_slice(std::slice::from_ref(record)).to_vec() }
}

/// Small tables, so that tests are quick.
pub(crate) fn genesis() -> Genesis {
    Genesis { outcome_window: 8, ..Genesis::new(0, 7, Capacities::for_orders(64)) }
}

/// An account, an instrument or a session by the slot that it has, which is the how-many-th of its kind as well.
fn id(slot: u64) -> u64 {
    slot << 24 | slot
}

/// A limit order of the venue that [`commands`] set up.
pub(crate) fn limit(session_sequence: u64, account: u64, side: Side, price: i64, quantity: i64) -> NewOrder {
    let by = (SessionId(id(3)), session_sequence, AccountId(id(account)));
    let client_order_id = ClientOrderId(100 + session_sequence);
    NewOrder::limit(by, InstrumentId(id(1)), client_order_id, side, PriceTicks(price), QuantityLots(quantity))
}

/// A venue is set up (1 to 4), then orders of both accounts rest and trade, one is cancelled, and every tenth command is a
/// checkpoint. From the fifth command on there are `count` in all, the last of which are orders.
pub(crate) fn commands(count: u64) -> Vec<Made> {
    let operator = SessionId::operator(0);
    let mut all = vec![
        made(1, &ListInstrument::perpetual((operator, 1), "BTC-PERP")),
        made(1, &OpenAccount::new((operator, 2), 1)),
        made(1, &OpenAccount::new((operator, 3), 2)),
        made(2, &OpenSession::for_all_accounts((operator, 4), Role::Trader)),
    ];
    let (mut session_sequence, mut sequencer_sequence) = (0, 0);
    for sequence in 5..=count {
        let time = sequence * 10;
        if sequence % 10 == 0 {
            sequencer_sequence += 1;
            let header = Checkpoint::new_header(SessionId::sequencer(0), sequencer_sequence, AccountId::NONE);
            all.push(made(time, &Checkpoint { header }));
            continue;
        }
        if sequence % 10 == 7 {
            sequencer_sequence += 1;
            let header = Work::new_header(SessionId::sequencer(0), sequencer_sequence, AccountId::NONE);
            all.push(made(time, &Work { header }));
            continue;
        }
        session_sequence += 1;
        let buys = sequence % 2 == 0;
        if sequence == 8 {
            // The order of command 6, which is the second one in the table.
            let by = (SessionId(id(3)), session_sequence, AccountId(id(2)));
            all.push(made(time, &CancelOrder::new(by, OrderId::new(Sequence(6), 2))));
            continue;
        }
        let (account, side) = if buys { (2, Side::Buy) } else { (1, Side::Sell) };
        let price = if sequence < 9 { 100 - if buys { 5 } else { 0 } } else { 100 };
        all.push(made(time, &limit(session_sequence, account, side, price, 3)));
    }
    all
}

/// How a journal is to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    pub(crate) genesis: Genesis,
    pub(crate) segment_bytes: u32,
    /// Commands of a block.
    pub(crate) block: u64,
    pub(crate) is_closed: bool,
    /// The seals of these sequences and later ones state another digest.
    pub(crate) wrong_from: u64,
}

impl Recipe {
    /// Small segments, blocks of seven commands, closed.
    pub(crate) fn new() -> Self {
        Self { genesis: genesis(), segment_bytes: 4_096, block: 7, is_closed: true, wrong_from: u64::MAX }
    }
}

/// A journal that is being written, and the engine beside it.
pub(crate) struct Writing {
    recipe: Recipe,
    state: State,
    opened: Opened,
    sequence: u64,
    digest: EventsDigest,
}

impl Writing {
    pub(crate) fn begin(folder: &Folder, name: &str, recipe: Recipe) -> Self {
        let storage = DiskStorage::new(path(folder, name));
        storage.create_folder().expect("a folder");
        let settings = Settings { segment_bytes: recipe.segment_bytes, durability: Durability::None };
        let opened = create(Arc::new(storage), &recipe.genesis, settings).expect("a new journal");
        let state = State::genesis(&recipe.genesis).expect("a small state");
        Self { recipe, state, opened, sequence: 0, digest: EventsDigest::default() }
    }

    /// The digest that seals state.
    fn stated(&self) -> EventsDigest {
        if self.sequence < self.recipe.wrong_from { self.digest } else { EventsDigest::default() }
    }

    pub(crate) fn append(&mut self, command: &Made) {
        let sequence = Sequence(self.sequence + 1);
        loop {
            let raw = RawCommand::new(&command.words);
            match self.opened.writer.append(sequence, TimeNs(command.time), raw) {
                Ok(()) => break,
                Err(AppendError::SealFirst) => self.seal(),
                Err(AppendError::NotReady) => {
                    self.opened.flusher.step(Flush::Nothing).expect("nothing fails");
                    self.opened.preparer.step().expect("nothing fails");
                }
                Err(other) => panic!("{other}"),
            }
        }
        self.sequence += 1;
        let mut engine = self.state.attach().expect("a state");
        engine.apply(sequence, TimeNs(command.time), RawCommand::new(&command.words), &mut Discard).expect("in order");
        self.digest = engine.events_digest();
        let is_checkpoint = command.words.first().is_some_and(|word| *word as u16 == Checkpoint::KIND);
        if is_checkpoint || self.sequence.is_multiple_of(self.recipe.block) {
            self.seal();
        }
    }

    pub(crate) fn append_all(&mut self, commands: &[Made]) {
        for command in commands {
            self.append(command);
        }
    }

    pub(crate) fn seal(&mut self) {
        let stated = self.stated();
        self.opened.writer.seal(stated).expect("nothing fails");
        // Hashes the block, so that the next seal states its chain value.
        self.opened.flusher.step(Flush::Nothing).expect("nothing fails");
    }

    /// Makes the next segments ahead.
    pub(crate) fn prepare(&mut self) {
        while self.opened.preparer.step().expect("nothing fails") {}
    }

    /// Makes all of it durable, which the next seal states.
    pub(crate) fn flush(&mut self) {
        self.opened.flusher.step(Flush::All).expect("nothing fails");
    }

    /// Closes the journal, or leaves it as a process that dies does.
    pub(crate) fn end(mut self) {
        if self.recipe.is_closed {
            let stated = self.stated();
            self.opened.close(stated).expect("a clean close");
        } else {
            self.seal();
        }
    }
}

/// Writes a journal; returns its path.
pub(crate) fn journal(folder: &Folder, name: &str, commands: &[Made], recipe: Recipe) -> String {
    let mut writing = Writing::begin(folder, name, recipe);
    writing.append_all(commands);
    writing.end();
    utf8(&path(folder, name))
}

fn path(folder: &Folder, name: &str) -> PathBuf {
    PathBuf::from(folder.path()).join(name)
}

/// Changes bytes of a segment.
pub(crate) fn patch(journal: &str, segment: u32, offset: u64, bytes: &[u8]) {
    use std::os::unix::fs::FileExt;
    let path = PathBuf::from(journal).join(format!("{segment:08}.segment"));
    let file = fs::OpenOptions::new().write(true).open(path).expect("a segment");
    file.write_all_at(bytes, offset).expect("a segment takes bytes");
}

/// Bytes of the frame that holds a command.
pub(crate) fn bytes_of(command: &Made) -> u64 {
    frame_size(command.words.len() * 8) as u64
}

/// Every file of a journal, with its bytes.
pub(crate) fn files(journal: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(journal).expect("a folder");
    let paths = entries.map(|entry| entry.expect("a file").path());
    paths.map(|path| (file_name(&path), fs::read(&path).expect("a plain file"))).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned()
}

/// A copy of a journal.
pub(crate) fn copy(folder: &Folder, journal: &str, name: &str) -> String {
    for (file, bytes) in files(journal) {
        folder.file(&format!("{name}/{file}"), bytes);
    }
    utf8(&path(folder, name))
}

/// A frame where it stands, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Stands {
    pub(crate) position: Position,
    pub(crate) header: FrameHeader,
    pub(crate) payload: Vec<u64>,
}

impl Stands {
    /// Bytes from its beginning to its end.
    pub(crate) fn bytes(&self) -> u64 {
        frame_size(self.payload.len() * 8) as u64
    }

    /// Where it ends, in its segment.
    pub(crate) fn end(&self) -> u64 {
        u64::from(self.position.offset) + self.bytes()
    }

    /// Writes it back as it is now, with the sum that is right for it.
    pub(crate) fn write(&self, journal: &str) {
        let words = encode(self.header, &self.payload);
        patch(journal, self.position.segment, self.position.offset.into(), bytemuck::cast_slice(&words));
    }
}

/// All frames of a journal.
pub(crate) fn frames(journal: &str) -> Vec<Stands> {
    let mut reader = Reader::open(Arc::new(DiskStorage::new(journal)), Chain::Ignored).expect("a journal");
    let mut frames = Vec::new();
    while let Some(frame) = reader.next().expect("no damage") {
        let (raw, payload) = (frame.raw, frame.raw.payload().to_vec());
        let header = FrameHeader {
            sequence: raw.sequence(),
            time: raw.time(),
            epoch: raw.epoch(),
            segment: raw.segment(),
            kind: raw.kind(),
            payload_bytes: payload.len() as u32 * 8,
        };
        frames.push(Stands { position: frame.position, header, payload });
    }
    frames
}

/// The frame of a command.
pub(crate) fn frame_of(journal: &str, sequence: u64) -> Stands {
    let is_it = |frame: &Stands| frame.header.kind.is_applied() && frame.header.sequence.0 == sequence;
    frames(journal).into_iter().find(is_it).expect("a command")
}

/// Changes the quantity of an order, and makes the frame's sum right: only the hash chain and what comes of it tell.
pub(crate) fn tamper(journal: &str, sequence: u64) {
    let mut frame = frame_of(journal, sequence);
    let order: &mut NewOrder = bytemuck::from_bytes_mut(bytemuck::cast_slice_mut(&mut frame.payload));
    order.quantity = QuantityLots(1);
    frame.write(journal);
}

/// Writes a version into a segment's header, at an offset, and makes the sum right.
pub(crate) fn set_version(journal: &str, segment: u32, offset: usize, version: u32) {
    let name = format!("{segment:08}.segment");
    let mut head = files(journal)[&name][..256].to_vec();
    head[offset..offset + 4].copy_from_slice(&version.to_le_bytes());
    let sum = crc32c(&head[12..248]);
    head[8..12].copy_from_slice(&sum.to_le_bytes());
    patch(journal, segment, 0, &head);
}

/// A journal that was not closed, with bytes behind its last frame that are none; returns it, and where they begin.
pub(crate) fn torn(folder: &Folder, name: &str, count: u64) -> (String, Position) {
    let recipe = Recipe { is_closed: false, ..Recipe::new() };
    let journal = journal(folder, name, &commands(count), recipe);
    let last = frames(&journal).pop().expect("a seal");
    let position = Position { offset: last.end() as u32, ..last.position };
    patch(&journal, position.segment, position.offset.into(), &[0xa5; 20]);
    (journal, position)
}
