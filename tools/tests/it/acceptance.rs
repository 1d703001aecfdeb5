//! The same check on a folder outside the repository, where one is named.

use std::path::PathBuf;

use crate::support::{check_flow, utf8};

/// Names a folder, absolute, with a folder `market` like that of the bundled data in it.
const FOLDER: &str = "NOVATE_ACCEPTANCE";

#[test]
fn acceptance_market_hour_is_reproduced() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        println!("SKIPPED ({FOLDER} is not set)");
        return;
    };
    let market = PathBuf::from(folder).join("market");
    let file = |name: &str| utf8(&market.join(format!("es_20231225_{name}.csv.gz")));
    for form in [&[][..], &["--json"]] {
        let ran = check_flow(&file("order_entry"), &file("fills"), &file("checkpoints"), form);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        let passed = ran.last_line().strip_suffix(" passed, 0 failed").and_then(|count| count.parse::<u64>().ok());
        assert!(passed.is_some_and(|count| count > 0), "{}", ran.stdout);
    }
}
