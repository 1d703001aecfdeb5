//! Which percentiles of a latency measurement on this machine say something about what is measured.

use serde::Serialize;

use super::hiccups::Hiccups;

/// Threads of a pipeline that want a core each: the hot thread, the journal's flusher and preparer, the shadow that
/// checks, and one gateway.
pub const PIPELINE_THREADS: usize = 5;
/// The percentiles that people publish, in millionths, and their names.
pub const PUBLISHED: [(u64, &str); 7] = [
    (500_000, "p50"),
    (900_000, "p90"),
    (990_000, "p99"),
    (999_000, "p99.9"),
    (999_900, "p99.99"),
    (999_990, "p99.999"),
    (1_000_000, "max"),
];

/// Times above a percentile that it takes for it to be more than chance.
const SAMPLES_ABOVE: u64 = 10;

/// What latency figures from this machine are worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    #[serde(skip)]
    sound_ppm: Option<u64>,
    /// The highest percentile that means something, as far as gaps tell: see [`Hiccups::sound_ppm`]. Of the worst core.
    sound_up_to: Option<serde_json::Number>,
    /// The published ones above it.
    meaningless: Vec<&'static str>,
    /// Of runs with more threads than this nothing above p50 means anything: they share cores.
    threads_max: Option<usize>,
}

impl Percentiles {
    /// Judges by the gaps that were measured and by the number of cores, 0 where it is unknown.
    pub fn of<'h>(hiccups: impl IntoIterator<Item = &'h Hiccups>, cores: usize) -> Self {
        let sound_ppm = hiccups.into_iter().map(Hiccups::sound_ppm).min();
        let is_meaningless = |ppm| sound_ppm.is_some_and(|sound_ppm| ppm > sound_ppm);
        let meaningless = PUBLISHED.into_iter().filter(|(ppm, _)| is_meaningless(*ppm)).map(|(_, name)| name);
        Self {
            sound_ppm,
            sound_up_to: sound_ppm.and_then(|ppm| percent_text(ppm).parse().ok()),
            meaningless: meaningless.collect(),
            threads_max: (cores > 0).then_some(cores),
        }
    }

    /// Whether a percentile, in millionths, of so many times says something about what was measured with so many threads: it is
    /// not above what gaps leave, more than a handful of times are above it, and above p50 the threads had a core each.
    pub fn is_sound(&self, ppm: u64, count: u64, threads: usize) -> bool {
        let above = u128::from(count) * u128::from(1_000_000_u64.saturating_sub(ppm));
        let have_cores = ppm <= 500_000 || self.threads_max.is_some_and(|cores| threads <= cores);
        let is_seen = self.sound_ppm.is_some_and(|sound_ppm| ppm <= sound_ppm);
        is_seen && have_cores && above >= u128::from(SAMPLES_ABOVE) * 1_000_000
    }

    /// The same in sentences.
    pub fn lines(&self) -> Vec<String> {
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_a_handful_of_times_say_is_chance() {
        let quiet = Percentiles::of(&[Hiccups::of(0, Duration::from_secs(1), &[])], 4);
        let sound = |ppm| quiet.is_sound(ppm, 1_000, 4);
        assert_eq!([500_000, 990_000, 999_000, 1_000_000].map(sound), [true, true, false, false]);
        assert!(quiet.is_sound(500_000, 1_000, 5) && !quiet.is_sound(900_000, 1_000, 5));
        let noisy = Percentiles::of(&[Hiccups::of(0, Duration::from_secs(1), &[20_000_000])], 4);
        assert!(noisy.is_sound(900_000, 1_000_000, 4) && !noisy.is_sound(990_000, 1_000_000, 4));
        assert!(!Percentiles::of([], 4).is_sound(500_000, 1_000, 4));
    }

    #[test]
    fn per_cent() {
        let texts = [1_000_000, 998_000, 999_967, 500_000, 0].map(percent_text);
        assert_eq!(texts, ["100", "99.8", "99.9967", "50", "0"]);
    }
}
