//! Events: small facts in plain words. The log holds them; the state is their fold.
//!
//! A field is never taken away and never changes its meaning; a new shape is a new schema number with an upcast (see the codec).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::Spec;
use crate::approval::Verdict;
use crate::body::Body;
use crate::command::{Answer, Key};
use crate::ids::{AgentId, ApprovalId, InjectionId, MessageId, Party, ProcessId, ProjectId, RunId};
use crate::message::{MessageKind, Urgency};
use crate::money::MicroUsd;
use crate::process::{Exit, StopReason};
use crate::run::{Outcome, Usage};

/// A fact. `at` is beside it in the record, not inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    ProjectOpened {
        project: ProjectId,
        path: String,
    },
    /// The service started on this log. Waits of callers ended with the service before.
    ServiceStarted,
    /// The service goes down and takes the agents with it: no run begins until the next start.
    ServiceStopping,

    AgentHired {
        agent: AgentId,
        name: String,
        role: Option<String>,
        parent: Party,
        by: Party,
        spec: Spec,
    },
    AgentReparented {
        agent: AgentId,
        parent: Party,
        name: String,
    },
    AgentFired {
        agent: AgentId,
        by: Party,
    },
    /// It was interrupted without a word on what to do: what waits for it opens no run until somebody tells it something.
    AgentHeld {
        agent: AgentId,
    },

    MessageAccepted {
        message: MessageId,
        from: Party,
        from_name: String,
        to: Party,
        message_kind: MessageKind,
        body: Body,
        urgency: Urgency,
        by: Option<Timestamp>,
        approval: Option<ApprovalId>,
    },
    /// Logged before the message is written to a working agent.
    MessageSteered {
        agent: AgentId,
        run: RunId,
        injection: InjectionId,
        message: MessageId,
    },
    /// The agent's program has what this write carried.
    InjectionSeen {
        agent: AgentId,
        run: RunId,
        injection: InjectionId,
    },
    /// It was handed over and never seen: it waits again, before everything else but redirects.
    MessageReturned {
        message: MessageId,
    },
    MessageExpired {
        message: MessageId,
        reason: String,
    },
    /// Its reader acknowledged it.
    MessageAcked {
        message: MessageId,
    },

    /// Logged before the prompt is written. `process` is new when `fresh`.
    RunOpened {
        agent: AgentId,
        run: RunId,
        number: u32,
        process: ProcessId,
        fresh: bool,
        injection: Option<InjectionId>,
        messages: Vec<MessageId>,
        deadline: Option<Timestamp>,
    },
    /// The run goes on in a new process, with a prompt to go on.
    RunResumed {
        agent: AgentId,
        run: RunId,
        process: ProcessId,
        injection: InjectionId,
    },
    /// A turn ended that did not end the run.
    TurnNoted {
        agent: AgentId,
        run: RunId,
        usage: Usage,
        cost: Option<MicroUsd>,
        cost_total: Option<MicroUsd>,
        turns: Option<u32>,
    },
    RunEnding {
        agent: AgentId,
        run: RunId,
        outcome: Outcome,
        why: String,
        by: Option<Party>,
        stop: bool,
    },
    RunSuspected {
        agent: AgentId,
        run: RunId,
        why: String,
    },
    RunCleared {
        agent: AgentId,
        run: RunId,
    },
    RunEnded {
        agent: AgentId,
        run: RunId,
        outcome: Outcome,
        result: Body,
        error: Option<String>,
        exit_code: Option<i32>,
        /// Of the whole run.
        usage: Usage,
        cost: Option<MicroUsd>,
        /// The program's running total after it.
        cost_total: Option<MicroUsd>,
        turns: Option<u32>,
    },

    ProcessStarted {
        process: ProcessId,
        pid: u32,
    },
    /// Facts up to this place of its transcript are in the log.
    ProcessRead {
        process: ProcessId,
        offset: u64,
    },
    ProcessStopping {
        process: ProcessId,
        reason: StopReason,
    },
    ProcessEnded {
        process: ProcessId,
        agent: AgentId,
        exit: Exit,
    },

    ApprovalAsked {
        approval: ApprovalId,
        agent: AgentId,
        process: ProcessId,
        request: String,
        tool: String,
        input: Body,
        deadline: Timestamp,
        message: MessageId,
    },
    ApprovalDecided {
        approval: ApprovalId,
        verdict: Verdict,
        by: Option<Party>,
        reason: Option<String>,
    },
    /// The answer was written to the agent.
    ApprovalAnswered {
        approval: ApprovalId,
    },

    WaitBegan {
        waiter: AgentId,
        target: AgentId,
    },
    WaitEnded {
        waiter: AgentId,
        target: AgentId,
    },

    /// A call was answered under this idempotency key.
    KeyUsed {
        caller: Party,
        key: Key,
        answer: Answer,
    },
}

impl Event {
    /// The agent it is about, when there is one.
    pub fn agent(&self) -> Option<AgentId> {
        match self {
            Self::AgentHired { agent, .. }
            | Self::AgentReparented { agent, .. }
            | Self::AgentFired { agent, .. }
            | Self::AgentHeld { agent }
            | Self::MessageSteered { agent, .. }
            | Self::InjectionSeen { agent, .. }
            | Self::RunOpened { agent, .. }
            | Self::RunResumed { agent, .. }
            | Self::TurnNoted { agent, .. }
            | Self::RunEnding { agent, .. }
            | Self::RunSuspected { agent, .. }
            | Self::RunCleared { agent, .. }
            | Self::RunEnded { agent, .. }
            | Self::ProcessEnded { agent, .. }
            | Self::ApprovalAsked { agent, .. }
            | Self::WaitBegan { waiter: agent, .. }
            | Self::WaitEnded { waiter: agent, .. } => Some(*agent),
            Self::MessageAccepted { to, from, .. } => to.agent().or(from.agent()),
            _ => None,
        }
    }
}
