//! What episodes tend to do: drawn from the seed, so that each edge is met by some of them and none by all.

use novate_core::genesis::{Capacities, Genesis};

use crate::workload::random::Random;

/// What an episode tends to do.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Prices lie from 1 to this, times the tick, around the middle.
    pub price_span: u32,
    /// Usual quantities go up to this.
    pub quantity_span: u32,
    /// Per mille of new orders that are priced away from the other side.
    pub passive_per_mille: u32,
    /// Per mille of new orders that are to sweep whatever rests.
    pub sweep_per_mille: u32,
    /// Per mille of new orders among order commands: the higher, the fuller the book.
    pub entry_per_mille: u32,
    /// Per mille of commands about venue and parties.
    pub admin_per_mille: u32,
    /// Per mille of auctions among venue commands.
    pub auction_per_mille: u32,
    /// Per mille of numbers at the edges of an i64.
    pub edge_per_mille: u32,
    /// Where prices begin: far from zero on either side, or at it.
    pub price_base: i64,
    /// What new orders ask for beyond the plain ones.
    pub terms: Terms,
    /// Mass cancels per million commands: they empty books.
    pub mass_cancels_per_million: u32,
    /// Per mille of commands that set a protection.
    pub protection_per_mille: u32,
    /// Per mille of commands that let a tripped account trade again, while there is one.
    pub resume_per_mille: u32,
    /// Per mille of commands that set a price band or a mark price near the market.
    pub band_per_mille: u32,
    /// Per mille of commands that move the last price to where stop orders wait.
    pub shock_per_mille: u32,
    /// Per mille of commands about underlyings, feeds and timers.
    pub feeds_per_mille: u32,
    /// Per mille of these that list an instrument, besides what else does.
    pub listing_per_mille: u32,
    /// Per mille of commands about margin; where there are any, margin is checked.
    pub margin_per_mille: u32,
}

/// How often new orders have which terms.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Per mille of new orders that are complex ones.
    pub complex_per_mille: u32,
    /// Per mille of these that are stop orders.
    pub stop_per_mille: u32,
    /// Per mille of stop orders whose trigger no trade reaches, only a shock.
    pub far_stop_per_mille: u32,
    /// Per mille of complex orders that are icebergs.
    pub iceberg_per_mille: u32,
    /// Per mille of complex orders that have a date.
    pub dated_per_mille: u32,
    /// Per mille of complex orders that have a twin.
    pub twin_per_mille: u32,
    /// Per mille of new orders that are for the day.
    pub day_per_mille: u32,
    /// How far ahead dates lie, at most.
    pub horizon_ns: u64,
    /// Dates are multiples of this: the larger, the more orders expire at once.
    pub date_grid_ns: u64,
}

impl Terms {
    fn draw(random: &mut Random) -> Self {
        let mut of = |values: [u32; 4]| values[random.below(4) as usize];
        // Time moves 150 microseconds from one command to the next on average.
        let horizon_ns = u64::from(of([2, 20, 80, 300])) * 1_000_000;
        Self {
            complex_per_mille: of([30, 200, 400, 700]),
            stop_per_mille: of([40, 150, 300, 600]),
            far_stop_per_mille: of([20, 100, 100, 500]),
            iceberg_per_mille: of([40, 150, 300, 600]),
            dated_per_mille: of([20, 100, 200, 700]),
            twin_per_mille: of([20, 100, 100, 400]),
            day_per_mille: of([20, 100, 100, 500]),
            horizon_ns,
            date_grid_ns: [1, horizon_ns / 8, horizon_ns / 2][random.below(3) as usize],
        }
    }
}

impl Habits {
    /// Draws an episode's configuration and habits.
    pub(crate) fn draw(random: &mut Random) -> (Genesis, Self) {
        match random.below(20) {
            0..7 => deep(random),
            7 | 8 => cascading(random),
            9 => dated(random),
            10 => wide(random),
            11 => valued(random),
            12..15 => margined(random),
            _ => ordinary(random),
        }
    }

