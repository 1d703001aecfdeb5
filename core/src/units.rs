//! Units: one newtype for every quantity that crosses the public API, the unit in its name.
//!
//! Prices are in ticks, quantities in lots, cash in atoms of one millionth, time in nanoseconds. All are integers:
//! a state that every replica must hold bit for bit has no room for a rounding mode.

use bytemuck::{Pod, Zeroable};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub struct $name(pub $inner);

        impl $name {
            /// The zero of this unit.
            pub const ZERO: Self = Self(0);
            /// The smallest representable value.
            pub const MIN: Self = Self(<$inner>::MIN);
            /// The largest representable value.
            pub const MAX: Self = Self(<$inner>::MAX);

            /// The bare number, for arithmetic and display.
            #[inline]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

unit! {
    /// A price in price units of its instrument, any `i64`; an instrument declares which part of the range it uses
    /// and the increment ("tick") that order prices must be a multiple of.
    PriceTicks(i64)
}
unit! {
    /// A quantity in lots. Order quantities are positive; positions are signed (negative is short).
    QuantityLots(i64)
}
unit! {
    /// Cash in atoms: one millionth of the settlement asset's unit.
    CashAtoms(i64)
}
unit! {
    /// Sequenced time: nanoseconds since the Unix epoch as stamped by the sequencer, never read from a clock here.
    TimeNs(u64)
}
unit! {
    /// Position of a command in the journal. The first command of a journal has sequence 1.
    Sequence(u64)
}

impl PriceTicks {
    /// The exact value of `quantity` at this price, in price units times lots.
    ///
    /// Every product of two `i64` fits an `i128`, so this never overflows.
    #[inline]
    pub const fn notional(self, quantity: QuantityLots) -> i128 {
        (self.0 as i128) * (quantity.0 as i128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notional_is_exact_at_the_edges() {
        assert_eq!(PriceTicks::MIN.notional(QuantityLots::MIN), 1i128 << 126);
        assert_eq!(PriceTicks::MIN.notional(QuantityLots::MAX), -(1i128 << 126) + (1i128 << 63));
    }
}
