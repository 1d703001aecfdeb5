//! The command line: verbs and options.

use std::path::{Path, PathBuf};

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use novate_core::ids::SLOT_MAX;
use novate_core::terms::TradingState;
use novate_core::units::{PriceTicks, QuantityLots};

use novate_journal::format::header::{SEGMENT_BYTES, is_segment_size};
use novate_journal::writer::{self, Durability};

use crate::error::Error;
use crate::flow::{ACCOUNTS, Crowd, Settings, Terms};
use crate::journal::JournalArg;
use crate::verbs::{
    DiffArgs, DivergenceArgs, DoctorArgs, InspectArgs, LatencyArgs, MarginArgs, PmrmArgs, PriceArgs, ReferenceArgs,
    StatusArgs, TailArgs,
};

/// A deterministic matching core for derivatives.
///
/// Without a verb: `novate run`.
// No colour at all, so that NO_COLOR and terminals need no cases.
#[derive(Debug, Parser)]
#[command(name = "novate", version, color = ColorChoice::Never)]
#[command(after_help = "Examples:\n  novate\n  novate run --json\n  novate help check flow\n\n\
    Exit codes: 0 done and right; 1 a check failed; 2 wrong usage or unreadable input; 3 a damaged journal; 4 could not finish.")]
pub(crate) struct Cli {
    /// Print JSON objects, one a line; the result is the last.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,

