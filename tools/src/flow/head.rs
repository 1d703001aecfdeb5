//! The first rows of a flow, read ahead: a venue is set up before the first of them, and has to suit them.

use std::collections::VecDeque;

use novate_core::units::TimeNs;

use super::reader::FlowReader;
use super::{Action, Row};
use crate::error::Error;

/// Rows that are read ahead: of a file and of a pipe alike, so that both come to the same.
const ROWS: usize = 4_096;

/// What the first rows of a flow say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Survey {
    /// When the first row is; zero where there is none.
    pub(super) begin: TimeNs,
    /// The median price of new orders that have one, of an even number the higher; [`Survey::PRICE`] where none has.
    pub(super) price: i64,
    /// The median quantity of new orders, of those above zero; 1 where none has.
    pub(super) quantity: i64,
}

impl Survey {
    /// The price of what nobody gives a price for.
    const PRICE: i64 = 1_000;

    fn of<'r>(rows: impl Iterator<Item = &'r Row>) -> Self {
        let (mut begin, mut prices, mut quantities) = (None, Vec::new(), Vec::new());
        for row in rows {
            begin = begin.or(Some(row.time));
            if let Action::New { price, quantity, .. } = row.action {
                prices.extend(price.map(|price| price.0));
                quantities.extend(Some(quantity.0).filter(|quantity| *quantity > 0));
            }
        }
        let (price, quantity) = (median(&mut prices), median(&mut quantities));
        let begin = begin.unwrap_or(TimeNs::ZERO);
        Self { begin, price: price.unwrap_or(Self::PRICE), quantity: quantity.unwrap_or(1) }
    }
}

fn median(numbers: &mut [i64]) -> Option<i64> {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied()
}

/// A flow, its first rows read ahead.
pub(super) struct Rows {
    reader: FlowReader,
    ahead: VecDeque<Row>,
    /// What is wrong with the row behind those that were read ahead.
    complaint: Option<Error>,
    survey: Survey,
}

impl Rows {
    /// Reads ahead. What is wrong with a row is said when it is its turn.
    pub(super) fn new(mut reader: FlowReader) -> Self {
        let (mut ahead, mut complaint) = (VecDeque::new(), None);
        while ahead.len() < ROWS {
            match reader.next_row() {
                Ok(Some(row)) => ahead.push_back(row),
                Ok(None) => break,
                Err(error) => {
                    complaint = Some(error);
                    break;
                }
            }
        }
        let survey = Survey::of(ahead.iter());
        Self { reader, ahead, complaint, survey }
    }

    /// What the first rows say.
    pub(super) const fn survey(&self) -> Survey {
        self.survey
    }

    /// The next row, none at the end.
    ///
    /// # Errors
    /// As [`FlowReader::next_row`].
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, Error> {
        if let Some(row) = self.ahead.pop_front() {
            return Ok(Some(row));
        }
        match self.complaint.take() {
            Some(error) => Err(error),
            None => self.reader.next_row(),
        }
    }
}
