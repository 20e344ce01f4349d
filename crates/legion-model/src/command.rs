//! Commands: what callers ask for, and facts that the outside reports. Each carries its time and the ids it needs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::{OnRestart, PermissionMode};
use crate::approval::Verdict;
use crate::audit::AuditEntry;
use crate::body::Body;
use crate::containment::ContainmentAsk;
use crate::driver::DriverKind;
use crate::event::Event;
use crate::gateway::NanoUsd;
use crate::ids::{
    AgentId, ApprovalId, AttemptId, GateRunId, InjectionId, LandingId, MessageId, Party, ProcessId, ProjectId, RunId,
};
use crate::limits::Limits;
use crate::process::{Exit, StopReason};
use crate::refusal::Refusal;
use crate::run::TurnReport;
use crate::tickets::{
    Evidence, GateSpec, GateVerdict, NewTicket, PlaceKey, Role, SessionName, SessionSettings, Team, TicketChanges,
    TicketId, Work,
};

/// An idempotency key with a fingerprint of the request it was first used for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    pub key: String,
    pub fingerprint: String,
}

/// What to do, when, and under which key.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    pub at: Timestamp,
    pub by: Party,
    pub key: Option<Key>,
    pub order: Order,
}

impl Command {
    /// A command of the service itself.
    pub fn own(at: Timestamp, order: Order) -> Self {
        Self { at, by: Party::Root, key: None, order }
    }
}

/// A hire, before defaults and narrowing.
#[derive(Debug, Clone, PartialEq)]
pub struct HireOrder {
    pub agent: AgentId,
    pub message: MessageId,
    pub parent: Party,
    pub task: Body,
    /// First words of the task, for a name when none is given.
    pub task_head: String,
    pub task_bytes: u64,
    pub name: Option<String>,
    pub role: Option<String>,
    /// Already resolved: what is installed is the outside's to know.
    pub driver: DriverKind,
    pub command: Option<Vec<String>>,
    pub model: Option<String>,
    /// Absolute and resolved (no symbolic links); `None` is the parent's.
    pub cwd: Option<String>,
    pub tools: Option<Vec<String>>,
    pub permission_mode: Option<PermissionMode>,
    pub containment: ContainmentAsk,
    pub limits: Limits,
    pub on_restart: OnRestart,
    pub files: Vec<String>,
}

/// What is asked for, or reported.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    OpenProject {
        project: ProjectId,
        path: String,
    },
    StartService,

    Hire(Box<HireOrder>),
    Tell {
        message: MessageId,
        to: Party,
        body: Body,
        bytes: u64,
        now: bool,
        deadline: Option<Timestamp>,
    },
    Interrupt {
        agent: AgentId,
        message: MessageId,
        body: Option<Body>,
        bytes: u64,
    },
    InterruptAll,
    Fire {
        agent: AgentId,
        keep_reports: bool,
    },
    Ack {
        messages: Option<Vec<MessageId>>,
    },
    Decide {
        approval: ApprovalId,
        verdict: Verdict,
        reason: Option<String>,
    },
    BeginWait {
        waiter: AgentId,
        target: AgentId,
    },
    EndWait {
        waiter: AgentId,
        target: AgentId,
    },
    /// Ends every run and stops every process.
    StopAll,
    Tickets(TicketOrder),
    /// Something to remember about who used, or wanted to use, what.
    Audit(AuditEntry),

    /// The shim executed the program.
    ProcessStarted {
        process: ProcessId,
        pid: u32,
    },
    /// Facts read from a transcript up to `offset`.
    Observed {
        process: ProcessId,
        offset: u64,
        facts: Vec<Fact>,
    },
    /// The process and its tree are gone.
    ProcessEnded {
        process: ProcessId,
        offset: u64,
        exit: Exit,
        /// Writes that the program is proved to have, asked for at the end.
        seen: Vec<InjectionId>,
        /// Last words, for a run that ends with its process.
        result: Body,
        error: Option<String>,
        /// It was found gone when the service started.
        at_start: bool,
    },
    ApprovalAnswered {
        approval: ApprovalId,
    },
    /// The gateway has this process's first call before it.
    ProcessMetered {
        process: ProcessId,
    },
    /// What the gateway's books say about an agent. The same, or less, changes nothing.
    AgentMetered {
        agent: AgentId,
        run: Option<RunId>,
        total: NanoUsd,
    },
    /// The gateway refused a call of this run for want of money.
    MoneyUsedUp {
        agent: AgentId,
        run: RunId,
        why: String,
    },

    /// A deadline came. Each is checked again here.
    RunTimeUp {
        run: RunId,
        agent: AgentId,
    },
    InterruptTimeUp {
        run: RunId,
        agent: AgentId,
    },
    MessageTimeUp {
        message: MessageId,
    },
    ApprovalTimeUp {
        approval: ApprovalId,
    },
    WarmTimeUp {
        process: ProcessId,
    },
    /// Liveness, judged on the monotonic clock outside.
    Suspect {
        run: RunId,
        agent: AgentId,
        why: String,
    },
    Clear {
        run: RunId,
        agent: AgentId,
    },
    Hung {
        run: RunId,
        agent: AgentId,
        why: String,
    },
    /// Stops one process for a reason of the service.
    Stop {
        process: ProcessId,
        reason: StopReason,
    },
}

