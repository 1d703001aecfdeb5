//! The layout: which table begins at which chunk, a pure function of genesis.

use alloc::vec::Vec;

use super::index::Bucket;
use super::slab::SlabHead;
use super::{
    ArenaError, CHUNK_SIZE, Chunk, GIVEN_KEYS, Marks, Record, RecordType, Single, SlotIndex, Table, Untracked,
};
use crate::book::{Complex, Level, Node, Order};
use crate::digest::Hash256;
use crate::engine::{Header, Outcome, Session, WorkItem};
use crate::exposure::{Aspect, Outlook, Portfolio, Reserve, Stakes, TermsSet, Vector};
use crate::genesis::Genesis;
use crate::instrument::{Instrument, Market};
use crate::ledger::{Account, Grant, Position};
use crate::valuation::{Expiry, Lanes, Risk, Scenarios, ShockSet, Smiles, Underlying, Valuation, Worths};

/// Where one table lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableLayout {
    /// What it is part of.
    pub name: &'static str,
    /// What it holds of it: `records`, or `head` and `free` of a slab.
    pub part: &'static str,
    /// Bytes of a record.
    pub record_size: usize,
    /// How many records.
    pub records: u64,
    /// The first chunk.
    pub first_chunk: usize,
    /// How many chunks.
    pub chunks: usize,
    /// What its records are.
    pub(super) record_type: RecordType,
}

impl TableLayout {
    /// The name of what its records are: `Order`.
    pub const fn record_name(&self) -> &'static str {
        self.record_type.name()
    }
}

/// Every table's place, and the names of the layout and of the genesis that it follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    tables: Vec<TableLayout>,
    hash: Hash256,
    genesis: Genesis,
    genesis_hash: Hash256,
}

impl Layout {
    /// The layout of a (valid) genesis.
    ///
    /// Order: what every command touches first, then tables by size.
    pub fn of(genesis: &Genesis) -> Self {
        let c = &genesis.capacities;
        let (hash, genesis_hash) = (Hash256::default(), genesis.hash());
        let mut layout = Self { tables: Vec::new(), hash, genesis: *genesis, genesis_hash };
        layout.table::<Header>("header", 1);
        layout.slab::<Session>("sessions", c.sessions);
        layout.slab::<Instrument>("instruments", c.instruments);
        layout.slab::<Account>("accounts", c.accounts);
        layout.table::<Market>("markets", u64::from(c.instruments) + 1);
        layout.table::<Valuation>("valuation", 1);
        layout.slab::<Underlying>("underlyings", c.underlyings);
        layout.slab::<Expiry>("expiries", c.expiries);
        layout.table::<Smiles>("smiles", u64::from(c.expiries) + 1);
        layout.table::<Scenarios>("scenarios", u64::from(c.scenario_sets) + 1);
        layout.table::<ShockSet>("shocks", u64::from(c.scenario_sets) + 1);
        layout.table::<Risk>("risks", u64::from(c.instruments) + 1);
        layout.table::<Worths>("worths", 2 * (u64::from(c.instruments) + 1));
        layout.table::<Lanes>("lanes", 2 * (u64::from(c.instruments) + 1));
        // What only margin needs has one record, or one for each place, where it is not checked.
        let margined = |records: u32| u64::from(if genesis.is_margined() { records } else { 0 });
        layout.table::<Stakes>("stakes", 2 * (margined(c.instruments) + 1));
        layout.table::<Lanes>("losses", 4 * (margined(c.instruments) + 1));
        layout.table::<TermsSet>("terms", u64::from(c.scenario_sets) + 1);
        layout.index("pairs_index", margined(c.instruments) as u32);
        layout.table::<Outlook>("outlooks", margined(c.underlyings) + 1);
        layout.table::<Aspect>("aspects", 2 * (margined(c.expiries) + 1));
        layout.table::<WorkItem>("work_queue", u64::from(c.work_items));
        layout.slab::<Grant>("grants", c.grants);
        layout.index("grants_index", c.grants);
        layout.table::<Outcome>("outcomes", (u64::from(c.sessions) + 1) * u64::from(genesis.outcome_window));
        layout.slab::<Position>("positions", c.positions);
        layout.index("positions_index", c.positions);
        layout.slab::<Portfolio>("portfolios", c.vectors);
        layout.index("portfolios_index", c.vectors);
        layout.slab::<Vector>("vectors", c.vectors);
        layout.index("vectors_index", c.vectors);
        for name in ["vector_options", "vector_linear", "vector_orders"] {
            layout.table::<Lanes>(name, u64::from(c.vectors) + 1);
        }
        layout.table::<Reserve>("reserves", margined(c.orders) + 1);
        layout.slab::<Node>("ladder_nodes", c.ladder_nodes);
        layout.table::<u64>("ladder_bitmaps", u64::from(c.ladder_nodes) + 1);
        layout.slab::<Level>("levels", c.levels);
        layout.index("client_order_ids", c.orders);
        layout.slab::<Complex>("complex_orders", c.complex_orders);
        layout.slab::<Order>("orders", c.orders);
        layout.hash = layout.hash_of_tables();
        layout
    }

