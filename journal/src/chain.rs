//! The hash chain over blocks: h(0) is the genesis hash, h(k) = blake3 over h(k-1) and the bytes of block k, in
//! key-derivation mode with a domain of its own.
//!
//! It finds tampering that a checksum cannot: whoever knows one chain value knows every byte before it.

use std::collections::VecDeque;
use std::sync::Arc;

use novate_core::digest::Hash256;

use crate::error::Fault;
use crate::format::payload::Seal;
use crate::memory::{Memory, Published};

/// The domain of chain values.
const DOMAIN: &str = "novate journal chain 1";

/// The chain value after a block of these bytes.
pub fn next(previous: &Hash256, block: &[u8]) -> Hash256 {
    Hash256::of(DOMAIN, &[&previous.0, block])
}

/// A block's chain value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The block's index; 0 stands for what is before the first block.
    pub block: u64,
    /// Its chain value.
    pub value: Hash256,
}

/// Follows the chain and compares what seals state of it.
#[derive(Clone, Debug)]
pub(crate) struct ChainWalk {
    /// The newest values, oldest first; what a seal has stated makes older ones unnecessary.
    recent: VecDeque<Link>,
    /// The newest value that was stated and right.
    confirmed: Link,
}

impl ChainWalk {
    /// From a value that is known.
    pub(crate) fn from(link: Link) -> Self {
        Self { recent: VecDeque::from([link]), confirmed: link }
    }

    /// The newest value.
    pub(crate) fn newest(&self) -> Link {
        self.recent.back().copied().unwrap_or(Link { block: 0, value: Hash256::default() })
    }

    /// Takes a block in. Blocks up to the one that the walk began with are only compared with.
    pub(crate) fn take(&mut self, seal: &Seal, block: &[u8]) -> Result<(), Fault> {
        let newest = self.newest();
        if newest.block.checked_add(1) == Some(seal.block) {
            self.recent.push_back(Link { block: seal.block, value: next(&newest.value, block) });
        }
        self.compare(seal.chain_block, Hash256(seal.chain))
    }

    /// Compares a stated value.
    pub(crate) fn compare(&mut self, block: u64, stated: Hash256) -> Result<(), Fault> {
        while self.recent.len() > 1 && self.recent.front().is_some_and(|link| link.block < block) {
            self.recent.pop_front();
        }
        match self.recent.iter().find(|link| link.block == block) {
            Some(link) if link.value != stated => Err(Fault::Chain { block, computed: link.value, stated }),
            Some(link) => {
                self.confirmed = *link;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The newest value that somebody has stated and that is right.
    pub(crate) fn confirmed(&self) -> Link {
        self.confirmed
    }
}

/// The blocks that are not hashed yet, behind the newest value that a seal has stated: where hashing goes on when a journal
/// is opened for writing.
#[derive(Clone, Debug)]
pub(crate) struct Unhashed {
    stated: Link,
    blocks: VecDeque<(u64, Arc<Memory>, usize, usize)>,
}

impl Unhashed {
    /// From a value that is known.
    pub(crate) fn from(link: Link) -> Self {
        Self { stated: link, blocks: VecDeque::new() }
    }

    /// Remembers a block, and forgets those whose chain value the seal states.
    pub(crate) fn take(&mut self, seal: &Seal, memory: &Arc<Memory>, begin: usize, end: usize) {
        self.blocks.push_back((seal.block, Arc::clone(memory), begin, end));
        if seal.chain_block >= self.stated.block {
            self.stated = Link { block: seal.chain_block, value: Hash256(seal.chain) };
        }
        while self.blocks.front().is_some_and(|(block, ..)| *block <= seal.chain_block) {
            self.blocks.pop_front();
        }
    }

    /// Hashes what is left, and returns the newest value.
    pub(crate) fn finish(self) -> Link {
        let mut newest = self.stated;
        for (block, memory, begin, end) in self.blocks {
            // The reader that remembered the block has gone over it.
            let mut published = Published::new(memory, begin);
            published.advance(end - begin);
            newest = Link { block, value: next(&newest.value, published.bytes(begin, end)) };
        }
        newest
    }
}
