//! The gateway over real sockets, with scripted providers. One file for each noun.

mod allowed;
mod budget;
mod bytes;
mod canaries;
mod cassette;
mod count;
mod faults;
mod flood;
mod governor;
mod hang_up;
mod memory;
mod models;
mod passthrough;
mod prices;
mod recorded;
mod secrets;
mod signatures;
mod silence;
mod storms;
mod support;
mod tls;
mod translate;
mod translate_faults;
mod unix;
