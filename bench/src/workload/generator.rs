//! How a flow is made.
//!
//! Of the measured commands 7 % cross, 3 % reduce, 28 to 62 % are passive orders (more of them the fewer orders are
//! live), and the rest are cancels of live orders chosen evenly.

use super::live_orders::LiveOrders;
use super::random::{Geometric, Random};
use super::reference_book::PRICE_TICKS_END;
use super::{Flow, FlowCommand, FlowKind, FlowSpec, ReferenceBook, Rules, Side};

/// Where the market starts.
const PRICE_MIDDLE_TICKS: u32 = PRICE_TICKS_END / 2;
/// Passive prices are moved into this range.
const PASSIVE_PRICE_TICKS_MIN: i64 = 64;
const PASSIVE_PRICE_TICKS_MAX: i64 = 65_400;
/// Shares of the measured commands.
const AGGRESSIVE_SHARE: f64 = 0.07;
const AGGRESSIVE_OR_REDUCE_SHARE: f64 = 0.10;
/// Below so many live orders nothing is cancelled.
const LIVE_ORDERS_MIN: u32 = 16;
/// One crossing order in so many takes out the whole best level and more.
const LEVEL_SWEEP_ONE_IN: u32 = 500;
const LEVEL_SWEEP_LOTS_MAX: u64 = 200_000;
/// How many orders are looked at for one that can be reduced.
const REDUCE_ATTEMPTS: usize = 8;

impl Flow {
    /// Makes the flow.
    pub fn generate(spec: FlowSpec) -> Self {
        let mut generator = Generator::new(spec);
        while generator.live.len() < spec.live_orders {
            generator.passive();
        }
        let prefill = generator.commands.len();
        for _ in 0..spec.commands {
            generator.step();
        }
        let Generator { commands, last_id, live_orders_max, .. } = generator;
        Self { commands, prefill, max_id: last_id, live_orders_max }
    }
}

struct Generator {
    live_orders: u32,
    random: Random,
    distance: Geometric,
    book: ReferenceBook,
    live: LiveOrders,
    live_orders_max: u32,
    commands: Vec<FlowCommand>,
    last_id: u32,
}

impl Generator {
    fn new(spec: FlowSpec) -> Self {
        // Every command may enter an order, and almost every order of the prefill rests.
        let id_end = spec.live_orders * 2 + spec.commands + 16;
        Self {
            live_orders: spec.live_orders,
            random: Random::new(spec.seed),
            distance: Geometric::new(spec.distance_mean_ticks),
            book: ReferenceBook::new(Rules::NOVATE, id_end),
            live: LiveOrders::up_to(id_end),
            live_orders_max: 0,
            commands: Vec::with_capacity(spec.live_orders as usize + spec.commands as usize),
            last_id: 0,
        }
    }

    /// One measured command.
    fn step(&mut self) {
        let draw = self.random.unit();
        let passive_end = self.passive_end();
        let written = if draw < AGGRESSIVE_SHARE {
            self.aggressive()
        } else if draw < AGGRESSIVE_OR_REDUCE_SHARE {
            self.reduce()
        } else if draw < passive_end || self.live.len() < LIVE_ORDERS_MIN {
            false
        } else {
            self.cancel()
        };
        if !written {
            self.passive();
        }
    }

    /// Where the share of passive orders ends, which brings the number of live orders back to where it is wanted.
    #[expect(clippy::float_arithmetic, reason = "IEEE roundings only, the same on every platform")]
    fn passive_end(&self) -> f64 {
        let wanted = f64::from(self.live_orders);
        let shortage = (wanted - f64::from(self.live.len())) / wanted;
        AGGRESSIVE_OR_REDUCE_SHARE + (0.45 + 0.5 * shortage * 20.0).clamp(0.28, 0.62)
    }

    /// Writes an order that rests near the market.
    fn passive(&mut self) {
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let distance_ticks = i64::from(self.distance.sample(&mut self.random)) + 1;
        let opposite_best = self.book.best_ticks(side.opposite());
        let price_ticks = match side {
            Side::Buy => i64::from(opposite_best.unwrap_or(PRICE_MIDDLE_TICKS + 1)) - distance_ticks,
            Side::Sell => i64::from(opposite_best.unwrap_or(PRICE_MIDDLE_TICKS - 1)) + distance_ticks,
        };
        let price_ticks = price_ticks.clamp(PASSIVE_PRICE_TICKS_MIN, PASSIVE_PRICE_TICKS_MAX).cast_unsigned() as u32;
        let quantity_lots = self.random.between(1, 100);
        self.enter(FlowKind::Passive, side, price_ticks, quantity_lots);
    }

    /// Writes an order that crosses, if there is something to cross.
    fn aggressive(&mut self) -> bool {
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let opposite = side.opposite();
        let Some(best_ticks) = self.book.best_ticks(opposite) else { return false };
        let beyond_ticks = self.random.below(4);
        let (beyond_ticks, quantity_lots) = if self.random.below(LEVEL_SWEEP_ONE_IN) == 0 {
            let sweep_lots = self.book.level_lots(opposite, best_ticks) + u64::from(self.random.between(1, 100));
            (0, sweep_lots.min(LEVEL_SWEEP_LOTS_MAX) as u32)
        } else {
            (beyond_ticks, self.random.between(1, 60))
        };
        let price_ticks = match side {
            Side::Buy => best_ticks + beyond_ticks,
            Side::Sell => best_ticks.saturating_sub(beyond_ticks).max(1),
        };
        self.enter(FlowKind::Aggressive, side, price_ticks, quantity_lots);
        true
    }

    /// Writes a reduction by a part of a live order, if one with more than a lot is found.
    fn reduce(&mut self) -> bool {
        for _ in 0..REDUCE_ATTEMPTS {
            let Some(id) = self.live.pick(&mut self.random) else { return false };
            let open_lots = self.book.open_lots(id);
            if open_lots > 1 {
                let quantity_lots = self.random.between(1, open_lots - 1);
                let (side, price_ticks) = self.book.side_and_price(id);
                let left_lots = open_lots - quantity_lots;
                self.write(FlowCommand { kind: FlowKind::Reduce, side, id, price_ticks, quantity_lots, left_lots });
                return true;
            }
        }
        false
    }

    /// Writes a cancel of a live order.
    fn cancel(&mut self) -> bool {
        let Some(id) = self.live.pick(&mut self.random) else { return false };
        let (side, price_ticks) = self.book.side_and_price(id);
        self.write(FlowCommand { kind: FlowKind::Cancel, side, id, price_ticks, quantity_lots: 0, left_lots: 0 });
        self.live.remove(id);
        true
    }

    fn enter(&mut self, kind: FlowKind, side: Side, price_ticks: u32, quantity_lots: u32) {
        self.last_id += 1;
        let id = self.last_id;
        self.write(FlowCommand { kind, side, id, price_ticks, quantity_lots, left_lots: 0 });
        if self.book.open_lots(id) > 0 {
            self.live.add(id);
            self.live_orders_max = self.live_orders_max.max(self.live.len());
        }
    }

    fn write(&mut self, command: FlowCommand) {
        let live = &mut self.live;
        self.book.apply(&command, |fill| {
            if fill.maker_left_lots == 0 {
                live.remove(fill.maker);
            }
        });
        self.commands.push(command);
    }
}
