//! The generator's source of randomness: xoshiro256** (Blackman and Vigna, 2018), seeded through `SplitMix64`.
//!
//! Written out here because a flow must be the same for ever: a library may change its algorithm, a flow may not.
#![expect(clippy::float_arithmetic, reason = "IEEE products only, which every platform rounds alike")]
#![expect(clippy::cast_precision_loss, reason = "at most 53 bits are converted, which is exact")]

/// A reproducible stream of 64-bit numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut counter = seed;
        let state = std::array::from_fn(|_| {
            counter = counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (counter ^ (counter >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        });
        Self { state }
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.state;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= shifted;
        *s3 = s3.rotate_left(45);
        result
    }

    /// A number below `bound`, by the high half of a widening multiplication; zero where that is zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }

    /// One of `from..=to`, which is not empty and not all there are.
    pub fn between(&mut self, from: u32, to: u32) -> u32 {
        from + self.below(to - from + 1)
    }

    /// A multiple of 2^-53 from 0 inclusive to 1 exclusive.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * UNIT_STEP
    }

    /// A multiple of 2^-53 from 0 exclusive to 1 inclusive.
    pub(crate) fn unit_above_zero(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 * UNIT_STEP
    }
}

/// 2^-53, the distance of neighbouring doubles below 1: every product with it above is exact.
const UNIT_STEP: f64 = 1.0 / (1u64 << 53) as f64;

/// Geometrically distributed distances: how often in a row a coin with success probability 1 / mean fails.
///
/// By thresholds rather than by logarithms: they are products of doubles, which every platform rounds alike, whereas
/// no two mathematics libraries agree on the last bit of a logarithm.
#[derive(Clone, Debug)]
pub(crate) struct Geometric {
    /// `thresholds[n]` is the probability of a distance above `n`; descending.
    thresholds: Vec<f64>,
}

impl Geometric {
    /// Largest distance; what is beyond counts as this.
    const DISTANCE_MAX: usize = 20_000;

    /// Distances of this mean.
    pub(crate) fn new(mean: u32) -> Self {
        let failure = 1.0 - 1.0 / f64::from(mean);
        let thresholds = std::iter::successors(Some(failure), |above| Some(above * failure));
        Self { thresholds: thresholds.take(Self::DISTANCE_MAX).take_while(|&above| above >= UNIT_STEP).collect() }
    }

    /// The next distance.
    pub(crate) fn sample(&self, random: &mut Random) -> u32 {
        let draw = random.unit_above_zero();
        self.thresholds.partition_point(|&above| above >= draw) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_is_xoshiro256_starstar() {
        // The first outputs for the state 1, 2, 3, 4 of the authors' reference code.
        let mut random = Random { state: [1, 2, 3, 4] };
        assert_eq!([random.next(), random.next(), random.next()], [11_520, 0, 1_509_978_240]);
    }

    #[test]
    fn geometric_mean_is_near_its_parameter() {
        let (geometric, mut random) = (Geometric::new(17), Random::new(1));
        let total: u64 = (0..100_000).map(|_| u64::from(geometric.sample(&mut random))).sum();
        // The number of failures has mean 17 - 1.
        assert!((1_580_000..1_620_000).contains(&total), "{total}");
    }
}
