//! A flow through a whole primary: ring, journal, engine, events, with a shadow beside it, in a shard that checks margin. The
//! clock is the flow's own, so that every run comes to the same; of a flow that begins within two seconds of the epoch it is
//! two seconds late, which the set-up takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use novate_core::arena::{Chunk, Layout, Untracked};
use novate_core::engine::Engine;
use novate_core::genesis::Genesis;
use novate_core::terms::{Side, TradingState};
use novate_core::units::TimeNs;
use novate_journal::storage::Storage;
use novate_journal::writer;
use novate_replica::affinity::waiting_for;
use novate_replica::clock::SubmittedTime;
use novate_replica::follower::{FollowerSettings, Report};
use novate_replica::primary::{Primary, Settings as PrimarySettings, Stopped, WorkWhen};
use novate_replica::wait::Waiting;

use super::dealer::Dealings;
use super::feed::{find_opening, level_of};
use super::feeder::{Feeder, Wire};
use super::head::{Rows, Survey};
use super::index::EXPIRY_DAYS;
use super::margin_tally::MarginOutcome;
use super::reader::{DAY_NS, FlowReader};
use super::venue::{Crowd, GROUP_MAX, Line, Margined, SET_UP_NS, perpetual};
use super::{Action, Outcome, Row, Settings};
use crate::error::Error;
use crate::input::{Source, progress_bar};

/// Threads that never rest: the feeder, the hot thread, the shadow; and the two beside the writer.
const THREADS: usize = 5;
/// Sequenced time between two timer commands.
const TIMER_NS: u64 = 1_000_000_000;
/// Sequenced time between two checkpoints.
const CHECKPOINT_NS: u64 = 60 * TIMER_NS;
/// A recorded flow may begin the day before: 33 hours lie between the first orders of the bundled one and its opening.
const TIME_JUMP_MAX_DAYS: u64 = 7;

/// How a flow went through.
pub(crate) struct Piped {
    pub(crate) outcome: Outcome,
    /// What came of margin.
    pub(crate) margin: MarginOutcome,
    /// What the shadow found, if there was one.
    pub(crate) shadow: Option<Report>,
    /// How threads waited.
    pub(crate) waiting: Waiting,
}

/// Feeds a whole flow to a primary, one row after the other, each when the one before it was executed.
///
/// # Errors
/// The flow is unreadable or holds what is no command; the first such line is named. Its prices and quantities are too large
/// for margin. The primary halted. It was interrupted.
pub(crate) fn pipe(
    source: &Source,
    (settings, crowd): (Settings, Crowd),
    (storage, journal): (&Arc<dyn Storage>, writer::Settings),
    has_shadow: bool,
    is_interrupted: &AtomicBool,
) -> Result<Piped, Error> {
    let opening = match settings.opening {
        Some(opening) => opening,
        None => find_opening(source, TIME_JUMP_MAX_DAYS)?,
    };
    let progress = progress_bar();
    let mut rows = Rows::new(FlowReader::open(source, TIME_JUMP_MAX_DAYS, &progress)?);
    let survey = rows.survey();
    let late = SET_UP_NS.saturating_sub(survey.begin.0);
    let begin = TimeNs(survey.begin.0.saturating_add(late));
    check_begin(&source.name(), begin)?;
    let mut venue =
        Margined::new(survey, begin, settings.terms, crowd).ok_or_else(|| too_large(&source.name(), survey))?;
    let genesis = Genesis { max_time_jump_ns: TIME_JUMP_MAX_DAYS * DAY_NS, ..crowd.genesis(settings.genesis()) };
    let waiting = waiting_for(THREADS);
    // One row at a time, or all that feeds say at once, and pending work before the next: what happens does not depend on how
    // fast rows come.
    let primary_settings = PrimarySettings {
        batch_commands: GROUP_MAX,
        work: WorkWhen::BeforeNext,
        timer_ns: TIMER_NS,
        checkpoint_ns: CHECKPOINT_NS,
        // The one reader that gates is the feeder, and it reads on however long it was kept from its core.
        patience: Duration::MAX,
        shadow: has_shadow.then(|| FollowerSettings { snapshot_every: 0, ..FollowerSettings::new() }),
        waiting,
        ..PrimarySettings::new(journal)
    };
    let primary = Primary::create(storage, &genesis, SubmittedTime, &primary_settings)?;
    let mut feeder = Feeder::new(&primary, waiting)?;
    let mut wire = Wire::new(&primary, &mut feeder);
    let mut commands = 0;
    let fed = venue.set_up(TimeNs(begin.0 - SET_UP_NS), opening, &mut wire).and_then(|dealings| {
        wire.begin();
        while let Some(row) = rows.next_row()? {
            if is_interrupted.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            play(&mut venue, &mut wire, &Row { time: TimeNs(row.time.0.saturating_add(late)), ..row })?;
            commands += 1;
        }
        Ok(dealings)
    });
    progress.finish_and_clear();
    // What was written is kept whole also where the flow ends in a complaint. Why a primary is gone, stopping it tells.
    let stopped = primary.stop();
    let dealings = match fed {
        Err(Error::Gone) => Dealings::default(),
        other => other?,
    };
    let stopped = stopped?;
    feeder.drain()?;
    outcome(feeder, (opening, commands), (crowd, dealings), stopped, &genesis, waiting)
}

