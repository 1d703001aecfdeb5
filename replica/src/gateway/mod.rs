//! What an exchange gateway embeds: sessions that submit, feeds that say what came of it, and books to begin with.
//!
//! Nothing here runs a thread or waits by itself, and nothing panics. Whoever submits gets an answer at once: taken, or
//! why not. That a submission was taken means that it will be sequenced, unless the primary halts before, or is stopped
//! in that very moment; what came of it, its events say. After a reconnection, or after the primary was started again,
//! a session sends again what it has no answer to: what had run is not run again.

mod book;
mod call;
mod canceller;
mod feed;
mod past;
mod session;

use std::sync::Arc;

use novate_core::ring::{broadcast, mpsc};
use novate_core::units::Sequence;
use novate_journal::storage::Storage;
use novate_journal::writer::Watermarks;

pub use self::book::Book;
pub use self::call::CallError;
pub use self::canceller::Canceller;
pub use self::feed::{Feed, FeedError, Place, Release};
pub use self::session::{Session, SubmitError};

use crate::primary::Shared;

/// A way to a running primary; there may be any number, on any thread.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) ingress: mpsc::Producer,
    pub(crate) egress: broadcast::Subscriber,
    pub(crate) shared: Arc<Shared>,
    pub(crate) watermarks: Arc<Watermarks>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) epoch: u32,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("executed", &self.executed()).finish_non_exhaustive()
    }
}

impl Gateway {
    /// The last command that was executed, and whose events were published.
    pub fn executed(&self) -> Sequence {
        self.shared.executed()
    }

    /// The number of the primary's incarnation: each start has a higher one.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether the primary has ended, by a halt or a stop: nothing is taken and nothing is executed any more.
    pub fn has_ended(&self) -> bool {
        self.shared.is_over()
    }

    /// The last command that a loss of power leaves.
    pub fn durable(&self) -> Sequence {
        self.watermarks.durable().sequence
    }
}
