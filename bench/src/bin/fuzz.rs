//! The fuzzers as a command: `fuzz book|batch|bytes|witness --seed S --commands N` `fuzz crash --seed S --crashes N`,
//! `fuzz replay --seed S --journals N`, `fuzz kill --seed S --kills N --folder DIR`, `fuzz clients --seed S --kills N
//! --folder DIR` and `fuzz soak --seed S --seconds N --folder DIR`. Exit 0 if nothing was found, 1 if something was, 2 for wrong usage.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand};
use novate_bench::fuzz::clients::{self, Clients, ClientsCanary};
use novate_bench::fuzz::crash::{CrashCanary, Crashes};
use novate_bench::fuzz::replay::Replays;
use novate_bench::fuzz::soak;
use novate_bench::fuzz::{self, Coverage, Finding, Midway};
use novate_core::naive::Canary;

/// Seeded fuzzers of the matching core.
#[derive(Debug, Parser)]
#[command(after_help = "Example: fuzz book --seed 1 --commands 20000000")]
struct Arguments {
    #[command(subcommand)]
    fuzzer: Fuzzer,
}

#[derive(Clone, Copy, Debug, clap::Args)]
struct Run {
    /// The first episode's seed; each further episode takes the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many commands.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    commands: u64,
}

#[derive(Debug, Subcommand)]
enum Fuzzer {
    /// Engine against the naive oracle, every event compared.
    Book {
        #[command(flatten)]
        run: Run,
        /// Plants a bug in the oracle; the run must find it.
        #[arg(long, value_parser = canaries(|canary| !Canary::OF_MARGIN.contains(canary)))]
        canary: Option<Canary>,
    },
    /// The same in worlds in which margin is checked: accounts' sums and margins compared after every command.
    Margin {
        #[command(flatten)]
        run: Run,
        /// Plants a bug in the oracle; the run must find it.
        #[arg(long, value_parser = canaries(|canary| Canary::OF_MARGIN.contains(canary)))]
        canary: Option<Canary>,
    },
    /// Whichever of an account's resting orders are filled, what was reserved for them suffices.
    Reserve {
        /// The first episode's seed; each further one takes the next.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many books.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
        books: u64,
        /// Plants a bug in what is reserved; the run must find it.
        #[arg(long, value_parser = canaries(|canary| fuzz::reserve::CANARIES.contains(canary)))]
        canary: Option<Canary>,
    },
    /// Batches against their commands one by one, events and memory compared.
    Batch {
        #[command(flatten)]
        run: Run,
    },
    /// Random and mutated records: applied or rejected, never a panic.
    Bytes {
        #[command(flatten)]
        run: Run,
    },
    /// Losses of power while a journal is written.
    Crash {
        /// The first episode's seed; each further episode takes the next.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many losses.
        #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
        crashes: u64,
        /// Plants a bug; the run must find it.
        #[arg(long, value_enum, default_value_t)]
        canary: CrashCanary,
    },
    /// A process that writes a journal, killed at random moments.
    Kill {
        /// The first journal's seed; each further one takes the next.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many kills.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
        kills: u64,
        /// A folder on the disk to write to; it must be empty.
        #[arg(long, value_name = "DIR")]
        folder: PathBuf,
    },
    /// The process that `kill` kills.
    #[command(hide = true)]
    KillChild {
        folder: PathBuf,
        #[arg(long)]
        seed: u64,
    },
    /// A process with a whole primary, killed at random moments under the load of clients that send again.
    Clients {
        /// The first journal's seed; each further one takes the next.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many kills.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
        kills: u64,
        /// A folder on the disk to write to; it must be empty.
        #[arg(long, value_name = "DIR")]
        folder: PathBuf,
        /// Plants a mistake; the run must find it.
        #[arg(long, value_enum, default_value_t)]
        canary: ClientsCanary,
    },
    /// The process that `clients` kills.
    #[command(hide = true)]
    ClientsChild {
        folder: PathBuf,
        #[command(flatten)]
        start: clients::Start,
    },
    /// Journals replayed in every way.
    Replay {
        /// The first journal's seed; each further one takes the next.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many journals.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
        journals: u64,
    },
    /// A whole primary under half the load that it can take, with readers that keep up and one that does not.
    Soak {
        /// A folder on the disk to write to; it must be empty.
        #[arg(long, value_name = "DIR")]
        folder: PathBuf,
        #[command(flatten)]
        wanted: soak::Wanted,
    },
    /// Commands executed again on their witness alone.
    Witness {
        #[command(flatten)]
        run: Run,
    },
}

/// The canaries by name. The names are handed to clap one by one: joined to a message here, they become a sum of constants
/// over which LLVM takes minutes.
fn canaries(which: impl Fn(&Canary) -> bool) -> impl TypedValueParser<Value = Canary> {
    let named = Canary::ALL.iter().filter(|canary| which(canary)).map(|canary| canary.name());
    PossibleValuesParser::new(named).try_map(|name| Canary::from_name(&name).ok_or("no such canary"))
}

