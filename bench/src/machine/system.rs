//! What the kernel tells in text files under `/proc` and `/sys`, read below any folder, so that a machine can be made up.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// The largest core number and range of them that is taken for one: more than any kernel is built for.
const CORES_MAX: usize = 1 << 16;

/// The root of a system's files. Only reads.
#[derive(Clone, Debug)]
pub struct System(PathBuf);

impl System {
    /// The system that this process runs on.
    pub fn running() -> Self {
        Self::at("/")
    }

    /// One whose `proc` and `sys` lie in this folder.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    /// A file's text without blanks around it, by its path below the root; nothing where it cannot be read.
    pub fn read(&self, path: &str) -> Option<String> {
        let bytes = fs::read(self.path(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// A file's number.
    pub fn read_number(&self, path: &str) -> Option<u64> {
        self.read(path)?.parse().ok()
    }

    /// A file's list of cores.
    pub fn read_cores(&self, path: &str) -> Option<CoreList> {
        CoreList::parse(&self.read(path)?)
    }

    /// The names in a folder, in order; nothing where it cannot be read.
    pub fn names(&self, folder: &str) -> Option<Vec<String>> {
        let entries = fs::read_dir(self.path(folder)).ok()?;
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        Some(names)
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(Path::new(path))
    }
}

/// A set of cores, read and shown as the kernel writes it: `0-3,8`.
///
/// ```
/// use novate_bench::machine::CoreList;
///
/// let cores = CoreList::parse("0-2,8").expect("a list");
/// assert!(cores.contains(8) && !cores.contains(3));
/// assert_eq!(cores.to_string(), "0-2,8");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoreList(BTreeSet<usize>);

impl CoreList {
    /// Reads a list; an empty one is a list too, and so is the `(null)` of kernels that have none to tell.
    pub fn parse(text: &str) -> Option<Self> {
        let mut cores = BTreeSet::new();
        let text = text.trim();
        if text.is_empty() || text == "(null)" {
            return Some(Self(cores));
        }
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            if first > last || last >= CORES_MAX {
                return None;
            }
            cores.extend(first..=last);
        }
        Some(Self(cores))
    }

    /// Whether this core is in it.
    pub fn contains(&self, core: usize) -> bool {
        self.0.contains(&core)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cores in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// Those that are in one or the other.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// Those that are not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).copied().collect())
    }
}

impl FromIterator<usize> for CoreList {
    fn from_iter<I: IntoIterator<Item = usize>>(cores: I) -> Self {
        Self(cores.into_iter().collect())
    }
}

impl fmt::Display for CoreList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for core in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == core => *last = core,
                _ => ranges.push((core, core)),
            }
        }
        let texts = ranges.into_iter().map(
            |(first, last)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            },
        );
        f.write_str(&texts.collect::<Vec<_>>().join(","))
    }
}

impl Serialize for CoreList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_shown_as_the_kernel_writes_them() {
        for text in ["0", "0-1", "0-3,8,10-11"] {
            assert_eq!(CoreList::parse(text).expect("a list").to_string(), text);
        }
        for none in ["", "\n", "(null)"] {
            assert_eq!(CoreList::parse(none).expect("an empty list").to_string(), "none");
        }
        for bad in ["x", "3-1", "0-99999999", "-1", "1,,2"] {
            assert_eq!(CoreList::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        let system = System::at("/nowhere/at/all");
        assert_eq!((system.read("proc/cpuinfo"), system.names("proc/irq")), (None, None));
        assert!(!system.has("proc"));
    }
}
