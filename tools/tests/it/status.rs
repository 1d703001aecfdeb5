//! `novate status`.

use serde_json::json;

use crate::support::{Folder, run};

#[test]
fn what_a_primary_leaves() {
    let folder = Folder::new();
    let path = format!("{}/journal", folder.path());
    let flow = folder.flow("1,1,new,1,buy,10,5,gtc\n2,2,new,2,sell,10,5,gtc\n3,3,cancel,9,,,,\n");
    let ran = run(&["run", "--flow", &flow, "--opening", "continuous", "--journal", &path, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let result = ran.result();
    let status = run(&["status", &path, "--json"]);
    assert_eq!((status.code, status.stderr.as_str(), status.objects().len()), (0, "", 1));
    let status = status.result();
    assert_eq!((&status["state"], &status["epoch"]), (&json!("stopped"), &json!(1)));
    for key in ["sequence", "work_commands", "checkpoints"] {
        assert_eq!(status[key], result[key], "{key}");
    }
    assert_eq!((&status["submissions"], &status["rejected"]), (&json!(6), &json!(1)));
    assert_eq!((&status["shadow_sequence"], &status["shadow_lag"]), (&result["sequence"], &json!(0)));
    let text = run(&["status", &path, "--watch"]);
    assert!(text.code == 0 && text.stdout.contains("stopped"), "{}", text.stdout);
    let scraped = run(&["status", &path, "--prometheus"]).stdout;
    let line = format!("\n# TYPE novate_sequence gauge\nnovate_sequence {}\n", result["sequence"]);
    assert!(scraped.starts_with("# HELP novate_state ") && scraped.contains(&line), "{scraped}");
    // The file is no part of the journal.
    assert_eq!(run(&["verify", &path]).code, 0);
    std::fs::remove_file(format!("{path}/counters")).expect("a file");
    assert_eq!(run(&["verify", &path]).code, 0);
    let none = run(&["status", &path]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    assert!(none.stderr.contains("found none; no primary has run on this journal"), "{}", none.stderr);
    std::fs::write(format!("{path}/counters"), "x").expect("a file");
    let other = run(&["status", &path]);
    assert_eq!((other.code, other.stderr.contains("found another file")), (2, true), "{}", other.stderr);
    let both = run(&["status", &path, "--prometheus", "--json"]);
    assert_eq!((both.code, both.stderr.contains("found both")), (2, true), "{}", both.stderr);
}
