//! A plain price-time book over a fixed range of prices: what the generator looks at to choose the next command, and
//! the judge of what a peer's own rules make of a flow.
//!
//! It shares no code with the engine. Arrays indexed by price and by order id; nothing is removed from memory.

use super::{Fill, FlowCommand, FlowKind, Reduction, Rules, Side};

/// Prices are below this.
pub const PRICE_TICKS_END: u32 = 65_536;

/// No order: ids begin at 1.
const NONE: u32 = 0;

#[derive(Clone, Copy, Debug, Default)]
struct Order {
    /// What is open; zero once the order is gone.
    quantity_lots: u32,
    price_ticks: u32,
    next: u32,
    previous: u32,
    side: Side,
}

#[derive(Clone, Copy, Debug, Default)]
struct Level {
    head: u32,
    tail: u32,
    quantity_lots: u64,
}

#[derive(Clone, Debug)]
struct HalfBook {
    levels: Vec<Level>,
    /// The best price at which orders rest; meaningless while `level_count` is zero.
    best_ticks: u32,
    level_count: u32,
}

/// The book.
#[derive(Clone, Debug)]
pub struct ReferenceBook {
    rules: Rules,
    orders: Vec<Order>,
    halves: [HalfBook; 2],
}

impl ReferenceBook {
    /// An empty book for orders with ids up to `max_id`.
    pub fn new(rules: Rules, max_id: u32) -> Self {
        let half = HalfBook { levels: vec![Level::default(); PRICE_TICKS_END as usize], best_ticks: 0, level_count: 0 };
        Self { rules, orders: vec![Order::default(); max_id as usize + 1], halves: [half.clone(), half] }
    }

    /// The best price of a side, if orders rest there.
    pub fn best_ticks(&self, side: Side) -> Option<u32> {
        let half = &self.halves[side as usize];
        (half.level_count > 0).then_some(half.best_ticks)
    }

    /// The total at a price.
    pub fn level_lots(&self, side: Side, price_ticks: u32) -> u64 {
        self.halves[side as usize].levels[price_ticks as usize].quantity_lots
    }

    /// What is open of an order; zero if it is gone or never was.
    pub fn open_lots(&self, id: u32) -> u32 {
        self.orders[id as usize].quantity_lots
    }

    /// Side and price with which an order was entered.
    pub fn side_and_price(&self, id: u32) -> (Side, u32) {
        let order = &self.orders[id as usize];
        (order.side, order.price_ticks)
    }

    /// Executes a command under the book's rules; each fill is reported as it happens. False where the command named
    /// an order that is gone, and nothing happened.
    pub fn apply(&mut self, command: &FlowCommand, on_fill: impl FnMut(Fill)) -> bool {
        let id = command.id;
        match command.kind {
            FlowKind::Passive | FlowKind::Aggressive => {
                self.enter(id, command.side, command.price_ticks, command.quantity_lots, on_fill);
                return true;
            }
            _ if self.open_lots(id) == 0 => return false,
            FlowKind::Cancel => self.unlink(id),
            FlowKind::Reduce => self.reduce(command, on_fill),
        }
        true
    }

    fn enter(&mut self, id: u32, side: Side, price_ticks: u32, quantity_lots: u32, mut on_fill: impl FnMut(Fill)) {
        let mut left_lots = quantity_lots;
        let opposite = side.opposite();
        let crosses_at_entry = self.best_ticks(opposite).is_some_and(|best| side.crosses(price_ticks, best));
        while left_lots > 0 && crosses_at_entry {
            let Some(best_ticks) = self.best_ticks(opposite) else { break };
            if !self.rules.taker_trades_through_its_limit && !side.crosses(price_ticks, best_ticks) {
                break;
            }
            let maker = self.halves[opposite as usize].levels[best_ticks as usize].head;
            let traded_lots = left_lots.min(self.open_lots(maker));
            left_lots -= traded_lots;
            let maker_left_lots = self.open_lots(maker) - traded_lots;
            on_fill(Fill { maker, taker: id, quantity_lots: traded_lots, price_ticks: best_ticks, maker_left_lots });
            if maker_left_lots == 0 {
                self.unlink(maker);
            } else {
                self.resize(maker, maker_left_lots);
            }
        }
        if left_lots > 0 {
            self.rest(id, side, price_ticks, left_lots);
        }
    }

    fn reduce(&mut self, command: &FlowCommand, on_fill: impl FnMut(Fill)) {
        let id = command.id;
        let (side, price_ticks) = self.side_and_price(id);
        let open_lots = self.open_lots(id);
        match self.rules.reduction {
            Reduction::TakesOff if command.quantity_lots >= open_lots => self.unlink(id),
            Reduction::TakesOff => self.resize(id, open_lots - command.quantity_lots),
            Reduction::SetsOpenQuantity if command.left_lots <= open_lots => self.resize(id, command.left_lots),
            Reduction::SetsOpenQuantity => {
                self.unlink(id);
                self.rest(id, side, price_ticks, command.left_lots);
            }
            Reduction::CancelsAndEntersAgain => {
                self.unlink(id);
                self.enter(id, side, price_ticks, command.left_lots, on_fill);
            }
        }
    }

