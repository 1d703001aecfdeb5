//! Fuzzers: seeded, reproducible, the same code in the tests (small numbers) and in the binary `fuzz` (large ones).
//!
//! - [`book`]: random commands, engine against the naive oracle, every event compared.
//! - [`reserve`]: what is reserved for orders suffices, whichever of them are filled.
//! - [`batch`]: random commands one by one and in batches, events and memory compared.
//! - [`bytes`]: random and mutated records: applied or rejected, never a panic.
//! - [`witness`]: commands executed again on only what the witness tracker recorded.
//! - [`crash`]: losses of power while a journal is written, on a disk that forgets.
//! - [`kill`]: a process that writes a journal is killed.
//! - [`clients`]: a process with a whole primary is killed, and its clients send again.
//! - [`replay`]: journals of one segment and of many, replayed from the beginning and from every snapshot.
//! - [`soak`]: a whole primary under load, with readers that keep up and one that does not.
//!
//! The first four find a command that does more work than the rules allow.
//!
//! One seed is one run. A run is a row of episodes, each a small world of its own with capacities, instruments and
//! habits drawn from the seed, so that edges (full tables, busy books, sliced auctions) are met often.

pub mod batch;
pub mod book;
pub mod bytes;
pub mod clients;
pub mod crash;
mod episode;
mod estimates;
mod generator;
mod habits;
pub mod kill;
mod margin;
pub mod replay;
pub mod reserve;
mod script;
pub mod soak;
mod trader;
pub mod witness;
mod world;

pub use self::generator::Generator;
pub use self::habits::{Habits, Terms};
pub use self::script::Midway;
pub use self::world::World;

/// Commands of one episode: long enough for tables to fill, short enough for the oracle's plain searches.
pub const EPISODE_COMMANDS: u64 = 4_000;

/// What a fuzzer found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The episode's seed: `--seed` of a run that begins with it.
    pub seed: u64,
    /// The sequence of the command at which it was found.
    pub sequence: u64,
    /// What differs, in words.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {} command {}: {}", self.seed, self.sequence, self.what)
    }
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Commands applied.
    pub commands: u64,
    /// Events by kind.
    pub events: std::collections::BTreeMap<&'static str, u64>,
    /// Rejections by code.
    pub rejections: std::collections::BTreeMap<&'static str, u64>,
    /// Trading states entered.
    pub states: std::collections::BTreeMap<&'static str, u64>,
    /// Cancels by reason.
    pub cancels: std::collections::BTreeMap<&'static str, u64>,
    /// The most work of a kind that one command did: whether limits were reached.
    pub most: std::collections::BTreeMap<&'static str, u64>,
}

impl Coverage {
    /// Counts others' events besides.
    fn add_events(&mut self, others: &Self) {
        for (name, count) in &others.events {
            *self.events.entry(name).or_default() += count;
        }
    }

    /// Counts one event.
    pub fn count(&mut self, event: &novate_core::event::Event<'_>) {
        use novate_core::event::Event;
        use novate_core::reject::{CancelReason, RejectCode};
        use novate_core::terms::TradingState;
        *self.events.entry(event.name()).or_default() += 1;
        if let Event::Rejected(rejected) = event {
            let name = RejectCode::from_code(rejected.code).map_or("unknown", RejectCode::name);
            *self.rejections.entry(name).or_default() += 1;
        }
        if let Event::TradingStateChanged(changed) = event {
            let name = TradingState::from_code(changed.state).map_or("unknown", TradingState::name);
            *self.states.entry(name).or_default() += 1;
        }
        if let Event::Cancelled(cancelled) = event {
            let name = CancelReason::from_code(cancelled.reason).map_or("unknown", CancelReason::name);
            *self.cancels.entry(name).or_default() += 1;
        }
    }
}
