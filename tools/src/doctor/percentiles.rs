//! Which percentiles of a latency measurement on this machine say something about what is measured.

use novate_bench::machine::Hiccups;
use serde::Serialize;

use super::cores::PIPELINE_THREADS;
use super::facts::{Facts, Measured};

/// The percentiles that people publish, in millionths, and their names.
const PUBLISHED: [(u64, &str); 7] = [
    (500_000, "p50"),
    (900_000, "p90"),
    (990_000, "p99"),
    (999_000, "p99.9"),
    (999_900, "p99.99"),
    (999_990, "p99.999"),
    (1_000_000, "max"),
];

/// What latency figures from this machine are worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Percentiles {
    /// The highest percentile that means something, as far as gaps tell: see [`Hiccups::sound_ppm`]. Of the worst core.
    sound_up_to: Option<serde_json::Number>,
    /// The published ones above it.
    meaningless: Vec<&'static str>,
    /// Of runs with more threads than this nothing above p50 means anything: they share cores.
    threads_max: Option<usize>,
}

impl Percentiles {
    /// Judges by the gaps that were measured and by the number of cores.
    pub(crate) fn of(facts: &Facts, measured: &Measured) -> Self {
        let sound_ppm = measured.hiccups.iter().map(Hiccups::sound_ppm).min();
        let is_meaningless = |ppm| sound_ppm.is_some_and(|sound_ppm| ppm > sound_ppm);
        let meaningless = PUBLISHED.into_iter().filter(|(ppm, _)| is_meaningless(*ppm)).map(|(_, name)| name);
        Self {
            sound_up_to: sound_ppm.and_then(|ppm| percent_text(ppm).parse().ok()),
            meaningless: meaningless.collect(),
            threads_max: (!facts.usable.is_empty()).then_some(facts.usable.len()),
        }
    }

    /// The same in sentences.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![match (&self.sound_up_to, self.meaningless.as_slice()) {
            (None, _) => "Nothing was measured: what percentiles mean here is unknown.".to_owned(),
            (Some(_), []) => {
                "No gap of 10 us was seen: nothing speaks against any percentile, as far as half a second tells."
                    .to_owned()
            }
            (Some(sound), meaningless) => {
                format!("Percentiles above p{sound} measure the machine here: {} mean nothing.", meaningless.join(", "))
            }
        }];
        if let Some(threads) = self.threads_max.filter(|threads| *threads < PIPELINE_THREADS) {
            lines.push(format!(
                "Of runs with more threads than cores ({threads} here) everything above p50 means nothing; a pipeline has \
                 {PIPELINE_THREADS}."
            ));
        }
        lines
    }
}

/// Millionths as per cent, without zeros that say nothing.
fn percent_text(ppm: u64) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn per_cent() {
        let texts = [1_000_000, 998_000, 999_967, 500_000, 0].map(percent_text);
        assert_eq!(texts, ["100", "99.8", "99.9967", "50", "0"]);
    }
}
