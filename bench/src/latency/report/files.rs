//! The forms that tools of the `HdrHistogram` family read.

use std::fmt::Write;
use std::io;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::latency::sweep::Rate;

/// Steps from each half of the rest to the next.
const TICKS_PER_HALF_DISTANCE: u32 = 5;

/// A percentile distribution, `.hgrm`: the text of `outputPercentileDistribution` of Java's `HdrHistogram`, in nanoseconds.
pub(super) fn distribution(times: &Histogram<u64>) -> io::Result<String> {
    let mut text = format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut total = 0;
    let mut line = |text: &mut String| {
        for step in times.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
            total += step.count_since_last_iteration();
            let (value, quantile) = (step.value_iterated_to(), step.quantile_iterated_to());
            write!(text, "{value:>12}.000 {quantile:>14.12} {total:>10}")?;
            if quantile < 1.0 {
                write!(text, " {:>14.2}", 1.0 / (1.0 - quantile))?;
            }
            text.write_char('\n')?;
        }
        writeln!(text, "#[Mean    = {:>12.3}, StdDeviation   = {:>12.3}]", times.mean(), times.stdev())?;
        writeln!(text, "#[Max     = {:>12.3}, Total count    = {:>12}]", times.max() as f64, times.len())?;
        writeln!(text, "#[Buckets = {:>12}, SubBuckets     = {:>12}]", times.buckets(), SUB_BUCKETS)
    };
    line(&mut text).map_err(io::Error::other)?;
    Ok(text)
}

/// Of histograms with three digits.
const SUB_BUCKETS: u32 = 2_048;

/// An interval log, `.hlog`: every interval of every stage, the stage as its tag.
pub(super) fn log(rate: &Rate) -> io::Result<Vec<u8>> {
    let (mut bytes, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment(&format!("{} commands a second, nanoseconds, tagged by stage", rate.rate));
    builder.with_base_time(SystemTime::UNIX_EPOCH);
    let mut writer = builder.begin_log_with(&mut bytes, &mut serializer)?;
    let intervals = rate.samples.first().map_or(0, |(_, samples)| samples.intervals().len());
    for interval in 0..intervals {
        for (stage, samples) in &rate.samples {
            let Some(times) = samples.intervals().get(interval) else { continue };
            let length = Duration::from_nanos(samples.interval_ns());
            let start = length * u32::try_from(interval).unwrap_or(u32::MAX);
            let written = writer.write_histogram(times, start, length, Tag::new(stage.name()));
            written.map_err(|error| io::Error::other(format!("{error:?}")))?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::latency::samples::{Samples, Stage};

    fn rate() -> Rate {
        let mut samples = Samples::new(1_000_000_000, 2).expect("bounds in range");
        samples.begin(0);
        for (intended, ns) in [(0, 100), (1, 200), (1_500_000_000, 300)] {
            samples.record(intended, ns);
        }
        let samples = vec![(Stage::EndToEnd, samples.clone()), (Stage::Late, samples)];
        Rate { rate: 2, answered: 2, full: 0, core_to_core_ns: None, samples }
    }

    #[test]
    fn distributions_end_with_everything() {
        let text = distribution(&rate().samples[0].1.total()).expect("text");
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]);
        assert_eq!(lines[2], ["100.000", "0.000000000000", "1", "1.00"]);
        let last = lines.iter().rfind(|line| line.len() == 3).expect("a line without a last column");
        assert_eq!(*last, ["300.000", "1.000000000000", "3"]);
        assert!(text.contains("#[Mean    =      200.000, StdDeviation   =       81.650]"), "{text}");
        assert!(text.contains("#[Max     =      300.000, Total count    =            3]"), "{text}");
    }

    #[test]
    fn logs_are_read_back() {
        let bytes = log(&rate()).expect("bytes");
        let mut found = Vec::new();
        for entry in IntervalLogIterator::new(&bytes) {
            let LogEntry::Interval(interval) = entry.expect("an entry") else { continue };
            let tag = interval.tag().expect("a tag").as_str();
            found.push((tag.to_owned(), interval.start_timestamp().as_secs(), interval.max()));
        }
        let expected = [("end-to-end", 0, 200.0), ("late", 0, 200.0), ("end-to-end", 1, 300.0), ("late", 1, 300.0)];
        assert_eq!(found, expected.map(|(tag, second, max)| (tag.to_owned(), second, max)));
    }
}
