//! Command records one after the other, each as long as its kind, as in a ring or a journal.

use novate_core::command::{CommandRecord, RawCommand};

/// A row of command records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Records {
    words: Vec<u64>,
    /// Words before the end of each record.
    ends: Vec<usize>,
}

impl Records {
    /// Puts a record at the end.
    pub(crate) fn push<C: CommandRecord>(&mut self, record: &C) {
        self.words.extend_from_slice(bytemuck::cast_slice(std::slice::from_ref(record)));
        self.ends.push(self.words.len());
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All words, without what divides them.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The records as the engine takes them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = RawCommand<'_>> {
        let mut begin = 0;
        self.ends.iter().map(move |&end| {
            let record = &self.words[begin..end];
            begin = end;
            RawCommand::new(record)
        })
    }
}

impl<'r> Extend<RawCommand<'r>> for Records {
    fn extend<I: IntoIterator<Item = RawCommand<'r>>>(&mut self, others: I) {
        for record in others {
            self.words.extend_from_slice(record.words());
            self.ends.push(self.words.len());
        }
    }
}
