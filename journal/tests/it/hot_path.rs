//! Appending allocates nothing and waits for no page, also where it moves to the next segment.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use novate_core::command::RawCommand;
use novate_core::digest::EventsDigest;
use novate_core::units::{Sequence, TimeNs};
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::{AppendError, Durability, Opened, Settings, create};

use crate::support::genesis;

/// Counts the allocations of the thread that asks for it.
struct Counting;

std::thread_local! {
    static ALLOCATIONS: Cell<Option<u64>> = const { Cell::new(None) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code)]
// SAFETY: every call is passed to the system's allocator with its arguments unchanged; counting touches neither.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get().map(|count| count + 1)));
        // SAFETY: the caller's layout, as the trait's contract has it.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's memory and layout, as the trait's contract has them.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Page faults of this thread so far, those that needed no disk and those that did.
fn page_faults() -> u64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux tells");
    // Fields are counted behind the name, which is in parentheses: state is the 3rd, the faults the 10th and 12th.
    let fields: Vec<&str> = statistics.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields[7].parse::<u64>().expect("a number") + fields[9].parse::<u64>().expect("a number")
}

/// Appends as many commands as fit in the segments that are there, and returns how many.
fn append_all(opened: &mut Opened, words: &[u64]) -> u64 {
    let mut sequence = opened.writer.sequence().0.0;
    let first = sequence;
    loop {
        match opened.writer.append(Sequence(sequence + 1), TimeNs(sequence), RawCommand::new(words)) {
            Ok(()) => sequence += 1,
            Err(AppendError::SealFirst) => opened.writer.seal(EventsDigest::default()).expect("not poisoned"),
            Err(AppendError::NotReady) => return sequence - first,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn appending_allocates_nothing_and_waits_for_no_page() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let storage: Arc<dyn Storage> = Arc::new(DiskStorage::new(folder.path()));
    let settings = Settings { segment_bytes: 1 << 20, durability: Durability::None };
    let mut opened = create(storage, &genesis(), settings).expect("a new journal");
    let words = [7; 10];
    while opened.preparer.step().expect("the disk does not fail") {}
    let faults = page_faults();
    ALLOCATIONS.with(|count| count.set(Some(0)));
    let appended = append_all(&mut opened, &words);
    let allocations = ALLOCATIONS.with(|count| count.replace(None));
    let faults = page_faults() - faults;
    // Three segments of some 8,000 frames and 256 pages each.
    assert!(appended > 20_000, "{appended}");
    assert_eq!(allocations, Some(0));
    // Reading the counter itself may fault once or twice.
    assert!(faults < 8, "{faults} page faults in {appended} appends");
}
