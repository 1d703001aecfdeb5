//! Clients of a primary that is killed, few times; long runs are the binary `fuzz`.

use novate_bench::fuzz::Finding;
use novate_bench::fuzz::clients::{self, Clients, ClientsCanary};

fn run(seed: u64, kills: u64, canary: ClientsCanary) -> Result<Clients, Box<Finding>> {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let program = assert_cmd::cargo::cargo_bin!("fuzz");
    clients::run(program, folder.path(), (seed, kills), canary, &mut |_| {})
}

#[test]
fn what_clients_send_runs_once_across_kills() {
    // So many that, whatever the clock makes of the draws, it is some of them after which something is lost.
    let done = run(1, 16, ClientsCanary::None).expect("nothing found");
    assert_eq!((done.kills, done.journals), (16, 2));
    // Else the run has shown nothing.
    assert!(done.losses > 0 && done.losses < done.kills, "{done:?}");
    assert!(done.commands > 0 && done.trades > 0 && done.again > 0 && done.unanswered > 0, "{done:?}");
}

#[test]
fn clients_that_number_again_are_found_out() {
    let finding = run(1, 6, ClientsCanary::ResendAnew).expect_err("what ran twice was not found");
    assert!(finding.seed == 1 && finding.sequence > 0, "{finding}");
}

#[test]
fn a_primary_that_tells_too_early_is_found_out() {
    let finding = run(1, 6, ClientsCanary::TellExecuted).expect_err("what was lost was not found");
    assert!(finding.seed == 1 && finding.sequence > 0, "{finding}");
}
