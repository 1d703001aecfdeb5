//! Hashing many inputs of one size at once, a vector lane each: the one clever thing about the state digest.
//!
//! blake3's public functions hash one input at a time, and an input of 64 or 256 bytes is too short for them to fill a
//! vector: a leaf or node would cost several times as much. The crate has what is needed, hidden from its documentation
//! because it promises no stability. We pin the version, and the tests here hold it to the public functions.

use blake3::IncrementCounter;
use blake3::platform::Platform;

use super::Hash256;

/// How many inputs are worth giving at once: the lanes of the widest vectors that blake3 has code for.
pub(super) const LANES: usize = 16;

/// blake3's flags of the first block of an input, of its last, and of every block in key-derivation mode: numbers of its
/// specification.
const CHUNK_START: u8 = 1;
const CHUNK_END_AND_ROOT: u8 = 2 | 8;
const DERIVE_KEY_MATERIAL: u8 = 64;

/// Hashes as [`Hash256::of`] does for one domain.
#[derive(Clone, Debug)]
pub(super) struct ManyHasher {
    /// Which instructions this processor has; every choice computes the same.
    platform: Platform,
    /// The domain as blake3 sees it.
    key: [u32; 8],
}

impl ManyHasher {
    pub(super) fn new(domain: &str) -> Self {
        let bytes: [[u8; 4]; 8] = bytemuck::must_cast(blake3::hazmat::hash_derive_key_context(domain));
        Self { platform: Platform::detect(), key: bytes.map(u32::from_le_bytes) }
    }

    /// Hashes each of `inputs` into the place in `hashes` that it has in `inputs`.
    ///
    /// An input is one to sixteen whole blocks of 64 bytes: beyond, blake3 would make it a tree of its own.
    pub(super) fn hash<const SIZE: usize>(&self, inputs: &[&[u8; SIZE]], hashes: &mut [Hash256]) {
        const { assert!(SIZE >= 64 && SIZE <= 1_024 && SIZE.is_multiple_of(64)) };
        let hashes = &mut hashes[..inputs.len()];
        self.platform.hash_many(
            inputs,
            &self.key,
            0,
            IncrementCounter::No,
            DERIVE_KEY_MATERIAL,
            CHUNK_START,
            CHUNK_END_AND_ROOT,
            bytemuck::must_cast_slice_mut(hashes),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Inputs that differ in every byte.
    fn inputs<const SIZE: usize>(count: usize) -> Vec<[u8; SIZE]> {
        let mut state = 1u64;
        let mut byte = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..count).map(|_| core::array::from_fn(|_| byte())).collect()
    }

    fn equals_one_by_one<const SIZE: usize>(domain: &str) {
        let inputs = inputs::<SIZE>(3 * LANES);
        let many = ManyHasher::new(domain);
        for count in 0..=inputs.len() {
            let given: Vec<&[u8; SIZE]> = inputs.iter().take(count).collect();
            let mut hashes = [Hash256::default(); 3 * LANES];
            many.hash(&given, &mut hashes);
            for (input, hash) in given.iter().zip(&hashes) {
                assert_eq!(hash.0, blake3::derive_key(domain, *input), "{count} inputs");
            }
            assert!(hashes[count..].iter().all(|hash| *hash == Hash256::default()));
        }
    }

    #[test]
    fn leaves_and_nodes_are_hashed_as_one_by_one() {
        equals_one_by_one::<256>(super::super::LEAF_DOMAIN);
        equals_one_by_one::<64>(super::super::NODE_DOMAIN);
        equals_one_by_one::<1_024>("the longest");
    }

    #[test]
    fn every_processor_computes_the_same() {
        let inputs = inputs::<256>(LANES + 1);
        let given: Vec<&[u8; 256]> = inputs.iter().collect();
        let (mut detected, mut portable) = ([Hash256::default(); LANES + 1], [Hash256::default(); LANES + 1]);
        let many = ManyHasher::new("any");
        many.hash(&given, &mut detected);
        ManyHasher { platform: Platform::portable(), ..many }.hash(&given, &mut portable);
        assert_eq!(detected, portable);
    }
}
