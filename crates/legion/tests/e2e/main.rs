//! The binary as a user has it: the command line, the service, shims, and real programs.

mod basics;
mod claude;
mod exactly_once;
mod full_disk;
mod hostile;
mod kit;
mod restart;
mod start;
mod support;
mod tickets;
