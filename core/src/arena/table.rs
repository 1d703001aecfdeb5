//! A typed table: the only way to a record.

use bytemuck::Pod;

use super::{CHUNK_SIZE, Marks, RecordType, prefetch};

/// Bytes that a processor fetches at once.
const CACHE_LINE: usize = 64;

/// A plain-old-data record whose size divides a chunk, so that it never straddles two.
pub(crate) trait Record: Pod {
    /// Which of the types that tables hold it is.
    const TYPE: RecordType;

    /// Records to a chunk; checks the size at compile time.
    const PER_CHUNK: usize = {
        assert!(size_of::<Self>().is_power_of_two() && size_of::<Self>() <= CHUNK_SIZE);
        CHUNK_SIZE / size_of::<Self>()
    };
}

/// A run of records and the marks of the chunks that hold them.
#[derive(Debug)]
pub(crate) struct Table<'a, R, M> {
    records: &'a mut [R],
    marks: M,
}

impl<'a, R: Record, M: Marks> Table<'a, R, M> {
    pub(super) fn new(records: &'a mut [R], marks: M) -> Self {
        Self { records, marks }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The record at `index`.
    ///
    /// Indexes come from the arena itself, so one beyond the table means that its memory was damaged. There is no
    /// answer that is safe to go on with: this panics, which halts the replica before it says anything false.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32) -> &R {
        self.marks.read(index as usize / R::PER_CHUNK);
        match self.records.get(index as usize) {
            Some(record) => record,
            None => damaged(index, self.records.len()),
        }
    }

    /// The record at `index`, to be written. See [`Table::get`] for indexes beyond the table.
    #[inline(always)]
    pub(crate) fn get_mut(&mut self, index: u32) -> &mut R {
        self.marks.write(index as usize / R::PER_CHUNK);
        let len = self.records.len();
        match self.records.get_mut(index as usize) {
            Some(record) => record,
            None => damaged(index, len),
        }
    }

    /// The record at an index that comes from outside, if the table reaches so far.
    #[inline(always)]
    pub(crate) fn try_get(&self, index: u32) -> Option<&R> {
        let record = self.records.get(index as usize)?;
        self.marks.read(index as usize / R::PER_CHUNK);
        Some(record)
    }

    /// A look at a record that must not influence the state: unmarked, for prefetching.
    #[inline(always)]
    pub(crate) fn peek(&self, index: u32) -> Option<&R> {
        self.records.get(index as usize)
    }

    /// Asks the processor to fetch a record that will be needed soon.
    #[inline(always)]
    pub(crate) fn prefetch(&self, index: u32) {
        if let Some(record) = self.records.get(index as usize) {
            prefetch::soon(record);
        }
    }

    /// The same for some of a record's cache lines.
    #[inline(always)]
    pub(crate) fn prefetch_lines(&self, index: u32, lines: core::ops::Range<usize>) {
        if let Some(record) = self.records.get(index as usize) {
            let bytes = bytemuck::bytes_of(record);
            for line in lines {
                if let Some(byte) = bytes.get(line * CACHE_LINE) {
                    prefetch::soon(byte);
                }
            }
        }
    }

    /// The whole table's bytes, unmarked: for digests and snapshots.
    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(self.records)
    }
}

/// A table of exactly one record: no index, no check.
#[derive(Debug)]
pub(crate) struct Single<'a, R, M> {
    record: &'a mut R,
    marks: M,
}

impl<'a, R: Record, M: Marks> Single<'a, R, M> {
    pub(super) fn new(record: &'a mut R, marks: M) -> Self {
        Self { record, marks }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &R {
        self.marks.read(0);
        self.record
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self) -> &mut R {
        self.marks.write(0);
        self.record
    }

    /// As [`Table::peek`].
    #[inline(always)]
    pub(crate) fn peek(&self) -> &R {
        self.record
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::bytes_of(self.record)
    }
}

#[cold]
#[inline(never)]
fn damaged(index: u32, len: usize) -> ! {
    panic!("the arena is damaged: index {index} in a table of {len}; restore this replica from a snapshot or a peer")
}