    /// Draws a world in which orders outnumber what batches handle without looking ahead; of every three, one in which
    /// margin is checked.
    pub(crate) fn draw_vast(random: &mut Random) -> (Genesis, Self) {
        if random.below(3) == 0 {
            return margined_full(random);
        }
        let genesis = Genesis::new(1, random.next(), Capacities::for_orders(24_000));
        let habits = Self {
            price_span: [300, 5_000][random.below(2) as usize],
            quantity_span: [3, 1_000][random.below(2) as usize],
            sweep_per_mille: 1,
            passive_per_mille: 900,
            entry_per_mille: 930,
            admin_per_mille: 2,
            auction_per_mille: 300,
            edge_per_mille: 1,
            price_base: [100_000, -50_000][random.below(2) as usize],
            terms: Terms {
                complex_per_mille: 150,
                day_per_mille: 20,
                horizon_ns: 3_000_000_000,
                ..Terms::draw(random)
            },
            mass_cancels_per_million: 20,
            // Accounts that trip again and again empty the book as well.
            protection_per_mille: u32::from(random.below(4) == 0),
            resume_per_mille: 100,
            band_per_mille: 0,
            shock_per_mille: 0,
            feeds_per_mille: 2,
            listing_per_mille: 0,
            margin_per_mille: 0,
        };
        (genesis, habits)
    }
}

/// Small worlds in which tables fill, with every habit at random.
fn ordinary(random: &mut Random) -> (Genesis, Habits) {
    let orders = [6, 60, 400, 400][random.below(4) as usize];
    let mut capacities = Capacities::for_orders(orders);
    let roomy = random.below(3) > 0;
    let mut size = |small: u32, large: u32| if roomy { large } else { random.between(1, small) };
    capacities.instruments = size(3, 4);
    capacities.accounts = size(4, 16);
    capacities.grants = size(6, 64);
    capacities.levels = size(40, 800);
    capacities.positions = size(4, 64);
    capacities.work_items = size(1, 4);
    capacities.complex_orders = size(12, orders);
    capacities.sessions = size(4, 12) + 3;
    capacities.underlyings = size(2, 3);
    capacities.expiries = size(3, 6);
    capacities.scenario_sets = random.between(1, 2);
    // Wherever the prices are: the oracle has no ladder to fill.
    capacities.ladder_nodes = capacities.levels * 11 + 64;
    let mut genesis = Genesis::new(random.below(3) as u16, random.next(), capacities);
    genesis.outcome_window = [8, 16, 64][random.below(3) as usize];
    genesis.max_steps = [64, 64, 100, 16_384][random.below(4) as usize];
    let habits = Habits {
        price_span: [4, 12, 60, 5_000][random.below(4) as usize],
        quantity_span: [1, 3, 10, 1_000][random.below(4) as usize],
        sweep_per_mille: 10,
        passive_per_mille: 0,
        entry_per_mille: [550, 700, 950][random.below(3) as usize],
        admin_per_mille: [5, 20, 60, 200][random.below(4) as usize],
        auction_per_mille: [300, 800][random.below(2) as usize],
        edge_per_mille: [0, 2, 40, 200][random.below(4) as usize],
        price_base: [0, 1_000, -30, i64::MAX - 6_000, i64::MIN + 10, 1 << 40][random.below(6) as usize],
        terms: Terms::draw(random),
        mass_cancels_per_million: [0, 500, 5_000, 20_000][random.below(4) as usize],
        protection_per_mille: [0, 2, 10][random.below(3) as usize],
        resume_per_mille: [10, 100][random.below(2) as usize],
        band_per_mille: [0, 0, 5, 20][random.below(4) as usize],
        shock_per_mille: [0, 0, 2, 20][random.below(4) as usize],
        feeds_per_mille: [0, 20, 100, 400][random.below(4) as usize],
        listing_per_mille: 0,
        margin_per_mille: 0,
    };
    (genesis, habits)
}

