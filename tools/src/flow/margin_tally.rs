//! What comes of margin in a run: counts over its events, and how accounts stand in the end.

use std::collections::BTreeSet;

use novate_core::engine::Engine;
use novate_core::event::Event;
use novate_core::ids::AccountId;
use novate_core::reject::CancelReason;
use novate_core::terms::MarginStatus;

use super::dealer::Dealings;
use super::venue::{Crowd, nth};

/// Codes of rejections for want of margin, or of what it is reckoned with.
const MARGIN_CODES: std::ops::RangeInclusive<u16> = 901..=999;

/// Whether a rejection's code is one of margin.
pub(crate) fn is_of_margin(code: u16) -> bool {
    MARGIN_CODES.contains(&code)
}

/// Counts over all events, those of the set-up included.
#[derive(Clone, Debug, Default)]
pub(crate) struct MarginTally {
    /// Passes whose arrays were published.
    pub(crate) passes: u64,
    /// The most commands from when a pass began to when its arrays were published.
    pub(crate) pass_commands_max: u64,
    /// Orders that were cancelled when they triggered, for want of margin.
    pub(crate) cancels: u64,
    /// Changes of accounts' statuses.
    pub(crate) status_changes: u64,
    /// Accounts that were ever below maintenance.
    ever_below: BTreeSet<u64>,
}

impl MarginTally {
    /// Counts an event.
    pub(super) fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::ArraysPublished(published) => {
                self.passes += 1;
                let commands = published.sequence.0 - published.begun.0;
                self.pass_commands_max = self.pass_commands_max.max(commands);
            }
            Event::Cancelled(cancelled) if cancelled.reason == CancelReason::InsufficientMargin.code() => {
                self.cancels += 1;
            }
            Event::MarginStatusChanged(changed) => {
                self.status_changes += 1;
                if changed.status == MarginStatus::MaintenanceShort.code() {
                    self.ever_below.insert(changed.account.0);
                }
            }
            _ => {}
        }
    }

    /// What it came to, with how accounts stand.
    pub(super) fn outcome(self, crowd: Crowd, dealings: Dealings, engine: &Engine<'_>) -> MarginOutcome {
        let views = (1..=crowd.accounts).filter_map(|number| engine.margin(nth::<AccountId>(number)));
        let mut outcome = MarginOutcome {
            crowd,
            dealings,
            ever_below: self.ever_below.len() as u64,
            tally: self,
            reckonable: 0,
            below_initial: 0,
            below_maintenance: 0,
        };
        for view in views {
            outcome.reckonable += u64::from(view.maintenance.is_some());
            match view.status {
                MarginStatus::Healthy => {}
                MarginStatus::InitialShort => outcome.below_initial += 1,
                MarginStatus::MaintenanceShort => outcome.below_maintenance += 1,
            }
        }
        outcome
    }
}

/// What a run came to, of margin.
#[derive(Clone, Debug)]
pub(crate) struct MarginOutcome {
    /// The accounts.
    pub(crate) crowd: Crowd,
    /// How their holdings were dealt.
    pub(crate) dealings: Dealings,
    /// Counts over events.
    pub(crate) tally: MarginTally,
    /// Accounts whose margin can be told: everything that they hold has a risk array.
    pub(crate) reckonable: u64,
    /// Accounts below their initial margin in the end, but not below maintenance.
    pub(crate) below_initial: u64,
    /// Accounts below their maintenance margin in the end.
    pub(crate) below_maintenance: u64,
    /// Accounts that ever were.
    pub(crate) ever_below: u64,
}