    /// The options of `run`, which is meant where no verb is given.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl Cli {
    /// The one journal that the verb is about; `diff` names its two itself.
    pub(crate) fn journal(&self) -> Option<&Path> {
        match &self.verb {
            None => self.run.journal.as_deref(),
            Some(Verb::Run(args)) => args.journal.as_deref(),
            Some(Verb::Verify(args)) => Some(&args.journal),
            Some(Verb::Replay(args)) => Some(&args.journal.journal),
            Some(Verb::Snapshot(args)) => Some(&args.journal.journal),
            Some(Verb::Recover(args)) => Some(&args.journal.journal),
            Some(Verb::Prune(args)) => Some(&args.journal.journal),
            Some(Verb::Inspect(args)) => Some(&args.journal.journal),
            Some(Verb::Tail(args)) => Some(&args.journal.journal),
            Some(Verb::Status(args)) => Some(&args.journal.journal),
            Some(Verb::Margin(args)) => args.journal.as_deref(),
            Some(
                Verb::Check(_)
                | Verb::Diff(_)
                | Verb::Doctor(_)
                | Verb::Latency(_)
                | Verb::Price(_)
                | Verb::Divergence(_)
                | Verb::Completions { .. }
                | Verb::Man { .. },
            ) => None,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Feed a flow of orders to a primary and sum up what came of it.
    ///
    /// Every command goes through a ring, is written to a journal, executed and published, and replayed by a shadow; in the
    /// end the journal is replayed from the disk. All three must come to the same digests. The clock is that of the flow, and
    /// goes on by at most a week from one row to the next.
    ///
    /// Margin is checked on every order. The orders are those of accounts that hold futures and options, drawn from a seed;
    /// the flow's trades drive the index that all of them are valued by.
    #[command(
        after_help = "Examples:\n  novate run\n  novate run --flow order_entry.csv.gz --opening continuous --json\n  novate run --accounts 500 --seed 7 --journal journal/"
    )]
    Run(RunArgs),
    /// Check the engine against what is known to be right.
    #[command(subcommand, after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Check every frame, the hash chain, seals and snapshots of a journal, without executing anything.
    ///
    /// A torn tail, as a crash leaves it, is reported with its bytes and is right. Damage ends with exit code 3; with --json
    /// the last line then is an object `damage` with `file`, `offset`, `after_sequence`, `expected`, `found` and `remedy`.
    #[command(after_help = "Examples:\n  novate verify journal/\n  novate verify journal/ --json")]
    Verify(JournalArg),
    /// Rebuild the state from a journal and compare it with what the journal states.
    ///
    /// At a torn tail it stops and says so. At damage it prints the last good result, with --json also the object `damage` as
    /// of verify, and ends with exit code 3; where the events differ, with exit code 1. Nothing is written.
    #[command(
        after_help = "Examples:\n  novate replay journal/\n  novate replay journal/ --from-snapshot --to 20000 --json"
    )]
    Replay(ReplayArgs),
    /// Keep the state at a journal's last checkpoint beside it.
    #[command(after_help = "Examples:\n  novate snapshot journal/\n  novate snapshot journal/ --at 20000")]
    Snapshot(SnapshotArgs),
    /// Cut what a crash left behind the last frame of a journal.
    ///
    /// Says before it touches anything what it cuts and why. Where what was durable is damaged it refuses, with exit code 3.
    /// Only with --before whole commands are cut too: where a primary has stated other events than its commands come to, from
    /// the first one that `novate replay` names.
    #[command(after_help = RECOVER_EXAMPLES)]
    Recover(RecoverArgs),
    /// Remove the segments that the newest snapshot replaces.
    #[command(after_help = "Example:\n  novate prune journal/ --before-snapshot --yes")]
    Prune(PruneArgs),
    /// Print a journal's frames: genesis, commands, seals and end, decoded.
    ///
    /// One line each, in the order of the journal, as long as it can be read; the hash chain is not looked at. With --events
    /// the journal is replayed, and seals are compared with what the replay came to.
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// Print a journal's last frames, and with -f those that a writer appends meanwhile.
    #[command(after_help = "Examples:\n  novate tail journal/\n  novate tail journal/ -n 3 -f --kind NewOrder --json")]
    Tail(TailArgs),
    /// Compare two journals: what they were told, and what came of it.
    ///
    /// Both are read from their beginnings, so neither may be pruned. Segments, seals and epochs may differ. Prints
    /// the first command that does, field by field, and the fields in which the states differ after it.
    #[command(after_help = "Examples:\n  novate diff journal/ replica/\n  novate diff journal/ replica/ --all --json")]
    Diff(DiffArgs),
    /// Say what on this machine spoils latency, with the command that mends it. Changes nothing.
    ///
    /// Reads what the system tells, then measures for about a second: who else runs on the cores, gaps in their time, the
    /// latency between them. Says which percentiles of a latency measurement mean nothing here. Most of the commands that
    /// it names need root. Exit code 0 where nothing is bad, else 1.
    #[command(after_help = "Examples:\n  novate doctor\n  novate doctor --cores 2,3 --json")]
    Doctor(DoctorArgs),
    /// Measure how long commands take through a whole primary, at rates from slow to faster than it can follow.
    ///
    /// One client sends at a steady rate, whatever comes back, and reads all events. Each rate is measured twice: end to end,
    /// and by stages, for which the hot thread reads the clock. End to end, late and ring count from when a command was meant
    /// to be sent, so that ring includes late, the client's own delay; journal, match and events count from the stage before.
    /// Figures that say nothing about what was measured, on this machine and in this time, are marked with `?`.
    #[command(after_help = LATENCY_EXAMPLES)]
    Latency(LatencyArgs),
    /// Print what a running primary says of itself: how far it is, what is durable, how its rings and its shadow stand.
    ///
    /// Read from a small file beside the journal, at no cost to the primary. The state `died`: it runs no more and did not say
    /// so; there is no process of its number, as far as this machine or container sees them.
    #[command(after_help = "Examples:\n  novate status journal/ --watch\n  novate status journal/ --prometheus")]
    Status(StatusArgs),
    /// Price an option: call and put, and their Greeks; or find the volatility that a price stands for.
    ///
    /// After Black (1976), from the forward price for the expiry. Delta and gamma are per unit of the forward, vega, vanna and
    /// volga per 1 of volatility, theta per year that goes by, rho per 1 of rate with the forward unchanged.
    #[command(after_help = PRICE_EXAMPLES)]
    Price(PriceArgs),
    /// Compute the margin of a portfolio: every scenario, what is added, and what is left over.
    ///
    /// Portfolio margin in the manner of Derive's PMRM 2, through arrays of integers. Negative is what is missing.
    ///
    /// Of an account in a journal: what is left over its margins after a command, its sensitivities, what it gains under
    /// each scenario, and the prices at which it would be liquidated; with --what-if also with an order more. Amounts are atoms,
    /// of an underlying 2^-k of them.
    #[command(
        after_help = "Examples:\n  novate margin journal/ --account 16777217\n  novate margin journal/ --account 16777217 --at 20000 --what-if \"buy 5 XYZ @ 10\"\n  novate margin --portfolio portfolio.json"
    )]
    Margin(MarginArgs),
    /// Say how likely a price has left a band around where it was, after a lag.
    ///
    /// Decides how old a feed may be, and how far a replica may lag, before hedges are worth nothing.
    #[command(after_help = "Example:\n  novate divergence --vol 0.8 --lag 0.25 --band 0.0005")]
    Divergence(DivergenceArgs),
    /// Print the completions of a shell.
    #[command(after_help = "Example:\n  novate completions bash > ~/.local/share/bash-completion/completions/novate")]
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page of novate, or of one of its verbs.
    #[command(after_help = "Examples:\n  novate man | man -l -\n  novate man check flow > novate-check-flow.1")]
    Man {
        /// The verb, in as many words as it has.
        verb: Vec<String>,
    },
}

