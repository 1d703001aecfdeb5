//! How long commands take: single ones around a call, and a whole primary under a steady load.
//!
//! [`Recorder`] times what lies between two readings of the clock. [`sweep()`] measures a primary as an exchange would know
//! it: an open loop sends commands at a rate that does not wait for anybody, times count from the moment at which a
//! command was *meant* to be sent (those of the stages behind the ring from the stage before), and the rate grows until the
//! primary cannot follow. That is all the correction for coordinated omission that there is, and it is made once: no sample
//! is invented afterwards.
//!
//! ```text
//!        client's core                 hot thread's core                 client's core
//! meant ──► sent ──► ring ──► taken ──► stamped, appended ──► applied ──► last event read
//! └──────────── ring ────────┘└────────── journal ───────┘└── match ──┘└───── events ─────┘
//! └───────────────────────────────────── end to end ──────────────────────────────────────┘
//! ```
//!
//! One client thread sends and reads, so that a time begins and ends at the same clock. End to end is measured in a run
//! of its own, in which the hot thread reads no clock but the one that stamps commands; the stages in another one, in
//! which it also reads it three times for each batch.

mod client;
mod load;
mod probe;
mod recorder;
mod replies;
pub mod report;
mod run;
mod samples;
pub mod sweep;

pub use self::recorder::{Recorder, Start, Summary};
pub use self::samples::{Samples, Stage};
pub use self::sweep::{Plan, Rate, Sweep, sweep};
