//! An endless stream of commands: flow A over and over, each time on a book that is empty again and under new names.

use std::io;

use novate_core::command::ORDER_SIZE_MAX;
use novate_core::genesis::Genesis;

use crate::novate::{RecordWriter, Told, owners, set_up_records};
use crate::records::Records;
use crate::workload::{Flow, FlowCommand, FlowKind, FlowSpec, ReferenceBook, Rules};

/// Commands of the flow between filling the book and emptying it: 30 times as many as these two need.
const COMMANDS: u32 = 600_000;
/// Words of a submission: one, and a command's.
const SUBMISSION_WORDS: usize = 1 + ORDER_SIZE_MAX / 8;

/// The flow, and what comes before it.
pub(super) struct Load {
    pub(super) genesis: Genesis,
    pub(super) set_up: Records,
    writer: RecordWriter,
    /// The orders that fill the book, the flow, and a cancel for each order that it leaves.
    round: Vec<FlowCommand>,
    prefill: usize,
}

impl Load {
    pub(super) fn new() -> io::Result<Self> {
        let flow = Flow::generate(FlowSpec::A.with_commands(COMMANDS));
        let genesis = Told::genesis_of(&flow);
        let writer = RecordWriter::new(&genesis)?;
        let mut round = flow.commands().to_vec();
        round.extend(cancels_of_what_is_left(&flow));
        Ok(Self { genesis, set_up: set_up_records(&owners()), writer, round, prefill: flow.prefill().len() })
    }

    /// Commands that fill the book for the first time.
    pub(super) fn prefill(&self) -> usize {
        self.prefill
    }

    /// All commands behind the set-up, without end.
    pub(super) fn commands(&self) -> Commands<'_> {
        Commands { load: self, writer: self.writer.clone(), place: 0, round: 0 }
    }
}

fn cancels_of_what_is_left(flow: &Flow) -> Vec<FlowCommand> {
    let mut book = ReferenceBook::new(Rules::NOVATE, flow.max_id);
    for command in flow.commands() {
        book.apply(command, |_| {});
    }
    let left = (1..=flow.max_id).filter(|&id| book.open_lots(id) > 0);
    left.map(|id| {
        let (side, price_ticks) = book.side_and_price(id);
        FlowCommand { kind: FlowKind::Cancel, side, id, price_ticks, quantity_lots: 0, left_lots: 0 }
    })
    .collect()
}

/// Where the stream is.
pub(super) struct Commands<'l> {
    load: &'l Load,
    writer: RecordWriter,
    place: usize,
    /// How often the flow was gone through.
    round: u64,
}

impl Commands<'_> {
    /// Lends the next submission.
    #[inline(always)]
    pub(super) fn next(&mut self, submitted: u64, submit: impl FnOnce(&[u64])) {
        let command = &self.load.round[self.place];
        self.writer.write(command, self.round, |record| {
            let record = record.words();
            let mut words = [0; SUBMISSION_WORDS];
            words[0] = submitted;
            words[1..=record.len()].copy_from_slice(record);
            submit(&words[..=record.len()]);
        });
        self.place += 1;
        if self.place == self.load.round.len() {
            (self.place, self.round) = (0, self.round + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use novate_core::arena::{Arena, Untracked};
    use novate_core::command::RawCommand;
    use novate_core::engine::Engine;
    use novate_core::event::Event;
    use novate_core::sink::FnSink;
    use novate_core::terms::Side;
    use novate_core::units::{Sequence, TimeNs};

    use super::*;
    use crate::novate::set_up;

    #[test]
    fn every_round_is_accepted_and_leaves_nothing() {
        let load = Load::new().expect("a flow");
        let mut arena = Arena::for_genesis(&load.genesis).expect("memory");
        let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &load.genesis).expect("an engine");
        let parties = set_up(&mut engine).expect("accepted");
        let (mut commands, mut rejected) = (load.commands(), 0);
        let mut sink = FnSink(|event: Event<'_>| rejected += u64::from(matches!(event, Event::Rejected(_))));
        for _ in 0..2 * load.round.len() {
            commands.next(0, |words| {
                let sequence = Sequence(engine.sequence().0 + 1);
                let command = RawCommand::new(&words[1..]);
                engine.apply(sequence, TimeNs(sequence.0), command, &mut sink).expect("in order");
            });
        }
        let levels = |side| engine.top(parties.instrument, side).count();
        assert_eq!((rejected, commands.round, levels(Side::Buy), levels(Side::Sell)), (0, 2, 0, 0));
    }
}
