//! The binary as a user has it: the command line, the service, shims, and real programs.

mod bad_plans;
mod basics;
mod canaries;
mod claude;
mod containment;
mod demo;
mod exactly_once;
mod full_disk;
mod gateway;
mod held_commands;
mod hijacked;
mod hostile;
mod hostile_tickets;
mod kit;
mod landing_kills;
mod login;
mod nothing_lost;
mod prices;
mod raw_http;
mod restart;
mod small;
mod start;
mod support;
mod targets;
mod ticket_kills;
mod tickets;
