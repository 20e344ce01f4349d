//! Why a ticket is not moving, and who moves next: one derived value.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, Stage};
use super::landing::Item;
use super::names::TicketId;
use super::rules::{Hold, free_workers, hold, upstream_until};
use super::session::SessionPhase;
use super::ticket::{Phase, Status, Ticket, TicketOutcome};
use crate::decide::after;
use crate::ids::AgentId;
use crate::organisation::Organisation;

/// Who has to do something before it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "kebab-case")]
pub enum Mover {
    /// Nobody: it is merged, or was given up by order.
    Nobody,
    Service,
    Agent {
        agent: AgentId,
    },
    Ticket {
        ticket: TicketId,
    },
    Person,
}

/// The single next mover of a ticket, and until when it has to move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Why {
    pub ticket: TicketId,
    pub status: Status,
    pub mover: Mover,
    /// What happens or is waited for, as a sentence.
    pub what: String,
    /// When something else happens if nothing does. Every unfinished ticket has one.
    pub deadline: Option<Timestamp>,
    /// Tickets with overlapping files that are being worked on.
    pub overlaps: Vec<TicketId>,
}

/// What the service itself may take for a piece of work, in milliseconds.
const WORK_MS: u64 = 10 * 60_000;

/// Why a ticket is where it is.
pub fn why(state: &Organisation, ticket: &Ticket) -> Why {
    let mut seen = Vec::new();
    let (mover, what, deadline) = mover(state, ticket, &mut seen);
    let board = &state.board;
    let overlaps = if ticket.is_closed() {
        Vec::new()
    } else {
        let open = board.open.iter().filter_map(|id| board.tickets.get(id));
        open.filter(|other| other.id != ticket.id && other.session == ticket.session)
            .filter(|other| super::rules::files_overlap(ticket, other))
            .map(|other| other.id)
            .collect()
    };
    Why { ticket: ticket.id, status: board.status(ticket), mover, what, deadline, overlaps }
}

type Moved = (Mover, String, Option<Timestamp>);

fn mover(state: &Organisation, ticket: &Ticket, seen: &mut Vec<TicketId>) -> Moved {
    match &ticket.phase {
        Phase::Closed { outcome: TicketOutcome::Done { commit, .. }, .. } => {
            (Mover::Nobody, format!("it is merged as {}", commit.get(..12).unwrap_or(commit)), None)
        }
        Phase::Closed { outcome, why, .. } => {
            let word = match outcome {
                TicketOutcome::Error { class } => format!("it failed ({})", class.as_str()),
                TicketOutcome::Stopped => "it was stopped".to_owned(),
                _ => "it was skipped".to_owned(),
            };
            (Mover::Person, format!("{word}: {why}. `legion retry {}` opens it again", ticket.id.0), None)
        }
        Phase::Open(attempt) => open(state, ticket, attempt),
        Phase::Queued { not_before } => queued(state, ticket, *not_before, seen),
    }
}

fn open(state: &Organisation, ticket: &Ticket, attempt: &Attempt) -> Moved {
    let work = Some(after(attempt.since, WORK_MS));
    if let Some(delay) = &attempt.delay {
        let what = format!("work of the service failed {} times and is tried again: {}", delay.tries, delay.why);
        return (Mover::Service, what, Some(after(delay.until, WORK_MS)));
    }
    match &attempt.stage {
        Stage::Preparing => (Mover::Service, "its clone is being made".to_owned(), work),
        Stage::Running => {
            let agent = attempt.agent.and_then(|agent| state.agents.get(&agent));
            agent_moves(state, agent, attempt.since, "works on it", ticket)
        }
        Stage::Collecting | Stage::Collected => (Mover::Service, "what it left is taken in".to_owned(), work),
        Stage::Reviewing => match attempt.open_review() {
            Some(review) if review.prepared => {
                let agent = state.agents.get(&review.agent);
                agent_moves(state, agent, attempt.since, &format!("looks at it as {}", review.role), ticket)
            }
            _ => (Mover::Service, "a clone for its reviewer is being made".to_owned(), work),
        },
        Stage::Held { deadline } => (
            Mover::Person,
            format!("it changes protected files: `legion approve {0}` or `legion deny {0}`", ticket.id.0),
            Some(*deadline),
        ),
        Stage::Queued | Stage::Landing => landing(state, ticket, attempt),
    }
}

fn agent_moves(
    state: &Organisation,
    agent: Option<&crate::agent::Agent>,
    since: Timestamp,
    does: &str,
    ticket: &Ticket,
) -> Moved {
    let Some(agent) = agent else {
        return (Mover::Service, "its agent is being hired".to_owned(), Some(after(since, WORK_MS)));
    };
    if agent.held {
        let what = format!("its agent `{}` was interrupted: `legion tell` it how to go on", agent.name);
        return (Mover::Person, what, Some(after(since, state.bounds.held_ms)));
    }
    let asks = state.approvals.values().find(|open| open.agent == agent.id && open.verdict.is_none());
    if let Some(asks) = asks {
        let what = format!(
            "its agent `{}` asks for permission to use {}: `legion approve {}`",
            agent.name, asks.tool, asks.id
        );
        return (Mover::Person, what, Some(asks.deadline));
    }
    let limit = after(since, ticket.spec.timeout_s.saturating_mul(1_000));
    match &agent.run {
        Some(run) => (
            Mover::Agent { agent: agent.id },
            format!("its agent `{}` {does}", agent.name),
            run.deadline.or(Some(limit)),
        ),
        None => {
            let below = state
                .subtree(agent.id.into())
                .into_iter()
                .find(|id| state.agents.get(id).is_some_and(|a| a.run.is_some()));
            match below {
                Some(below) => {
                    let what = format!("its agent `{}` waits for {}", agent.name, state.called(below.into()));
                    (Mover::Agent { agent: below }, what, Some(limit))
                }
                None => (
                    Mover::Service,
                    format!("its agent `{}` is about to begin", agent.name),
                    Some(after(since, WORK_MS)),
                ),
            }
        }
    }
}

