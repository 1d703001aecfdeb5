//! Where comparisons run: the folder that their files lie in, and the cores of their threads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use novate_journal::storage::DiskStorage;

/// A folder of its own that goes away with this, and the cores.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    cores: Option<(usize, usize)>,
    is_quick: bool,
}

impl Place {
    /// Makes a folder below `folder`, or below the system's folder for temporary files. `cores` are the one that this thread is
    /// pinned to, and one for the threads beside it; none where nothing is pinned.
    ///
    /// # Errors
    /// The system's.
    pub fn new(folder: Option<&Path>, cores: Option<(usize, usize)>, is_quick: bool) -> io::Result<Self> {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), PLACES.fetch_add(1, Ordering::Relaxed));
        let above = folder.map_or_else(std::env::temp_dir, Path::to_path_buf);
        let folder = above.join(format!("novate-compare-{process}-{count}"));
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, cores, is_quick })
    }

    /// Whether everything is to be small.
    pub(crate) fn is_quick(&self) -> bool {
        self.is_quick
    }

    /// A folder in it that is new or was emptied.
    pub(crate) fn folder(&self, name: &str) -> Empty {
        Empty { path: self.folder.join(name) }
    }

    /// The cores.
    pub(crate) fn cores(&self) -> Option<(usize, usize)> {
        self.cores
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nobody is there to be told.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A folder that can be made anew; it goes away with this.
#[derive(Debug)]
pub(crate) struct Empty {
    path: PathBuf,
}

impl Empty {
    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what is in it. Without waiting for what was written there to reach the disk: removed files need not.
    pub(crate) fn anew(&self) -> io::Result<()> {
        if self.path.exists() {
            fs::remove_dir_all(&self.path)?;
        }
        fs::create_dir_all(&self.path)
    }

    /// The folder for a journal.
    pub(crate) fn storage(&self) -> Arc<DiskStorage> {
        Arc::new(DiskStorage::new(&self.path))
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
