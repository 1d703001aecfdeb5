//! Where a journal's files lie: a folder on a disk, or a memory that forgets like one.

mod crash;
mod disk;

pub use self::crash::CrashStorage;
pub use self::disk::DiskStorage;
pub use crate::memory::Scratch;

use std::io;
use std::sync::Arc;

use crate::memory::Memory;

/// A file in a journal's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether it is a plain file.
    pub is_file: bool,
}

/// Held while a journal is written; the lock is given back when this is dropped.
pub trait Lock: Send + Sync + std::fmt::Debug {}

/// A mapped segment; only this package looks inside.
#[derive(Clone, Debug)]
pub struct Mapped(pub(crate) Arc<Memory>);

impl Mapped {
    /// Stores a word, the how-many-th of the file, for whoever else has it mapped; nothing beyond its end. For files without
    /// frames.
    #[inline]
    pub fn store(&self, word: usize, value: u64) {
        self.0.store_word(word * 8, value);
    }

    /// The how-many-th word; zero beyond the end.
    pub fn load(&self, word: usize) -> u64 {
        self.0.word(word * 8)
    }
}

/// A folder of files. Whatever is said to be durable outlives a loss of power; everything else may not, in any order.
pub trait Storage: Send + Sync {
    /// What the folder is called in messages.
    fn name(&self) -> String;

    /// All files, in order of their names. Names that are no UTF-8 come as what can be read of them.
    ///
    /// # Errors
    /// The system's: `NotFound` if there is no folder.
    fn list(&self) -> io::Result<Vec<Entry>>;

    /// A whole file.
    ///
    /// # Errors
    /// The system's.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// A file's bytes from an offset on; none where the file is shorter. Unlike a mapping, a file may be cut meanwhile.
    ///
    /// # Errors
    /// The system's.
    fn read_from(&self, name: &str, from: u64) -> io::Result<Vec<u8>>;

    /// A file's length in bytes.
    ///
    /// # Errors
    /// The system's: `NotFound` if there is none.
    fn bytes(&self, name: &str) -> io::Result<u64>;

    /// Whether processes that this one knows nothing of may change the files meanwhile.
    fn is_shared(&self) -> bool;

    /// Makes a file of these bytes, or replaces what it held; durable, but for its name.
    ///
    /// # Errors
    /// The system's: the disk is full, or failed.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Makes a file that begins with these bytes and goes on with zeros up to a length, or replaces what it held. All of it
    /// takes its room on the disk at once, so that writing to it later cannot fail for want of it. Durable, but for its
    /// name.
    ///
    /// # Errors
    /// The system's: the disk is full, or failed.
    fn allocate(&self, name: &str, head: &[u8], bytes: u64) -> io::Result<()>;

    /// Maps a file; writable if it says so.
    ///
    /// # Errors
    /// The system's.
    fn map(&self, name: &str, is_writable: bool) -> io::Result<Mapped>;

    /// Writes zeros from an offset to the file's end; durable.
    ///
    /// # Errors
    /// The system's.
    fn zero_from(&self, name: &str, from: u64) -> io::Result<()>;

    /// Cuts a file; durable.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()>;

    /// Gives a file another name, replacing what has it. Durable after [`Storage::sync_names`].
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Durable after [`Storage::sync_names`].
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names of files durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_names(&self) -> io::Result<()>;

    /// Takes the lock of the one writer; none if somebody else has it.
    ///
    /// # Errors
    /// The system's.
    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>>;
}
