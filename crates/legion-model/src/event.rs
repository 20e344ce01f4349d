//! Events: small facts in plain words. The log holds them; the state is their fold.
//!
//! A field is never taken away and never changes its meaning; a new shape is a new schema number with an upcast (see the codec).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::Spec;
use crate::approval::Verdict;
use crate::body::Body;
use crate::command::{Answer, Key};
use crate::gateway::{
    AllowanceId, BudgetOf, CassetteMode, LaneClass, NanoUsd, Payer, Provider, ProviderName, Route, RouteKey,
    SettledCalls,
};
use crate::ids::{
    AgentId, ApprovalId, AttemptId, GateRunId, InjectionId, LandingId, MessageId, Party, ProcessId, ProjectId, RunId,
};
use crate::message::{MessageKind, Urgency};
use crate::money::MicroUsd;
use crate::process::{Exit, StopReason};
use crate::run::{Outcome, Usage};
use crate::tickets::{
    AttemptEnd, Evidence, GateSpec, Item, Judgement, PlaceKey, ProtectedChange, Role, SessionName, SessionSettings,
    Team, TicketId, TicketOutcome, TicketSpec, UpstreamPolicy,
};

/// A fact. `at` is beside it in the record, not inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a hire carries all that an agent was given; events are handled a few at a time"
)]
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

    SessionOpened {
        session: SessionName,
        /// The commit that the target branch begins with.
        base: String,
        branch: Option<String>,
        settings: SessionSettings,
        by: Party,
    },
    SessionSet {
        session: SessionName,
        settings: SessionSettings,
        by: Party,
    },
    /// From now on commands that name no session mean this one.
    SessionUsed {
        session: SessionName,
    },
    SessionCompleted {
        session: SessionName,
        by: Party,
    },
    SessionReopened {
        session: SessionName,
        by: Party,
    },
    SessionDeleted {
        session: SessionName,
        by: Party,
    },

    TicketAdded {
        ticket: TicketId,
        session: SessionName,
        local: Option<String>,
        spec: Box<TicketSpec>,
        after: Vec<TicketId>,
        /// Of those in `after`: the ones that have another policy than the ticket.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        policies: Vec<UpstreamPolicy>,
        by: Party,
    },
    /// Closed before, it is queued again.
    TicketReopened {
        ticket: TicketId,
        /// When its content changed.
        spec: Option<Box<TicketSpec>>,
        feedback: Option<Body>,
        by: Party,
    },
    TicketClosed {
        ticket: TicketId,
        outcome: TicketOutcome,
        why: String,
        by: Option<Party>,
    },
    TicketDeleted {
        ticket: TicketId,
        by: Party,
    },

    /// Logged before anything is done for it.
    AttemptBegan {
        ticket: TicketId,
        attempt: AttemptId,
        number: u32,
        worker: u32,
        /// Clone and agent; none for a checkpoint that only runs gates.
        place: Option<PlaceKey>,
        agent: Option<AgentId>,
        /// Both are new.
        fresh: bool,
        resolver: bool,
    },
    /// The clone stands on this commit.
    AttemptPrepared {
        ticket: TicketId,
        attempt: AttemptId,
        base: String,
    },
    /// What its agent says about it.
    AttemptReported {
        ticket: TicketId,
        attempt: AttemptId,
        done: bool,
        summary: String,
    },
    /// Its agent was cut off and is told to go on.
    AttemptContinued {
        ticket: TicketId,
        attempt: AttemptId,
    },
    /// Its agent and everybody below it have come to rest.
    AttemptRan {
        ticket: TicketId,
        attempt: AttemptId,
    },
    AttemptCollected {
        ticket: TicketId,
        attempt: AttemptId,
        evidence: Box<Evidence>,
    },
    ReviewBegan {
        ticket: TicketId,
        attempt: AttemptId,
        step: u32,
        role: String,
        agent: AgentId,
        place: PlaceKey,
    },
    ReviewPrepared {
        ticket: TicketId,
        attempt: AttemptId,
        step: u32,
    },
    ReviewReminded {
        ticket: TicketId,
        attempt: AttemptId,
        step: u32,
    },
    ReviewGiven {
        ticket: TicketId,
        attempt: AttemptId,
        step: u32,
        approved: bool,
        summary: Body,
    },
    /// It changes protected paths: a person decides.
    AttemptHeld {
        ticket: TicketId,
        attempt: AttemptId,
        changes: Vec<ProtectedChange>,
        deadline: Timestamp,
    },
    AttemptApproved {
        ticket: TicketId,
        attempt: AttemptId,
        by: Party,
    },
    AttemptQueued {
        ticket: TicketId,
        attempt: AttemptId,
    },
    AttemptEnded {
        ticket: TicketId,
        attempt: AttemptId,
        end: AttemptEnd,
        why: String,
        /// The real output of what failed: what the next attempt is told.
        detail: Option<Body>,
        /// The ticket is queued again, not before this time.
        retry_at: Option<Timestamp>,
        by: Option<Party>,
    },
    /// Work of the service for this attempt failed and is tried again.
    AttemptDelayed {
        ticket: TicketId,
        attempt: AttemptId,
        tries: u32,
        until: Timestamp,
        why: String,
    },

    /// Commits of the person wait to be landed.
    ImportQueued {
        session: SessionName,
        number: u32,
        commit: String,
        branch: Option<String>,
        by: Party,
    },
    LandingBegan {
        session: SessionName,
        landing: LandingId,
        item: Item,
        onto: String,
    },
    LandingBuilt {
        session: SessionName,
        landing: LandingId,
        commit: String,
        tree: String,
        gates: Vec<GateSpec>,
    },
    GateBegan {
        session: SessionName,
        landing: LandingId,
        run: GateRunId,
        gate: GateSpec,
        deadline: Timestamp,
    },
    GateJudged {
        session: SessionName,
        landing: LandingId,
        tree: String,
        verdict: Box<Judgement>,
    },
    LandingDelayed {
        session: SessionName,
        landing: LandingId,
        tries: u32,
        until: Timestamp,
        why: String,
    },
    /// Over. With `moved`, the target stands on `commit`, whose tree passed every gate.
    LandingEnded {
        session: SessionName,
        landing: LandingId,
        moved: bool,
        conflict: bool,
        commit: Option<String>,
        tree: Option<String>,
        why: String,
    },

    /// Nobody needs this clone any more.
    PlaceReleased {
        place: PlaceKey,
    },
    PlaceRescued {
        place: PlaceKey,
        /// `None` when there was nothing that is not pinned already.
        commit: Option<String>,
        reference: Option<String>,
    },
    PlaceRemoved {
        place: PlaceKey,
    },
    PlaceDelayed {
        place: PlaceKey,
        tries: u32,
        until: Timestamp,
        why: String,
    },

    RoleSet {
        role: Role,
        by: Party,
    },
    RoleDeleted {
        role: String,
        by: Party,
    },
    TeamSet {
        team: Team,
        by: Party,
    },
    TeamDeleted {
        team: String,
        by: Party,
    },

    /// A caller wanted what it may not, and got nothing. Of one that asks too often, most are only counted.
    AccessRefused {
        /// `None` when no token said who it was.
        caller: Option<Party>,
        /// What was asked for, as it came in.
        request: String,
        why: String,
    },
    /// So many refusals of this caller are not in the log by themselves.
    RefusalsOmitted {
        caller: Option<Party>,
        count: u64,
    },
    /// Secrets are handed to a process, by their names. Logged before it is started.
    SecretsHanded {
        agent: AgentId,
        process: ProcessId,
        secrets: Vec<String>,
    },
    /// The gateway put the key of a provider into requests: so many since the entry before about this caller and provider. The first of a
    /// run is logged before it.
    ProviderKeyUsed {
        /// `None`: a program of the person's.
        agent: Option<AgentId>,
        run: Option<RunId>,
        provider: String,
        calls: u64,
    },
    /// Contents of files that configure agent programs are trusted from now on, or not any more.
    TrustSet {
        path: String,
        /// Names and hashes.
        contents: Vec<String>,
        trusted: bool,
    },

    /// Model calls of this process come through the gateway: what its program says about money does not count.
    ProcessMetered {
        process: ProcessId,
        agent: AgentId,
    },
    /// What the agent has spent through the gateway so far, over all of its runs.
    AgentMetered {
        agent: AgentId,
        /// The run that the newest part belongs to.
        run: Option<RunId>,
        total: NanoUsd,
    },

    /// Of the gateway, like those that follow: they are in the service's stream.
    ProviderSet {
        provider: Box<Provider>,
        by: Party,
    },
    ProviderRemoved {
        provider: ProviderName,
        by: Party,
    },
    RouteSet {
        key: RouteKey,
        route: Route,
        by: Party,
    },
    RouteRemoved {
        key: RouteKey,
        by: Party,
    },
    BudgetSet {
        of: BudgetOf,
        limit: NanoUsd,
        by: Party,
    },
    BudgetRemoved {
        of: BudgetOf,
        by: Party,
    },
    /// Logged before any of it is spent.
    AllowanceOpened {
        allowance: AllowanceId,
        payer: Payer,
        granted: NanoUsd,
    },
    /// Nothing more is spent of it: what was not charged is free again.
    AllowanceClosed {
        allowance: AllowanceId,
    },
    /// A service left it open when it died; a person says what was spent of it besides what was charged.
    AllowanceReconciled {
        allowance: AllowanceId,
        spent: NanoUsd,
        by: Party,
    },
    /// Calls that ended, at most a second's.
    CallsSettled {
        batch: uuid::Uuid,
        calls: Vec<SettledCalls>,
    },
    LaneClosed {
        provider: ProviderName,
        model: Option<String>,
        until: Timestamp,
        class: LaneClass,
        why: String,
    },
    LaneOpened {
        provider: ProviderName,
        model: Option<String>,
    },
    CassetteSet {
        mode: CassetteMode,
        by: Party,
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
            | Self::ProcessMetered { agent, .. }
            | Self::AgentMetered { agent, .. }
            | Self::SecretsHanded { agent, .. }
            | Self::WaitBegan { waiter: agent, .. }
            | Self::WaitEnded { waiter: agent, .. } => Some(*agent),
            Self::MessageAccepted { to, from, .. } => to.agent().or(from.agent()),
            Self::AccessRefused { caller, .. } | Self::RefusalsOmitted { caller, .. } => caller.and_then(Party::agent),
            Self::AttemptBegan { agent, .. } | Self::ProviderKeyUsed { agent, .. } => *agent,
            Self::ReviewBegan { agent, .. } => Some(*agent),
            _ => None,
        }
    }

    /// The ticket it is about, when there is one.
    pub fn ticket(&self) -> Option<TicketId> {
        match self {
            Self::TicketAdded { ticket, .. }
            | Self::TicketReopened { ticket, .. }
            | Self::TicketClosed { ticket, .. }
            | Self::TicketDeleted { ticket, .. }
            | Self::AttemptBegan { ticket, .. }
            | Self::AttemptPrepared { ticket, .. }
            | Self::AttemptReported { ticket, .. }
            | Self::AttemptContinued { ticket, .. }
            | Self::AttemptRan { ticket, .. }
            | Self::AttemptCollected { ticket, .. }
            | Self::ReviewBegan { ticket, .. }
            | Self::ReviewPrepared { ticket, .. }
            | Self::ReviewReminded { ticket, .. }
            | Self::ReviewGiven { ticket, .. }
            | Self::AttemptHeld { ticket, .. }
            | Self::AttemptApproved { ticket, .. }
            | Self::AttemptQueued { ticket, .. }
            | Self::AttemptEnded { ticket, .. }
            | Self::AttemptDelayed { ticket, .. } => Some(*ticket),
            Self::LandingBegan { item: Item::Attempt { ticket, .. }, .. } => Some(*ticket),
            _ => None,
        }
    }
}
