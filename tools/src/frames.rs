//! Frames of a journal as verbs choose and print them: each one line, or one JSON object.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use novate_core::command::Command;
use novate_core::event::Event;
use novate_core::ids::{
    AccountId, ClientOrderId, EntityId, GENERATION_MAX, InstrumentId, OrderId, SHARD_MAX, SLOT_MAX,
};
use novate_core::units::Sequence;
use novate_journal::format::frame::FrameKind;
use novate_journal::reader::Frame;
use serde_json::{Map, Value};

use crate::decode::{Filter, concerns, describe_event, describe_frame};

/// Bits of an id behind which its generation stands.
const GENERATION_SHIFT: u32 = SLOT_MAX.count_ones();
/// Bits of an entity's id behind which its shard stands.
const SHARD_SHIFT: u32 = GENERATION_SHIFT + GENERATION_MAX.count_ones();
/// What an order's id holds of a sequence.
const ORDER_SEQUENCE_MAX: u64 = u64::MAX >> GENERATION_SHIFT;

/// Which frames. Those of several options must be met together; frames that are no commands concern no account,
/// instrument or order.
#[derive(Clone, Debug, Args)]
pub(crate) struct ChoiceArgs {
    /// Only frames of this kind, or commands of this kind; may be given more than once.
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(kinds()).map(|name| Kind::named(&name)))]
    kind: Vec<Kind>,

    /// Only commands for this account, or for all: its number, or shard/slot.generation.
    #[arg(long, value_name = "ID", value_parser = entity::<AccountId>)]
    account: Option<AccountId>,

    /// Only commands that name this instrument, or are about all: its number, or shard/slot.generation. What names an
    /// order only, as a cancel does, names no instrument.
    #[arg(long, value_name = "ID", value_parser = entity::<InstrumentId>)]
    instrument: Option<InstrumentId>,

    /// Only the command that this order was accepted by, and those that name it by this id: its number, or sequence.slot.
    #[arg(long, value_name = "ID", value_parser = order)]
    order: Option<OrderId>,

    /// Only commands that name an order of the account by this client order id.
    #[arg(long, value_name = "ID", requires = "account")]
    client_order_id: Option<u64>,
}

/// A kind of frames, or of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Frame(FrameKind),
    Command(&'static str),
}

impl Kind {
    /// The kind of this name, which is one of [`kinds`].
    fn named(name: &str) -> Self {
        let frame = FrameKind::ALL.into_iter().find(|kind| kind.name() == name).map(Self::Frame);
        let command = || command_kinds().find(|kind| *kind == name).map(Self::Command);
        frame.or_else(command).unwrap_or(Self::Command(MALFORMED))
    }

    fn is_of(self, frame: &Frame<'_>) -> bool {
        match self {
            Self::Frame(kind) => frame.raw.kind() == kind,
            Self::Command(name) => frame.command().is_some_and(|command| command.command.decode().name() == name),
        }
    }
}

/// The kind of what is no command of this version.
const MALFORMED: &str = Command::Malformed { kind: 0 }.name();

fn command_kinds() -> impl Iterator<Item = &'static str> {
    Command::KINDS.iter().map(|(_, name, _)| *name).chain([MALFORMED])
}

/// Every kind's name.
fn kinds() -> Vec<&'static str> {
    FrameKind::ALL.into_iter().map(FrameKind::name).chain(command_kinds()).collect()
}

/// An account's or instrument's id, in one of its two forms.
pub(crate) fn entity<I: EntityId>(text: &str) -> Result<I, String> {
    let parts = || {
        let (shard, rest) = text.split_once('/')?;
        let (slot, generation) = rest.split_once('.')?;
        Some((whole(shard, u64::from(SHARD_MAX))?, whole(generation, u64::from(GENERATION_MAX))?, slot_in(slot)?))
    };
    let number =
        |id: u64| (id >> SHARD_SHIFT, id >> GENERATION_SHIFT & u64::from(GENERATION_MAX), id as u32 & SLOT_MAX);
    let found = whole(text, u64::MAX).map(number).or_else(parts);
    let id = |(shard, generation, slot)| I::from_parts(shard as u16, generation as u32, slot);
    found.map(id).ok_or_else(|| "expected a number, or shard/slot.generation as 0/1.1".to_owned())
}

