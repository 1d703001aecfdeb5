//! Genesis: what every replica must agree on before the first command, and nothing else.
//!
//! The arena's layout is a pure function of it, and its hash stands in the arena, in every journal and in every
//! attestation.

use bytemuck::{Pod, Zeroable};

use crate::command::COMMAND_SCHEMA_VERSION;
use crate::digest::Hash256;
use crate::ids::{SHARD_MAX, SLOT_MAX};

/// The rules version: raised by any change that could alter an event or a byte of state.
pub const RULES_VERSION: u32 = 1;
/// The rules versions that this build executes.
pub const RULES_VERSIONS: &[u32] = &[RULES_VERSION];

/// How many records each table holds; a full table is a typed rejection. Each is at least 1 and at most
/// [`SLOT_MAX`] unless said otherwise.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Capacities {
    /// Listed instruments.
    pub instruments: u32,
    /// Open accounts.
    pub accounts: u32,
    /// Open sessions, the two that exist from genesis on included; from 2 to 65,534.
    pub sessions: u32,
    /// (session, account) grants.
    pub grants: u32,
    /// Live orders.
    pub orders: u32,
    /// Live price levels, over all instruments and both sides.
    pub levels: u32,
    /// Nodes of the price ladders, 268 bytes each: one holds up to 64 adjacent ticks. Each side of a book takes three or
    /// more. Where levels are 64 ticks and more apart each takes one or two, and one that is far from all others up to 11;
    /// with fewer than 22 left no further level is opened (`LadderFull`).
    pub ladder_nodes: u32,
    /// Open positions; where margin is checked, accounts' instruments with a position or a resting order.
    pub positions: u32,
    /// Pieces of work pending at once: auctions, at most one per instrument, and mass cancels.
    pub work_items: u32,
    /// Live orders that are more than [`NewOrder`](crate::command::NewOrder) can say: stop orders, icebergs, orders with a
    /// date or a twin. 128 bytes each.
    pub complex_orders: u32,
    /// Listed underlyings.
    pub underlyings: u32,
    /// Listed expiries of underlyings.
    pub expiries: u32,
    /// Scenario sets; at most 65,535.
    pub scenario_sets: u32,
    /// Accounts' positions by expiries: one for each account and expiry, or underlying of perpetuals, in which it has
    /// positions or orders. Zero for a shard that checks no margin.
    pub vectors: u32,
}

impl Capacities {
    /// Capacities for so many live orders: a level for each but no more than 65,536 plus one per eight orders, a ladder
    /// node for each level and a few for each instrument, which is ample where most levels are less than 64 ticks apart,
    /// and a small venue around it.
    pub const fn for_orders(orders: u32) -> Self {
        let levels = if orders < 65_536 { orders } else { 65_536 + (orders - 65_536) / 8 };
        Self {
            instruments: 64,
            accounts: 1_024,
            sessions: 64,
            grants: 4_096,
            orders,
            levels,
            ladder_nodes: levels + 512,
            positions: 4_096,
            work_items: 64,
            complex_orders: if orders < 4_096 { orders } else { 4_096 + (orders - 4_096) / 8 },
            underlyings: 16,
            expiries: 64,
            scenario_sets: 4,
            vectors: 0,
        }
    }
}

/// The genesis configuration. 96 bytes, plain old data; [`Genesis::hash`] is over exactly these.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Genesis {
    /// Version of the command schema, [`COMMAND_SCHEMA_VERSION`].
    pub command_schema: u32,
    /// Version of the rules, one of [`RULES_VERSIONS`].
    pub rules: u32,
    /// This engine's number among those that may share a sequencer, at most [`SHARD_MAX`].
    pub shard: u32,
    /// How many outcomes each session keeps for resent commands: a power of two from 8 to 65,536.
    pub outcome_window: u32,
    /// Steps in one command at most (fills of a sweep; levels, fills and orders looked over in an auction): from 64 to
    /// 1,048,576.
    pub max_steps: u32,
    /// Table sizes.
    pub capacities: Capacities,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 4],
    /// A forward jump of sequenced time beyond this, in nanoseconds, is for whoever stamps commands to halt at. The engine
    /// itself takes any time that does not step back.
    pub max_time_jump_ns: u64,
    /// Seed of the hash indexes. Whoever knows it can choose client order ids that collide, which makes their look-ups
    /// slow: draw it at random, and keep genesis and journal from those who send orders.
    pub index_seed: u64,
}

const _: () = assert!(size_of::<Genesis>() == 96);

/// Largest capacity of the session table: with the largest outcome window its outcomes still have 32-bit places.
const SESSIONS_MAX: u32 = 65_534;

/// Why a genesis configuration is not usable.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenesisError {
    /// A capacity, window or limit is outside its range; the field's documentation gives it.
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// Its value.
        value: u64,
        /// The smallest permitted.
        min: u64,
        /// The largest permitted.
        max: u64,
    },
    /// `outcome_window` is not a power of two.
    OutcomeWindowNotPowerOfTwo(u32),
    /// This build does not know the command schema.
    UnknownCommandSchema(u32),
    /// This build does not execute these rules.
    UnknownRules(u32),
    /// A reserved byte is set.
    ReservedNotZero,
}

