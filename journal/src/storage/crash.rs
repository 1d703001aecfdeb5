//! A folder in memory that forgets like a disk: what was not made durable when the power went may be there, may be gone,
//! or may be there in part, each page for itself.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use memmap2::{MmapMut, MmapRaw};

use super::{Entry, Lock, Mapped, Storage};
use crate::memory::{Backing, Memory};

/// Bytes that a disk writes at once.
const PAGE: usize = 4_096;
/// Bytes that memory hands over at once: what a page that is torn is made of.
const LINE: usize = 64;

/// A file: what programs see, and what is on the disk.
#[derive(Debug)]
struct StoredFile {
    memory: Arc<Memory>,
    durable: Mutex<Vec<u8>>,
}

/// A change of names that was not made durable.
#[derive(Clone, Debug)]
enum Change {
    Named(String, Arc<StoredFile>),
    Renamed(String, String, Arc<StoredFile>),
    Removed(String),
}

#[derive(Debug, Default)]
struct Names {
    now: BTreeMap<String, Arc<StoredFile>>,
    durable: BTreeMap<String, Arc<StoredFile>>,
    pending: Vec<Change>,
}

/// A fault of the disk that was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ordered {
    /// The disk has no room any more.
    Full,
    /// Syncing fails after so many more times.
    SyncAfter(u64),
    /// The power goes after so many more changes.
    PowerAfter(u64),
    /// Mapped pages are said to be durable and are not.
    Lie,
}

#[derive(Debug, Default)]
struct Disk {
    names: Mutex<Names>,
    ordered: Mutex<Vec<Ordered>>,
    is_locked: Mutex<bool>,
}

/// A folder in memory whose power can go. Clones are the same folder.
#[derive(Clone, Debug, Default)]
pub struct CrashStorage {
    disk: Arc<Disk>,
}

