//! A primary under load, for seconds; long runs are the binary `fuzz`.

use novate_bench::fuzz::Finding;
use novate_bench::fuzz::soak::{self, Soak, SoakCanary, Wanted};

fn run(seconds: u64, canary: SoakCanary) -> Result<Soak, Box<Finding>> {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    soak::run(folder.path(), Wanted { seed: 1, seconds, bytes_max: 1 << 30, canary })
}

#[test]
fn nothing_is_lost_under_load_but_by_who_is_too_slow() {
    let Soak { saturation, pace, soaked } = run(2, SoakCanary::None).expect("nothing found");
    assert_eq!(pace, saturation.rate() / 2);
    // Both who send have sent all that was due in two seconds.
    assert_eq!(soaked.commands, 2 * (pace / 2) * 2);
    for load in [saturation, soaked] {
        assert!(load.events > 0 && load.checkpoints > 0, "{load}");
        assert!(load.laps > 0 && load.lost_lines > 0 && load.lost_lines < load.lines, "{load}");
    }
}

#[test]
fn mistakes_are_found() {
    let found = |canary, words: [&str; 2]| {
        let finding = run(1, canary).expect_err("a mistake was not found");
        assert!(finding.seed == 1 && finding.sequence > 0, "{finding}");
        assert!(words.iter().any(|words| finding.what.contains(words)), "{finding}");
    };
    found(SoakCanary::FlippedBit, ["memory of the shadow changed", "the state at"]);
    // Whether the next event shows it depends on whether it is of the same command.
    found(SoakCanary::PassedOver, ["came behind", "the reader comes to"]);
}
