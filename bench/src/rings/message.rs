//! The messages that are handed over, and the hash of what arrives.

use novate_core::ring::LINE_WORDS;

/// Words of a message that fills a line of novate's rings: 64 bytes with the position.
pub(super) const SHORT: usize = LINE_WORDS;
/// Words of a message that fills two.
pub(super) const LONG: usize = 2 * LINE_WORDS;
/// What a word is more than the one before it, so that no two words of a message are the same.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
const MULTIPLIER: u64 = 0xD129_42F0_B5D5_1B59;

/// A message. It begins on a cache line of its own in everybody's ring.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Message<const W: usize>(pub(super) [u64; W]);

impl<const W: usize> Message<W> {
    /// The message of that number, which is its first word.
    #[inline(always)]
    pub(super) fn nth(number: u64) -> Self {
        let mut word = number;
        Self([(); W].map(|()| {
            let this = word;
            word = word.wrapping_add(STEP);
            this
        }))
    }
}

impl<const W: usize> Default for Message<W> {
    fn default() -> Self {
        Self([0; W])
    }
}

/// The hash of all messages of each of `S` senders, in the order in which they came: how senders take turns is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fold<const S: usize>([u64; S]);

impl<const S: usize> Fold<S> {
    /// Of nothing.
    pub(super) fn new() -> Self {
        Self([0; S])
    }

    /// Of so many messages; sender `n` has sent number `n` and every `S`th from there.
    pub(super) fn of<const W: usize>(messages: u64) -> Self {
        let mut fold = Self::new();
        for number in 0..messages {
            fold.add(&Message::<W>::nth(number).0);
        }
        fold
    }

    /// Adds a message. One multiplication, so that hashing is not what is measured.
    #[inline(always)]
    pub(super) fn add<const W: usize>(&mut self, words: &[u64; W]) {
        let message = words.iter().fold(0_u64, |hash, word| hash.rotate_left(9) ^ word);
        let hash = &mut self.0[words[0] as usize % S];
        *hash = (hash.rotate_left(32) ^ message).wrapping_mul(MULTIPLIER);
    }

    /// In hexadecimal.
    pub(super) fn hex(&self) -> String {
        self.0.map(|hash| format!("{hash:016x}")).concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_words_are_in_the_hash() {
        let [first, second] = [0, 1].map(|number| Message::<SHORT>::nth(number).0);
        let fold = |messages: &[[u64; SHORT]]| {
            let mut fold = Fold::<1>::new();
            for words in messages {
                fold.add(words);
            }
            fold.hex()
        };
        let expected = fold(&[first, second]);
        assert_eq!(expected, Fold::<1>::of::<SHORT>(2).hex());
        assert_ne!(expected, fold(&[second, first]));
        assert_ne!(expected, fold(&[first, second, second]));
        let mut swapped = second;
        swapped.swap(5, 6);
        assert_ne!(expected, fold(&[first, swapped]));
    }

    #[test]
    fn turns_of_senders_are_not_in_the_hash() {
        let mut fold = Fold::<2>::new();
        for number in [1, 0, 3, 2] {
            fold.add(&Message::<SHORT>::nth(number).0);
        }
        assert_eq!(fold, Fold::of::<SHORT>(4));
    }
}
