//! Records as tools look at them: where each lies, its bytes, and its fields through serde.

use super::{Chunk, Layout, TableLayout};

/// A record of a table. Serialises as its fields, reserved bytes left out, with ids and enumerations as the numbers that
/// the record holds.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    table: &'a TableLayout,
    index: u64,
    bytes: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// The table, or part of one, that it is in.
    pub const fn table(&self) -> &'a TableLayout {
        self.table
    }

    /// How many records of its table come before it; of a slab's records that is the slot.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl serde::Serialize for RecordView<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.table.record_type.serialize(self.bytes, serializer)
    }
}

impl Layout {
    /// The records in the chunk of this number, whose bytes are given; none beyond the layout's end. What is missing to a
    /// full chunk at a table's end is no record.
    ///
    /// ```
    /// use novate_core::arena::{Arena, Layout};
    /// use novate_core::genesis::{Capacities, Genesis};
    ///
    /// let genesis = Genesis::new(0, 1, Capacities::for_orders(64));
    /// let (layout, arena) = (Layout::of(&genesis), Arena::for_genesis(&genesis)?);
    /// let header = layout.records_in(0, &arena.chunks()[0]).next().expect("an arena begins with its header");
    /// assert_eq!((header.table().name, header.table().record_name(), header.index()), ("header", "Header", 0));
    /// # Ok::<(), novate_core::arena::ArenaError>(())
    /// ```
    pub fn records_in<'a>(&'a self, chunk: usize, bytes: &'a Chunk) -> impl Iterator<Item = RecordView<'a>> {
        self.locate(chunk).into_iter().flat_map(move |(table, first)| {
            let records = (first..table.records).zip(bytes.0.chunks_exact(table.record_size));
            records.map(move |(index, bytes)| RecordView { table, index, bytes })
        })
    }
}
