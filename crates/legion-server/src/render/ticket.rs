//! Tickets as lists and boards show them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use legion_api as api;
use legion_model::tickets::{
    AttemptEnd, Board, ErrorClass, GateSpec, OnUpstream, Phase, Session, SessionName, SessionPhase, Stage, Status,
    Ticket, TicketId, TicketOutcome,
};
use legion_model::{AgentId, Organisation, Party, Usage};

use super::{agent, run};
use crate::rights::sees;

/// Tickets by status: of one session, or of all; only those that the caller may see.
pub(crate) fn counts(state: &Organisation, caller: Party, session: Option<&SessionName>) -> api::TicketCounts {
    let of = |ticket: &&Ticket| session.is_none_or(|session| ticket.session == *session);
    count(state, caller, state.board.tickets.values().filter(of))
}

/// Tickets by status, of the sessions that go on.
pub(crate) fn counts_of_open_sessions(state: &Organisation, caller: Party) -> api::TicketCounts {
    let active = |session: &&Session| session.phase == SessionPhase::Active;
    let names: Vec<&SessionName> = state.board.sessions.values().filter(active).map(|session| &session.name).collect();
    count(state, caller, state.board.tickets.values().filter(|ticket| names.contains(&&ticket.session)))
}

fn count<'a>(state: &Organisation, caller: Party, tickets: impl Iterator<Item = &'a Ticket>) -> api::TicketCounts {
    let mut counts = api::TicketCounts::default();
    for ticket in tickets.filter(|ticket| sees(state, caller, ticket)) {
        counts.add(status(state.board.status(ticket)));
    }
    counts
}

/// What the agents of tickets used and spent, with everybody below them. Made once for a list: it goes through all agents.
pub(crate) struct Spending {
    by_ticket: BTreeMap<TicketId, Spent>,
}

#[derive(Clone, Copy, Default)]
struct Spent {
    usage: Usage,
    dollars: f64,
    /// Somebody reported money.
    reported: bool,
}

impl Spending {
    pub(crate) fn of(state: &Organisation) -> Self {
        let mut by_ticket: BTreeMap<TicketId, Spent> = BTreeMap::new();
        for member in state.agents.values() {
            let above = state.ancestors(Party::Agent(member.id)).filter_map(Party::agent);
            let post = std::iter::once(member.id).chain(above).find_map(|id| state.board.posts.get(&id));
            let Some(post) = post else { continue };
            let spent = by_ticket.entry(post.ticket).or_default();
            spent.usage += member.usage;
            spent.usage += member.run.as_ref().map(|run| run.usage).unwrap_or_default();
            let fired = member.spent_by_fired.dollars();
            spent.dollars += agent::cost(member).unwrap_or_default() + fired;
            spent.reported |= agent::cost(member).is_some() || fired > 0.0;
        }
        Self { by_ticket }
    }

    /// With what agents have used that are gone.
    fn of_ticket(&self, ticket: &Ticket) -> (api::Usage, Option<f64>) {
        let Spent { mut usage, dollars, reported } = self.by_ticket.get(&ticket.id).copied().unwrap_or_default();
        usage += ticket.usage;
        let gone = ticket.spent.map(|spent| spent.dollars());
        let cost = (reported || gone.is_some()).then(|| dollars + gone.unwrap_or_default());
        (run::usage(usage), cost)
    }
}

/// One ticket as it is now.
pub(crate) fn ticket(state: &Organisation, now: Timestamp, spending: &Spending, ticket: &Ticket) -> api::Ticket {
    let board = &state.board;
    let spec = &ticket.spec;
    let attempt = ticket.attempt();
    let (usage, cost_usd) = spending.of_ticket(ticket);
    let (mut error, mut closed_at, mut commit, mut tree) = (None, None, None, None);
    let mut why = ticket.history.last().map(|last| last.why.clone());
    if let Phase::Closed { outcome, why: reason, at } = &ticket.phase {
        closed_at = Some(*at);
        why = Some(reason.clone()).filter(|why| !why.is_empty());
        match outcome {
            TicketOutcome::Done { commit: landed, tree: tested } => {
                commit = Some(landed.clone());
                tree = Some(tested.clone());
            }
            TicketOutcome::Error { class } => error = Some(error_class(*class)),
            TicketOutcome::Stopped | TicketOutcome::Skipped { .. } => {}
        }
    }
    api::Ticket {
        id: ticket.id.0,
        session: ticket.session.to_string(),
        local: ticket.local.clone(),
        title: spec.title.clone(),
        status: status(board.status(ticket)),
        merge: merge(ticket),
        after: ticket.after.keys().map(|upstream| link(board, *upstream)).collect(),
        dependents: board.dependents_of(ticket.id).map(|id| id.0).collect(),
        checkpoint: spec.checkpoint,
        worker: attempt.map(|attempt| attempt.worker),
        agent: agent_of(ticket).map(|agent| agent.to_string()),
        attempts: ticket.attempts,
        failures: ticket.failures,
        max_attempts: spec.max_attempts,
        stage: attempt.map(|attempt| stage(&attempt.stage)),
        added_at: ticket.added_at,
        began_at: ticket.started_at,
        attempt_began_at: attempt.map(|attempt| attempt.began_at),
        closed_at,
        retry_at: match &ticket.phase {
            Phase::Queued { not_before } => not_before.filter(|time| *time > now),
            _ => None,
        },
        working_seconds: working_seconds(ticket, now),
        error,
        why,
        summary: attempt
            .and_then(|attempt| attempt.reported.as_ref())
            .map(|(_, said)| said.clone())
            .or_else(|| ticket.summary.clone()),
        commit,
        tree,
        gates: spec.gates.iter().map(gate).collect(),
        team: spec.team.clone(),
        role: spec.role.clone(),
        group: spec.group.clone(),
        driver: spec.driver.map(agent::driver),
        model: spec.model.clone(),
        files: spec.files.clone(),
        by: ticket.by.to_string(),
        usage,
        cost_usd,
    }
}

