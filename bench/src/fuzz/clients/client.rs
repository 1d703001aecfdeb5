//! A client: commands in the order of its session, a bounded number of them unanswered, and what was said of each.

use novate_core::event::Event;
use novate_core::ids::{AccountId, InstrumentId, OrderId, SessionId};
use novate_core::reject::CancelReason;
use novate_core::units::Sequence;

use super::wire::{self, Kind};
use super::{OUTCOME_WINDOW, UNANSWERED_MAX};
use crate::fuzz::trader::{Order, Trader};
use crate::workload::random::Random;

/// Orders of one client that are left alone.
const DEPTH: usize = 40;
/// Answered commands that are sent again with the others, at most.
const AGAIN_MAX: u32 = 48;

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The sequence under which it ran.
    pub(super) sequence: Sequence,
    /// The order that it entered or cancelled; none if it was rejected.
    pub(super) order: OrderId,
    /// 0 if it was executed, else why not.
    pub(super) code: u16,
}

/// A command that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) order: Order,
    pub(super) answer: Option<Answer>,
}

/// One who sends.
#[derive(Debug)]
pub(super) struct Client {
    /// Its number among the clients.
    index: u64,
    pub(super) session: SessionId,
    pub(super) account: AccountId,
    trader: Trader,
    random: Random,
    /// By number in the session, from 1.
    pub(super) sent: Vec<Sent>,
    /// The first that has no answer, or the next one.
    first_unanswered: usize,
    /// Which command entered the order of a client order id, and which one cancels it; 0 for none.
    entered_by: Vec<u64>,
    cancelled_by: Vec<u64>,
}

impl Client {
    pub(super) fn new(
        index: usize,
        seed: u64,
        (session, account): (SessionId, AccountId),
        instrument: InstrumentId,
    ) -> Self {
        let seed = seed ^ (index as u64 + 1) << 32;
        Self {
            index: index as u64,
            session,
            account,
            trader: Trader::new(seed, (session, account, instrument), DEPTH),
            random: Random::new(!seed),
            sent: Vec::new(),
            first_unanswered: 0,
            entered_by: vec![0],
            cancelled_by: vec![0],
        }
    }

    /// Whether all that it has sent is answered.
    pub(super) fn is_answered(&self) -> bool {
        self.first_unanswered == self.sent.len()
    }

    /// Commands that have no answer.
    pub(super) fn unanswered(&self) -> usize {
        self.sent.len() - self.first_unanswered
    }

    /// Client order ids that it has used: from 1 to this.
    pub(super) fn last_id(&self) -> u64 {
        self.trader.last_id()
    }

    /// Comes back to a primary that knows nothing of this connection: sends again what has no answer, and some of what has.
    pub(super) fn reconnect(&mut self, to: &mut Vec<u8>) {
        let from = self.somewhere_before();
        wire::put(to, Kind::Attach, &[self.index, self.session.0, from - 1], &[]);
        for sent in &self.sent[from as usize - 1..] {
            wire::put(to, Kind::Submit, &[self.index], sent.order.raw().words());
        }
    }

    /// Has its session send again, as after a connection that was lost to a primary that goes on.
    pub(super) fn have_resent(&mut self, to: &mut Vec<u8>) {
        let from = self.somewhere_before();
        wire::put(to, Kind::Resend, &[self.index, from], &[]);
    }

    /// Sends until as many as may be are unanswered.
    pub(super) fn send(&mut self, to: &mut Vec<u8>) {
        while self.unanswered() < UNANSWERED_MAX {
            let number = self.sent.len() as u64 + 1;
            let order = self.trader.next_order(number);
            self.keep(order);
            wire::put(to, Kind::Submit, &[self.index], order.raw().words());
        }
    }

    /// The mistake that sequences of sessions are there against: what has no answer gets new numbers, behind those that the
    /// primary has come to.
    pub(super) fn renumber(&mut self, executed: usize) {
        let unanswered: Vec<Order> = self.sent[self.first_unanswered..].iter().map(|sent| sent.order).collect();
        self.sent.truncate(executed);
        // What has run is taken for lost, and sent under another number.
        self.first_unanswered = executed;
        for order in unanswered {
            self.keep(order.renumbered(self.sent.len() as u64 + 1));
        }
    }

    /// Takes an event in that may be about a command of its own.
    ///
    /// # Errors
    /// A second answer that is not the first, or one to what was never sent.
    pub(super) fn learn(&mut self, event: &Event<'_>) -> Result<(), String> {
        let (number, answer) = match event {
            Event::Accepted(accepted) if accepted.account == self.account => {
                let number = self.entered_by.get(accepted.client_order_id.0 as usize).copied();
                (number, Answer { sequence: accepted.sequence, order: accepted.order, code: 0 })
            }
            Event::Cancelled(cancelled)
                if cancelled.account == self.account && cancelled.reason == CancelReason::Requested.code() =>
            {
                let number = self.cancelled_by.get(cancelled.client_order_id.0 as usize).copied();
                (number, Answer { sequence: cancelled.sequence, order: cancelled.order, code: 0 })
            }
            Event::Rejected(rejected) if rejected.session == self.session => {
                let answer = Answer { sequence: rejected.sequence, order: OrderId::NONE, code: rejected.code };
                (Some(rejected.session_sequence), answer)
            }
            Event::Resent(resent) if resent.session == self.session => {
                let answer = Answer { sequence: resent.first_sequence, order: resent.order, code: resent.code };
                (Some(resent.session_sequence), answer)
            }
            _ => return Ok(()),
        };
        let sent = number.and_then(|number| self.sent.get_mut((number as usize).checked_sub(1)?));
        let sent = sent.ok_or_else(|| format!("{} was told of what it had not sent: {event:?}", self.session))?;
        match sent.answer {
            Some(first) if first != answer => {
                let number = sent.order.number();
                return Err(format!("{} command {number}: {first:?}, then {answer:?}", self.session));
            }
            _ => sent.answer = Some(answer),
        }
        while self.sent.get(self.first_unanswered).is_some_and(|sent| sent.answer.is_some()) {
            self.first_unanswered += 1;
        }
        Ok(())
    }

    /// The number from which on something is sent again: at most that of the first that has no answer, and none that the
    /// engine may have forgotten.
    fn somewhere_before(&mut self) -> u64 {
        let first = self.first_unanswered as u64 + 1;
        let remembered = (self.sent.len() as u64 + 1).saturating_sub(OUTCOME_WINDOW.into()).max(1);
        first.saturating_sub(self.random.below(AGAIN_MAX).into()).max(remembered)
    }

    fn keep(&mut self, order: Order) {
        let ids = self.trader.last_id() as usize + 1;
        self.entered_by.resize(ids.max(self.entered_by.len()), 0);
        self.cancelled_by.resize(ids.max(self.cancelled_by.len()), 0);
        match &order {
            Order::New(new) => self.entered_by[new.client_order_id.0 as usize] = order.number(),
            Order::Cancel(cancel) => self.cancelled_by[cancel.target.id as usize] = order.number(),
            Order::Replace(replace) => self.entered_by[replace.client_order_id.0 as usize] = order.number(),
        }
        self.sent.push(Sent { order, answer: None });
    }
}