/// A world in which books grow deep between auctions: sweeps and uncrosses reach `max_steps`.
fn deep(random: &mut Random) -> (Genesis, Habits) {
    let mut genesis = Genesis::new(random.below(3) as u16, random.next(), Capacities::for_orders(600));
    genesis.capacities.work_items = random.between(1, 3);
    genesis.max_steps = 64;
    let terms = Terms::draw(random);
    let habits = Habits {
        price_span: [3, 12, 100][random.below(3) as usize],
        quantity_span: [1, 2, 8][random.below(3) as usize],
        sweep_per_mille: 15,
        passive_per_mille: [0, 800][random.below(2) as usize],
        entry_per_mille: 960,
        admin_per_mille: [4, 10][random.below(2) as usize],
        auction_per_mille: 900,
        edge_per_mille: 1,
        price_base: 100,
        terms: Terms {
            complex_per_mille: [0, 50, 300][random.below(3) as usize],
            stop_per_mille: terms.stop_per_mille / 2,
            dated_per_mille: terms.dated_per_mille / 2,
            ..terms
        },
        mass_cancels_per_million: [0, 0, 500, 2_000][random.below(4) as usize],
        protection_per_mille: [0, 0, 1][random.below(3) as usize],
        resume_per_mille: [10, 100][random.below(2) as usize],
        band_per_mille: [0, 0, 2][random.below(3) as usize],
        shock_per_mille: [0, 1][random.below(2) as usize],
        feeds_per_mille: [0, 0, 5][random.below(3) as usize],
        listing_per_mille: 0,
        margin_per_mille: 0,
    };
    (genesis, habits)
}

/// A world in which stop orders gather at few prices until something reaches them: more are due at once than one
/// command may fire.
fn cascading(random: &mut Random) -> (Genesis, Habits) {
    let (mut genesis, habits) = deep(random);
    genesis.max_steps = [64, 80, 16_384][random.below(3) as usize];
    // Where few levels are to be had, what fires may find no room.
    genesis.capacities.levels = [16, 600][random.below(2) as usize];
    let habits = Habits {
        price_span: [3, 12, 40][random.below(3) as usize],
        passive_per_mille: 800,
        terms: Terms {
            complex_per_mille: 600,
            stop_per_mille: 800,
            far_stop_per_mille: [300, 900, 1_000][random.below(3) as usize],
            twin_per_mille: [0, 50, 300][random.below(3) as usize],
            ..Terms::draw(random)
        },
        shock_per_mille: [2, 4][random.below(2) as usize],
        ..habits
    };
    (genesis, habits)
}

/// A world in which more orders expire at once than one command may cancel.
fn dated(random: &mut Random) -> (Genesis, Habits) {
    let (genesis, habits) = deep(random);
    let horizon_ns = [80_000_000, 200_000_000][random.below(2) as usize];
    let habits = Habits {
        passive_per_mille: 900,
        terms: Terms {
            complex_per_mille: 900,
            dated_per_mille: 900,
            horizon_ns,
            date_grid_ns: horizon_ns / 2,
            ..Terms::draw(random)
        },
        ..habits
    };
    (genesis, habits)
}

/// A world with so many instruments that rounds and passes over them take several commands.
fn valued(random: &mut Random) -> (Genesis, Habits) {
    let (mut genesis, habits) = ordinary(random);
    genesis.capacities = Capacities { instruments: 300, underlyings: 3, expiries: 6, ..Capacities::for_orders(400) };
    let habits =
        Habits { price_base: 1_000, edge_per_mille: 0, feeds_per_mille: 800, listing_per_mille: 400, ..habits };
    (genesis, habits)
}

