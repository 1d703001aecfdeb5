//! How many instructions single steps of the engine take, counted by valgrind: `cargo bench --bench instructions`.
//!
//! Counts do not depend on what else the machine does, so a change of a few per cent shows. They need `valgrind` and the
//! `gungraun-runner` of this crate's gungraun version (`cargo install gungraun-runner --version ...`); where one of them is
//! missing, a line `SKIPPED (why)` is printed and that is a success.

use std::hint::black_box;
use std::process::{Command, ExitCode, Stdio};

use novate_bench::warm::{BEST_BID, WarmBook};
use novate_core::digest::EventsDigest;
use novate_core::terms::Side;
use novate_core::units::{PriceTicks, QuantityLots};

/// Orders in the book: enough for levels of twenty orders.
const BOOK_ORDERS: u32 = 20_000;
/// How often a step is repeated, so that a count divided by it has two more digits.
const REPETITIONS: u64 = 100;
/// A client order id that no order of the book has.
const FREE_ID: u64 = 1 << 40;

/// The counted steps, in a module because gungraun's `main!` writes a `main` of its own.
#[allow(clippy::unnecessary_wraps, unreachable_pub, unused_qualifications, reason = "gungraun's attributes write them")]
mod steps {
    use super::{
        BEST_BID, BOOK_ORDERS, EventsDigest, FREE_ID, PriceTicks, QuantityLots, REPETITIONS, Side, WarmBook, black_box,
    };
    use gungraun::prelude::*;
    use gungraun::{Callgrind, EventKind};

    /// Most instructions that each step may take, its repetitions together: what it took when it was last changed on purpose,
    /// and 5 % for other compilers. A regression fails the bench.
    const FOLD_100_MAX: u64 = 6_640;
    const ADD_AND_CANCEL_100_MAX: u64 = 116_700;
    const OPEN_AND_CLOSE_A_LEVEL_100_MAX: u64 = 163_300;
    const CROSS_ONE_LOT_100_MAX: u64 = 124_100;

    /// Fails the step above so many instructions.
    fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
        let mut callgrind = Callgrind::default();
        callgrind.hard_limits([(EventKind::Ir, instructions)]);
        let mut config = LibraryBenchmarkConfig::default();
        config.tool(callgrind);
        config
    }

    #[library_benchmark(config = at_most(FOLD_100_MAX))]
    fn fold_100_words() -> EventsDigest {
        let mut digest = EventsDigest::default();
        for number in 0..REPETITIONS {
            digest.fold(black_box(&[number; 8]));
        }
        digest
    }

    #[library_benchmark(config = at_most(ADD_AND_CANCEL_100_MAX))]
    #[bench::warm(WarmBook::new(BOOK_ORDERS))]
    fn add_and_cancel_100(mut book: WarmBook) -> WarmBook {
        for _ in 0..REPETITIONS {
            book.enter(FREE_ID, Side::Buy, BEST_BID, QuantityLots(1));
            book.cancel(FREE_ID);
        }
        book
    }

    #[library_benchmark(config = at_most(OPEN_AND_CLOSE_A_LEVEL_100_MAX))]
    #[bench::warm(WarmBook::new(BOOK_ORDERS))]
    fn open_and_close_a_level_100(mut book: WarmBook) -> WarmBook {
        for _ in 0..REPETITIONS {
            book.enter(FREE_ID, Side::Buy, PriceTicks(BEST_BID.0 + 1), QuantityLots(1));
            book.cancel(FREE_ID);
        }
        book
    }

    #[library_benchmark(config = at_most(CROSS_ONE_LOT_100_MAX))]
    #[bench::warm(WarmBook::new(BOOK_ORDERS))]
    fn cross_one_lot_100(mut book: WarmBook) -> WarmBook {
        for _ in 0..REPETITIONS {
            book.enter(FREE_ID, Side::Buy, PriceTicks(BEST_BID.0 + 2), QuantityLots(1));
        }
        book
    }

    library_benchmark_group!(
        name = engine,
        benchmarks = [fold_100_words, add_and_cancel_100, open_and_close_a_level_100, cross_one_lot_100]
    );

    main!(library_benchmark_groups = engine);

    /// Gungraun's `main`, which is private to its module.
    pub(super) fn run() {
        main();
    }
}

fn main() -> ExitCode {
    // The runner calls this program again, under valgrind, with an argument of its own.
    let is_counted = std::env::args().nth(1).is_some_and(|argument| argument == "--gungraun-run");
    if !is_counted {
        for tool in ["valgrind", option_env!("GUNGRAUN_RUNNER").unwrap_or("gungraun-runner")] {
            if !starts(tool) {
                println!("SKIPPED (instruction counts need `{tool}`, which is not installed)");
                return ExitCode::SUCCESS;
            }
        }
    }
    steps::run();
    ExitCode::SUCCESS
}

fn starts(tool: &str) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
