//! Margin levels of futures and perpetuals.

use indicatif::ProgressBar;
use novate_core::margin::Rate;
use novate_core::margin::futures::{Exposure, Parameters, levels};

use super::{Case, Off};
use crate::error::Error;
use crate::input::Source;
use crate::table::Table;

const COLUMNS: [&str; 16] = [
    "party",
    "open_volume",
    "buy_orders",
    "sell_orders",
    "mark_price",
    "linear_slippage",
    "quadratic_slippage",
    "rf_long",
    "rf_short",
    "search_f",
    "initial_f",
    "release_f",
    "exp_maintenance",
    "exp_search",
    "exp_initial",
    "exp_release",
];
/// Where the first expected level stands.
const EXPECTED: usize = 12;

/// Computes every row. Levels that are empty are not compared.
pub(crate) fn futures_margin(source: &Source) -> Result<Vec<Case>, Error> {
    let mut table = Table::open(source, COLUMNS, &ProgressBar::hidden())?;
    let feature = table.place_of("feature")?;
    let mut cases = Vec::new();
    while table.advance()? {
        let rate = |column| {
            let text = table.text(column);
            text.parse::<Rate>()
                .map_err(|error| table.error(format!("{} to be a rate", COLUMNS[column]), format!("{text:?}: {error}")))
        };
        let parameters = Parameters {
            linear_slippage: rate(5)?,
            quadratic_slippage: rate(6)?,
            long: rate(7)?,
            short: rate(8)?,
            search: rate(9)?,
            initial: rate(10)?,
            release: rate(11)?,
        };
        let exposure = Exposure {
            position: table.number(1)?,
            buys: table.number(2)?,
            sells: table.number(3)?,
            mark: table.number(4)?,
        };
        let got = levels(&parameters, &exposure)
            .map_err(|error| table.error("levels that cash can be", error.to_string()))?;
        let got = [
            ("exp_maintenance", got.maintenance),
            ("exp_search", got.search),
            ("exp_initial", got.initial),
            ("exp_release", got.release),
        ];
        let mut off = Vec::new();
        for (column, (field, got)) in (EXPECTED..).zip(got) {
            if let Some(expected) = table.number_if_any(column)? {
                off.extend(Off::unequal(field, got, expected));
            }
        }
        let names = [feature.map(|place| table.text_at(place)).unwrap_or_default(), table.text(0)];
        cases.push(Case { name: format!("line {} ({})", table.line(), names.join(" ").trim()), off });
    }
    Ok(cases)
}
