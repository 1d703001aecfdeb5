//! What a flow is expected to do: the exchange's own fills, and the book at checkpoints.

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use novate_core::ids::ClientOrderId;
use novate_core::units::{PriceTicks, QuantityLots};

use super::{Fill, Level};
use crate::error::Error;
use crate::input::Source;
use crate::table::Table;

/// How many price levels of each side a checkpoint holds at most.
pub(crate) const TOP_LEVELS: usize = 5;

/// The fills of each row that has any, and where the first of them stands in the file.
pub(crate) type FillsByRow = BTreeMap<u64, (u64, Vec<Fill>)>;
/// The checkpoints of each row that has any.
pub(crate) type CheckpointsByRow = BTreeMap<u64, Vec<Checkpoint>>;

/// The best levels of both sides after a row.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    /// Where it stands in its file.
    pub(crate) line: u64,
    /// Bids, best first.
    pub(crate) bids: Vec<Level>,
    /// Asks, best first.
    pub(crate) asks: Vec<Level>,
}

/// Reads the fills that must be reproduced: those of kind `fifo`, in the file's order.
///
/// # Errors
/// The file is unreadable or a line is no fill.
pub(crate) fn read_fills(source: &Source) -> Result<FillsByRow, Error> {
    const COLUMNS: [&str; 6] = ["n", "maker", "taker", "px_ticks", "qty", "kind"];
    let mut table = Table::open(source, COLUMNS, &ProgressBar::hidden())?;
    let mut fills = FillsByRow::new();
    while table.advance()? {
        let n = table.number(0)?;
        match table.text(5) {
            "fifo" => {}
            // The exchange fills an auction by rules of its own; these rows are for information.
            "auction" | "auction_undisplayed" => continue,
            _ => return Err(table.field_error(5, "fifo, auction or auction_undisplayed")),
        }
        let fill = Fill {
            maker: ClientOrderId(table.number(1)?),
            taker: ClientOrderId(table.number(2)?),
            price: PriceTicks(table.number(3)?),
            quantity: QuantityLots(table.number(4)?),
        };
        fills.entry(n).or_insert_with(|| (table.line(), Vec::new())).1.push(fill);
    }
    Ok(fills)
}

/// Reads the checkpoints.
///
/// # Errors
/// The file is unreadable or a line is no checkpoint.
pub(crate) fn read_checkpoints(source: &Source) -> Result<CheckpointsByRow, Error> {
    const COLUMNS: [&str; 3] = ["after_cmd", "bids_px:qty:orders", "asks_px:qty:orders"];
    let mut table = Table::open(source, COLUMNS, &ProgressBar::hidden())?;
    let mut checkpoints = CheckpointsByRow::new();
    while table.advance()? {
        let after = table.number(0)?;
        let checkpoint = Checkpoint { line: table.line(), bids: levels(&table, 1)?, asks: levels(&table, 2)? };
        checkpoints.entry(after).or_default().push(checkpoint);
    }
    Ok(checkpoints)
}

/// Levels as `price:quantity:orders`, separated by blanks.
fn levels<const N: usize>(table: &Table<N>, column: usize) -> Result<Vec<Level>, Error> {
    let levels: Option<Vec<Level>> = table.text(column).split_ascii_whitespace().map(level).collect();
    levels
        .filter(|levels| levels.len() <= TOP_LEVELS)
        .ok_or_else(|| table.field_error(column, format_args!("at most {TOP_LEVELS} times price:quantity:orders")))
}

fn level(text: &str) -> Option<Level> {
    let mut parts = text.split(':');
    let level = Level {
        price: PriceTicks(parts.next()?.parse().ok()?),
        quantity: QuantityLots(parts.next()?.parse().ok()?),
        orders: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(level)
}

/// The complaint about an expectation whose row the flow does not have.
pub(crate) fn leftover_error(source: &Source, line: u64, column: &str, n: u64) -> Error {
    Error::data(
        &source.name(),
        line,
        format!("{column} to name a row of the flow"),
        format!("{n}, which it does not have"),
    )
}