/// A world in which margin is checked.
fn margined(random: &mut Random) -> (Genesis, Habits) {
    let (mut genesis, habits) = ordinary(random);
    let roomy = random.below(4) > 0;
    let mut size = |small: u32, large: u32| if roomy { large } else { random.between(1, small) };
    genesis.capacities = Capacities {
        instruments: 40,
        accounts: 16,
        positions: size(30, 600),
        vectors: size(10, 100),
        underlyings: 3,
        expiries: 6,
        scenario_sets: 2,
        ..Capacities::for_orders(300)
    };
    let habits = Habits {
        price_base: [100, 1_000, 10_000][random.below(3) as usize],
        price_span: [4, 12, 60][random.below(3) as usize],
        quantity_span: [3, 10, 100][random.below(3) as usize],
        edge_per_mille: [0, 2][random.below(2) as usize],
        admin_per_mille: [2, 10][random.below(2) as usize],
        auction_per_mille: 300,
        feeds_per_mille: [5, 20, 100][random.below(3) as usize],
        margin_per_mille: [10, 60, 200][random.below(3) as usize],
        ..habits
    };
    (genesis, habits)
}

/// The same with 50 accounts and 400 instruments.
fn margined_vast(random: &mut Random) -> (Genesis, Habits) {
    let (mut genesis, habits) = margined(random);
    genesis.capacities = Capacities {
        instruments: 440,
        accounts: 60,
        positions: 20_000,
        vectors: 400,
        underlyings: 3,
        expiries: 6,
        scenario_sets: 2,
        ..Capacities::for_orders(4_000)
    };
    (genesis, Habits { admin_per_mille: 1, ..habits })
}

/// The same with few accounts and so many options of one expiry that the standard model does not take all of them.
fn margined_crowded(random: &mut Random) -> (Genesis, Habits) {
    let (mut genesis, habits) = margined(random);
    genesis.capacities = Capacities {
        instruments: 80,
        accounts: 3,
        positions: 300,
        vectors: 12,
        underlyings: 1,
        expiries: 1,
        scenario_sets: 2,
        ..Capacities::for_orders(400)
    };
    (genesis, Habits { admin_per_mille: 1, quantity_span: 3, entry_per_mille: 800, ..habits })
}

/// The same with room for many orders, and most of them away from the other side.
fn margined_full(random: &mut Random) -> (Genesis, Habits) {
    let (mut genesis, habits) = margined(random);
    genesis.capacities = Capacities {
        instruments: 40,
        accounts: 16,
        positions: 600,
        vectors: 100,
        underlyings: 3,
        expiries: 6,
        scenario_sets: 2,
        ..Capacities::for_orders(24_000)
    };
    let terms = Terms { complex_per_mille: 100, day_per_mille: 20, horizon_ns: 3_000_000_000, ..habits.terms };
    let habits = Habits {
        quantity_span: 3,
        sweep_per_mille: 1,
        passive_per_mille: 900,
        entry_per_mille: 980,
        admin_per_mille: 1,
        mass_cancels_per_million: 20,
        protection_per_mille: 0,
        feeds_per_mille: 5,
        margin_per_mille: 60,
        terms,
        ..habits
    };
    (genesis, habits)
}

/// Draws any world; every third time one in which margin is checked, with few accounts, so that a script of some hundred
/// commands comes to trade.
pub(crate) fn draw_mixed(random: &mut Random) -> (Genesis, Habits) {
    match random.below(6) {
        0 => margined(random),
        1 => margined_crowded(random),
        _ => Habits::draw(random),
    }
}

/// Draws a world in which margin is checked; of some, one with many accounts and instruments, or with many options.
pub(crate) fn draw_margined(random: &mut Random) -> (Genesis, Habits) {
    match random.below(8) {
        0 => margined_vast(random),
        1 => margined_crowded(random),
        _ => margined(random),
    }
}

/// A world with so many orders that looking for a few of them takes more than a command's work.
fn wide(random: &mut Random) -> (Genesis, Habits) {
    let (mut genesis, habits) = deep(random);
    genesis.capacities = Capacities::for_orders(3_000);
    genesis.capacities.work_items = random.between(1, 4);
    let habits = Habits {
        price_span: 2_000,
        passive_per_mille: 950,
        sweep_per_mille: 1,
        terms: Terms { complex_per_mille: 100, day_per_mille: 20, ..habits.terms },
        // Few, and yet each begins a scan that takes several commands.
        mass_cancels_per_million: [1_000, 2_000][random.below(2) as usize],
        protection_per_mille: 1,
        ..habits
    };
    (genesis, habits)
}
