//! The binary as its users meet it: what it prints, where, and with which exit code.

mod acceptance;
mod bad_input;
mod check_flow;
mod command_line;
mod run;
mod support;
