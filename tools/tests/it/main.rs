//! The binary as its users meet it: what it prints, where, and with which exit code. Also the repository itself: what its
//! README says, and the rules of [`tidy`].

mod acceptance;
mod bad_input;
mod bad_scenarios;
mod check_flow;
mod check_scenarios;
mod command_line;
mod diff;
mod inspect;
mod journals;
mod own_scenarios;
mod readme;
mod run;
mod support;
mod tail;
mod tidy;
