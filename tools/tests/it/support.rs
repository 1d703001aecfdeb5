//! Running the binary, and small flows for it.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

/// The events digest of the bundled hour: the same in every build, on every machine.
pub(crate) const BUNDLED_DIGEST: &str = "143ca07c4ed1ec27bf6ed5af53f48d94";
/// The state digest after it.
pub(crate) const BUNDLED_STATE: &str = "76b89d27d91655e62fdc7f8d781ac5afb63c3a8bfd9ef3a6ba63469dc85efde4";

/// The last command of it.
pub(crate) const BUNDLED_SEQUENCE: u64 = 152_773;

/// The header of an order-entry file.
pub(crate) const HEADER: &str = "n,ts_ns,cmd,order_id,side,px_ticks,qty,tif\n";

/// The binary.
pub(crate) fn novate() -> Command {
    cargo_bin_cmd!("novate")
}

/// What a run of the binary left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The result: the last line that is JSON.
    pub(crate) fn result(&self) -> Value {
        let mut lines = self.stdout.lines().filter(|line| line.starts_with('{'));
        serde_json::from_str(lines.next_back().expect("a line of JSON")).expect("well-formed JSON")
    }

    /// Every line of standard output, each of which is an object.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("well-formed JSON")).collect()
    }

    /// The last line.
    pub(crate) fn last_line(&self) -> &str {
        self.stdout.lines().next_back().unwrap_or_default()
    }
}

/// Runs the binary; it must not panic, whatever it is given.
pub(crate) fn run(args: &[&str]) -> Ran {
    let output = novate().args(args).output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text in UTF-8");
    let ran = Ran {
        code: output.status.code().expect("an exit code, not a signal"),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    };
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

/// A folder for a test's own files.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    /// A file, in folders of its own if its name has any.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("folders in a temporary folder");
        fs::write(&path, bytes).expect("a file in a temporary folder");
        utf8(&path)
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> String {
        utf8(self.0.path())
    }

    /// A flow of these lines under the usual header.
    pub(crate) fn flow(&self, lines: &str) -> String {
        self.file("flow.csv", format!("{HEADER}{lines}"))
    }
}

/// The result of running a small flow.
pub(crate) fn run_flow(lines: &str, args: &[&str]) -> Value {
    let folder = Folder::new();
    let flow = folder.flow(lines);
    let ran = run(&[&["run", "--json", "--flow", &flow], args].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    ran.result()
}

/// The path of a bundled file: `order_entry`, `fills` or `checkpoints`.
pub(crate) fn bundled(name: &str) -> String {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "data", "es-20231225"].iter().collect();
    utf8(&folder.join(format!("{name}.csv.gz")))
}

/// A bundled file's text.
pub(crate) fn bundled_text(name: &str) -> String {
    let mut text = String::new();
    let stored = fs::File::open(bundled(name)).expect("a bundled file");
    GzDecoder::new(stored).read_to_string(&mut text).expect("text in gzip");
    text
}

/// gzip of these bytes.
pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes.as_ref()).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// `check flow` over three files.
pub(crate) fn check_flow(order_entry: &str, fills: &str, checkpoints: &str, args: &[&str]) -> Ran {
    run(&[&["check", "flow", order_entry, "--fills", fills, "--checkpoints", checkpoints], args].concat())
}

/// `check scenarios` over these paths.
pub(crate) fn check_scenarios(paths: &[&str], args: &[&str]) -> Ran {
    run(&[&["check", "scenarios"], paths, args].concat())
}

pub(crate) fn utf8(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}
