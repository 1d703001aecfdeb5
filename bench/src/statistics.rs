//! The little statistics that comparisons need.
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "figures about measurements, no state")]

use std::time::Duration;

/// Nanoseconds for each of `count` commands that took `elapsed` together.
pub(crate) fn nanoseconds_each(elapsed: Duration, count: usize) -> f64 {
    elapsed.as_nanos() as f64 / count as f64
}

/// Nanoseconds that `elapsed` is more than `other`, for each of `count` commands.
pub(crate) fn difference_each(elapsed: Duration, other: Duration, count: usize) -> f64 {
    nanoseconds_each(elapsed, count) - nanoseconds_each(other, count)
}

/// How many times `other` goes into `elapsed`.
pub(crate) fn ratio(elapsed: Duration, other: Duration) -> f64 {
    elapsed.as_secs_f64() / other.as_secs_f64()
}

/// How many times `other` goes into `value`.
pub(crate) fn times(value: f64, other: f64) -> f64 {
    value / other
}

/// The middle value, or the mean of the middle two; zero of nothing.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// To three decimals, which is more than a measurement is good for.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()).to_bits(), 2.5_f64.to_bits());
        assert_eq!(median(std::iter::empty()).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn figures() {
        assert_eq!(rounded(nanoseconds_each(Duration::from_nanos(100), 3)).to_bits(), 33.333_f64.to_bits());
        assert_eq!(ratio(Duration::from_secs(1), Duration::from_secs(4)).to_bits(), 0.25_f64.to_bits());
    }
}
