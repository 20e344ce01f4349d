//! How an agent is run, and what that way of running can do.

use serde::{Deserialize, Serialize};

/// The kinds of drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriverKind {
    /// Claude Code over stream-json.
    Claude,
    /// Any program.
    Command,
}

/// What a driver can do. Data, so that a face can say "this agent cannot be steered" instead of failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Its process stays after a run and takes further prompts.
    pub converses: bool,
    /// A message can reach it inside a run.
    pub steers: bool,
    /// It asks for permission.
    pub asks: bool,
    /// Its runs report money.
    pub reports_cost: bool,
    /// Its turn can be ended without ending its process.
    pub interrupts: bool,
    /// It answers a probe over its protocol.
    pub answers_probes: bool,
    /// It refuses tools that it was not given.
    pub holds_tools: bool,
    /// Messages that one prompt may carry.
    pub prompt_messages_max: usize,
}

impl DriverKind {
    /// The word in JSON, flags and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Command => "command",
        }
    }

    /// What it can do.
    pub fn capabilities(self) -> Capabilities {
        match self {
            Self::Claude => Capabilities {
                converses: true,
                steers: true,
                asks: true,
                reports_cost: true,
                interrupts: true,
                answers_probes: true,
                holds_tools: true,
                prompt_messages_max: 20,
            },
            // Started anew for each message, with the message on its standard input: nothing reaches it in between.
            Self::Command => Capabilities {
                converses: false,
                steers: false,
                asks: false,
                reports_cost: false,
                interrupts: false,
                answers_probes: false,
                holds_tools: false,
                prompt_messages_max: 1,
            },
        }
    }
}
