//! Text files of the user's: the numbers in them, and how complaints quote what they hold.

use std::str::FromStr;

/// How much of an offending piece of text a message quotes.
const QUOTED_CHARS_MAX: usize = 60;
/// From this size on numbers are written with an exponent, and below the other.
const LARGE: f64 = 1e16;
const SMALL: f64 = 1e-5;

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

/// A number with all its digits. What is very large or very small is written with an exponent, and zero has no sign.
pub(crate) fn number(value: f64) -> String {
    let is_usual = value == 0.0 || !value.is_finite() || (SMALL..LARGE).contains(&value.abs());
    if is_usual { unsigned_zero(value.to_string()) } else { format!("{value:e}") }
}

/// A number with so many digits behind the point, or behind its first digit where it is very large.
pub(crate) fn rounded(value: f64, digits: usize) -> String {
    let is_usual = !value.is_finite() || value.abs() < LARGE;
    if is_usual { unsigned_zero(format!("{value:.digits$}")) } else { format!("{value:.digits$e}") }
}

fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
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

#[cfg(test)]
mod tests {
    use super::{number, rounded};

    #[test]
    fn numbers_have_few_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (-1.5, "-1.5"),
            (1e15, "1000000000000000"),
            (1e16, "1e16"),
            (-1e300, "-1e300"),
            (1e-5, "0.00001"),
            (9.5e-6, "9.5e-6"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(value), text);
        }
        for (value, text) in
            [(-1e-9, "0.000"), (-0.5, "-0.500"), (1e15, "1000000000000000.000"), (-1e300, "-1.000e300")]
        {
            assert_eq!(rounded(value, 3), text);
        }
    }
}