const PRICE_EXAMPLES: &str = "Examples:\n  novate price --forward 64000 --strike 70000 --days 30 --vol 0.55\n  \
    novate price --forward 100 --strike 95 --days 91 --vol 0.2 --rate 0.03 --json\n  \
    novate price --forward 100 --strike 95 --days 91 --call 6.83";
const CHECK_EXAMPLES: &str = "Examples:\n  novate check flow order_entry.csv.gz --fills fills.csv.gz --checkpoints \
    checkpoints.csv.gz\n  novate check scenarios scenarios/";
const LATENCY_EXAMPLES: &str = "Examples:\n  novate latency --report latency/\n  \
    novate latency --rate 1000000 --duration 10 --cores 2,3 --json";

const RECOVER_EXAMPLES: &str = "Examples:\n  novate recover journal/ --plan\n  novate recover journal/\n  \
    novate recover journal/ --before 20001 --accept-loss";
const INSPECT_EXAMPLES: &str = "Examples:\n  novate inspect journal/\n  novate inspect journal/ --from 1000 --to 1010 \
    --events --json\n  novate inspect journal/ --kind NewOrder --kind CancelOrder --account 0/1.1";
const CHECK_FLOW_EXAMPLE: &str =
    "Example:\n  novate check flow order_entry.csv.gz --fills fills.csv.gz --checkpoints checkpoints.csv.gz";
const CHECK_SCENARIOS_EXAMPLES: &str =
    "Examples:\n  novate check scenarios scenarios/\n  novate check scenarios --only-expect one.nsf another.nsf --json";

/// What to check.
#[derive(Debug, Subcommand)]
pub(crate) enum Check {
    /// Feed an exchange's recorded flow and compare every fill and the book at every checkpoint.
    ///
    /// A case is one command that fills something, or one checkpoint. The last line is `N passed, M failed`.
    #[command(after_help = CHECK_FLOW_EXAMPLE)]
    Flow(CheckFlowArgs),
    /// Play scenarios, small files of commands and checks, each on a venue of its own.
    ///
    /// A case is one file, which fails at its first check that differs, or at a command that needs what the engine lacks.
    /// The last line is `N passed, M failed`. How scenarios are written: docs/SCENARIOS.md.
    #[command(after_help = CHECK_SCENARIOS_EXAMPLES)]
    Scenarios(CheckScenariosArgs),
    /// Compare prices and Greeks of options on forwards with numbers that are known.
    ///
    /// A case is one row. Columns: `forward`, `strike`, `t_years`, `vol`, `rate`, and what is expected: `call`, `put`,
    /// `delta_call`, `delta_put`, `gamma`, `vega`, `theta_call`, `theta_put`, `rho`, `vanna`, `volga`. A call may be 1e-15 of
    /// the forward off, a put 1e-15 of the larger of forward and strike, everything else 1e-11 of itself; rho also 1e-15 of
    /// years times the larger of the two. The last line is `N passed, M failed`.
    #[command(name = "black76", after_help = "Example:\n  novate check black76 black76.csv")]
    Black76(ReferenceArgs),
    /// Compare prices, or Greeks, of options on something with a dividend yield with those of a book.
    ///
    /// A case is one row. Columns: `type`, `strike`, `spot`, `div_yield_q`, `rate_r`, `t_years`, `vol`, then `expected_price`
    /// and its `tolerance`; or, of Greeks, `greek` and `expected`, of which the last of four digits may be one off. The last
    /// line is `N passed, M failed`.
    #[command(after_help = "Example:\n  novate check haug haug_values.csv")]
    Haug(ReferenceArgs),
    /// Compare implied volatilities of normalised prices with numbers that are known.
    ///
    /// A case is one row. Columns: `x_log_moneyness`, `s_total_vol_exact`, `normalised_black_beta`, of options with the price
    /// e^(x/2) N(x/s + s/2) - e^(-x/2) N(x/s - s/2). A volatility may be 1e-11 of itself off, or what the last digit of the
    /// price moves it by; where that is more than a hundredth, the prices of what is found and of what is expected may be two
    /// such digits off. The last line is `N passed, M failed`.
    #[command(after_help = "Example:\n  novate check iv lbr.csv")]
    Iv(ReferenceArgs),
    /// Compare margin levels of futures and perpetuals with numbers that are known, to the atom.
    ///
    /// A case is one row. Columns: `party`, `open_volume`, `buy_orders`, `sell_orders`, `mark_price`, `linear_slippage`,
    /// `quadratic_slippage`, `rf_long`, `rf_short`, `search_f`, `initial_f`, `release_f`, and the levels `exp_maintenance`,
    /// `exp_search`, `exp_initial`, `exp_release`, each of which may be empty. The last line is `N passed, M failed`.
    #[command(after_help = "Example:\n  novate check futures-margin margin_levels.csv")]
    FuturesMargin(ReferenceArgs),
    /// Compare portfolio margins with numbers that are known.
    ///
    /// A case is one file of JSON: market, positions and parameters as Derive's tests of its PMRM 2 have them, and what every
    /// scenario, IM and MM come to. Each may be 1e-8 of itself off, or of one. Computed through arrays of integers: lots of
    /// 1e-11, lanes of 2^-48 atoms. The last line is `N passed, M failed`.
    #[command(after_help = "Example:\n  novate check pmrm cases/")]
    Pmrm(PmrmArgs),
    /// Compare standard margins of options with numbers that are known.
    ///
    /// The file is JSON: cases by name, each with `Scenario` and `Result`, as Derive's tests of its standard manager have them.
    /// Maintenance and initial margin of each underlying that has options are a case each, and may be 1e-6 of itself off, or of
    /// one. The last line is `N passed, M failed`.
    #[command(after_help = "Example:\n  novate check srm test-cases.json")]
    Srm(ReferenceArgs),
}

