//! The command line: one file per command over the typed client.
//!
//! It knows the wire types and the client, and nothing of the service: what only the binary can do comes in as [`Hooks`].
//! It reads no global: arguments, environment and clock are handed in or live in one file each.
#![forbid(unsafe_code)]

mod arguments;
mod clock;
mod commands;
mod connect;
mod context;
mod demo;
mod entry;
mod environment;
mod error;
mod exit;
mod hooks;
mod init;
mod input;
mod keys;
mod live;
mod live_board;
mod output;
mod plan_file;
mod pull_request;
mod repository;
mod session;
mod signals;
mod text;
mod view;

pub use arguments::Arguments;
pub use entry::main;
pub use environment::Environment;
pub use exit::EXIT_CODES;
pub use hooks::{
    DOCTOR_ANSWER_MAX, DOCTOR_MAX, Hooks, Listen, Look, Probe, ServeArgs, ServiceEnd, StartedService, Verdict,
};
pub use init::{InitError, InitFault, InitOutcome, InitReport, SectionFault, write_all};
pub use plan_file::{PLAN_BYTES_MAX, PlanFileError, PlanFormat, Position, parse_plan, read_plan};