/// What is asked for about tickets, or reported about them.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketOrder {
    /// Its base is a commit that is in the control repository already.
    OpenSession {
        session: SessionName,
        base: String,
        branch: Option<String>,
        settings: SessionSettings,
    },
    SetSession {
        session: SessionName,
        settings: SessionSettings,
    },
    UseSession {
        session: SessionName,
    },
    CompleteSession {
        session: SessionName,
    },
    /// With `force`, unfinished tickets are stopped; their files are secured.
    DeleteSession {
        session: SessionName,
        force: bool,
    },
    /// Commits of the person, in the control repository already.
    Import {
        session: SessionName,
        commit: String,
        branch: Option<String>,
    },
    /// A whole plan, or one ticket: all or nothing.
    Add {
        session: SessionName,
        tickets: Vec<NewTicket>,
        /// Workers to set in the same batch.
        settings: Option<SessionSettings>,
    },
    Stop {
        tickets: Vec<TicketId>,
    },
    /// Every unfinished ticket of a session, or of all.
    StopAll {
        session: Option<SessionName>,
    },
    Retry {
        ticket: TicketId,
        feedback: Option<Body>,
        changes: Box<TicketChanges>,
    },
    Delete {
        ticket: TicketId,
        /// Those that wait for it, too.
        dependents: bool,
    },
    /// A person lets an attempt's changes to protected paths through, or sends it back.
    DecideHeld {
        ticket: TicketId,
        approve: bool,
        reason: Option<String>,
    },
    /// What the caller, a ticket's agent, says: a worker about its work, a reviewer its verdict.
    Report {
        done: bool,
        summary: Body,
    },
    SetRole {
        role: Role,
    },
    DeleteRole {
        role: String,
    },
    SetTeam {
        team: Team,
    },
    DeleteTeam {
        team: String,
    },
    /// The service has something to tell the person.
    Notice {
        text: String,
    },

    /// Answers of the hands. Each names its attempt or landing: one of an older one changes nothing.
    Prepared {
        ticket: TicketId,
        attempt: AttemptId,
        base: String,
        /// Absolute path of the clone.
        dir: String,
        /// The whole text for its agent.
        assignment: Body,
        bytes: u64,
    },
    ReviewPrepared {
        ticket: TicketId,
        attempt: AttemptId,
        step: u32,
        dir: String,
        assignment: Body,
        bytes: u64,
    },
    Collected {
        ticket: TicketId,
        attempt: AttemptId,
        evidence: Box<Evidence>,
    },
    /// What the attempt left is no work yet: its agent has to see to that, and `why` is for it.
    NotCollected {
        ticket: TicketId,
        attempt: AttemptId,
        why: String,
    },
    Built {
        session: SessionName,
        landing: LandingId,
        commit: String,
        tree: String,
        /// From the configuration in the target, besides those in the state.
        target_gates: Vec<GateSpec>,
    },
    Conflicted {
        session: SessionName,
        landing: LandingId,
        files: Vec<String>,
        /// The hunks, for the author.
        detail: Body,
    },
    GateEnded {
        session: SessionName,
        landing: LandingId,
        run: GateRunId,
        verdict: GateVerdict,
        exit_code: Option<i32>,
        ms: u64,
        log: Body,
    },
    /// The target stands on the commit that was built.
    Moved {
        session: SessionName,
        landing: LandingId,
    },
    /// The target stands somewhere else than the landing thought.
    Foreign {
        session: SessionName,
        landing: LandingId,
        at: String,
    },
    Rescued {
        place: PlaceKey,
        commit: Option<String>,
        reference: Option<String>,
    },
    Removed {
        place: PlaceKey,
    },
    /// A piece of work failed. With `fatal`, trying again cannot help.
    WorkFailed {
        work: Work,
        why: String,
        fatal: bool,
    },

    /// Deadlines that came. Each is checked again.
    RetryDue,
    HeldTimeUp {
        ticket: TicketId,
        attempt: AttemptId,
    },
    /// Its agent was interrupted and nobody told it anything.
    IdleTimeUp {
        ticket: TicketId,
        attempt: AttemptId,
    },
    /// It waits for one that was closed without being merged, and nobody mended that.
    UpstreamTimeUp {
        ticket: TicketId,
    },
}

/// One thing that an agent's program was seen to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The program has what this write carried.
    Seen(InjectionId),
    /// A turn began. When no run is open, the program opened it by itself.
    TurnBegan,
    TurnEnded(TurnReport),
    ApprovalWanted {
        request: String,
        tool: String,
        input: Body,
    },
    ApprovalWithdrawn {
        request: String,
    },
}

/// What a caller is told. Kept with the idempotency key, so that a repeated call gets the same answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Done,
    Hired {
        agent: AgentId,
        warnings: Vec<String>,
    },
    Told {
        message: MessageId,
    },
    Interrupted {
        run: Option<RunId>,
        message: Option<MessageId>,
    },
    InterruptedAll {
        agents: Vec<AgentId>,
    },
    Fired {
        agents: Vec<AgentId>,
        kept: Vec<AgentId>,
    },
    Acked {
        messages: u32,
    },
    /// Numbers in the order of the tickets.
    Added {
        tickets: Vec<TicketId>,
        warnings: Vec<String>,
    },
    /// Tickets that an order took hold of.
    Tickets {
        tickets: Vec<TicketId>,
    },
    Imported {
        number: u32,
    },
    /// The wait was refused, and the person was told.
    Deadlock {
        refusal: Refusal,
    },
}

/// The events that a command means, and the answer to its caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub events: Vec<Event>,
    pub answer: Answer,
}
