//! Which of the processor's instructions the kernels use: found out when they run, and without effect on a single bit.
//!
//! A kernel is written once, over the few operations of [`Ieee`], each of which has exactly one right result. What differs
//! from level to level is how many of them the processor does at once.
#![allow(unsafe_code)]

/// Operations that IEEE 754 defines to the last bit and that need instructions not every processor has.
pub(crate) trait Ieee: Copy {
    /// `a * b + c`, rounded once.
    fn fma(self, a: f64, b: f64, c: f64) -> f64;
    /// The square root.
    fn sqrt(self, x: f64) -> f64;
    /// Whether an instruction takes eight numbers, rather than four or fewer.
    fn is_wide(self) -> bool;
}

/// In software, on any processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Software;

impl Ieee for Software {
    #[inline]
    fn fma(self, a: f64, b: f64, c: f64) -> f64 {
        libm::fma(a, b, c)
    }

    #[inline]
    fn sqrt(self, x: f64) -> f64 {
        libm::sqrt(x)
    }

    #[inline]
    fn is_wide(self) -> bool {
        false
    }
}

/// Something to be computed with whatever instructions there are.
pub(crate) trait Kernel {
    /// What it returns.
    type Output;

    /// Computes it. To be inlined always: what calls it decides which instructions it is made of.
    fn run(self, ieee: impl Ieee) -> Self::Output;
}

/// Instructions that kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// None but those that every processor has; fused multiply-add in software.
    Software,
    /// AVX2 and FMA: four numbers at once.
    Avx2,
    /// AVX-512 F, DQ and VL: eight numbers at once.
    Avx512,
}

impl Level {
    /// All of them, the slowest first.
    pub const ALL: [Self; 3] = [Self::Software, Self::Avx2, Self::Avx512];

    /// The fastest that this processor has.
    #[inline]
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|level| level.is_there()).unwrap_or(Self::Software)
    }

    /// Whether this processor has it.
    #[inline]
    pub fn is_there(self) -> bool {
        match self {
            Self::Software => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => x86::has_avx2(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => x86::has_avx512(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// Runs a kernel on this level, or on the next slower one that this processor has.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if self == Self::Avx512 && self.is_there() {
                // SAFETY: the processor and the operating system support all that it is compiled for, as was just asked.
                return unsafe { x86::run_avx512(kernel) };
            }
            if self >= Self::Avx2 && Self::Avx2.is_there() {
                // SAFETY: the same.
                return unsafe { x86::run_avx2(kernel) };
            }
        }
        kernel.run(Software)
    }
}

/// Kernels compiled for wider instructions.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{_mm_cvtsd_f64, _mm_fmadd_sd, _mm_set_sd, _mm_sqrt_sd};

    use super::{Ieee, Kernel};

    cpufeatures::new!(avx2, "avx2", "fma");
    cpufeatures::new!(avx512, "avx2", "fma", "avx512f", "avx512dq", "avx512vl");

    pub(super) fn has_avx2() -> bool {
        avx2::get()
    }

    pub(super) fn has_avx512() -> bool {
        avx512::get()
    }

    /// By instructions, eight numbers at once or four; there is one only where they are.
    #[derive(Clone, Copy)]
    struct Fused<const WIDE: bool>(());

    impl<const WIDE: bool> Ieee for Fused<WIDE> {
        #[inline(always)]
        fn fma(self, a: f64, b: f64, c: f64) -> f64 {
            // SAFETY: a `Fused` is made only in the functions below, which run where the processor has FMA.
            unsafe { fma(a, b, c) }
        }

        #[inline(always)]
        fn sqrt(self, x: f64) -> f64 {
            // SAFETY: it is an instruction of SSE2, which is part of x86-64.
            unsafe { sqrt(x) }
        }

        #[inline(always)]
        fn is_wide(self) -> bool {
            WIDE
        }
    }

    #[target_feature(enable = "fma")]
    #[inline]
    fn fma(a: f64, b: f64, c: f64) -> f64 {
        _mm_cvtsd_f64(_mm_fmadd_sd(_mm_set_sd(a), _mm_set_sd(b), _mm_set_sd(c)))
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn sqrt(x: f64) -> f64 {
        _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(x), _mm_set_sd(x)))
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Fused::<false>(()))
    }

    #[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512vl")]
    pub(super) fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Fused::<true>(()))
    }
}