    fn resize(&mut self, id: u32, quantity_lots: u32) {
        let order = &mut self.orders[id as usize];
        let level = &mut self.halves[order.side as usize].levels[order.price_ticks as usize];
        level.quantity_lots = level.quantity_lots - u64::from(order.quantity_lots) + u64::from(quantity_lots);
        order.quantity_lots = quantity_lots;
    }

    fn rest(&mut self, id: u32, side: Side, price_ticks: u32, quantity_lots: u32) {
        let half = &mut self.halves[side as usize];
        let level = &mut half.levels[price_ticks as usize];
        let previous = level.tail;
        self.orders[id as usize] = Order { quantity_lots, price_ticks, next: NONE, previous, side };
        level.tail = id;
        level.quantity_lots += u64::from(quantity_lots);
        if previous != NONE {
            self.orders[previous as usize].next = id;
            return;
        }
        level.head = id;
        if half.level_count == 0 || side.is_better(price_ticks, half.best_ticks) {
            half.best_ticks = price_ticks;
        }
        half.level_count += 1;
    }

    fn unlink(&mut self, id: u32) {
        let order = self.orders[id as usize];
        self.orders[id as usize].quantity_lots = 0;
        let half = &mut self.halves[order.side as usize];
        let level = &mut half.levels[order.price_ticks as usize];
        level.quantity_lots -= u64::from(order.quantity_lots);
        match order.previous {
            NONE => level.head = order.next,
            previous => self.orders[previous as usize].next = order.next,
        }
        match order.next {
            NONE => level.tail = order.previous,
            next => self.orders[next as usize].previous = order.previous,
        }
        if level.head == NONE {
            half.level_count -= 1;
            if order.price_ticks == half.best_ticks && half.level_count > 0 {
                half.best_ticks = half.next_level(order.side, order.price_ticks);
            }
        }
    }
}

impl HalfBook {
    /// The nearest price beyond `from_ticks`, away from the market, at which orders rest. There is one.
    fn next_level(&self, side: Side, from_ticks: u32) -> u32 {
        let occupied = |price_ticks: &u32| self.levels[*price_ticks as usize].head != NONE;
        let found = match side {
            Side::Buy => (0..from_ticks).rev().find(occupied),
            Side::Sell => (from_ticks + 1..PRICE_TICKS_END).find(occupied),
        };
        found.expect("a level is left")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(id: u32, side: Side, price_ticks: u32, quantity_lots: u32) -> FlowCommand {
        FlowCommand { kind: FlowKind::Passive, side, id, price_ticks, quantity_lots, left_lots: 0 }
    }

    /// Enters the orders and gives the fills as (maker, taker, lots, ticks).
    fn fills(rules: Rules, commands: &[FlowCommand]) -> Vec<(u32, u32, u32, u32)> {
        let mut book = ReferenceBook::new(rules, 100);
        let mut fills = Vec::new();
        for command in commands {
            book.apply(command, |f| fills.push((f.maker, f.taker, f.quantity_lots, f.price_ticks)));
        }
        fills
    }

    #[test]
    fn best_price_then_oldest_order() {
        let commands = [
            add(1, Side::Sell, 101, 5),
            add(2, Side::Sell, 100, 5),
            add(3, Side::Sell, 100, 5),
            add(4, Side::Buy, 101, 12),
            add(5, Side::Buy, 102, 9),
        ];
        let expected = [(2, 4, 5, 100), (3, 4, 5, 100), (1, 4, 2, 101), (1, 5, 3, 101)];
        assert_eq!(fills(Rules::NOVATE, &commands), expected);
    }

    #[test]
    fn rules_that_differ_give_other_fills() {
        let reduce = FlowCommand {
            kind: FlowKind::Reduce,
            side: Side::Sell,
            id: 1,
            price_ticks: 100,
            quantity_lots: 1,
            left_lots: 4,
        };
        let commands = [
            add(1, Side::Sell, 100, 5),
            add(2, Side::Sell, 100, 5),
            add(3, Side::Sell, 101, 5),
            reduce,
            add(4, Side::Buy, 100, 10),
        ];
        assert_eq!(fills(Rules::NOVATE, &commands), [(1, 4, 4, 100), (2, 4, 5, 100)]);

        let loses_place = Rules { reduction: Reduction::CancelsAndEntersAgain, ..Rules::NOVATE };
        assert_eq!(fills(loses_place, &commands), [(2, 4, 5, 100), (1, 4, 4, 100)]);

        let through = Rules { taker_trades_through_its_limit: true, ..Rules::NOVATE };
        assert_eq!(fills(through, &commands), [(1, 4, 4, 100), (2, 4, 5, 100), (3, 4, 1, 101)]);
    }
}