/// An order's id, in one of its two forms.
fn order(text: &str) -> Result<OrderId, String> {
    let parts = || {
        let (sequence, slot) = text.split_once('.')?;
        Some(OrderId::new(Sequence(whole(sequence, ORDER_SEQUENCE_MAX)?), slot_in(slot)?))
    };
    let found = whole(text, u64::MAX).map(OrderId).or_else(parts);
    found.ok_or_else(|| "expected a number, or sequence.slot as 7.1".to_owned())
}

fn slot_in(text: &str) -> Option<u32> {
    whole(text, u64::from(SLOT_MAX)).map(|slot| slot as u32)
}

/// A number without a sign, up to `max`.
fn whole(text: &str, max: u64) -> Option<u64> {
    let is_number = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && *number <= max)
}

impl ChoiceArgs {
    /// Whether the frame is among those that are asked for.
    pub(crate) fn chooses(&self, frame: &Frame<'_>) -> bool {
        let Self { ref kind, account, instrument, order, client_order_id } = *self;
        if !kind.is_empty() && !kind.iter().any(|kind| kind.is_of(frame)) {
            return false;
        }
        let is_any = account.is_none() && instrument.is_none() && order.is_none();
        let filter = Filter { account, instrument, order, client_order_id: client_order_id.map(ClientOrderId) };
        is_any || frame.command().is_some_and(|command| concerns(command.command, command.sequence, &filter))
    }
}

/// A frame as a line: where it stands, its header, and its payload's fields in the order of the record.
pub(crate) fn frame_text(frame: &Frame<'_>) -> String {
    let Frame { position, raw } = frame;
    let (sequence, time, epoch) = (raw.sequence(), raw.time(), raw.epoch());
    let described = describe_frame(raw);
    // What holds a command is named by both kinds.
    let kind = if raw.kind().is_applied() { raw.kind().name() } else { "" };
    let blank = if kind.is_empty() { "" } else { " " };
    format!("{position} sequence={sequence} time_ns={time} epoch={epoch} {kind}{blank}{described}")
}

/// The same as an object. Only what holds a command has a `kind`.
pub(crate) fn frame_object(frame: &Frame<'_>) -> Map<String, Value> {
    let Frame { position, raw } = frame;
    let described = describe_frame(raw);
    let kind = raw.kind().is_applied().then_some(("kind", described.kind.into()));
    let header = [
        ("position", position.to_string().into()),
        ("sequence", raw.sequence().0.into()),
        ("time_ns", raw.time().0.into()),
        ("epoch", raw.epoch().into()),
        ("frame", raw.kind().name().into()),
    ];
    flat(header.into_iter().chain(kind), described.object())
}

/// An event as a line below that of its command.
pub(crate) fn event_text(event: Event<'_>) -> String {
    format!("  {}", describe_event(event))
}

/// The same as an object.
pub(crate) fn event_object(event: Event<'_>) -> Map<String, Value> {
    let (sequence, ordinal) = event.position();
    let described = describe_event(event);
    let header = [("sequence", sequence.0.into()), ("ordinal", ordinal.into()), ("event", described.kind.into())];
    flat(header.into_iter(), described.object())
}

/// Header and fields as one object. An event's fields repeat the header's.
fn flat(header: impl Iterator<Item = (&'static str, Value)>, fields: Map<String, Value>) -> Map<String, Value> {
    header.map(|(name, value)| (name.to_owned(), value)).chain(fields).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_both_forms() {
        let id = AccountId::from_parts(SHARD_MAX, GENERATION_MAX, SLOT_MAX - 1);
        for text in [id.to_string(), id.0.to_string()] {
            assert_eq!(entity(&text), Ok(id), "{text}");
        }
        let id = OrderId::new(Sequence(ORDER_SEQUENCE_MAX), 5);
        for text in [id.to_string(), id.0.to_string()] {
            assert_eq!(order(&text), Ok(id), "{text}");
        }
        for bad in ["", "x", "-1", "+1", "0/1", "0/1.", "4096/1.1", "0/16777216.1", "0/1.268435456", "0/1.1.1", "1e3"] {
            assert!(entity::<AccountId>(bad).is_err(), "{bad}");
        }
        for bad in ["", ".", "1.", "1.16777216", "1099511627776.1", "0/1.1", "18446744073709551616"] {
            assert!(order(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn kinds_have_their_own_names() {
        for name in kinds() {
            match Kind::named(name) {
                Kind::Frame(kind) => assert_eq!(kind.name(), name),
                Kind::Command(kind) => assert_eq!(kind, name),
            }
        }
        let mut names = kinds();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), kinds().len());
    }
}
