//! Steps: what has to be done outside to close the gap between the state and the world. Each is idempotent.

use crate::command::Order;
use crate::ids::{AgentId, ApprovalId, InjectionId, ProcessId, RunId};
use crate::process::StopReason;
use crate::tickets::{JobId, Work};

/// One step. Adapters take it and report what happened as commands.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Start the agent's program under a shim, with the prompt of its open run.
    Start { process: ProcessId, agent: AgentId, run: RunId, injection: Option<InjectionId> },
    /// Write what this injection carries.
    Write { process: ProcessId, agent: AgentId, injection: InjectionId },
    /// Write the decision of a permission request.
    Answer { process: ProcessId, approval: ApprovalId },
    /// End the turn over the agent's protocol: the `number`-th time in this run.
    Interrupt { process: ProcessId, run: RunId, number: u32 },
    /// Ask over the agent's protocol whether it is there.
    Probe { process: ProcessId, run: RunId },
    /// End the process and its tree. A warm process without a run is asked first.
    Stop { process: ProcessId, reason: StopReason },
    /// Do a piece of work for tickets.
    Work { job: JobId, work: Work },
    /// Nobody needs the outcome of this piece of work any more: end it.
    Drop { job: JobId },
    /// A deadline came, or liveness changed: this goes back to the keeper.
    Due(Order),
}

impl Step {
    /// The process that it works on.
    pub fn process(&self) -> Option<ProcessId> {
        match self {
            Self::Start { process, .. }
            | Self::Write { process, .. }
            | Self::Answer { process, .. }
            | Self::Interrupt { process, .. }
            | Self::Probe { process, .. }
            | Self::Stop { process, .. } => Some(*process),
            Self::Work { .. } | Self::Drop { .. } | Self::Due(_) => None,
        }
    }
}
