//! CRC32C (Castagnoli; RFC 3720 appendix B.4), by the processor's instruction where it has one.
//!
//! It finds what a power loss leaves: torn, stale or missing sectors. It is no proof against somebody who means it; that
//! is what the hash chain is for.
//!
//! Frames are words of eight bytes, and so is what is summed here. The instruction takes a word in one step; a call to a
//! crate's function for 128 bytes costs more than the sum itself.
#![allow(unsafe_code)]

/// What a sum begins with, and what it is inverted with at its end.
const ONES: u32 = u32::MAX;
/// The polynomial, bit-reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The sums of all bytes, for processors without the instruction.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut sum, mut bit) = (byte as u32, 0);
        while bit < 8 {
            sum = (sum >> 1) ^ (POLYNOMIAL & (sum & 1).wrapping_neg());
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

/// Whether the processor has the instruction.
#[inline(always)]
pub(crate) fn has_instruction() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("sse4.2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// The CRC32C of `words`, little-endian, continued after `first`.
#[inline]
pub(crate) fn frame_sum(first: u64, words: &[u64]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if has_instruction() {
        // SAFETY: the processor has the instruction, which is all that the function demands.
        return unsafe { frame_sum_by_instruction(first, words) };
    }
    let sum = words.iter().fold(word_by_table(ONES, first), |sum, &word| word_by_table(sum, word));
    !sum
}

/// Words of a frame of the smallest size.
const SMALL_WORDS: usize = 16;

/// The sum of the first so many words of a frame of the smallest size, of which the first counts without its upper half; as
/// many steps for any number. How long the next frame's payload is no processor can guess, and guessing wrong costs more than
/// the sum. None where the processor has no instruction for it.
#[inline(always)]
pub(crate) fn small_frame_sum(frame: &[u64; SMALL_WORDS], words: usize) -> Option<u32> {
    #[cfg(target_arch = "x86_64")]
    if has_instruction() {
        // SAFETY: the processor has the instruction.
        let add = |sum, word| unsafe { word_in_place(sum, word) };
        let mut sum = add(u64::from(ONES), u64::from(frame[0] as u32));
        for (place, &word) in frame.iter().enumerate().skip(1) {
            sum = std::hint::select_unpredictable(place < words, add(sum, word), sum);
        }
        return Some(!(sum as u32));
    }
    let _ = (frame, words);
    None
}

/// The CRC32C of `bytes`.
///
/// ```
/// assert_eq!(novate_journal::checksum::crc32c(b"123456789"), 0xe306_9283);
/// ```
pub fn crc32c(bytes: &[u8]) -> u32 {
    let mut words = bytes.chunks_exact(8);
    let mut sum = ONES;
    for word in &mut words {
        let word = word.try_into().map_or(0, u64::from_le_bytes);
        sum = word_sum(sum, word);
    }
    !words.remainder().iter().fold(sum, |sum, &byte| byte_by_table(sum, byte))
}

#[inline]
fn word_sum(sum: u32, word: u64) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if has_instruction() {
        // SAFETY: the processor has the instruction, which is all that the function demands.
        return unsafe { word_by_instruction(sum, word) };
    }
    word_by_table(sum, word)
}

/// One word by the instruction.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse4.2")]
pub(crate) fn word_by_instruction(sum: u32, word: u64) -> u32 {
    core::arch::x86_64::_mm_crc32_u64(u64::from(sum), word) as u32
}

/// As [`word_by_instruction`], but the compiler may put it into functions that are built for any processor: a call of its
/// own for each frame, with all words through memory, costs more than the sum.
///
/// # Safety
/// The processor must have the instruction.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) unsafe fn word_in_place(sum: u64, word: u64) -> u64 {
    let mut sum = sum;
    // SAFETY: the caller vouches for the instruction, which works on these two registers alone.
    unsafe {
        core::arch::asm!("crc32 {0}, {1}", inout(reg) sum, in(reg) word, options(pure, nomem, nostack, preserves_flags));
    }
    sum
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse4.2")]
fn frame_sum_by_instruction(first: u64, words: &[u64]) -> u32 {
    !words.iter().fold(word_by_instruction(ONES, first), |sum, &word| word_by_instruction(sum, word))
}

/// One word without the instruction.
#[inline]
pub(crate) fn word_by_table(sum: u32, word: u64) -> u32 {
    word.to_le_bytes().into_iter().fold(sum, byte_by_table)
}

#[inline]
fn byte_by_table(sum: u32, byte: u8) -> u32 {
    (sum >> 8) ^ TABLE[usize::from(sum as u8 ^ byte)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // RFC 3720, B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&ascending), 0x46dd_794e);
        assert_eq!(crc32c(b""), 0);
    }

    #[test]
    fn instruction_and_table_agree() {
        let mut words = Vec::new();
        let mut word = 1_u64;
        for _ in 0..64 {
            word = word.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
            let by_table = !words.iter().fold(word_by_table(ONES, word), |sum, &next| word_by_table(sum, next));
            assert_eq!(frame_sum(word, &words), by_table);
            if let Ok(frame) = <[u64; SMALL_WORDS]>::try_from(&words[words.len().saturating_sub(SMALL_WORDS)..]) {
                for count in 1..=SMALL_WORDS {
                    let plain = frame_sum(u64::from(frame[0] as u32), &frame[1..count]);
                    assert!(small_frame_sum(&frame, count).is_none_or(|sum| sum == plain), "{count}");
                }
            }
            let bytes: Vec<u8> = [word].iter().chain(&words).flat_map(|word| word.to_le_bytes()).collect();
            assert_eq!(crc32c(&bytes), by_table);
            words.push(word);
        }
    }
}
