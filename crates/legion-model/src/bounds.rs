//! Limits of the whole service, as configured. They bear on what is decided, never on what an event means.

use serde::{Deserialize, Serialize};

use crate::containment::Tier;

/// Limits of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Bytes of a task or message.
    pub text_bytes_max: u64,
    /// Messages that may wait for one agent.
    pub queue_max: usize,
    /// Agents in one project.
    pub headcount_max: u32,
    /// Levels below the person.
    pub depth_max: u32,
    /// Processes of agents of one project at the same time.
    pub processes_max: usize,
    /// How often a message is handed to an agent that dies of it.
    pub attempts_max: u32,
    /// How long a conversation's process stays after its run, in milliseconds.
    pub warm_ms: u64,
    /// Warm processes of one project.
    pub warm_max: usize,
    /// How long an interrupted turn may take to end before its process is stopped, in milliseconds.
    pub interrupt_grace_ms: u64,
    /// How long a process may take to end after SIGTERM before its tree is killed, in milliseconds.
    pub stop_grace_ms: u64,
    /// Silence after which an agent is under suspicion, in milliseconds.
    pub suspect_ms: u64,
    /// Silence after which it is stopped, in milliseconds.
    pub hung_ms: u64,
    /// How long a permission request waits for the person, in milliseconds.
    pub approval_ms: u64,
    /// Tickets of one project that are not deleted.
    pub tickets_max: usize,
    /// How long changes to protected paths, or an interrupted agent of a ticket, wait for the person, in milliseconds.
    pub held_ms: u64,
    /// How long a ticket waits for one that was closed without being merged, in milliseconds.
    pub upstream_ms: u64,
    /// How agents are held that the person hires and says nothing about it, and those of tickets.
    #[serde(default = "default_tier")]
    pub tier: Tier,
}

fn default_tier() -> Tier {
    Tier::Full
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            text_bytes_max: 1024 * 1024,
            queue_max: 1_000,
            headcount_max: 2_000,
            depth_max: 8,
            processes_max: 256,
            attempts_max: 3,
            warm_ms: 60_000,
            warm_max: 16,
            interrupt_grace_ms: 10_000,
            stop_grace_ms: 5_000,
            suspect_ms: 5 * 60_000,
            hung_ms: 30 * 60_000,
            approval_ms: 10 * 60_000,
            tickets_max: 20_000,
            held_ms: 24 * 3_600_000,
            upstream_ms: 7 * 24 * 3_600_000,
            tier: default_tier(),
        }
    }
}
