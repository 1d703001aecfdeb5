//! What a journal's frames hold, by the names of its fields.

use bytemuck::Pod;
use novate_core::command::RawCommand;
use novate_core::digest::Hash256;
use novate_core::genesis::Genesis;
use novate_journal::format::Position;
use novate_journal::format::frame::{FrameKind, RawFrame};
use novate_journal::format::payload::{End, Seal};
use serde_json::Value;

use super::leaf::{hexadecimal, leaves, serialised};
use super::{Described, Shown, describe_command};

/// A frame by the names of its payload's fields; of a command, those of the command. Total: a payload that is not one of
/// its kind is its words in hexadecimal, byte for byte as they stand in memory.
pub(crate) fn describe_frame(frame: &RawFrame<'_>) -> Described {
    match frame.kind() {
        FrameKind::Command | FrameKind::Work => describe_command(RawCommand::new(frame.payload())),
        FrameKind::Genesis => described(frame, describe_genesis),
        FrameKind::Seal => described(frame, describe_seal),
        FrameKind::End => described(frame, describe_end),
        FrameKind::Annul | FrameKind::Upgrade => in_words(frame),
    }
}

fn described<P: Pod>(frame: &RawFrame<'_>, describe: impl Fn(&P) -> Described) -> Described {
    frame.record().map_or_else(|| in_words(frame), describe)
}

fn in_words(frame: &RawFrame<'_>) -> Described {
    let words = hexadecimal(frame.payload().iter().flat_map(|word| word.to_le_bytes()));
    of(frame.kind(), vec![("words", words)])
}

/// A genesis by the names of its fields.
pub(crate) fn describe_genesis(genesis: &Genesis) -> Described {
    let fields = leaves(&serialised(genesis), |_| None);
    let fields = fields.into_iter().map(|leaf| Shown { value: leaf.shown(), name: leaf.path, is_none: false });
    Described { kind: FrameKind::Genesis.name(), fields: fields.collect() }
}

/// The epoch of a seal's block has a name of its own, since that of the frame may be another.
fn describe_seal(seal: &Seal) -> Described {
    let fields = vec![
        ("block", seal.block.into()),
        ("first_sequence", seal.first_sequence.into()),
        ("last_sequence", seal.last_sequence.into()),
        ("bytes", seal.bytes.into()),
        ("durable_sequence", seal.durable_sequence.into()),
        ("durable_position", Position::from_bits(seal.durable_position).to_string().into()),
        ("chain_block", seal.chain_block.into()),
        ("chain", Hash256(seal.chain).to_string().into()),
        ("events_digest", digest_text(seal.events_digest).into()),
        ("block_epoch", seal.epoch.into()),
    ];
    of(FrameKind::Seal, fields)
}

fn describe_end(end: &End) -> Described {
    let fields = vec![
        ("block", end.block.into()),
        ("chain", Hash256(end.chain).to_string().into()),
        ("events_digest", digest_text(end.events_digest).into()),
    ];
    of(FrameKind::End, fields)
}

fn of(kind: FrameKind, fields: Vec<(&str, Value)>) -> Described {
    let shown = |(name, value): (&str, Value)| Shown { name: name.to_owned(), value, is_none: false };
    Described { kind: kind.name(), fields: fields.into_iter().map(shown).collect() }
}

/// An events digest as it stands in a record, in the form in which all digests are printed.
pub(crate) fn digest_text(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}
