//! The prefetch hint; with the comparison in `lanes` the only `unsafe` code of the arena.
#![allow(unsafe_code)]

/// Asks the processor to fetch the first cache line of `value` for reading and writing soon. A hint: it cannot change
/// what the program computes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn soon<T>(value: &T) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    let address = core::ptr::from_ref(value).cast::<i8>();
    // SAFETY: PREFETCHT0 is part of SSE, which every x86-64 processor has; it neither reads nor writes memory as the
    // language sees it and does not fault on any address, and this one is valid besides.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address) }
}

/// No stable hint on this processor: nothing is fetched early.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn soon<T>(_value: &T) {}
