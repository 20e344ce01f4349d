//! What can happen in a history.

use legion_model::tickets::{JobId, Work};
use legion_model::{AgentId, Command, Exit, InjectionId, ProcessId};

/// Where in its work the service dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    AtOnce,
    /// Decided, not appended.
    BeforeAppend,
    /// Appended; no step was taken.
    AfterAppend,
    /// Some of the steps were taken.
    AmongSteps,
    /// A piece of work is done, and its answer is not logged.
    AfterWork,
}

/// What one life of the service does. It is void when that life is over.
#[derive(Debug, Clone)]
pub enum Own {
    Commit,
    Wake,
    Do {
        job: JobId,
        work: Work,
    },
    /// The hand that did a piece of work is free again.
    Done {
        job: JobId,
    },
    /// The answer to a piece of work. Some count only while the job is held.
    Answer {
        job: JobId,
        command: Box<Command>,
        counts_with_job: bool,
    },
    Write {
        process: ProcessId,
        agent: AgentId,
        injection: InjectionId,
    },
    Look(ProcessId),
    Connect(ProcessId),
    Read(ProcessId),
    Gone {
        process: ProcessId,
        at_start: bool,
    },
}

#[derive(Debug, Clone)]
pub enum Action {
    Own {
        epoch: u64,
        own: Own,
    },
    /// A shim begins.
    Boot {
        process: ProcessId,
        epoch: u64,
        input: Option<InjectionId>,
    },
    /// A program comes to the end of its turn.
    TurnEnds {
        process: ProcessId,
        generation: u64,
    },
    Die {
        process: ProcessId,
        exit: Exit,
    },
    Person,
    Leader,
    Crash(CrashPoint),
    CrashIfArmed,
    Restart,
    KillAny,
    /// The machine loses power.
    PowerOff,
    Down,
    Jump {
        ms: i64,
    },
    /// Somebody moves a target behind the service's back.
    Intrude,
}
