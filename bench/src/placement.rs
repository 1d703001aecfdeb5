//! Where two cores are while something is handed over between them.
//!
//! Where cores are virtual, whoever runs the machine moves them about: a pair is near each other at one time and far apart
//! at another, and what is handed over between them takes several times as long. So the distance is measured right before
//! and right after everything that depends on it.

use std::io;
use std::time::Duration;

use serde::Serialize;

use crate::machine::core_to_core::{self, FAR_NS};
use crate::statistics::{median, nanoseconds_each, rounded};

/// How often something is tried before it is given up, because the cores moved each time.
pub(crate) const ATTEMPTS: u32 = 3;

/// Where two cores are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Less than [`FAR_NS`] apart.
    Near,
    /// Farther.
    Far,
}

impl Placement {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Near, Self::Far];

    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Far => "far",
        }
    }

    fn of(one_way_ns: f64) -> Self {
        if one_way_ns < f64::from(FAR_NS) { Self::Near } else { Self::Far }
    }
}

/// Where the cores were while something was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// From core to core before and after, in nanoseconds.
    pub one_way_ns: [f64; 2],
}

impl Distance {
    /// Where they were, if they were there before and after.
    pub fn placement(&self) -> Option<Placement> {
        let [before, after] = self.one_way_ns.map(Placement::of);
        (before == after).then_some(before)
    }

    /// From core to core, in nanoseconds: the mean of both.
    pub fn mean_ns(&self) -> f64 {
        median(self.one_way_ns.into_iter())
    }
}

/// Does something, and says how far the cores were apart right before and right after.
pub(crate) fn placed<T>(
    cores: Option<(usize, usize)>,
    work: impl FnOnce() -> io::Result<T>,
) -> io::Result<(Distance, T)> {
    let before = core_to_core(cores)?;
    let done = work()?;
    Ok((Distance { one_way_ns: [before, core_to_core(cores)?] }, done))
}

/// The median of the distances' means, in nanoseconds.
pub(crate) fn median_of<'d>(distances: impl Iterator<Item = &'d Distance>) -> f64 {
    rounded(median(distances.map(Distance::mean_ns)))
}

/// How long it takes from this core to the one beside, in nanoseconds.
fn core_to_core(cores: Option<(usize, usize)>) -> io::Result<f64> {
    let ns = match cores {
        Some((a, b)) => core_to_core::measure(a, b).map(|apart| apart.median_ns),
        None => core_to_core::measure_anywhere(),
    };
    let ns = ns.map(|ns| nanoseconds_each(Duration::from_nanos(ns), 1));
    ns.ok_or_else(|| io::Error::other("the system refused a core that it had allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_that_moved_have_no_placement() {
        let placement = |before, after| Distance { one_way_ns: [before, after] }.placement();
        assert_eq!(placement(27.0, 31.0), Some(Placement::Near));
        assert_eq!(placement(f64::from(FAR_NS), 245.0), Some(Placement::Far));
        assert_eq!(placement(27.0, 245.0), None);
        assert_eq!(Distance { one_way_ns: [20.0, 30.0] }.mean_ns().to_bits(), 25.0_f64.to_bits());
    }
}
