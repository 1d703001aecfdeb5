//! What a flow consists of.

/// Which side of the book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Bids.
    #[default]
    Buy = 0,
    /// Asks.
    Sell = 1,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Whether an order of this side with this limit trades at `resting_ticks` of the other side.
    pub(super) const fn crosses(self, limit_ticks: u32, resting_ticks: u32) -> bool {
        match self {
            Self::Buy => resting_ticks <= limit_ticks,
            Self::Sell => resting_ticks >= limit_ticks,
        }
    }

    /// Whether orders of this side at `price_ticks` come before those at `other_ticks`.
    pub(super) const fn is_better(self, price_ticks: u32, other_ticks: u32) -> bool {
        match self {
            Self::Buy => price_ticks > other_ticks,
            Self::Sell => price_ticks < other_ticks,
        }
    }
}

/// What a command of a flow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// Enters a limit order priced away from the other side.
    Passive = 0,
    /// Cancels an order.
    Cancel = 1,
    /// Takes quantity off an order.
    Reduce = 2,
    /// Enters a limit order priced at the other side's best or up to three ticks beyond.
    Aggressive = 3,
}

/// A command of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowCommand {
    /// What it does.
    pub kind: FlowKind,
    /// The order's side; for cancels and reductions the target's.
    pub side: Side,
    /// The order, numbered from 1 in order of entry.
    pub id: u32,
    /// Limit price; for cancels and reductions the target's.
    pub price_ticks: u32,
    /// The order's quantity; of a reduction what it takes off; of a cancel zero.
    pub quantity_lots: u32,
    /// Of a reduction what the order then has open, else zero.
    pub left_lots: u32,
}

impl FlowCommand {
    /// Size of [`FlowCommand::to_bytes`].
    pub const SIZE: usize = 32;

    /// The command's fixed form, little-endian: kind, side, 2 zeros, quantity, price, quantity left, id in 8 bytes,
    /// 8 zeros. What [`Flow::hash`](super::Flow::hash) is over.
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[0] = self.kind as u8;
        bytes[1] = self.side as u8;
        bytes[4..8].copy_from_slice(&self.quantity_lots.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.price_ticks.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.left_lots.to_le_bytes());
        bytes[16..24].copy_from_slice(&u64::from(self.id).to_le_bytes());
        bytes
    }

    /// Whether it enters an order.
    pub const fn is_entry(&self) -> bool {
        matches!(self.kind, FlowKind::Passive | FlowKind::Aggressive)
    }
}