impl core::fmt::Display for GenesisError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Self::OutOfRange { field, value, min, max } => {
                write!(f, "genesis field `{field}` is {value}; set it from {min} to {max}")
            }
            Self::OutcomeWindowNotPowerOfTwo(value) => {
                write!(f, "genesis field `outcome_window` is {value}; set it to a power of two")
            }
            Self::UnknownCommandSchema(version) => {
                write!(f, "command schema {version} is not known here; this build reads {COMMAND_SCHEMA_VERSION}")
            }
            Self::UnknownRules(version) => {
                write!(f, "rules version {version} is not executed here; this build executes {RULES_VERSIONS:?}")
            }
            Self::ReservedNotZero => f.write_str("a reserved byte of the genesis record is set; zero it"),
        }
    }
}

impl core::error::Error for GenesisError {}

impl Genesis {
    /// A configuration of this version with the given table sizes: 256 outcomes a session, sweeps of 16,384 fills, time
    /// jumps of an hour. Draw `index_seed` at random, see there.
    ///
    /// ```
    /// use novate_core::genesis::{Capacities, Genesis};
    ///
    /// let genesis = Genesis::new(0, 0x5eed, Capacities::for_orders(10_000));
    /// assert!(genesis.validate().is_ok());
    /// ```
    pub const fn new(shard: u16, index_seed: u64, capacities: Capacities) -> Self {
        Self {
            command_schema: COMMAND_SCHEMA_VERSION,
            rules: RULES_VERSION,
            shard: shard as u32,
            outcome_window: 256,
            max_steps: 16_384,
            capacities,
            max_time_jump_ns: 60 * 60 * 1_000_000_000,
            index_seed,
            reserved: [0; 4],
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is not usable.
    pub fn validate(&self) -> Result<(), GenesisError> {
        if self.command_schema != COMMAND_SCHEMA_VERSION {
            return Err(GenesisError::UnknownCommandSchema(self.command_schema));
        }
        if !RULES_VERSIONS.contains(&self.rules) {
            return Err(GenesisError::UnknownRules(self.rules));
        }
        if self.reserved != [0; 4] {
            return Err(GenesisError::ReservedNotZero);
        }
        let c = &self.capacities;
        let ranges = [
            ("shard", self.shard, 0, u32::from(SHARD_MAX)),
            ("outcome_window", self.outcome_window, 8, 65_536),
            ("max_steps", self.max_steps, 64, 1 << 20),
            ("capacities.instruments", c.instruments, 1, SLOT_MAX),
            ("capacities.accounts", c.accounts, 1, SLOT_MAX),
            ("capacities.sessions", c.sessions, 2, SESSIONS_MAX),
            ("capacities.grants", c.grants, 1, SLOT_MAX),
            ("capacities.orders", c.orders, 1, SLOT_MAX),
            ("capacities.levels", c.levels, 1, SLOT_MAX),
            ("capacities.ladder_nodes", c.ladder_nodes, 1, SLOT_MAX),
            ("capacities.positions", c.positions, 1, SLOT_MAX),
            ("capacities.work_items", c.work_items, 1, SLOT_MAX),
            ("capacities.complex_orders", c.complex_orders, 1, SLOT_MAX),
            ("capacities.underlyings", c.underlyings, 1, SLOT_MAX),
            ("capacities.expiries", c.expiries, 1, SLOT_MAX),
            ("capacities.scenario_sets", c.scenario_sets, 1, 65_535),
            ("capacities.vectors", c.vectors, 0, SLOT_MAX),
        ];
        for (field, value, min, max) in ranges {
            if value < min || value > max {
                let (value, min, max) = (u64::from(value), u64::from(min), u64::from(max));
                return Err(GenesisError::OutOfRange { field, value, min, max });
            }
        }
        if !self.outcome_window.is_power_of_two() {
            return Err(GenesisError::OutcomeWindowNotPowerOfTwo(self.outcome_window));
        }
        Ok(())
    }

    /// Whether the shard checks margin.
    #[inline]
    pub const fn is_margined(&self) -> bool {
        self.capacities.vectors != 0
    }

    /// The shard as ids carry it.
    #[inline]
    pub const fn shard(&self) -> u16 {
        self.shard as u16
    }

    /// The name of this configuration.
    pub fn hash(&self) -> Hash256 {
        Hash256::of("novate genesis 1", &[bytemuck::bytes_of(self)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_names_the_field() {
        let mut genesis = Genesis::new(0, 1, Capacities::for_orders(100));
        assert_eq!(genesis.validate(), Ok(()));
        genesis.capacities.positions = 0;
        assert!(matches!(genesis.validate(), Err(GenesisError::OutOfRange { field: "capacities.positions", .. })));
        genesis.capacities.positions = 1;
        genesis.outcome_window = 24;
        assert_eq!(genesis.validate(), Err(GenesisError::OutcomeWindowNotPowerOfTwo(24)));
    }
}
