//! Input files: the bundled hour or the user's, plain or gzip, read as a stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::error::Error;

/// Order entry of the bundled hour, see `data/es-20231225/NOTICE.md`. Embedded, so that an installed binary has it.
const BUNDLED_ORDER_ENTRY: &[u8] = include_bytes!("../data/es-20231225/order_entry.csv.gz");
/// What the bundled hour is called where a file's name would stand.
const BUNDLED_NAME: &str = "bundled ES 2023-12-25";

/// What a gzip stream begins with. Files are told apart by content: a name proves nothing.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Where an input comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The hour of real order flow inside this binary.
    Bundled,
    /// A file of the user's.
    File(PathBuf),
}

impl Source {
    /// The name that messages use.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Bundled => BUNDLED_NAME.to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Whether it can be read a second time from the start: pipes cannot.
    ///
    /// # Errors
    /// The file cannot be found.
    pub(crate) fn is_rereadable(&self) -> Result<bool, Error> {
        match self {
            Self::Bundled => Ok(true),
            Self::File(path) => {
                self.refuse_folder(path)?;
                path.metadata().map(|meta| meta.is_file()).map_err(|cause| self.unreadable(cause))
            }
        }
    }

    /// The decompressed bytes. `progress` counts the bytes as they are stored.
    ///
    /// # Errors
    /// The file cannot be opened, or its first bytes cannot be read.
    pub(crate) fn open(&self, progress: &ProgressBar) -> Result<Box<dyn Read>, Error> {
        match self {
            Self::Bundled => {
                progress.set_length(BUNDLED_ORDER_ENTRY.len() as u64);
                decompressed(progress.wrap_read(BUNDLED_ORDER_ENTRY))
            }
            Self::File(path) => {
                self.refuse_folder(path)?;
                open_file(path, progress)
            }
        }
        .map_err(|cause| self.unreadable(cause))
    }

    fn refuse_folder(&self, path: &Path) -> Result<(), Error> {
        let folder = || Error::Usage(format!("{}: expected a file, found a folder", self.name()));
        if path.is_dir() { Err(folder()) } else { Ok(()) }
    }

    fn unreadable(&self, cause: io::Error) -> Error {
        Error::Open { file: self.name(), cause }
    }
}

fn open_file(path: &Path, progress: &ProgressBar) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    progress.set_length(file.metadata()?.len());
    decompressed(progress.wrap_read(file))
}

fn decompressed(stored: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut stored = BufReader::with_capacity(1 << 16, stored);
    Ok(if stored.fill_buf()?.starts_with(&GZIP_MAGIC) {
        Box::new(MultiGzDecoder::new(stored))
    } else {
        Box::new(stored)
    })
}

/// A progress bar over an input's bytes on standard error, invisible unless that is a terminal.
pub(crate) fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // The template is a constant without colour, so that NO_COLOR needs no second form.
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    // Cleared also where reading ends with a complaint, which then stands alone.
    bar.with_finish(ProgressFinish::AndClear)
}
