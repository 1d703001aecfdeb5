//! What stands around an engine: the clock and the sequencer that stamp commands, the primary that journals and applies
//! them, the shadow that replays them beside it, and the gateways that talk to it.
//!
//! Commands come in through a ring, are stamped, appended to the journal, applied, and leave as events through another ring:
//! one thread does all of it, and waits for nobody but the disk that makes segments. Everything that takes time is done
//! by others beside it.

pub mod affinity;
pub mod clock;
pub mod counters;
mod egress;
pub mod follower;
pub mod gateway;
pub mod halt;
pub mod primary;
pub mod probe;
mod sequencer;
pub mod wait;
