//! The names of a journal's files.

/// The file with the epoch.
pub const CONTROL: &str = "control";
/// The file whose lock a writer holds.
pub const LOCK: &str = "lock";
/// The file with the counters of a primary: no part of the journal, and of use only while it runs.
pub const COUNTERS: &str = "counters";
/// What the name of a file ends in that was not finished.
pub const TEMPORARY: &str = ".tmp";
/// Digits of a segment's number.
const SEGMENT_DIGITS: usize = 8;
/// Digits of a snapshot's sequence.
const SNAPSHOT_DIGITS: usize = 20;
const SEGMENT: &str = ".segment";
const SNAPSHOT: &str = ".snapshot";

/// What a file in a journal's folder is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The file with the epoch.
    Control,
    /// The writer's lock.
    Lock,
    /// A primary's counters.
    Counters,
    /// A segment, by its number.
    Segment(u32),
    /// A snapshot, by its sequence.
    Snapshot(u64),
    /// A file that was not finished.
    Temporary,
    /// None of ours.
    Foreign,
}

/// A segment's name.
///
/// ```
/// assert_eq!(novate_journal::format::names::segment(12), "00000012.segment");
/// ```
pub fn segment(number: u32) -> String {
    format!("{number:0SEGMENT_DIGITS$}{SEGMENT}")
}

/// A snapshot's name.
pub fn snapshot(sequence: u64) -> String {
    format!("{sequence:0SNAPSHOT_DIGITS$}{SNAPSHOT}")
}

/// The name of a file until it is finished.
pub fn temporary(name: &str) -> String {
    format!("{name}{TEMPORARY}")
}

/// What a name stands for. Only names that the functions here give are ours.
pub fn parse(name: &str) -> Named {
    if name == CONTROL {
        return Named::Control;
    }
    if name == LOCK {
        return Named::Lock;
    }
    if name == COUNTERS {
        return Named::Counters;
    }
    if name.ends_with(TEMPORARY) {
        return Named::Temporary;
    }
    if let Some(number) = name.strip_suffix(SEGMENT).and_then(|digits| digits.parse().ok())
        && number > 0
        && segment(number) == name
    {
        return Named::Segment(number);
    }
    if let Some(sequence) = name.strip_suffix(SNAPSHOT).and_then(|digits| digits.parse().ok())
        && snapshot(sequence) == name
    {
        return Named::Snapshot(sequence);
    }
    Named::Foreign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for number in [1, 7, 99_999_999, 100_000_000, u32::MAX] {
            assert_eq!(parse(&segment(number)), Named::Segment(number));
        }
        for sequence in [0, 1, u64::MAX] {
            assert_eq!(parse(&snapshot(sequence)), Named::Snapshot(sequence));
        }
        assert_eq!(parse("control"), Named::Control);
        assert_eq!(parse("lock"), Named::Lock);
        assert_eq!(parse("counters"), Named::Counters);
        assert_eq!(parse(&temporary(&segment(3))), Named::Temporary);
        for foreign in ["", "0.segment", "00000000.segment", "+0000001.segment", "1.segment", "00000001.SEGMENT", "x"] {
            assert_eq!(parse(foreign), Named::Foreign, "{foreign}");
        }
    }
}
