//! The order-entry file: one command a row.

use std::num::NonZeroU64;

use indicatif::ProgressBar;
use novate_core::ids::ClientOrderId;
use novate_core::terms::{Side, TimeInForce};
use novate_core::units::{PriceTicks, QuantityLots, TimeNs};

use super::{Action, Row};
use crate::error::Error;
use crate::input::Source;
use crate::table::Table;

const COLUMNS: [&str; 8] = ["n", "ts_ns", "cmd", "order_id", "side", "px_ticks", "qty", "tif"];
const N: usize = 0;
const TS_NS: usize = 1;
const CMD: usize = 2;
const ORDER_ID: usize = 3;
const SIDE: usize = 4;
const PX_TICKS: usize = 5;
const QTY: usize = 6;
const TIF: usize = 7;

pub(super) const DAY_NS: u64 = 24 * 60 * 60 * 1_000_000_000;
/// Whatever lies between two rows.
pub(super) const ANY_GAP: u64 = u64::MAX;

/// A column that a flow may have: a run knows one instrument, so it must say the same in every row.
const INSTRUMENT: &str = "instrument";

/// Reads an order-entry file row by row.
///
/// Complains of what is no command at all. What is a command, if a wrong one (a quantity of zero, an id that is taken),
/// passes: the engine is there to reject it.
pub(crate) struct FlowReader {
    table: Table<{ COLUMNS.len() }>,
    instrument: Option<(usize, Option<String>)>,
    last_n: u64,
    last_time: TimeNs,
    gap_days_max: u64,
}

impl FlowReader {
    /// Opens the file and checks its header. Two rows in succession may be so many days apart.
    ///
    /// # Errors
    /// The file is unreadable or lacks a column.
    pub(crate) fn open(source: &Source, gap_days_max: u64, progress: &ProgressBar) -> Result<Self, Error> {
        let table = Table::open(source, COLUMNS, progress)?;
        let instrument = table.place_of(INSTRUMENT)?.map(|place| (place, None));
        Ok(Self { table, instrument, last_n: 0, last_time: TimeNs::ZERO, gap_days_max })
    }

    /// The next row, none at the end.
    ///
    /// # Errors
    /// The line holds no command, or stands out of order.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row>, Error> {
        if !self.table.advance()? {
            return Ok(None);
        }
        let row = Row { n: self.ascending_n()?, time: self.ascending_time()?, action: self.action()? };
        self.check_gap(&row)?;
        self.check_instrument()?;
        (self.last_n, self.last_time) = (row.n, row.time);
        Ok(Some(row))
    }

    /// Rows are named by `n`, in fills, checkpoints and reports: each must have its own.
    fn ascending_n(&self) -> Result<u64, Error> {
        let n = self.table.number::<NonZeroU64>(N)?.get();
        if n <= self.last_n {
            return Err(self.table.field_error(N, format_args!("greater than the row before, {}", self.last_n)));
        }
        Ok(n)
    }

    /// An exchange's clock may step back by a little; sequenced time never does, and stands still then.
    fn ascending_time(&self) -> Result<TimeNs, Error> {
        Ok(TimeNs(self.table.number(TS_NS)?).max(self.last_time))
    }

    /// The first row may be at any time.
    fn check_gap(&self, row: &Row) -> Result<(), Error> {
        let (gap_ns, days) = (row.time.0 - self.last_time.0, self.gap_days_max);
        let max_ns = days.saturating_mul(DAY_NS);
        if self.last_n == 0 || gap_ns <= max_ns {
            return Ok(());
        }
        let expected = format!("row {} at most {days} days ({max_ns} ns) after row {}", row.n, self.last_n);
        let found = format!(
            "{gap_ns} ns; a run goes by the flow's clock, and takes a longer jump for a fault: split the flow before row {}",
            row.n
        );
        Err(self.table.error(expected, found))
    }

    fn check_instrument(&mut self) -> Result<(), Error> {
        let Some((place, first)) = &mut self.instrument else { return Ok(()) };
        let here = self.table.text_at(*place);
        let first = first.get_or_insert_with(|| here.to_owned());
        if here == first {
            return Ok(());
        }
        Err(self.table.error(format!("the instrument of the rows before, {first:?}"), format!("{here:?}")))
    }

    fn action(&self) -> Result<Action, Error> {
        // Fields that the command has no use for are empty or at least well-formed: a shifted column is noticed.
        let price = self.table.number_if_any(PX_TICKS)?.map(PriceTicks);
        let quantity = self.table.number_if_any(QTY)?.map(QuantityLots);
        let side = self.word_if_any(SIDE, side_of, "buy or sell")?;
        let time_in_force = self.word_if_any(TIF, time_in_force_of, "gtc, ioc or fok")?;
        match self.table.text(CMD) {
            "new" => Ok(Action::New {
                client_order_id: self.client_order_id()?,
                side: side.ok_or_else(|| self.table.field_error(SIDE, "buy or sell"))?,
                price,
                quantity: quantity.ok_or_else(|| self.table.field_error(QTY, "the quantity of the new order"))?,
                time_in_force: time_in_force.ok_or_else(|| self.table.field_error(TIF, "gtc, ioc or fok"))?,
            }),
            "amend" if price.is_none() && quantity.is_none() => {
                Err(self.table.error("an amend to give px_ticks, qty or both", "neither"))
            }
            "amend" => Ok(Action::Amend { client_order_id: self.client_order_id()?, price, quantity }),
            "cancel" => Ok(Action::Cancel { client_order_id: self.client_order_id()? }),
            "uncross" => Ok(Action::Uncross { price }),
            _ => Err(self.table.field_error(CMD, "new, amend, cancel or uncross")),
        }
    }

    fn client_order_id(&self) -> Result<ClientOrderId, Error> {
        self.table.number::<NonZeroU64>(ORDER_ID).map(|id| ClientOrderId(id.get()))
    }

    fn word_if_any<T>(&self, column: usize, of: fn(&str) -> Option<T>, expected: &str) -> Result<Option<T>, Error> {
        match self.table.text(column) {
            "" => Ok(None),
            word => of(word).map(Some).ok_or_else(|| self.table.field_error(column, expected)),
        }
    }
}

fn side_of(word: &str) -> Option<Side> {
    match word {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        _ => None,
    }
}

fn time_in_force_of(word: &str) -> Option<TimeInForce> {
    match word {
        "gtc" => Some(TimeInForce::GoodTillCancelled),
        "ioc" => Some(TimeInForce::ImmediateOrCancel),
        "fok" => Some(TimeInForce::FillOrKill),
        _ => None,
    }
}
