//! A CSV file as a stream of records: columns found by header name, every complaint with file and line.

use std::fmt::Display;
use std::io::{self, Read};

use csv::{Reader, ReaderBuilder, StringRecord, Terminator};
use indicatif::ProgressBar;

use crate::error::Error;
use crate::input::Source;
use crate::text::{Whole, quoted};

/// A stream of CSV records, of which `N` columns are read.
pub(crate) struct Table<const N: usize> {
    file: String,
    reader: Reader<Box<dyn Read>>,
    header: StringRecord,
    names: [&'static str; N],
    /// Where each of `names` stands in a record.
    places: [usize; N],
    record: StringRecord,
    line: u64,
}

impl<const N: usize> Table<N> {
    /// Opens the file and finds the columns.
    ///
    /// # Errors
    /// The file is unreadable, or its header lacks a column or has it twice.
    pub(crate) fn open(source: &Source, names: [&'static str; N], progress: &ProgressBar) -> Result<Self, Error> {
        // Line numbers are the reader's count of line feeds, so a record ends at a line feed and at nothing else, and
        // the last one ends at one too.
        let input: Box<dyn Read> = Box::new(source.open(progress)?.chain(&b"\n"[..]));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(input);
        let (file, header, record) = (source.name(), StringRecord::new(), StringRecord::new());
        let mut table = Self { file, reader, header, names, places: [0; N], record, line: 1 };
        table.read_record()?;
        table.header = table.record.iter().map(without_return).collect();
        for (index, name) in names.into_iter().enumerate() {
            table.places[index] = match table.place_of(name)? {
                Some(place) => place,
                None => return Err(table.error(format!("a header with the column {name}"), table.header_found())),
            };
        }
        Ok(table)
    }

    /// Where a column stands in a record, if the header has it.
    ///
    /// # Errors
    /// The header has it twice.
    pub(crate) fn place_of(&self, name: &str) -> Result<Option<usize>, Error> {
        let mut places = self.header.iter().enumerate().filter(|(_, column)| *column == name).map(|(place, _)| place);
        let place = places.next();
        if places.next().is_some() {
            return Err(self.error(format!("the column {name} once"), "it twice"));
        }
        Ok(place)
    }

    /// Reads the next record; false at the end. Blank lines are skipped.
    ///
    /// # Errors
    /// What stands there is no record of as many fields as the header has, or the file cannot be read on.
    pub(crate) fn advance(&mut self) -> Result<bool, Error> {
        while self.read_record()? {
            if self.record.len() == self.header.len() {
                return Ok(true);
            }
            if self.record.len() > 1 || !self.text_at(0).is_empty() {
                let expected = format!("{} fields, as the header has", self.header.len());
                return Err(self.error(expected, self.record.len().to_string()));
            }
        }
        Ok(false)
    }

    /// Reads the next record whatever it holds, and finds out on which line it begins.
    fn read_record(&mut self) -> Result<bool, Error> {
        let more = self.reader.read_record(&mut self.record).map_err(|cause| self.unreadable(cause))?;
        let inside = self.record.iter().map(|field| field.matches('\n').count() as u64).sum::<u64>();
        // A quote that is never closed takes in everything, the last line feed too.
        let last = self.record.iter().next_back().unwrap_or_default();
        let after = if last.ends_with('\n') { inside } else { inside + 1 };
        self.line = self.reader.position().line().saturating_sub(after).max(1);
        Ok(more)
    }

    /// The line of the current record.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// The field of a named column in the current record.
    pub(crate) fn text(&self, column: usize) -> &str {
        self.text_at(self.places[column])
    }

    /// The field at a place that [`Table::place_of`] gave.
    pub(crate) fn text_at(&self, place: usize) -> &str {
        without_return(self.record.get(place).unwrap_or_default())
    }

    /// The number in a column.
    ///
    /// # Errors
    /// It is empty, no whole number, or out of range.
    pub(crate) fn number<T: Whole>(&self, column: usize) -> Result<T, Error> {
        let text = self.text(column);
        text.parse().map_err(|_| self.field_error(column, T::EXPECTED))
    }

    /// The number in a column, of any size and with any fraction.
    ///
    /// # Errors
    /// It is empty, or no finite number.
    pub(crate) fn real(&self, column: usize) -> Result<f64, Error> {
        let number: Option<f64> = self.text(column).parse().ok();
        number.filter(|number| number.is_finite()).ok_or_else(|| self.field_error(column, "a number"))
    }

    /// The number in a column, none where it is empty.
    ///
    /// # Errors
    /// It is neither empty nor a whole number in range.
    pub(crate) fn number_if_any<T: Whole>(&self, column: usize) -> Result<Option<T>, Error> {
        if self.text(column).is_empty() { Ok(None) } else { self.number(column).map(Some) }
    }

    /// A complaint about a field of the current record.
    pub(crate) fn field_error(&self, column: usize, expected: impl Display) -> Error {
        self.error(format!("{} to be {expected}", self.names[column]), quoted(self.text(column)))
    }

    /// A complaint about the current record.
    pub(crate) fn error(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::data(&self.file, self.line, expected, found)
    }

    fn header_found(&self) -> String {
        let names: Vec<&str> = self.header.iter().collect();
        quoted(&names.join(","))
    }

    /// Translates what the CSV reader or the decompressor says.
    fn unreadable(&self, cause: csv::Error) -> Error {
        let reached = self.reader.position().line();
        let (line, expected, found) = match cause.into_kind() {
            csv::ErrorKind::Utf8 { .. } => {
                (reached.saturating_sub(1).max(1), "text in UTF-8", "other bytes".to_owned())
            }
            csv::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => (
                reached,
                "the rest of the gzip stream",
                "the end of the file: it is truncated, or ends in bytes of something else".to_owned(),
            ),
            csv::ErrorKind::Io(cause) => (reached, "readable data", cause.to_string()),
            other => (reached, "a line of CSV", format!("{other:?}")),
        };
        Error::data(&self.file, line, expected, found)
    }
}

/// A line may end with a carriage return and a line feed; the reader leaves the former in the last field.
fn without_return(field: &str) -> &str {
    field.strip_suffix('\r').unwrap_or(field)
}