fn main() -> ExitCode {
    let mut next_report = 0;
    let mut progress = |done: u64| {
        if done >= next_report {
            eprintln!("{done} done");
            next_report = done + 2_000_000;
        }
    };
    let fuzzer = Arguments::parse().fuzzer;
    let planted = match &fuzzer {
        Fuzzer::Book { canary, .. } | Fuzzer::Margin { canary, .. } | Fuzzer::Reserve { canary, .. } => *canary,
        _ => None,
    };
    let result = match fuzzer {
        Fuzzer::Book { run, canary } => {
            fuzz::book::run(run.seed, run.commands, canary.unwrap_or(Canary::None), &mut progress)
        }
        Fuzzer::Margin { run, canary } => {
            fuzz::book::run_margined(run.seed, run.commands, canary.unwrap_or(Canary::None), &mut progress)
        }
        Fuzzer::Reserve { seed, books, canary } => {
            fuzz::reserve::run(seed, books, canary.unwrap_or(Canary::None), &mut progress)
        }
        Fuzzer::Batch { run } => fuzz::batch::run(run.seed, run.commands, &mut progress),
        Fuzzer::Bytes { run } => fuzz::bytes::run(run.seed, run.commands, &mut progress),
        Fuzzer::Crash { seed, crashes, canary } => {
            return report_crashes(fuzz::crash::run(seed, crashes, canary, &mut progress));
        }
        Fuzzer::Kill { seed, kills, folder } => {
            return report_kills(std::env::current_exe(), &folder, (seed, kills), &mut progress);
        }
        Fuzzer::KillChild { folder, seed } => {
            return ended(fuzz::kill::child(&folder, seed));
        }
        Fuzzer::Clients { seed, kills, folder, canary } => {
            return report_clients(std::env::current_exe(), &folder, (seed, kills), canary, &mut progress);
        }
        Fuzzer::ClientsChild { folder, start } => return ended(clients::serve(&folder, start)),
        Fuzzer::Replay { seed, journals } => return report_replays(fuzz::replay::run(seed, journals, &mut progress)),
        Fuzzer::Soak { folder, wanted } => {
            return match soak::run(&folder, wanted) {
                Ok(soak) => {
                    println!("{soak}\nnothing found");
                    ExitCode::SUCCESS
                }
                Err(finding) => {
                    println!("{finding}");
                    ExitCode::from(1)
                }
            };
        }
        Fuzzer::Witness { run } => fuzz::witness::run(run.seed, run.commands, &mut progress),
    };
    report(result, planted)
}

/// Of a process that others have started.
fn ended(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("{what}");
            ExitCode::from(4)
        }
    }
}

fn report_crashes(result: Result<Crashes, Box<Finding>>) -> ExitCode {
    match result {
        Ok(Crashes { crashes, met }) => {
            for (what, count) in met {
                println!("{what} {count}");
            }
            println!("{crashes} crashes, nothing found");
            ExitCode::SUCCESS
        }
        Err(finding) => {
            println!("{finding}");
            ExitCode::from(1)
        }
    }
}

fn report_kills(
    program: io::Result<PathBuf>,
    folder: &Path,
    run: (u64, u64),
    progress: &mut dyn FnMut(u64),
) -> ExitCode {
    let program = match program {
        Ok(program) => program,
        Err(error) => return ended(Err(format!("this program's own path: {error}"))),
    };
    match fuzz::kill::run(&program, folder, run, progress) {
        Ok(kills) => {
            println!("{kills} kills, nothing found");
            ExitCode::SUCCESS
        }
        Err(finding) => {
            println!("{finding}");
            ExitCode::from(1)
        }
    }
}

fn report_clients(
    program: io::Result<PathBuf>,
    folder: &Path,
    run: (u64, u64),
    canary: ClientsCanary,
    progress: &mut dyn FnMut(u64),
) -> ExitCode {
    let program = match program {
        Ok(program) => program,
        Err(error) => return ended(Err(format!("this program's own path: {error}"))),
    };
    match clients::run(&program, folder, run, canary, progress) {
        Ok(Clients { kills, early, losses, journals, commands, trades, again, unanswered, unanswered_had_run }) => {
            println!("{journals} journals, {commands} commands, {trades} trades");
            println!("{unanswered} commands unanswered at kills, {unanswered_had_run} of them had run");
            println!("{again} commands sent again and answered by their first outcome");
            println!("{early} kills while a journal was opened, {losses} with all lost that was not durable");
            println!("{kills} kills, nothing found");
            ExitCode::SUCCESS
        }
        Err(finding) => {
            println!("{finding}");
            ExitCode::from(1)
        }
    }
}

fn report_replays(result: Result<Replays, Box<Finding>>) -> ExitCode {
    match result {
        Ok(Replays { journals, commands, checkpoints, midway, coverage, hash }) => {
            for (name, count) in &coverage.events {
                println!("event {name} {count}");
            }
            let Midway { margined, in_pass, in_sweep, in_account } = midway;
            println!(
                "{margined} checkpoints where margin is checked: {in_pass} within a pass, {in_sweep} within a sweep,"
            );
            println!("{in_account} while an account was added up in part");
            println!("{commands} commands, {checkpoints} checkpoints, hash {hash}");
            println!("{journals} journals, nothing found");
            ExitCode::SUCCESS
        }
        Err(finding) => {
            println!("{finding}");
            ExitCode::from(1)
        }
    }
}

/// What a run has met and found; one in which a bug was planted, and not found, is no success.
fn report(result: Result<Coverage, Box<Finding>>, planted: Option<Canary>) -> ExitCode {
    match result {
        Ok(coverage) => {
            for (title, counts) in [
                ("event", &coverage.events),
                ("rejected", &coverage.rejections),
                ("cancelled", &coverage.cancels),
                ("state", &coverage.states),
                ("most", &coverage.most),
            ] {
                for (name, count) in counts {
                    println!("{title} {name} {count}");
                }
            }
            println!("{} commands, nothing found", coverage.commands);
            let Some(canary) = planted else { return ExitCode::SUCCESS };
            println!("{} was planted and not found: try more commands, or another seed", canary.name());
            ExitCode::from(3)
        }
        Err(finding) => {
            println!("{finding}");
            ExitCode::from(1)
        }
    }
}