/// What feeds say first, then the row.
fn play(venue: &mut Margined, wire: &mut Wire<'_>, row: &Row) -> Result<(), Error> {
    let Margined { trader, feeds, .. } = venue;
    wire.set_time(row.time);
    feeds.say(row.time, &mut trader.operator, wire)?;
    let made = trader.make(row, |side| feeds.protection(side));
    let mut told = wire.play(made.raw())?;
    let is_crossed = told.state == Some(TradingState::Auction.code());
    if is_crossed && matches!(row.action, Action::Uncross { .. }) && wire.has_refused() {
        // The flow's price opens the book that all of its orders make. Some are missing here, and what is left is crossed.
        let traded = told.traded;
        told = wire.tell(&trader.uncross(None))?;
        told.traded = told.traded.or(traded);
    }
    if let Some(price) = told.traded {
        feeds.hear(price);
    }
    Ok(())
}

/// Expiries are behind it.
fn check_begin(flow: &str, begin: TimeNs) -> Result<(), Error> {
    let days = EXPIRY_DAYS.into_iter().max().unwrap_or_default();
    let last = u64::MAX - days * DAY_NS;
    if begin.0 <= last {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{flow}: expected the first row at {last} ns or before, so that instruments can expire {days} days later, found {begin}"
    )))
}

fn too_large(flow: &str, survey: Survey) -> Error {
    let Survey { price, quantity, .. } = survey;
    Error::Usage(format!(
        "{flow}: expected a median price times a median quantity below 2^38 among its first orders, so that margin has room \
         in 64 bits, found {price} times {quantity}; give prices in larger ticks, or quantities in larger lots"
    ))
}

/// How everything stands in the end.
fn outcome(
    feeder: Feeder,
    (opening, commands): (TradingState, u64),
    (crowd, dealings): (Crowd, Dealings),
    mut stopped: Stopped,
    genesis: &Genesis,
    waiting: Waiting,
) -> Result<Piped, Error> {
    let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(stopped.memory.as_bytes_mut());
    let engine = Engine::attach_as(&Layout::of(genesis), chunks, Untracked)
        .map_err(|cause| Error::engine("reading the state", cause))?;
    let best = |side| engine.top(perpetual(), side).next().map(level_of);
    let outcome = Outcome {
        opening,
        commands,
        work_commands: stopped.work_commands,
        sequence: stopped.last.0.0,
        events: engine.event_count(),
        events_digest: stopped.events_digest.to_string(),
        state_digest: stopped.state_digest.to_string(),
        checkpoints: stopped.checkpoints,
        tally: feeder.tally,
        best_bid: best(Side::Buy),
        best_ask: best(Side::Sell),
        latency: feeder.recorder.summary(),
    };
    let margin = feeder.margin.outcome(crowd, dealings, &engine);
    Ok(Piped { outcome, margin, shadow: stopped.shadow, waiting })
}
