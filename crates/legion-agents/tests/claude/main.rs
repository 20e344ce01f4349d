//! The driver `claude` with the real programs, in each pinned version, on the scripted model server.
//!
//! `LEGION_RECORD=1 cargo nextest run -p legion-agents` writes what the programs said into `tests/transcripts/`, which
//! the tests of the decoder read; `INSTA_UPDATE=always` then takes over what they mean.

mod agent;
mod delivery;
mod faults;
mod interrupts;
mod messages;
mod permissions;
mod record;
mod sessions;
mod tasks;
