//! Text files of the user's: the numbers in them, and how complaints quote what they hold.

use std::str::FromStr;

/// How much of an offending piece of text a message quotes.
const QUOTED_CHARS_MAX: usize = 60;

/// A piece of text as messages show it: control characters escaped, since it may hold anything, and not too long.
pub(crate) fn quoted(text: &str) -> String {
    if text.is_empty() {
        return "nothing".to_owned();
    }
    let shown: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    let more = if shown.len() < text.len() { "..." } else { "" };
    format!("{shown:?}{more}")
}

/// So many of a thing: `1 segment`, `2 segments`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// A type of whole number, and how messages describe its range.
pub(crate) trait Whole: FromStr {
    /// The range in words.
    const EXPECTED: &'static str;
}

impl Whole for i64 {
    const EXPECTED: &'static str = "a whole number from -9223372036854775808 to 9223372036854775807";
}

impl Whole for u32 {
    const EXPECTED: &'static str = "a whole number from 0 to 4294967295";
}

impl Whole for u64 {
    const EXPECTED: &'static str = "a whole number from 0 to 18446744073709551615";
}

impl Whole for i128 {
    const EXPECTED: &'static str = "a whole number of at most 128 bits";
}

impl Whole for std::num::NonZeroU64 {
    const EXPECTED: &'static str = "a whole number from 1 to 18446744073709551615";
}
