//! A venue that is set up once, and is the same again at the begin of every run.

use std::io;
use std::time::{Duration, Instant};

use novate_core::arena::{Chunk, Layout, Untracked};
use novate_core::command::RawCommand;
use novate_core::engine::{Engine, Sequenced};
use novate_core::event::Event;
use novate_core::genesis::Genesis;
use novate_core::sink::EventSink;
use novate_core::units::{Sequence, TimeNs};
use novate_journal::mapping::AnonymousMapping;

use super::{Contestant, Run};
use crate::novate::COMMAND_INTERVAL_NS;
use crate::records::Records;

/// An engine's memory, and a copy of it as it was set up.
pub(super) struct Stage {
    layout: Layout,
    image: Vec<Chunk>,
    memory: AnonymousMapping,
}

impl Stage {
    /// Sets an engine up.
    pub(super) fn new(genesis: &Genesis, set_up: impl FnOnce(&mut Engine<'_>) -> io::Result<()>) -> io::Result<Self> {
        let layout = Layout::of(genesis);
        let mut memory = AnonymousMapping::new(layout.bytes())?;
        let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(memory.as_bytes_mut());
        set_up(&mut Engine::genesis(chunks, Untracked, genesis).map_err(io::Error::other)?)?;
        let image = bytemuck::cast_slice(memory.as_bytes()).to_vec();
        Ok(Self { layout, image, memory })
    }

    /// The engine as it was set up.
    pub(super) fn begin(&mut self) -> io::Result<Engine<'_>> {
        let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(self.memory.as_bytes_mut());
        chunks.copy_from_slice(&self.image);
        Engine::attach_as(&self.layout, chunks, Untracked).map_err(io::Error::other)
    }
}

/// What is looked at of events while the clock runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) fills: usize,
    pub(super) refusals: usize,
}

impl EventSink for Heard {
    #[inline]
    fn emit(&mut self, event: Event<'_>) {
        match event {
            Event::Trade(_) => self.fills += 1,
            Event::Rejected(_) => self.refusals += 1,
            _ => {}
        }
    }
}

/// What all words of events come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listener(u64);

impl EventSink for Listener {
    fn emit(&mut self, event: Event<'_>) {
        // An odd number without a pattern, so that each word counts, and where it stands.
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let words: &[u64] = bytemuck::cast_slice(event.words());
        self.0 = words.iter().fold(self.0, |sum, word| (sum.rotate_left(5) ^ word).wrapping_mul(ODD));
    }
}

/// The next commands' places, each a little later than the one before.
pub(super) fn places(after: Sequence) -> impl Iterator<Item = (Sequence, TimeNs)> {
    (after.0 + 1..).map(|sequence| (Sequence(sequence), TimeNs(sequence * COMMAND_INTERVAL_NS)))
}

/// How commands are taken: at first some that are not timed; then batches, each behind some more that are not timed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    pub(super) lead: usize,
    pub(super) before: usize,
    pub(super) timed: usize,
}

/// Commands, the same in every run.
pub(super) struct Play {
    pub(super) stage: Stage,
    pub(super) script: Records,
    pub(super) rhythm: Rhythm,
    /// What there is to be heard.
    pub(super) heard: Heard,
    /// The digest of all events, once it was [found](Play::listen).
    pub(super) digest: String,
}

impl Play {
    /// Looks at all events of the commands, the set-up's left out, and notes what all events come to.
    pub(super) fn listen(&mut self) -> io::Result<Listener> {
        let mut listener = Listener(0);
        let mut sink: &mut dyn EventSink = &mut listener;
        let (_, digest) = self.perform(&mut sink)?;
        self.digest = digest;
        Ok(listener)
    }

    /// Does everything once: how long what is timed took, and the digest of all events.
    fn perform(&mut self, sink: &mut impl EventSink) -> io::Result<(Duration, String)> {
        let Rhythm { lead, before, timed } = self.rhythm;
        let mut engine = self.stage.begin()?;
        let mut commands = self.script.iter();
        let mut elapsed = Duration::ZERO;
        apply(&mut engine, &mut commands, lead, sink)?;
        loop {
            apply(&mut engine, &mut commands, before, sink)?;
            let Some(taken) = apply(&mut engine, &mut commands, timed, sink)? else { break };
            elapsed += taken;
        }
        Ok((elapsed, engine.events_digest().to_string()))
    }
}

impl Contestant for Play {
    fn run(&mut self) -> io::Result<Run> {
        let mut heard = Heard::default();
        let (elapsed, hash) = self.perform(&mut heard)?;
        Ok(Run { elapsed, is_right: heard == self.heard && hash == self.digest, hash })
    }
}

/// Applies the next commands in one batch, and says how long that took; none if there are no more.
fn apply<'r>(
    engine: &mut Engine<'_>,
    commands: &mut impl Iterator<Item = RawCommand<'r>>,
    count: usize,
    sink: &mut impl EventSink,
) -> io::Result<Option<Duration>> {
    let next = places(engine.sequence()).zip(commands.by_ref().take(count));
    let batch: Vec<_> = next.map(|((sequence, time), command)| Sequenced { sequence, time, command }).collect();
    if batch.is_empty() {
        return Ok(None);
    }
    let start = Instant::now();
    engine.apply_batch(&batch, sink).map_err(io::Error::other)?;
    Ok(Some(start.elapsed()))
}
