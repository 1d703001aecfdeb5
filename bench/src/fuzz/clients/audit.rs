//! What the journal says of clients' commands, compared with what the clients were told and have sent.

use std::collections::VecDeque;
use std::sync::Arc;

use novate_core::command::CommandHeader;
use novate_core::engine::Sequenced;
use novate_core::event::{Event, EventWord};
use novate_core::ids::OrderId;
use novate_core::reject::{CancelReason, RejectCode};
use novate_core::sink::EventSink;
use novate_core::units::Sequence;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::{Halt, Replay, Watch};
use novate_journal::storage::Storage;

use super::client::{Answer, Client};

/// Codes with which the engine refuses a command without having taken it for its session's next one.
const REFUSED: [RejectCode; 4] = [
    RejectCode::UnknownSession,
    RejectCode::StaleSession,
    RejectCode::SessionSequenceGap,
    RejectCode::SessionSequenceTooOld,
];

/// The events that were told, in order.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) words: Vec<EventWord>,
    /// Where in them a connection begins that was told only what came: there others may be missing.
    pub(super) gaps: Vec<usize>,
    pub(super) last: (Sequence, u32),
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    /// The command at which it was.
    pub(super) sequence: u64,
    pub(super) what: String,
}

/// What a journal holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Audited {
    /// How many of each client's commands ran.
    pub(super) executed: Vec<usize>,
    /// Commands that were sent again and not run again.
    pub(super) again: u64,
    pub(super) trades: u64,
}

/// Replays a journal from its beginning, and compares.
///
/// # Errors
/// [`Found`].
pub(super) fn audit(storage: &Arc<dyn Storage>, clients: &[Client], told: &Told) -> Result<Audited, Found> {
    let found = |sequence: u64, what: String| Found { sequence, what };
    let reader = Reader::open(Arc::clone(storage), Chain::Verified).map_err(|error| found(0, error.to_string()))?;
    let mut replay = Replay::from_genesis(reader).map_err(|error| found(0, error.to_string()))?;
    let mut auditor = Auditor::new(clients, told);
    let halt = replay.run(None, &mut auditor);
    let (last, _) = replay.result().map_err(|error| found(0, error.to_string()))?;
    if !matches!(halt, Ok(Halt::End(_))) {
        return Err(found(last.0, format!("the replay stops: {halt:?}")));
    }
    auditor.settle(Sequence(u64::MAX));
    if let Some(found) = auditor.found {
        return Err(found);
    }
    if auditor.at < told.words.len() {
        return Err(found(last.0, format!("the journal ends here; events up to {:?} were told", told.last)));
    }
    for (client, runs) in clients.iter().zip(&auditor.runs) {
        auditor.audited.executed.push(runs.len());
        for (place, sent) in client.sent.iter().enumerate() {
            if sent.answer.is_some() && sent.answer != runs.get(place).copied() {
                let sequence = sent.answer.map_or(0, |answer| answer.sequence.0);
                let what = format!(
                    "{} command {}: {:?} was said, {:?} is in the journal",
                    client.session,
                    place + 1,
                    sent.answer,
                    runs.get(place)
                );
                return Err(found(sequence, what));
            }
        }
    }
    Ok(auditor.audited)
}

/// A client's command that was just applied.
struct Applied {
    sequence: Sequence,
    client: usize,
    number: u64,
    words: Vec<u64>,
    /// None where it was sent again.
    answer: Option<Answer>,
}

struct Auditor<'a> {
    clients: &'a [Client],
    told: &'a Told,
    /// Where in what was told the next event is.
    at: usize,
    /// Commands whose events come now, or come next.
    applied: VecDeque<Applied>,
    /// What came of each client's commands, by number.
    runs: Vec<Vec<Answer>>,
    /// Under which command each client's orders were accepted; 0 for never.
    accepted: Vec<Vec<u64>>,
    audited: Audited,
    /// The first.
    found: Option<Found>,
}

impl<'a> Auditor<'a> {
    fn new(clients: &'a [Client], told: &'a Told) -> Self {
        let accepted = clients.iter().map(|client| vec![0; client.last_id() as usize + 1]).collect();
        Self {
            clients,
            told,
            at: 0,
            applied: VecDeque::new(),
            runs: vec![Vec::new(); clients.len()],
            accepted,
            audited: Audited::default(),
            found: None,
        }
    }

