//! Comparing sixteen 8-bit lanes at once; with the prefetch hint the only `unsafe` code of the arena.
#![allow(unsafe_code)]

/// One bit for every lane that equals `wanted`, the first lane's lowest.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn equal(lanes: &[u8; 16], wanted: u8) -> u32 {
    // SAFETY: SSE2 is part of x86-64, so every processor that runs this has it; nothing else is asked of the caller.
    unsafe { equal_sse2(lanes, wanted) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn equal_sse2(lanes: &[u8; 16], wanted: u8) -> u32 {
    use core::arch::x86_64::{__m128i, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set1_epi8};
    let lanes: __m128i = bytemuck::must_cast(*lanes);
    _mm_movemask_epi8(_mm_cmpeq_epi8(lanes, _mm_set1_epi8(wanted.cast_signed()))).cast_unsigned()
}

/// One bit for every lane that equals `wanted`, the first lane's lowest.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn equal(lanes: &[u8; 16], wanted: u8) -> u32 {
    equal_one_by_one(lanes, wanted)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn equal_one_by_one(lanes: &[u8; 16], wanted: u8) -> u32 {
    lanes.iter().enumerate().fold(0, |bits, (place, lane)| bits | u32::from(*lane == wanted) << place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_find_the_same_lanes() {
        let values = [0, 1, 2, u8::MAX, 1 << 7];
        for pattern in 0..5u32.pow(4) {
            let pick = |place: u32| values[(pattern / 5u32.pow(place % 4) % 5) as usize];
            let lanes = core::array::from_fn(|lane| pick(lane as u32 + lane as u32 / 4));
            for wanted in values {
                assert_eq!(equal(&lanes, wanted), equal_one_by_one(&lanes, wanted), "{lanes:?} {wanted}");
            }
        }
    }
}
