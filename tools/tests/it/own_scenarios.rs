//! The repository's own scenarios: all pass, and together they state every rejection, every reason of a cancel, every event
//! and every term of an order.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use novate_core::event::Event;
use novate_core::reject::{CancelReason, RejectCode};
use novate_core::terms::{FeedKind, MarginModel, Surface};

use crate::support::check_scenarios;

/// Met by no file: the first needs 2^28 accounts, the second ids that were chosen against the index's seed, in a book of
/// many thousands of orders. Tests of the core meet both.
const BEYOND_A_FILE: [RejectCode; 2] = [RejectCode::IdsExhausted, RejectCode::ClientOrderIdsCrowded];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// The lines of all files below a folder.
fn lines(folder: &Path, into: &mut Vec<String>) {
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            lines(&path, into);
        } else {
            let text = std::fs::read_to_string(path).expect("text");
            into.extend(text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned));
        }
    }
}

/// The words that follow a key anywhere, and the names of events that are stated.
struct Stated(Vec<String>);

impl Stated {
    fn read() -> Self {
        let mut all = Vec::new();
        lines(&folder(), &mut all);
        Self(all)
    }

    /// The values of a key in the lines that begin so.
    fn values(&self, begin: &str, key: &str) -> BTreeSet<String> {
        let lines = self.0.iter().filter(|line| line.starts_with(begin));
        lines.flat_map(|line| line.split(' ')).filter_map(|word| word.strip_prefix(key)).map(str::to_owned).collect()
    }

    fn events(&self) -> BTreeSet<String> {
        let of = |begin: &str| {
            let lines: Vec<&str> = self.0.iter().filter_map(|line| line.strip_prefix(begin)).collect();
            lines.into_iter().filter_map(|rest| rest.split(' ').next()).flat_map(|names| names.split(',')).collect()
        };
        let [one, all]: [Vec<&str>; 2] = [of("expect event "), of("expect events ")];
        one.into_iter().chain(all).map(str::to_owned).collect()
    }
}

fn missing<'n>(names: impl Iterator<Item = &'n str>, stated: &BTreeSet<String>) -> Vec<&'n str> {
    names.filter(|name| !stated.contains(*name)).collect()
}

#[test]
fn all_pass() {
    let folder = folder();
    let ran = check_scenarios(&[&folder.display().to_string()], &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.last_line().ends_with(" passed, 0 failed"), "{}", ran.last_line());
}

#[test]
fn every_rejection_reason_and_event_is_stated() {
    let stated = Stated::read();
    let codes = RejectCode::ALL.iter().filter(|code| !BEYOND_A_FILE.contains(code)).map(|code| code.name());
    assert_eq!(missing(codes, &stated.values("expect ", "code=")), [""; 0]);
    let reasons = CancelReason::ALL.iter().map(|reason| reason.name());
    assert_eq!(missing(reasons, &stated.values("expect ", "reason=")), [""; 0]);
    let mut events = stated.events();
    // A check of a rejection is one of the event.
    events.insert("Rejected".to_owned());
    assert_eq!(missing(Event::KINDS.iter().map(|(_, name, _)| *name), &events), [""; 0]);
}

#[test]
fn every_term_of_an_order_is_used() {
    let stated = Stated::read();
    for (key, words) in [
        ("type=", &["limit", "market", "stop", "stop_limit"][..]),
        ("tif=", &["ioc", "fok", "gfa", "day", "gtd"]),
        ("side=", &["buy", "sell"]),
        ("stp=", &["none", "cancel_taker", "cancel_maker", "cancel_both", "decrement"]),
        ("dir=", &["up", "down"]),
        ("peg=", &["primary", "market", "mid"]),
        ("post_only=", &["1"]),
        ("slide=", &["1"]),
        ("reduce_only=", &["1"]),
    ] {
        assert_eq!(missing(words.iter().copied(), &stated.values("new ", key)), [""; 0], "{key}");
    }
    for key in ["display=", "minvis=", "twin=", "budget=", "trail=", "offset=", "expiry="] {
        assert!(!stated.values("new ", key).is_empty(), "{key}");
    }
}

#[test]
fn every_feed_and_margin_model_is_stated() {
    let stated = Stated::read();
    let feeds = FeedKind::ALL.iter().map(|feed| feed.name());
    assert_eq!(missing(feeds, &stated.values("expect event FeedUpdated", "feed=")), [""; 0]);
    let models = MarginModel::ALL.iter().map(|model| model.name());
    assert_eq!(missing(models, &stated.values("expect event MarginModelSet", "model=")), [""; 0]);
    let surfaces = Surface::ALL.iter().map(|surface| surface.name());
    assert_eq!(missing(surfaces, &stated.values("expect event ExpiryListed", "surface=")), [""; 0]);
}

/// What could go unnoticed otherwise: a check that is not there is missed.
#[test]
fn what_is_not_stated_is_missed() {
    let stated = Stated(vec!["expect rejected code=BookBusy".to_owned(), "expect events Trade,Rested".to_owned()]);
    assert_eq!(missing(["BookBusy", "BookCrossed"].into_iter(), &stated.values("expect ", "code=")), ["BookCrossed"]);
    assert_eq!(missing(["Trade", "Rested", "Amended"].into_iter(), &stated.events()), ["Amended"]);
}
