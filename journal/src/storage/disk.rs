//! A folder on a disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::{MmapOptions, MmapRaw};

use super::{Entry, Lock, Mapped, Storage};
use crate::format::names;
use crate::memory::{Backing, Memory, Scratch};

/// Zeros are written in pieces of a page. A file system caches a larger piece as one large folio, and when any page of a
/// folio is written back all of it is protected against writing: the hot thread would wait for a fault at every page behind
/// one that was flushed (measured: its 99th percentile rose from 0.4 to 4.4 us).
const PIECE: usize = 4_096;

/// A folder on a disk.
#[derive(Clone, Debug)]
pub struct DiskStorage {
    folder: PathBuf,
}

impl DiskStorage {
    /// A folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Makes the folder unless it is there, with those above it, and its name durable.
    ///
    /// # Errors
    /// The system's.
    pub fn create_folder(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        match self.folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a file of zeros as a segment is made, maps and touches it, and takes its name away.
    ///
    /// # Errors
    /// The system's.
    pub fn scratch(&self, bytes: u64) -> io::Result<Scratch> {
        let name = format!("scratch{}", names::TEMPORARY);
        self.allocate(&name, &[], bytes)?;
        let map = MmapOptions::new().map_raw(&self.open(&name)?)?;
        self.remove(&name)?;
        Scratch::new(Memory::new(map, Arc::new(MappedFile)))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.folder.join(name))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).open(self.folder.join(name))
    }
}

/// `msync` on the mapping itself.
struct MappedFile;

impl Backing for MappedFile {
    fn sync(&self, memory: &MmapRaw, from: usize, to: usize) -> io::Result<()> {
        memory.flush_range(from, to - from)
    }
}

#[derive(Debug)]
struct FileLock(#[expect(dead_code, reason = "closing the file gives the lock back")] File);

impl Lock for FileLock {}

impl Storage for DiskStorage {
    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let found = match entry.metadata() {
                Ok(found) => found,
                // Somebody who writes the journal finished or removed it meanwhile.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
                Err(cause) => return Err(cause),
            };
            entries.push(Entry { name, bytes: found.len(), is_file: found.is_file() });
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join(name))
    }

    fn read_from(&self, name: &str, from: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.folder.join(name))?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn bytes(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.folder.join(name))?.len())
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(self.folder.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn allocate(&self, name: &str, head: &[u8], bytes: u64) -> io::Result<()> {
        let file = self.create(name)?;
        let zeros = vec![0; PIECE];
        // Writing, not only reserving: a block that was reserved is changed when it is first written, which costs and may
        // fail. What is left of an old file keeps its blocks.
        let mut at = 0;
        while at < bytes {
            let piece = PIECE.min(usize::try_from(bytes - at).unwrap_or(PIECE));
            file.write_all_at(&zeros[..piece], at)?;
            at += piece as u64;
        }
        file.write_all_at(head, 0)?;
        file.set_len(bytes)?;
        file.sync_all()
    }

    fn map(&self, name: &str, is_writable: bool) -> io::Result<Mapped> {
        let map = if is_writable {
            MmapOptions::new().map_raw(&self.open(name)?)?
        } else {
            let file = File::open(self.folder.join(name))?;
            MmapOptions::new().map_raw_read_only(&file)?
        };
        Ok(Mapped(Arc::new(Memory::new(map, Arc::new(MappedFile)))))
    }

    fn zero_from(&self, name: &str, from: u64) -> io::Result<()> {
        let file = self.open(name)?;
        let (end, zeros) = (file.metadata()?.len(), vec![0; PIECE]);
        let mut at = from;
        while at < end {
            let piece = PIECE.min(usize::try_from(end - at).unwrap_or(PIECE));
            file.write_all_at(&zeros[..piece], at)?;
            at += piece as u64;
        }
        file.sync_all()
    }

    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        let file = self.open(name)?;
        file.set_len(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        let file = self.create(names::LOCK)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(FileLock(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(cause),
        }
    }
}
