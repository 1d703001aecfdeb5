//! A sweep as figures, as files that other tools read, and as a page for people.
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "figures about measurements, no state")]

mod files;
mod page;
mod plots;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::samples::Stage;
use super::sweep::{Rate, Sweep};
use crate::machine::{Hiccups, PUBLISHED, Percentiles};
use crate::statistics::{rounded, times};

/// A stage at a rate; the fields are the keys of its JSON form. Times are nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Commands a second that were meant to be sent.
    pub rate: u64,
    /// Commands a second that were answered.
    pub answered: u64,
    /// Whether that is fewer than 99 of 100.
    pub saturated: bool,
    /// What the times are of.
    pub stage: &'static str,
    /// How many there are.
    pub count: u64,
    /// Half of them were at most this.
    pub p50: u64,
    /// 90 of 100.
    pub p90: u64,
    /// 99 of 100.
    pub p99: u64,
    /// 999 of 1,000.
    #[serde(rename = "p99.9")]
    pub p99_9: u64,
    /// 9,999 of 10,000.
    #[serde(rename = "p99.99")]
    pub p99_99: u64,
    /// 99,999 of 100,000.
    #[serde(rename = "p99.999")]
    pub p99_999: u64,
    /// The longest.
    pub max: u64,
    /// The percentiles that say nothing about what was measured.
    pub meaningless: Vec<&'static str>,
    /// Commands that found the ring full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_full: Option<u64>,
    /// From core to core, the mean of before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core_to_core: Option<f64>,
    /// p50 divided by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple: Option<f64>,
}

impl Row {
    /// Whether p50, and what is divided by it, says something about what was measured.
    pub fn is_p50_sound(&self) -> bool {
        !self.meaningless.contains(&"p50")
    }

    /// The percentiles in the order of [`PUBLISHED`].
    pub const fn percentiles(&self) -> [u64; PUBLISHED.len()] {
        [self.p50, self.p90, self.p99, self.p99_9, self.p99_99, self.p99_999, self.max]
    }
}

/// Threads that wanted a core: client, hot thread, flusher, preparer, and the shadow.
fn threads(sweep: &Sweep) -> usize {
    4 + usize::from(sweep.plan.shadow)
}

/// What percentiles mean on the machine of a sweep.
pub fn percentiles(sweep: &Sweep) -> Percentiles {
    let hiccups = sweep.surroundings.iter().flat_map(|around| &around.hiccups);
    Percentiles::of(hiccups, sweep.machine.cores_allowed.as_ref().map_or(0, crate::machine::CoreList::len))
}

/// Every stage at every rate.
pub fn rows(sweep: &Sweep) -> Vec<Row> {
    let (percentiles, threads) = (percentiles(sweep), threads(sweep));
    let of_rate = |rate: &Rate| -> Vec<Row> {
        let row =
            |(stage, samples): &(Stage, super::Samples)| row((rate, *stage), &samples.total(), &percentiles, threads);
        rate.samples.iter().map(row).collect()
    };
    sweep.rates.iter().flat_map(of_rate).collect()
}

fn row((rate, stage): (&Rate, Stage), times_of: &Histogram<u64>, percentiles: &Percentiles, threads: usize) -> Row {
    let [p50, p90, p99, p99_9, p99_99, p99_999, max] = PUBLISHED.map(|(ppm, _)| at(times_of, ppm));
    let count = times_of.len();
    let is_meaningless = |ppm| !percentiles.is_sound(ppm, count, threads);
    let mean = |[before, after]: [u64; 2]| rounded(times((before + after) as f64, 2.0));
    let core_to_core = rate.core_to_core_ns.map(mean).filter(|_| stage == Stage::EndToEnd);
    Row {
        rate: rate.rate,
        answered: rate.answered,
        saturated: rate.is_saturated(),
        stage: stage.name(),
        count,
        p50,
        p90,
        p99,
        p99_9,
        p99_99,
        p99_999,
        max,
        meaningless: PUBLISHED.into_iter().filter(|(ppm, _)| is_meaningless(*ppm)).map(|(_, name)| name).collect(),
        ring_full: (stage == Stage::EndToEnd).then_some(rate.full),
        core_to_core,
        multiple: core_to_core.map(|apart| rounded(times(p50 as f64, apart))),
    }
}

/// A percentile in millionths.
fn at(times: &Histogram<u64>, ppm: u64) -> u64 {
    if ppm == 1_000_000 { times.max() } else { times.value_at_quantile(ppm as f64 / 1e6) }
}

/// Writes `index.html`, and for each rate a log of all intervals and a distribution of each stage, to a folder that is new or
/// empty. Returns the files' names.
///
/// # Errors
/// The system's, and the file or folder that it is about; `AlreadyExists` where the folder is not empty.
pub fn write(sweep: &Sweep, folder: &Path) -> Result<Vec<String>, (PathBuf, io::Error)> {
    claim(folder).map_err(|cause| (folder.to_owned(), cause))?;
    let mut names = Vec::new();
    let mut put = |name: String, content: io::Result<Vec<u8>>| {
        let file = folder.join(&name);
        names.push(name);
        content.and_then(|content| fs::write(&file, content)).map_err(|cause| (file, cause))
    };
    put("index.html".to_owned(), page::page(sweep).map(String::into_bytes))?;
    for rate in &sweep.rates {
        put(format!("{}.hlog", rate.rate), files::log(rate))?;
        for (stage, samples) in &rate.samples {
            let distribution = files::distribution(&samples.total()).map(String::into_bytes);
            put(format!("{}-{}.hgrm", rate.rate, stage.name()), distribution)?;
        }
    }
    Ok(names)
}

/// Makes the folder, or finds it empty: to be asked before anything is measured for it.
///
/// # Errors
/// The system's; `AlreadyExists` where something is in it.
pub fn claim(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if fs::read_dir(folder)?.next().is_some() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    Ok(())
}

/// The gaps of each core, before and after.
fn hiccups(sweep: &Sweep) -> Vec<(&'static str, &Hiccups)> {
    let whens = ["before", "after"].into_iter().zip(&sweep.surroundings);
    whens.flat_map(|(when, around)| around.hiccups.iter().map(move |hiccups| (when, hiccups))).collect()
}