/// Locks are held for a few lines that do not panic.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CrashStorage {
    /// An empty folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on the disk is full: files can be changed, not made.
    pub fn fill_up(&self) {
        held(&self.disk.ordered).push(Ordered::Full);
    }

    /// Lets so many syncs of mapped pages succeed, and fails each one after.
    pub fn fail_syncs_after(&self, successes: u64) {
        held(&self.disk.ordered).push(Ordered::SyncAfter(successes));
    }

    /// From now on syncing mapped pages does nothing and says that it did.
    pub fn lie(&self) {
        held(&self.disk.ordered).push(Ordered::Lie);
    }

    /// Lets so many changes of files and names happen, and none after: the power goes in the middle of something.
    pub fn cut_power_after(&self, changes: u64) {
        held(&self.disk.ordered).push(Ordered::PowerAfter(changes));
    }

    /// What a loss of power leaves: a new folder without any of the old one's faults. `random` decides, page by page, what of
    /// the things that were not durable got to the disk all the same.
    #[must_use]
    pub fn crash(&self, random: &mut dyn FnMut() -> u64) -> Self {
        let names = held(&self.disk.names);
        let mut left = names.durable.clone();
        // A file system keeps the order of its changes, so some first ones of them are there.
        let survived = (random() % (names.pending.len() as u64 + 1)) as usize;
        for change in &names.pending[..survived] {
            change.apply(&mut left);
        }
        let crashed = Self::new();
        let mut after = held(&crashed.disk.names);
        for (name, file) in left {
            let bytes = file.after_crash(random);
            let stored = StoredFile::new(&crashed.disk, &bytes);
            after.now.insert(name.clone(), Arc::clone(&stored));
            after.durable.insert(name, stored);
        }
        drop(after);
        crashed
    }

    fn file(&self, name: &str) -> io::Result<Arc<StoredFile>> {
        held(&self.disk.names).now.get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn name_file(&self, name: &str, file: Arc<StoredFile>) {
        let mut names = held(&self.disk.names);
        let change = Change::Named(name.to_owned(), file);
        change.apply(&mut names.now);
        names.pending.push(change);
    }

    fn check_room(&self) -> io::Result<()> {
        self.disk.change()?;
        if held(&self.disk.ordered).contains(&Ordered::Full) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl Disk {
    /// Called before each change; an error when the power is gone.
    fn change(&self) -> io::Result<()> {
        for fault in held(&self.ordered).iter_mut() {
            match fault {
                Ordered::PowerAfter(0) => return Err(io::Error::other("the power went, as was ordered")),
                Ordered::PowerAfter(left) => *left -= 1,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, Arc<StoredFile>>) {
        match self {
            Self::Named(name, file) => drop(names.insert(name.clone(), Arc::clone(file))),
            Self::Renamed(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), Arc::clone(file));
            }
            Self::Removed(name) => drop(names.remove(name)),
        }
    }
}

impl StoredFile {
    fn new(disk: &Arc<Disk>, bytes: &[u8]) -> Arc<Self> {
        // A mapping cannot be empty; one word more than there is stands for nothing.
        let mut map =
            MmapMut::map_anon(bytes.len().max(8)).unwrap_or_else(|cause| panic!("no memory for a test file: {cause}"));
        map[..bytes.len()].copy_from_slice(bytes);
        Arc::new_cyclic(|file: &Weak<Self>| {
            let pages = Pages { file: file.clone(), disk: Arc::downgrade(disk) };
            let memory = Arc::new(Memory::new(MmapRaw::from(map), Arc::new(pages)));
            Self { memory, durable: Mutex::new(bytes.to_vec()) }
        })
    }

    fn len(&self) -> usize {
        held(&self.durable).len()
    }

    fn volatile(&self) -> Vec<u8> {
        let mut words = vec![0; self.len().div_ceil(8)];
        self.memory.copy_words(0, &mut words);
        let bytes: &[u8] = bytemuck::cast_slice(&words);
        bytes[..self.len()].to_vec()
    }

    fn after_crash(&self, random: &mut dyn FnMut() -> u64) -> Vec<u8> {
        let volatile = self.volatile();
        let mut left = held(&self.durable).clone();
        for (page, now) in left.chunks_mut(PAGE).zip(volatile.chunks(PAGE)) {
            if page == now {
                continue;
            }
            match random() % 4 {
                0 => {}
                1 => page.copy_from_slice(now),
                // The first part got there: the page was written while it was being filled.
                2 => {
                    let end = (random() as usize % (page.len() / LINE + 1)) * LINE;
                    page[..end].copy_from_slice(&now[..end]);
                }
                _ => {
                    for (line, new) in page.chunks_mut(LINE).zip(now.chunks(LINE)) {
                        if random().is_multiple_of(2) {
                            line.copy_from_slice(new);
                        }
                    }
                }
            }
        }
        left
    }
}

/// Copies pages of a mapping to what is on the disk.
struct Pages {
    file: Weak<StoredFile>,
    disk: Weak<Disk>,
}

impl Backing for Pages {
    fn sync(&self, _memory: &MmapRaw, from: usize, to: usize) -> io::Result<()> {
        if let Some(disk) = self.disk.upgrade() {
            disk.change()?;
            for fault in held(&disk.ordered).iter_mut() {
                match fault {
                    Ordered::SyncAfter(0) => return Err(io::Error::other("the disk failed, as was ordered")),
                    Ordered::SyncAfter(left) => *left -= 1,
                    Ordered::Lie => return Ok(()),
                    Ordered::Full | Ordered::PowerAfter(_) => {}
                }
            }
        }
        let Some(file) = self.file.upgrade() else { return Ok(()) };
        let volatile = file.volatile();
        let mut durable = held(&file.durable);
        let (from, to) = (from & !(PAGE - 1), to.next_multiple_of(PAGE).min(durable.len()));
        if from < to {
            durable[from..to].copy_from_slice(&volatile[from..to]);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryLock(Arc<Disk>);

impl Lock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        *held(&self.0.is_locked) = false;
    }
}

impl Storage for CrashStorage {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let names = held(&self.disk.names);
        let entry = |(name, file): (&String, &Arc<StoredFile>)| Entry {
            name: name.clone(),
            bytes: file.len() as u64,
            is_file: true,
        };
        Ok(names.now.iter().map(entry).collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(self.file(name)?.volatile())
    }

    fn read_from(&self, name: &str, from: u64) -> io::Result<Vec<u8>> {
        let bytes = self.file(name)?.volatile();
        Ok(bytes.get(from as usize..).unwrap_or_default().to_vec())
    }

    fn bytes(&self, name: &str) -> io::Result<u64> {
        Ok(self.file(name)?.len() as u64)
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.check_room()?;
        self.name_file(name, StoredFile::new(&self.disk, bytes));
        Ok(())
    }

    fn allocate(&self, name: &str, head: &[u8], bytes: u64) -> io::Result<()> {
        self.check_room()?;
        let mut content = head.to_vec();
        content.resize(bytes as usize, 0);
        self.name_file(name, StoredFile::new(&self.disk, &content));
        Ok(())
    }

    fn map(&self, name: &str, _is_writable: bool) -> io::Result<Mapped> {
        let file = self.file(name)?;
        if file.len() == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Mapped(Arc::clone(&file.memory)))
    }

    fn zero_from(&self, name: &str, from: u64) -> io::Result<()> {
        self.disk.change()?;
        let file = self.file(name)?;
        for at in (from.next_multiple_of(8)..file.len() as u64).step_by(8) {
            file.memory.store_word(at as usize, 0);
        }
        file.memory.sync(0, file.len())
    }

    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        self.disk.change()?;
        let file = self.file(name)?;
        let kept = file.volatile()[..(bytes as usize).min(file.len())].to_vec();
        // The old mapping stays what it was; whoever has it looks no farther than this.
        self.name_file(name, StoredFile::new(&self.disk, &kept));
        let mut names = held(&self.disk.names);
        if let Some(file) = names.now.get(name).cloned()
            && names.durable.contains_key(name)
        {
            names.durable.insert(name.to_owned(), file);
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.change()?;
        let file = self.file(from)?;
        let mut names = held(&self.disk.names);
        let change = Change::Renamed(from.to_owned(), to.to_owned(), file);
        change.apply(&mut names.now);
        names.pending.push(change);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.change()?;
        self.file(name)?;
        let mut names = held(&self.disk.names);
        let change = Change::Removed(name.to_owned());
        change.apply(&mut names.now);
        names.pending.push(change);
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        self.disk.change()?;
        let mut names = held(&self.disk.names);
        names.pending.clear();
        names.durable = names.now.clone();
        Ok(())
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        let mut is_locked = held(&self.disk.is_locked);
        if *is_locked {
            return Ok(None);
        }
        *is_locked = true;
        Ok(Some(Box::new(MemoryLock(Arc::clone(&self.disk)))))
    }
}