    fn find(&mut self, sequence: Sequence, what: String) {
        self.found.get_or_insert(Found { sequence: sequence.0, what });
    }

    /// The commands before this one have said all that they say.
    fn settle(&mut self, before: Sequence) {
        while let Some(applied) = self.applied.pop_front_if(|applied| applied.sequence < before) {
            let Applied { sequence, client, number, words, answer } = applied;
            let Some(answer) = answer else { continue };
            let (session, last) = (self.clients[client].session, self.runs[client].len() as u64);
            if number != last + 1 {
                self.find(sequence, format!("{session} command {number} ran behind its command {last}"));
                continue;
            }
            let sent = self.clients[client].sent.get(last as usize);
            if sent.is_none_or(|sent| sent.order.raw().words() != words) {
                self.find(sequence, format!("{session} command {number} is not what its client sent"));
            }
            self.runs[client].push(answer);
        }
    }

    /// What was told must be what the journal says, and nothing may be missing in between.
    fn compare(&mut self, event: &Event<'_>) {
        let Some(left) = self.told.words.get(self.at..).filter(|left| !left.is_empty()) else { return };
        let (words, position) = (event.words(), event.position());
        if left.starts_with(words) {
            self.at += words.len();
            return;
        }
        let told = Event::split_first(left).map(|(told, _)| told);
        let is_missing = told.is_some_and(|told| told.position() > position);
        if !is_missing || !self.told.gaps.contains(&self.at) {
            self.find(position.0, format!("{event:?} is in the journal, and {told:?} was told"));
        }
    }

    /// What the event says of the command that it is of.
    fn note(&mut self, event: &Event<'_>) {
        let Some(Applied { sequence, client, number, answer, .. }) = self.applied.front_mut() else { return };
        let (sequence, client, number) = (*sequence, *client, *number);
        if sequence != event.position().0 {
            return;
        }
        let (session, account) = (self.clients[client].session, self.clients[client].account);
        match (event, answer) {
            (Event::Accepted(accepted), Some(answer)) if accepted.account == account => {
                answer.order = accepted.order;
                let id = accepted.client_order_id.0;
                let before = self.accepted[client].get_mut(id as usize).map(|by| std::mem::replace(by, sequence.0));
                if before != Some(0) {
                    let before =
                        before.map_or("never sent".to_owned(), |by| format!("accepted before, by command {by}"));
                    self.find(sequence, format!("{session} order {id} was {before}"));
                }
            }
            (Event::Cancelled(cancelled), Some(answer)) if cancelled.reason == CancelReason::Requested.code() => {
                answer.order = cancelled.order;
            }
            (Event::Rejected(rejected), Some(answer)) => {
                answer.code = rejected.code;
                if REFUSED.iter().any(|code| code.code() == rejected.code) {
                    let code = RejectCode::from_code(rejected.code).map_or("?", RejectCode::name);
                    self.find(sequence, format!("{session} command {number} was refused: {code}"));
                }
            }
            (Event::Resent(resent), answer) => {
                *answer = None;
                self.audited.again += 1;
                let first = Answer { sequence: resent.first_sequence, order: resent.order, code: resent.code };
                let ran = (number as usize).checked_sub(1).and_then(|place| self.runs[client].get(place)).copied();
                if ran != Some(first) {
                    self.find(sequence, format!("{session} command {number} came to {ran:?}; again: {first:?}"));
                }
            }
            _ => {}
        }
    }
}

impl EventSink for Auditor<'_> {
    fn emit(&mut self, event: Event<'_>) {
        self.compare(&event);
        self.settle(event.position().0);
        self.note(&event);
        self.audited.trades += u64::from(matches!(event, Event::Trade(_)));
    }
}