fn landing(state: &Organisation, ticket: &Ticket, attempt: &Attempt) -> Moved {
    let Some(session) = state.board.sessions.get(&ticket.session) else {
        return (Mover::Person, "its session is gone".to_owned(), None);
    };
    match &session.landing {
        Some(landing) if matches!(landing.item, Item::Attempt { attempt: landed, .. } if landed == attempt.id) => {
            let (what, deadline) = match (&landing.delay, &landing.run, &landing.built) {
                (Some(delay), _, _) => (
                    format!("landing it failed {} times and is tried again: {}", delay.tries, delay.why),
                    after(delay.until, WORK_MS),
                ),
                (_, Some(run), _) => (format!("the gate `{}` runs", run.gate.name), run.deadline),
                (_, _, None) => ("its merge is being built".to_owned(), after(landing.began_at, WORK_MS)),
                _ => ("the target is being moved".to_owned(), after(attempt.since, WORK_MS)),
            };
            (Mover::Service, what, Some(deadline))
        }
        Some(landing) => {
            let place = session
                .queue
                .iter()
                .position(|item| matches!(item, Item::Attempt { attempt: queued, .. } if *queued == attempt.id));
            let ahead = place.unwrap_or_default() + 1;
            let deadline = landing.run.as_ref().map_or_else(|| after(landing.began_at, WORK_MS), |run| run.deadline);
            let mover = match landing.item {
                Item::Attempt { ticket, .. } => Mover::Ticket { ticket },
                Item::Import { .. } => Mover::Service,
            };
            (mover, format!("it is number {ahead} in the merge queue"), Some(deadline))
        }
        None => {
            let what = if state.closing {
                "the service is going down: it goes on with the next start"
            } else {
                "its landing is about to begin"
            };
            (Mover::Service, what.to_owned(), Some(after(attempt.since, WORK_MS)))
        }
    }
}

fn queued(state: &Organisation, ticket: &Ticket, not_before: Option<Timestamp>, seen: &mut Vec<TicketId>) -> Moved {
    let board = &state.board;
    let Some(session) = board.sessions.get(&ticket.session) else {
        return (Mover::Person, "its session is gone".to_owned(), None);
    };
    if session.phase == SessionPhase::Completed {
        return (Mover::Person, format!("its session `{}` is completed", session.name), None);
    }
    let long = after(state.last_at, WORK_MS);
    if let Some(time) = not_before.filter(|time| *time > state.last_at) {
        let last = ticket.history.last().map(|last| format!(" after: {}", last.why)).unwrap_or_default();
        return (Mover::Service, format!("it is tried again{last}"), Some(time));
    }
    match hold(board, session, ticket, &free_workers(board, session)) {
        Ok(Hold::Upstream(upstream)) => {
            let all: Vec<String> = board.unmet(ticket).map(|id| id.to_string()).take(20).collect();
            let what = format!("it waits for {}", all.join(", "));
            let Some(up) = board.tickets.get(&upstream).filter(|_| !seen.contains(&upstream)) else {
                return (Mover::Person, what, None);
            };
            if up.is_closed() {
                let what = format!(
                    "{what}; {} will not be merged as it is: `legion retry {}`, or delete this one",
                    up.id, up.id.0
                );
                return (Mover::Person, what, upstream_until(state, ticket, up));
            }
            seen.push(ticket.id);
            let (_, _, deadline) = mover(state, up, seen);
            (Mover::Ticket { ticket: upstream }, what, deadline)
        }
        Ok(other) => {
            let what = match &other {
                Hold::NoWorker => format!("all {} workers are busy", session.settings.workers),
                Hold::Worker(worker) => format!("worker {worker} is busy"),
                Hold::Group(group) => format!("as many of the group `{group}` work as may"),
                Hold::Overlap(ticket) => format!("its files overlap with those of {ticket}, which is being worked on"),
                Hold::Upstream(upstream) => format!("it waits for {upstream}"),
            };
            let first = match other {
                Hold::Overlap(ticket) => Some(ticket),
                _ => board
                    .open
                    .iter()
                    .copied()
                    .find(|id| board.tickets.get(id).is_some_and(|t| t.session == ticket.session)),
            };
            match first.and_then(|id| board.tickets.get(&id)) {
                Some(first) if !seen.contains(&first.id) => {
                    seen.push(ticket.id);
                    let (_, _, deadline) = mover(state, first, seen);
                    (Mover::Ticket { ticket: first.id }, what, deadline.or(Some(long)))
                }
                _ => (Mover::Service, what, Some(long)),
            }
        }
        Err(_) if state.closing => {
            (Mover::Service, "the service is going down: it goes on with the next start".to_owned(), Some(long))
        }
        Err(_) => (Mover::Service, "it is about to begin".to_owned(), Some(long)),
    }
}