/// Options of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The flow: order entry as CSV, plain or gzip. Default: the hour of real flow that novate brings along.
    #[arg(long, value_name = "FILE")]
    pub(crate) flow: Option<PathBuf>,

    /// Keep the journal in this folder, which must be new or empty. Default: a temporary one.
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,

    /// When the journal is made durable: `none` (full segments, and at the end), `batch` (as soon as possible), or every so
    /// many milliseconds. Default: 1.
    #[arg(long, value_name = "none|batch|MS", value_parser = durability)]
    sync: Option<Durability>,

    /// Bytes of the journal's segments: a multiple of 4096 up to 1073741824. Default: 16777216.
    #[arg(long, value_name = "BYTES")]
    segment_size: Option<u32>,

    /// Run without a shadow: nobody compares the events with a replay meanwhile, or scrubs a memory.
    #[arg(long)]
    pub(crate) no_shadow: bool,

    /// How many accounts trade, beside the one that makes the market: from 1 to 1000. Default: 100.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(i64::from(ACCOUNTS[0])..=i64::from(ACCOUNTS[1])))]
    accounts: Option<u32>,

    /// What models, cash and portfolios of the accounts are drawn from. Default: 1.
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    #[command(flatten)]
    pub(crate) feed: FeedArgs,
}

/// Accounts where nothing is said.
const ACCOUNTS_USUAL: u32 = 100;

impl RunArgs {
    /// Whether nothing was said.
    pub(crate) fn is_empty(&self) -> bool {
        let FeedArgs { opening, orders, tick, price_min, price_max, lot } = self.feed;
        let terms = [tick, price_min, price_max, lot];
        let is_journal_empty =
            self.journal.is_none() && self.sync.is_none() && self.segment_size.is_none() && !self.no_shadow;
        let is_crowd_empty = self.accounts.is_none() && self.seed.is_none();
        let is_flow_empty = self.flow.is_none() && opening.is_none() && orders.is_none();
        is_journal_empty && is_crowd_empty && is_flow_empty && terms.iter().all(Option::is_none)
    }

    /// Who trades.
    pub(crate) fn crowd(&self) -> Crowd {
        Crowd { accounts: self.accounts.unwrap_or(ACCOUNTS_USUAL), seed: self.seed.unwrap_or(1) }
    }

    /// How the journal is to be written.
    pub(crate) fn writing(&self) -> Result<writer::Settings, Error> {
        let segment_bytes = self.segment_size.unwrap_or(SEGMENT_BYTES);
        if !is_segment_size(segment_bytes) {
            let message = format!(
                "expected --segment-size to be a multiple of 4096 from 4096 to 1073741824, found {segment_bytes}"
            );
            return Err(Error::Usage(message));
        }
        Ok(writer::Settings { segment_bytes, durability: self.sync.unwrap_or(Durability::Interval(1)) })
    }
}

