//! What follows the first word of a line: `key=value`, each key once, and complaints with file and line.

use std::fmt::Display;
use std::str::FromStr;

use crate::error::Error;
use crate::text::{Whole, quoted};

/// A line of a file, for complaints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'t> {
    /// The file as the user named it.
    pub(super) file: &'t str,
    /// The line, counted from 1.
    pub(super) line: u64,
}

impl Place<'_> {
    /// A complaint about this line.
    pub(super) fn error(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::data(self.file, self.line, expected, found)
    }
}

/// The fields of one command or check.
#[derive(Clone, Debug)]
pub(super) struct Fields<'t> {
    place: Place<'t>,
    /// What they are the fields of, as messages say it: `new`.
    of: &'t str,
    pairs: Vec<(&'t str, &'t str)>,
}

impl<'t> Fields<'t> {
    /// Takes the words apart. A key that is not known is a complaint, not a field that nobody reads: it may be a known
    /// one misspelt, and what it says must not be passed over.
    ///
    /// # Errors
    /// A word is no `key=value`, its key is not among `keys` (with blanks between them), or stands there twice.
    pub(super) fn read(place: Place<'t>, of: &'t str, words: &[&'t str], keys: &str) -> Result<Self, Error> {
        let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(words.len());
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| place.error("key=value", quoted(word)))?;
            if !keys.split(' ').any(|known| known == key) {
                let expected = format!("{of} with no other keys than {}", enumerated(keys.split(' '), "and"));
                return Err(place.error(expected, quoted(key)));
            }
            if pairs.iter().any(|(known, _)| *known == key) {
                return Err(place.error(format!("{key} once"), "it twice"));
            }
            pairs.push((key, value));
        }
        Ok(Self { place, of, pairs })
    }

    /// The value of a key, if it is given.
    pub(super) fn text(&self, key: &str) -> Option<&'t str> {
        self.pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    /// A value that must be given.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn given<T>(&self, key: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.place.error(format!("{} with {key}=", self.of), "none"))
    }

    /// Complains unless one of these keys (with blanks between them) is given: a line that says nothing is a mistake.
    ///
    /// # Errors
    /// None is.
    pub(super) fn any_of(&self, keys: &str) -> Result<(), Error> {
        if keys.split(' ').any(|key| self.text(key).is_some()) {
            return Ok(());
        }
        Err(self.place.error(format!("{} with {}", self.of, enumerated(keys.split(' '), "or")), "none"))
    }

    /// Complains if one of these keys (with blanks between them) is given beside `key` though they contradict it.
    ///
    /// # Errors
    /// One is.
    pub(super) fn alone(&self, key: &str, keys: &str) -> Result<(), Error> {
        match keys.split(' ').find(|other| self.text(other).is_some()) {
            Some(other) if self.text(key).is_some() => {
                let expected = format!("{} with {key}= and without {}", self.of, enumerated(keys.split(' '), "and"));
                Err(self.place.error(expected, quoted(other)))
            }
            _ => Ok(()),
        }
    }

    /// Complains if a key is given without the one that gives it a meaning.
    ///
    /// # Errors
    /// It is.
    pub(super) fn only_with(&self, key: &str, other: &str) -> Result<(), Error> {
        if self.text(key).is_none() || self.text(other).is_some() {
            return Ok(());
        }
        Err(self.place.error(format!("{} with {other}= beside {key}=", self.of), "none"))
    }

    /// The number of a key that must be given.
    ///
    /// # Errors
    /// The key is missing, or its value is no whole number in range.
    pub(super) fn number<T: Whole>(&self, key: &str) -> Result<T, Error> {
        self.given(key, self.number_if_any(key)?)
    }

    /// The number of a key, if it is given.
    ///
    /// # Errors
    /// The value is no whole number in range.
    pub(super) fn number_if_any<T: Whole>(&self, key: &str) -> Result<Option<T>, Error> {
        self.parsed_if_any(key, T::EXPECTED)
    }

    /// The value of a key, if it is given, as whatever type reads it.
    ///
    /// # Errors
    /// The type does not read it.
    pub(super) fn parsed_if_any<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, Error> {
        self.text(key).map(|text| text.parse().map_err(|_| self.field_error(key, expected))).transpose()
    }

    /// The values of a key, with commas between them, if it is given.
    ///
    /// # Errors
    /// One of them is not read by its type.
    pub(super) fn list_if_any<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<Vec<T>>, Error> {
        let list = |text: &str| text.split(',').map(|part| part.parse().ok()).collect::<Option<Vec<T>>>();
        self.text(key).map(|text| list(text).ok_or_else(|| self.field_error(key, expected))).transpose()
    }

    /// What the word of a key, which must be given, stands for.
    ///
    /// # Errors
    /// The key is missing, or its value is none of the words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<T, Error> {
        self.given(key, self.word_if_any(key, words)?)
    }

    /// What the word of a key stands for, if it is given.
    ///
    /// # Errors
    /// The value is none of the words.
    pub(super) fn word_if_any<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(text) = self.text(key) else { return Ok(None) };
        meaning(text, words).map(Some).ok_or_else(|| self.field_error(key, either(words)))
    }

    /// Whether a key that is 0 or 1 is given as 1.
    ///
    /// # Errors
    /// It is given as anything else.
    pub(super) fn is_set(&self, key: &str) -> Result<bool, Error> {
        Ok(self.word_if_any(key, &[("0", false), ("1", true)])?.unwrap_or(false))
    }

    /// A complaint about the value of a key.
    pub(super) fn field_error(&self, key: &str, expected: impl Display) -> Error {
        self.place.error(format!("{key} to be {expected}"), quoted(self.text(key).unwrap_or_default()))
    }
}

/// What a word stands for.
pub(super) fn meaning<T: Copy>(text: &str, words: &[(&str, T)]) -> Option<T> {
    words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
}

/// The words of a table: `gtc, ioc or fok`.
pub(super) fn either<T>(words: &[(&str, T)]) -> String {
    enumerated(words.iter().map(|(word, _)| *word), "or")
}

/// Words with commas between them, and `conjunction` before the last one.
pub(super) fn enumerated<'w>(words: impl IntoIterator<Item = &'w str>, conjunction: &str) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match &words[..] {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}
