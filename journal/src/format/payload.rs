//! The payloads of frames that are no commands, and that of an attestation.

use bytemuck::{Pod, Zeroable};
use novate_core::genesis::Capacities;

/// The end of a block. 112 bytes.
///
/// A block is what lies between two seals, the later one included and segment headers left out: at most about a
/// millisecond, of one epoch, in one segment. The chain is h(0) = the genesis hash, h(k) = blake3 over h(k-1) and the bytes
/// of block k, in key-derivation mode with the domain `novate journal chain 1`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Seal {
    /// The block's index, from 1.
    pub block: u64,
    /// The first command's sequence; one more than `last_sequence` in a block without commands.
    pub first_sequence: u64,
    /// The last command's sequence.
    pub last_sequence: u64,
    /// The block's bytes, this frame's included.
    pub bytes: u64,
    /// The last command that was known to be durable when this was written; 0 for none.
    pub durable_sequence: u64,
    /// Everything before this place was known to be durable when this was written, as [`Position::to_bits`].
    ///
    /// [`Position::to_bits`]: super::Position::to_bits
    pub durable_position: u64,
    /// The index of the newest block whose chain value was known; 0 for none.
    pub chain_block: u64,
    /// That block's chain value; the genesis hash for block 0.
    pub chain: [u8; 32],
    /// The rolling digest of all events up to the last command.
    pub events_digest: [u8; 16],
    /// The epoch of the block's frames; this one's may be later, where a crash left the block without a seal.
    pub epoch: u32,
    /// Zero.
    pub reserved: u32,
}

/// The end of a journal that was closed. 64 bytes. It is part of no block, and takes no sequence.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct End {
    /// The last block's index.
    pub block: u64,
    /// The last block's chain value.
    pub chain: [u8; 32],
    /// The rolling digest of all events.
    pub events_digest: [u8; 16],
    /// Zero.
    pub reserved: u64,
}

/// Commands that every replay skips: the way out of a command that crashes whoever applies it. 128 bytes. Reserved.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Annul {
    /// The first command's sequence: later than that of the last seal before.
    pub first_sequence: u64,
    /// The last command's sequence.
    pub last_sequence: u64,
    /// The operator's ed25519 key.
    pub key: [u8; 32],
    /// The operator's signature over genesis hash, shard, epoch and the two sequences.
    pub signature: [u8; 64],
    /// Zero.
    pub reserved: [u8; 16],
}

/// A change of rules, layout or capacities, alone after a checkpoint. 160 bytes. Reserved.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Upgrade {
    /// The rules version from here on.
    pub rules: u32,
    /// The command schema version from here on.
    pub command_schema: u32,
    /// The layout's hash from here on.
    pub layout_hash: [u8; 32],
    /// Table sizes from here on.
    pub capacities: Capacities,
    /// The state digest before.
    pub state_digest_before: [u8; 32],
    /// The state digest after.
    pub state_digest_after: [u8; 32],
}

/// What a replica signs, as it stands in the command that brings it back. 256 bytes. Reserved.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Attestation {
    /// The cluster's name: a hash over its configuration.
    pub cluster: [u8; 32],
    /// The replica's id in the registry.
    pub replica: u32,
    /// The shard.
    pub shard: u32,
    /// The epoch of the checkpoint.
    pub epoch: u64,
    /// The checkpoint's sequence.
    pub sequence: u64,
    /// The index of the block whose last command is the checkpoint.
    pub block: u64,
    /// The rolling digest of all events up to it.
    pub events_digest: [u8; 16],
    /// The state digest after it.
    pub state_digest: [u8; 32],
    /// The block's chain value.
    pub chain: [u8; 32],
    /// Zero.
    pub reserved: [u8; 48],
    /// The replica's ed25519 signature over everything before.
    pub signature: [u8; 64],
}

const _: () = assert!(size_of::<Seal>() == 112);
const _: () = assert!(size_of::<End>() == 64);
const _: () = assert!(size_of::<Annul>() == 128);
const _: () = assert!(size_of::<Upgrade>() == 160);
const _: () = assert!(size_of::<Attestation>() == 256);

/// A payload as words, as frames take it.
pub(crate) fn words<P: Pod>(payload: &P) -> &[u64] {
    bytemuck::cast_slice(std::slice::from_ref(payload))
}