impl Watch for Auditor<'_> {
    fn before(&mut self, commands: &[Sequenced<'_>]) {
        for Sequenced { sequence, command, .. } in commands {
            let words = command.words();
            let header = words.get(..size_of::<CommandHeader>() / 8).map(bytemuck::cast_slice);
            let header = header.and_then(|bytes: &[u8]| bytemuck::try_from_bytes::<CommandHeader>(bytes).ok());
            let Some(header) = header else { continue };
            let Some(client) = self.clients.iter().position(|client| client.session == header.session) else {
                continue;
            };
            let answer = Answer { sequence: *sequence, order: OrderId::NONE, code: 0 };
            let (sequence, number) = (*sequence, header.session_sequence);
            self.applied.push_back(Applied { sequence, client, number, words: words.to_vec(), answer: Some(answer) });
        }
    }

    fn wants_checkpoint(&self, _sequence: Sequence) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use novate_core::command::RawCommand;
    use novate_core::event::{EventRecord, Rejected, Resent};
    use novate_core::ids::{AccountId, InstrumentId, SessionId};
    use novate_core::units::TimeNs;

    use super::*;

    const SESSION: SessionId = SessionId(7);

    /// A client that has sent some commands.
    fn client() -> Client {
        let mut client = Client::new(0, 1, (SESSION, AccountId(8)), InstrumentId(9));
        client.send(&mut Vec::new());
        client
    }

    /// The client's command of this number, and a rejection of it.
    fn command(client: &Client, sequence: u64, number: u64, code: RejectCode) -> (Vec<u64>, Rejected) {
        let words = client.sent[number as usize - 1].order.raw().words().to_vec();
        let mut rejected = Rejected { session: SESSION, session_sequence: number, ..bytemuck::Zeroable::zeroed() };
        rejected.stamp(Sequence(sequence), 0);
        rejected.code = code.code();
        (words, rejected)
    }

    /// What an auditor finds in a journal with these commands and what was said of each.
    fn found(client: &Client, told: &Told, said: &[(Vec<u64>, impl EventRecord)]) -> Option<String> {
        let mut auditor = Auditor::new(std::slice::from_ref(client), told);
        for (words, event) in said {
            let sequence = event.event().position().0;
            auditor.before(&[Sequenced { sequence, time: TimeNs(0), command: RawCommand::new(words) }]);
            auditor.emit(event.event());
        }
        auditor.settle(Sequence(u64::MAX));
        auditor.found.map(|found| found.what)
    }

    #[test]
    fn commands_run_once_in_order_and_as_they_were_sent() {
        let (client, told) = (client(), Told::default());
        let code = RejectCode::UnknownOrder;
        let good = [command(&client, 1, 1, code), command(&client, 2, 2, code)];
        assert_eq!(found(&client, &told, &good), None);
        for bad in [[(1, 1), (2, 1)], [(1, 2), (2, 1)], [(1, 1), (2, 3)]] {
            let said = bad.map(|(sequence, number)| command(&client, sequence, number, code));
            assert!(found(&client, &told, &said).is_some_and(|what| what.contains("ran behind")), "{bad:?}");
        }
        let (mut words, rejected) = command(&client, 1, 1, code);
        words[5] ^= 1;
        assert!(found(&client, &told, &[(words, rejected)]).is_some_and(|what| what.contains("not what its client")));
        let refused = [command(&client, 1, 1, RejectCode::SessionSequenceTooOld)];
        assert!(found(&client, &told, &refused).is_some_and(|what| what.contains("was refused")));
    }

    #[test]
    fn a_command_sent_again_has_its_first_outcome() {
        let (client, told) = (client(), Told::default());
        let words = client.sent[0].order.raw().words().to_vec();
        // It never ran.
        let mut resent = Resent { session: SESSION, session_sequence: 1, ..bytemuck::Zeroable::zeroed() };
        resent.stamp(Sequence(2), 0);
        assert!(found(&client, &told, &[(words, resent)]).is_some_and(|what| what.contains("again")));
    }

    #[test]
    fn what_was_told_is_in_the_journal_and_nothing_else() {
        let client = client();
        let said: Vec<_> = (1..=3).map(|number| command(&client, number, number, RejectCode::UnknownOrder)).collect();
        let words = |which: &[usize]| which.iter().flat_map(|&place| said[place].1.words().to_vec()).collect();
        let told =
            |which: &[usize], gaps: &[usize]| Told { words: words(which), gaps: gaps.to_vec(), ..Told::default() };
        for good in [told(&[0, 1], &[]), told(&[0, 2], &[1]), told(&[2], &[0])] {
            assert_eq!(found(&client, &good, &said), None, "{good:?}");
        }
        for bad in [told(&[0, 2], &[]), told(&[1], &[1]), told(&[1, 0], &[0, 1])] {
            assert!(found(&client, &bad, &said).is_some(), "{bad:?}");
        }
    }
}
