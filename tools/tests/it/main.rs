//! The binary as its users meet it: what it prints, where, and with which exit code. Also the repository itself: what its
//! README says, and the rules of [`tidy`].

mod acceptance;
mod account_margin;
mod bad_input;
mod bad_journals;
mod bad_scenarios;
mod check_flow;
mod check_scenarios;
mod command_line;
mod diff;
mod doctor;
mod inspect;
mod journal_run;
mod journals;
mod latency;
mod own_scenarios;
mod portfolios;
mod prune;
mod readme;
mod recover;
mod recover_before;
mod reference;
mod replay;
mod run;
mod run_margin;
mod snapshot;
mod status;
mod support;
mod tail;
mod tidy;
mod verify;
