//! A whole primary under load for long: two who send, three who read events, one of whom is too slow on purpose.
//!
//! First as many commands as it takes are sent, for a while long enough that the disk counts; then, with a journal of its own,
//! half as many, in an open loop. Of both it is checked that nothing that was sent is missing, that readers for which the
//! primary waits have every event once, that the slow one is told what it lost, and that the shadow and a replay of the
//! journal come to the same events and the same state.
//!
//! The whole journal stays until it has been replayed, so the disk bounds the pace: a journal is not pruned while it is
//! written. Where half the saturation would make more bytes than it may, the pace is lower, and the result says so.

mod load;
mod readers;
mod senders;

use std::path::Path;
use std::time::Duration;

use super::Finding;

use self::load::Load;

/// How long the saturation is measured, at most: the pages that the system holds back count by then.
const SATURATION_MAX: Duration = Duration::from_secs(10);
/// Bytes of a command in the journal, at most, with its part of a seal: what the bound on bytes is kept by until it is known.
const COMMAND_BYTES_MAX: u64 = 160;
/// Bytes that are set aside for each second: a block is sealed every millisecond, however few commands it has.
const SEALS_BYTES: u64 = 256 << 10;

/// What a run is to do.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Wanted {
    /// What is sent.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How long the load lasts, behind up to ten seconds in which the saturation is measured.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,
    /// Bytes that a journal may take on the disk; the pace is lower where this demands it.
    #[arg(long, default_value_t = 16 << 30, value_parser = clap::value_parser!(u64).range(1 << 20..))]
    pub bytes_max: u64,
    /// Plants a mistake; the run must find it.
    #[arg(long, value_enum, default_value_t)]
    pub canary: SoakCanary,
}

/// A mistake that is planted; a run must find it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SoakCanary {
    /// No mistake.
    #[default]
    None,
    /// A bit of the shadow's memory flips.
    FlippedBit,
    /// A reader passes over an event.
    PassedOver,
}

/// What a load came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loaded {
    /// Commands that were sent, and executed.
    pub commands: u64,
    /// From the first of them until the last was durable.
    pub elapsed: Duration,
    /// Events.
    pub events: u64,
    /// Lines of the ring that they took.
    pub lines: u64,
    /// Lines that the slow reader was told that it lost, and on how many occasions.
    pub lost_lines: u64,
    /// See there.
    pub laps: u64,
    /// Commands that were taken more than a millisecond after they were meant to be, and the longest that one took.
    pub late: u64,
    /// See there.
    pub late_max: Duration,
    /// Looks for a segment that was not ready: the disk was slower than the commands.
    pub segment_stalls: u64,
    /// Times that a reader of events had to be waited for.
    pub egress_stalls: u64,
    /// Checkpoints at which the shadow came to the same state.
    pub checkpoints: u64,
    /// Snapshots that the shadow took.
    pub snapshots: u64,
    /// Bytes of the journal.
    pub bytes: u64,
}

impl Loaded {
    /// Commands a second.
    pub fn rate(&self) -> u64 {
        let nanoseconds = self.elapsed.as_nanos().max(1);
        (u128::from(self.commands) * 1_000_000_000 / nanoseconds).try_into().unwrap_or(u64::MAX)
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// As fast as commands were taken.
    pub saturation: Loaded,
    /// Commands a second that were meant to be sent then.
    pub pace: u64,
    /// At that pace.
    pub soaked: Loaded,
}

/// Runs both loads. `folder` is for journals, which are removed; it must be empty.
///
/// # Errors
/// The first thing that is wrong.
pub fn run(folder: &Path, wanted: Wanted) -> Result<Soak, Box<Finding>> {
    let Wanted { seed, seconds, bytes_max, canary } = wanted;
    let duration = Duration::from_secs(seconds);
    let commands_max = bytes_max / COMMAND_BYTES_MAX;
    if bytes_max <= SEALS_BYTES * seconds {
        let what =
            format!("{bytes_max} bytes are too few for {seconds} seconds: allow more than {SEALS_BYTES} a second");
        return Err(Box::new(Finding { seed, sequence: 0, what }));
    }
    let as_fast = Load { seed, duration: duration.min(SATURATION_MAX), pace: None, commands_max, canary };
    let saturation = as_fast.run(&folder.join("saturation"))?;
    let pace = pace_of(&saturation, seconds, bytes_max);
    let soaked = Load { duration, pace: Some(pace), commands_max: u64::MAX, ..as_fast }.run(&folder.join("soak"))?;
    Ok(Soak { saturation, pace, soaked })
}

/// Half of the saturation, or as many commands a second as there is room for.
fn pace_of(saturation: &Loaded, seconds: u64, bytes_max: u64) -> u64 {
    let command_bytes = saturation.bytes.div_ceil(saturation.commands.max(1)).max(1);
    let room = bytes_max.saturating_sub(SEALS_BYTES * seconds);
    (saturation.rate() / 2).min(room / command_bytes / seconds.max(1)).max(1)
}

impl std::fmt::Display for Soak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { saturation, pace, soaked } = self;
        let half = saturation.rate() / 2;
        writeln!(f, "saturation: {saturation}")?;
        writeln!(f, "pace: {pace} commands/s, {} % of half the saturation, {half}", 100 * pace / half.max(1))?;
        writeln!(f, "soak: {soaked}")?;
        write!(f, "late: {} commands by more than 1 ms, the latest by {:?}", soaked.late, soaked.late_max)
    }
}

impl std::fmt::Display for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} commands in {:.1?}, {}/s; {} events on {} lines, of which the slow reader lost {} in {} laps; {} bytes of \
             journal; waited {} times for a segment, {} for a reader; {} checkpoints, {} snapshots",
            self.commands,
            self.elapsed,
            self.rate(),
            self.events,
            self.lines,
            self.lost_lines,
            self.laps,
            self.bytes,
            self.segment_stalls,
            self.egress_stalls,
            self.checkpoints,
            self.snapshots
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_bounds_the_pace() {
        let saturation =
            Loaded { commands: 10_000, elapsed: Duration::from_secs(1), bytes: 1_000_000, ..Loaded::default() };
        assert_eq!(pace_of(&saturation, 60, u64::MAX), 5_000);
        let room = |pace: u64| 60 * (SEALS_BYTES + 100 * pace);
        assert_eq!(pace_of(&saturation, 60, room(4_999)), 4_999);
        assert_eq!(pace_of(&saturation, 60, 0), 1);
    }
}