/// Reads `none`, `batch` or a number of milliseconds.
pub(crate) fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "none" => Ok(Durability::None),
        "batch" => Ok(Durability::Batch),
        number => match number.parse() {
            Ok(milliseconds) if milliseconds > 0 => Ok(Durability::Interval(milliseconds)),
            _ => Err("expected none, batch or milliseconds from 1 on".to_owned()),
        },
    }
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArg,

    /// Begin at the newest snapshot, at or before --to if that is given.
    #[arg(long)]
    pub(crate) from_snapshot: bool,

    /// Stop after this command.
    #[arg(long, value_name = "SEQ")]
    pub(crate) to: Option<u64>,

    /// Leave the hash chain out: only sums, order and the events digests of seals are checked.
    #[arg(long)]
    pub(crate) no_verify: bool,
}

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub(crate) struct SnapshotArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArg,

    /// At the last checkpoint at or before this command. Default: at the last one.
    #[arg(long, value_name = "SEQ")]
    pub(crate) at: Option<u64>,
}

/// Arguments of `recover`.
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArg,

    /// Only say what would be cut or refused, and why.
    #[arg(long)]
    pub(crate) plan: bool,

    /// Cut the journal back to the end of the last block before this command, or to its genesis.
    #[arg(long, value_name = "SEQ")]
    pub(crate) before: Option<u64>,

    /// Lose the commands that are cut by --before. Without it nothing is changed.
    #[arg(long, requires = "before")]
    pub(crate) accept_loss: bool,
}

/// Arguments of `prune`.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArg,

    /// Remove what lies before the newest snapshot's segment.
    #[arg(long, required = true)]
    before_snapshot: bool,

    /// Don't ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Arguments of `check flow`.
#[derive(Debug, Args)]
pub(crate) struct CheckFlowArgs {
    /// The flow: order entry as CSV, plain or gzip.
    #[arg(value_name = "ORDER_ENTRY")]
    pub(crate) order_entry: PathBuf,

    /// The exchange's fills; those of kind `fifo` are compared.
    #[arg(long, value_name = "FILE")]
    pub(crate) fills: PathBuf,

    /// The book at checkpoints.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoints: PathBuf,

    #[command(flatten)]
    pub(crate) feed: FeedArgs,
}

/// Arguments of `check scenarios`.
#[derive(Debug, Args)]
pub(crate) struct CheckScenariosArgs {
    /// Scenario files, or folders in which all files *.nsf are.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Leave the checks `also` out: those that the test which a scenario was taken from does not assert.
    #[arg(long)]
    pub(crate) only_expect: bool,
}

/// Options of every verb that feeds a flow.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FeedArgs {
    /// The state to begin in. Default: auction where the flow has an uncross, else continuous.
    #[arg(long, value_enum)]
    opening: Option<Opening>,

    /// How many live orders the engine has room for. Default: 65536.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(SLOT_MAX)))]
    orders: Option<u32>,

    /// Prices are multiples of this, in the file's unit; others are rejected. Default: 1.
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..))]
    tick: Option<i64>,

    /// The lowest price that is taken; lower ones are rejected. Default: 1, so neither zero nor negative.
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    price_min: Option<i64>,

    /// The highest price that is taken; higher ones are rejected. Default: 1000000000000.
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    price_max: Option<i64>,

    /// Quantities are multiples of this; others are rejected. Default: 1.
    #[arg(long, value_name = "QTY", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..))]
    lot: Option<i64>,
}

/// Live orders that the engine has room for where nothing is said; the bundled hour has about 10,500 at once.
const ORDERS: u32 = 65_536;
/// Prices that are taken where nothing is said: no mistake of sign or of a few zeros too many.
const PRICES: (i64, i64) = (1, 1_000_000_000_000);

/// The state that an instrument begins in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Opening {
    /// Orders rest until an uncross.
    Auction,
    /// Orders trade on entry.
    Continuous,
}

impl TryFrom<FeedArgs> for Settings {
    type Error = Error;

    fn try_from(args: FeedArgs) -> Result<Self, Error> {
        let opening = args.opening.map(|opening| match opening {
            Opening::Auction => TradingState::Auction,
            Opening::Continuous => TradingState::Continuous,
        });
        let (price_min, price_max) = (args.price_min.unwrap_or(PRICES.0), args.price_max.unwrap_or(PRICES.1));
        if price_min > price_max {
            let message = format!("expected --price-min at or below --price-max, found {price_min} and {price_max}");
            return Err(Error::Usage(message));
        }
        let terms = Terms {
            tick: PriceTicks(args.tick.unwrap_or(1)),
            price_min: PriceTicks(price_min),
            price_max: PriceTicks(price_max),
            lot: QuantityLots(args.lot.unwrap_or(1)),
        };
        Ok(Self { orders: args.orders.unwrap_or(ORDERS), opening, terms })
    }
}
