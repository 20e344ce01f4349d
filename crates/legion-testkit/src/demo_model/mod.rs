//! What a sensible model would answer to the agents of `legion demo --driver claude`, as rules for the scripted model server.
//!
//! Every answer is made from what the request says: who the agent is follows from its task, where it stands from the tool results since
//! the last message to it. What a prompt of the demo does not say, no agent here knows; only the shell code is known beforehand.

mod answer;
mod code;
mod leader;
mod manager;
mod plan;
mod step;
mod ticket;
mod turn;
mod worker;

pub use answer::answer;
