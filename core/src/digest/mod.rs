//! Digests: the rolling events digest that every replica compares, the hash that names genesis and layout, and the state
//! digest with its Merkle tree ([`StateTree`]) and proofs ([`ChunkProof`]).
//!
//! The state digest is cryptographic, and `docs/DETERMINISM.md` gives its formula. [`naive`] computes it from scratch.
//!
//! The events digest is 128 bits, folded over the 64-byte words of every event in order. It detects faults (a flipped
//! bit, a lost, repeated or reordered event), not adversaries: it is not a cryptographic hash.
//!
//! One word `w0..w7` is folded by four widening multiplications, independent of each other and of the state, so that
//! the chain from word to word is one multiplication long:
//!
//! ```text
//! p[i]  = (w[2i] ^ K[2i]) * (w[2i+1] ^ K[2i+1])            128 bits, i = 0..4
//! x     = low(p0) ^ high(p1) ^ low(p2) ^ high(p3)
//! y     = high(p0) ^ low(p1) ^ high(p2) ^ low(p3)
//! lane0 = rotate_left((lane0 ^ x) * M0, 29)
//! lane1 = rotate_left((lane1 ^ y) * M1, 31) ^ lane0(new)
//! ```
//!
//! `M` are fractional digits of pi, made odd. `K` are such digits as 32-bit numbers with the topmost bit set, sign-extended
//! to 64 bits: processors take those as part of an instruction, and small words still become large factors. The digest
//! of no events is zero.

mod many;
pub mod naive;
mod proof;
mod tree;

use bytemuck::{Pod, Zeroable};

pub use self::proof::{ChunkPath, ChunkProof, ProofError};
pub use self::tree::{Flipped, StateTree};

use crate::arena::Chunk;
use crate::engine::Header;
use crate::event::EventWord;

const K: [u64; 8] = [
    0xffff_ffff_a43f_6a88,
    0xffff_ffff_85a3_08d3,
    0xffff_ffff_9319_8a2e,
    0xffff_ffff_8370_7344,
    0xffff_ffff_a409_3822,
    0xffff_ffff_a99f_31d0,
    0xffff_ffff_882e_fa98,
    0xffff_ffff_ec4e_6c89,
];
const M0: u64 = 0x9216_d5d9_8979_fb1b;
const M1: u64 = 0xd131_0ba6_98df_b5ad;

/// The rolling events digest: 128 bits, lane 0 in the high half, lane 1 in the low half.
///
/// One wide integer rather than two lanes in an array: compilers copy the array by one vector load, which has to wait
/// until the two lanes' stores are through, once per command.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
pub struct EventsDigest(u128);

impl EventsDigest {
    /// Folds one 64-byte word of an event in.
    #[inline(always)]
    pub fn fold(&mut self, word: &EventWord) {
        let product = |i: usize| (word[i] ^ K[i]) as u128 * (word[i + 1] ^ K[i + 1]) as u128;
        let (p0, p1, p2, p3) = (product(0), product(2), product(4), product(6));
        let x = low(p0) ^ high(p1) ^ low(p2) ^ high(p3);
        let y = high(p0) ^ low(p1) ^ high(p2) ^ low(p3);
        let lane0 = (high(self.0) ^ x).wrapping_mul(M0).rotate_left(29);
        let lane1 = (low(self.0) ^ y).wrapping_mul(M1).rotate_left(31) ^ lane0;
        self.0 = (lane0 as u128) << 64 | lane1 as u128;
    }

    /// From what [`EventsDigest::to_bytes`] gave.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The digest as 16 bytes, lane 0 first, each big-endian, so that its hexadecimal form reads like the lanes.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl core::fmt::Display for EventsDigest {
    /// 32 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for EventsDigest {
    /// As it is displayed.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[inline(always)]
fn low(product: u128) -> u64 {
    product as u64
}

#[inline(always)]
fn high(product: u128) -> u64 {
    (product >> 64) as u64
}

/// A 256-bit blake3 hash: names a genesis, a layout, a state.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
pub struct Hash256(pub [u8; 32]);

impl Hash256 {
    /// blake3 in key-derivation mode, so that equal bytes in different `domain`s have unrelated hashes. Parts are
    /// hashed one after the other without separators: give every part a fixed size.
    pub fn of(domain: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(domain);
        for part in parts {
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }
}

impl core::fmt::Display for Hash256 {
    /// 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Hash256 {
    /// As it is displayed.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Domains of the state digest, so that neither a chunk can be taken for a node of the tree nor a node for a chunk.
const LEAF_DOMAIN: &str = "novate state leaf 1";
const NODE_DOMAIN: &str = "novate state node 1";
const STATE_DOMAIN: &str = "novate state 1";

/// The hash of one chunk.
fn leaf(chunk: &Chunk) -> Hash256 {
    Hash256::of(LEAF_DOMAIN, &[&chunk.0])
}

/// The hash of two nodes of one height.
fn node(left: &Hash256, right: &Hash256) -> Hash256 {
    Hash256::of(NODE_DOMAIN, &[&left.0, &right.0])
}

/// The height of the tree over so many chunks, at least one: the number of nodes between a leaf and the root, this one
/// included.
fn height(chunks: u64) -> u32 {
    u64::BITS - chunks.saturating_sub(1).leading_zeros()
}

/// The state digest of a state whose first chunk is `header` and whose tree has the root `root`.
fn of_state(header: &Chunk, root: &Hash256) -> Hash256 {
    let names = Header::read(header);
    Hash256::of(STATE_DOMAIN, &[&names.genesis_hash.0, &names.layout_hash.0, &header.0, &root.0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn digest(words: &[EventWord]) -> EventsDigest {
        let mut digest = EventsDigest::default();
        for word in words {
            digest.fold(word);
        }
        digest
    }

    #[test]
    fn every_single_bit_changes_the_digest() {
        let word = [1, 2, 3, 4, 5, 6, 7, 8];
        let base = digest(&[word, word]);
        for bit in 0..512 {
            let mut flipped = word;
            flipped[bit / 64] ^= 1 << (bit % 64);
            let other = digest(&[flipped, word]);
            assert_ne!(base, other, "bit {bit}");
        }
    }

    #[test]
    fn every_two_bits_change_the_digest() {
        let word = [0x11, 1 << 40, 3, u64::MAX, 0, 6, 1 << 63, 8];
        let base = digest(&[word]);
        for first in 0..512 {
            for second in 0..first {
                let mut flipped = word;
                flipped[first / 64] ^= 1 << (first % 64);
                flipped[second / 64] ^= 1 << (second % 64);
                assert_ne!(base, digest(&[flipped]), "bits {first} and {second}");
            }
        }
    }

    #[test]
    fn order_and_count_matter() {
        let (a, b) = ([1; 8], [2; 8]);
        assert_ne!(digest(&[a, b]), digest(&[b, a]));
        assert_ne!(digest(&[a]), digest(&[a, a]));
    }

    #[test]
    fn golden() {
        assert_eq!(digest(&[[1, 2, 3, 4, 5, 6, 7, 8], [0; 8]]).to_string(), "d918fba39c21c2fa5879c553414b1c6f");
    }
}