    fn table<R: Record>(&mut self, name: &'static str, records: u64) {
        self.part::<R>(name, "records", records);
    }

    /// Slot 0 is nobody, so a slab has one record more than its capacity.
    fn slab<R: Record>(&mut self, name: &'static str, capacity: u32) {
        self.part::<SlabHead>(name, "head", 1);
        self.part::<u32>(name, "free", u64::from(capacity));
        self.part::<R>(name, "records", u64::from(capacity) + 1);
    }

    fn index(&mut self, name: &'static str, capacity: u32) {
        self.table::<Bucket>(name, SlotIndex::<Untracked, GIVEN_KEYS>::buckets_for(capacity));
    }

    fn part<R: Record>(&mut self, name: &'static str, part: &'static str, records: u64) {
        let chunks = (records as usize).div_ceil(R::PER_CHUNK);
        let first_chunk = self.chunks();
        let (record_type, record_size) = (R::TYPE, size_of::<R>());
        self.tables.push(TableLayout { name, part, record_size, records, first_chunk, chunks, record_type });
    }

    /// Chunks in all.
    pub fn chunks(&self) -> usize {
        self.tables.last().map_or(0, |table| table.first_chunk + table.chunks)
    }

    /// Bytes in all.
    pub fn bytes(&self) -> usize {
        self.chunks() * CHUNK_SIZE
    }

    /// The tables, in the order of their chunks.
    pub fn tables(&self) -> &[TableLayout] {
        &self.tables
    }

    /// The table that `chunk` belongs to, and the first record in it: what to name when two replicas differ there.
    pub fn locate(&self, chunk: usize) -> Option<(&TableLayout, u64)> {
        let table =
            self.tables.iter().find(|table| (table.first_chunk..table.first_chunk + table.chunks).contains(&chunk))?;
        let per_chunk = (CHUNK_SIZE / table.record_size) as u64;
        Some((table, (chunk - table.first_chunk) as u64 * per_chunk))
    }

    /// The name of this layout: over every table's name, part, record size, count and place.
    pub fn hash(&self) -> Hash256 {
        self.hash
    }

    /// The genesis that it follows from.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The name of the genesis that it follows from.
    pub fn genesis_hash(&self) -> Hash256 {
        self.genesis_hash
    }

    fn hash_of_tables(&self) -> Hash256 {
        let mut bytes = Vec::new();
        for table in &self.tables {
            for name in [table.name, table.part] {
                bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
                bytes.extend_from_slice(name.as_bytes());
            }
            for number in [table.record_size as u64, table.records, table.first_chunk as u64] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        Hash256::of("novate layout 1", &[&bytes])
    }
}

/// Hands out the tables of a layout one after the other, each with its own part of memory and marks.
pub(crate) struct Carver<'a, M> {
    chunks: &'a mut [Chunk],
    marks: Option<M>,
    tables: alloc::vec::IntoIter<TableLayout>,
}

impl<'a, M: Marks> Carver<'a, M> {
    pub(crate) fn new(layout: &Layout, chunks: &'a mut [Chunk], marks: M) -> Result<Self, ArenaError> {
        let (needed, given) = (layout.chunks(), chunks.len());
        if needed != given {
            return Err(ArenaError::WrongSize { needed, given });
        }
        if !marks.covers(needed) {
            return Err(ArenaError::MarksTooShort { needed });
        }
        Ok(Self { chunks, marks: Some(marks), tables: layout.tables.clone().into_iter() })
    }

    /// The next table, which must be one of `name` with records of this type.
    pub(crate) fn table<R: Record>(&mut self, name: &'static str) -> Table<'a, R, M> {
        let (records, marks) = self.next(name);
        Table::new(records, marks)
    }

    /// As [`Carver::table`], for a table of one record.
    pub(crate) fn single<R: Record>(&mut self, name: &'static str) -> Single<'a, R, M> {
        let (records, marks) = self.next(name);
        match records.first_mut() {
            Some(record) => Single::new(record, marks),
            None => unreachable!("every table has at least one record: {name}"),
        }
    }

    fn next<R: Record>(&mut self, name: &'static str) -> (&'a mut [R], M) {
        let next = self.tables.next().filter(|table| table.name == name && table.record_size == size_of::<R>());
        let (Some(table), Some(marks)) = (next, self.marks.take()) else {
            unreachable!("the engine asks for its tables in the layout's order: {name}")
        };
        let (head, tail) = core::mem::take(&mut self.chunks).split_at_mut(table.chunks);
        let (own, rest) = marks.split(table.chunks);
        self.chunks = tail;
        self.marks = Some(rest);
        let records: &'a mut [R] = bytemuck::cast_slice_mut(head);
        (&mut records[..table.records as usize], own)
    }
}
