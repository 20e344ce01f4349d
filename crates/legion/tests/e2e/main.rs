//! The binary as a user has it: the command line, the service, shims, and real programs.

mod basics;
mod claude;
mod exactly_once;
mod hostile;
mod restart;
mod support;