/// The agent that works on it, or did last.
pub(crate) fn agent_of(ticket: &Ticket) -> Option<AgentId> {
    let open = ticket.attempt().and_then(|attempt| attempt.agent);
    open.or_else(|| ticket.history.iter().rev().find_map(|attempt| attempt.agent))
}

/// About how many bytes a ticket takes in a list.
pub(crate) fn bytes(ticket: &api::Ticket) -> usize {
    /// Names of the fields, numbers and times.
    const FRAME: usize = 1_000;
    let gates: usize = ticket.gates.iter().map(|gate| gate.name.len() + gate.command.len() + 60).sum();
    let files: usize = ticket.files.iter().map(|glob| glob.len() + 3).sum();
    let texts: usize = [&ticket.why, &ticket.summary].into_iter().flatten().map(String::len).sum();
    FRAME + ticket.title.len() + gates + files + texts + 30 * ticket.after.len() + 8 * ticket.dependents.len()
}

fn working_seconds(ticket: &Ticket, now: Timestamp) -> u64 {
    let seconds = |from: Timestamp, to: Timestamp| u64::try_from(to.duration_since(from).as_secs()).unwrap_or_default();
    let ended: u64 = ticket.history.iter().map(|attempt| seconds(attempt.began_at, attempt.ended_at)).sum();
    ended + ticket.attempt().map_or(0, |attempt| seconds(attempt.began_at, now))
}

pub(crate) fn link(board: &Board, id: TicketId) -> api::TicketLink {
    api::TicketLink { id: id.0, status: board.tickets.get(&id).map(|ticket| status(board.status(ticket))) }
}

pub(crate) fn status(word: Status) -> api::TicketStatus {
    match word {
        Status::Queued => api::TicketStatus::Queued,
        Status::Blocked => api::TicketStatus::Blocked,
        Status::Working => api::TicketStatus::Working,
        Status::Verifying => api::TicketStatus::Verifying,
        Status::Merging => api::TicketStatus::Merging,
        Status::Done => api::TicketStatus::Done,
        Status::Error => api::TicketStatus::Error,
        Status::Stopped => api::TicketStatus::Stopped,
        Status::Skipped => api::TicketStatus::Skipped,
    }
}

pub(crate) fn merge(ticket: &Ticket) -> api::MergeState {
    match (&ticket.phase, ticket.history.last().map(|last| last.end)) {
        (Phase::Closed { outcome: TicketOutcome::Done { .. }, .. }, _) => api::MergeState::Merged,
        (Phase::Open(attempt), _) if attempt.stage == Stage::Queued => api::MergeState::Queued,
        (Phase::Open(attempt), _) if attempt.stage == Stage::Landing => api::MergeState::Landing,
        (_, Some(AttemptEnd::Failed(ErrorClass::Conflict))) => api::MergeState::Conflict,
        _ => api::MergeState::None,
    }
}

pub(crate) fn stage(stage: &Stage) -> api::Stage {
    match stage {
        Stage::Preparing => api::Stage::Preparing,
        Stage::Running => api::Stage::Running,
        Stage::Collecting | Stage::Collected => api::Stage::Collecting,
        Stage::Reviewing => api::Stage::Reviewing,
        Stage::Held { .. } => api::Stage::Held,
        Stage::Queued => api::Stage::Queued,
        Stage::Landing => api::Stage::Landing,
    }
}

pub(crate) fn error_class(class: ErrorClass) -> api::ErrorClass {
    match class {
        ErrorClass::Transient => api::ErrorClass::Transient,
        ErrorClass::Quota => api::ErrorClass::Quota,
        ErrorClass::Auth => api::ErrorClass::Auth,
        ErrorClass::Task => api::ErrorClass::Task,
        ErrorClass::Conflict => api::ErrorClass::Conflict,
        ErrorClass::Fatal => api::ErrorClass::Fatal,
    }
}

pub(crate) fn gate(gate: &GateSpec) -> api::Gate {
    api::Gate { name: gate.name.clone(), command: gate.command.clone(), timeout_seconds: gate.timeout_s }
}

/// What becomes of a ticket when one that it waits for is not merged, as people read it.
pub(crate) fn on_upstream(policy: OnUpstream) -> api::OnUpstream {
    match policy {
        OnUpstream::Skip => api::OnUpstream::Skip,
        OnUpstream::Fail => api::OnUpstream::Fail,
        OnUpstream::Wait => api::OnUpstream::Wait,
    }
}
