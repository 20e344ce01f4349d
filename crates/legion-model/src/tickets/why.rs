//! Why a ticket is not moving, and who moves next: one derived value.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, Stage};
use super::landing::Item;
use super::names::{SessionName, TicketId};
use super::rules::{Hold, Room, any_overlap, gate_ahead, globs, held_until, hold, open_in, upstream_until};
use super::session::SessionPhase;
use super::spec::OnUpstream;
use super::ticket::{Phase, Status, Ticket, TicketOutcome};
use crate::decide::after;
use crate::glob::Glob;
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
/// Tickets that a sentence names.
const NAMED_MAX: usize = 20;

/// Why a ticket is where it is.
pub fn why(state: &Organisation, ticket: &Ticket) -> Why {
    Whys::new(state).of(ticket)
}

/// Why tickets are where they are: what one answer found out serves the next.
pub struct Whys<'a> {
    state: &'a Organisation,
    rooms: BTreeMap<&'a SessionName, Room>,
    /// The files of tickets that are being worked on.
    open: Vec<(&'a Ticket, Vec<Glob>)>,
    deadlines: BTreeMap<TicketId, Option<Timestamp>>,
}

impl<'a> Whys<'a> {
    pub fn new(state: &'a Organisation) -> Self {
        let board = &state.board;
        let rooms = board.sessions.values().map(|session| (&session.name, Room::of(board, session))).collect();
        let open = board.open.iter().filter_map(|id| board.tickets.get(id));
        let open = open.filter(|ticket| !ticket.spec.files.is_empty()).map(|ticket| (ticket, globs(ticket))).collect();
        Self { state, rooms, open, deadlines: BTreeMap::new() }
    }

    /// Why this one is where it is.
    pub fn of(&mut self, ticket: &Ticket) -> Why {
        let (mover, what, until) = self.moved(ticket);
        let deadline = match until {
            Until::At(deadline) => deadline,
            Until::As(other) => self.deadline(other),
        };
        let overlaps = self.overlaps(ticket);
        Why { ticket: ticket.id, status: self.state.board.status(ticket), mover, what, deadline, overlaps }
    }

    fn overlaps(&self, ticket: &Ticket) -> Vec<TicketId> {
        if ticket.is_closed() || ticket.spec.files.is_empty() {
            return Vec::new();
        }
        let own = globs(ticket);
        let others = self.open.iter().filter(|(other, _)| other.id != ticket.id && other.session == ticket.session);
        others.filter(|(_, files)| any_overlap(&own, files)).map(|(other, _)| other.id).collect()
    }

    /// The deadline of a ticket that others wait for. A chain may be as long as a plan.
    fn deadline(&mut self, first: TicketId) -> Option<Timestamp> {
        let mut chain = Vec::new();
        let mut at = first;
        let found = loop {
            if let Some(known) = self.deadlines.get(&at) {
                break *known;
            }
            // Tickets wait for earlier ones in a graph without circles.
            let Some(ticket) = self.state.board.tickets.get(&at) else { break None };
            chain.push(at);
            match self.moved(ticket).2 {
                Until::At(deadline) => break deadline,
                Until::As(next) => at = next,
            }
        };
        for id in chain {
            self.deadlines.insert(id, found);
        }
        found
    }

    fn moved(&self, ticket: &Ticket) -> Moved {
        mover(self.state, ticket, self.rooms.get(&ticket.session))
    }
}

/// Until when somebody has to move.
enum Until {
    At(Option<Timestamp>),
    /// As long as this ticket may take.
    As(TicketId),
}

type Moved = (Mover, String, Until);

fn mover(state: &Organisation, ticket: &Ticket, room: Option<&Room>) -> Moved {
    match &ticket.phase {
        Phase::Closed { outcome: TicketOutcome::Done { commit, .. }, .. } => {
            let what = format!("it is merged as {}", commit.get(..12).unwrap_or(commit));
            (Mover::Nobody, what, Until::At(None))
        }
        Phase::Closed { outcome, why, .. } => {
            let word = match outcome {
                TicketOutcome::Error { class } => format!("it failed ({})", class.as_str()),
                TicketOutcome::Stopped => "it was stopped".to_owned(),
                _ => "it was skipped".to_owned(),
            };
            let what = format!("{word}: {why}. `legion retry {}` opens it again", ticket.id.0);
            (Mover::Person, what, Until::At(None))
        }
        Phase::Open(attempt) => {
            let (mover, what, deadline) = open(state, ticket, attempt);
            (mover, what, Until::At(deadline))
        }
        Phase::Queued { not_before } => queued(state, ticket, *not_before, room),
    }
}

type Opened = (Mover, String, Option<Timestamp>);

fn open(state: &Organisation, ticket: &Ticket, attempt: &Attempt) -> Opened {
    let work = Some(after(attempt.since, WORK_MS));
    if let Some(delay) = &attempt.delay {
        let what = format!("work of the service failed {} times and is tried again: {}", delay.tries, delay.why);
        return (Mover::Service, what, Some(after(delay.until, WORK_MS)));
    }
    match &attempt.stage {
        Stage::Preparing => (Mover::Service, "its clone is being made".to_owned(), work),
        Stage::Running => {
            let agent = attempt.agent.and_then(|agent| state.agents.get(&agent));
            agent_moves(state, agent, attempt, "works on it", ticket)
        }
        Stage::Collecting | Stage::Collected => (Mover::Service, "what it left is taken in".to_owned(), work),
        Stage::Reviewing => match attempt.open_review() {
            Some(review) if review.prepared => {
                let agent = state.agents.get(&review.agent);
                agent_moves(state, agent, attempt, &format!("looks at it as {}", review.role), ticket)
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
    attempt: &Attempt,
    does: &str,
    ticket: &Ticket,
) -> Opened {
    let since = attempt.since;
    let Some(agent) = agent else {
        return (Mover::Service, "its agent is being hired".to_owned(), Some(after(since, WORK_MS)));
    };
    if agent.held {
        let what = format!("its agent `{}` was interrupted: `legion tell` it how to go on", agent.name);
        return (Mover::Person, what, held_until(state, attempt));
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

fn landing(state: &Organisation, ticket: &Ticket, attempt: &Attempt) -> Opened {
    let Some(session) = state.board.sessions.get(&ticket.session) else {
        return (Mover::Person, "its session is gone".to_owned(), None);
    };
    match &session.landing {
        Some(landing) if matches!(landing.item, Item::Attempt { attempt: landed, .. } if landed == attempt.id) => {
            let ahead = gate_ahead(&state.board, landing);
            let (what, deadline) = match (&landing.delay, &landing.run, &landing.built, ahead) {
                (Some(delay), ..) => (
                    format!("landing it failed {} times and is tried again: {}", delay.tries, delay.why),
                    after(delay.until, WORK_MS),
                ),
                (_, Some(run), ..) => (format!("the gate `{}` runs", run.gate.name), run.deadline),
                (_, _, _, Some((other, run))) => {
                    let gate = &run.gate.name;
                    (
                        format!("it waits for the gate `{gate}` of session `{}`: one runs at a time", other.name),
                        run.deadline,
                    )
                }
                (_, _, None, _) => ("its merge is being built".to_owned(), after(landing.began_at, WORK_MS)),
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

fn queued(state: &Organisation, ticket: &Ticket, not_before: Option<Timestamp>, room: Option<&Room>) -> Moved {
    let board = &state.board;
    let until = |time| Until::At(Some(time));
    let (Some(session), Some(room)) = (board.sessions.get(&ticket.session), room) else {
        return (Mover::Person, "its session is gone".to_owned(), Until::At(None));
    };
    if session.phase == SessionPhase::Completed {
        return (Mover::Person, format!("its session `{}` is completed", session.name), Until::At(None));
    }
    let long = until(after(state.last_at, WORK_MS));
    if let Some(time) = not_before.filter(|time| *time > state.last_at) {
        let last = ticket.history.last().map(|last| format!(" after: {}", last.why)).unwrap_or_default();
        return (Mover::Service, format!("it is tried again{last}"), until(time));
    }
    let held = match hold(board, session, ticket, room) {
        Ok(held) => held,
        Err(_) if state.closing => {
            let what = "the service is going down: it goes on with the next start".to_owned();
            return (Mover::Service, what, long);
        }
        Err(_) => return (Mover::Service, "it is about to begin".to_owned(), long),
    };
    if let Hold::Upstream(upstream) = held {
        return behind(state, ticket, upstream);
    }
    let what = match &held {
        Hold::Worker(worker) => format!("worker {worker} is busy"),
        Hold::Group(group) => format!("as many of the group `{group}` work as may"),
        Hold::Overlap(ticket) => format!("its files overlap with those of {ticket}, which is being worked on"),
        Hold::Securing => "the files of the attempt before are being secured".to_owned(),
        Hold::NoWorker | Hold::Upstream(_) => format!("all {} workers are busy", session.settings.workers),
    };
    let holds = |other: &Ticket, attempt: &Attempt| match &held {
        Hold::Overlap(ticket) => other.id == *ticket,
        Hold::Worker(worker) => attempt.holds_worker() && attempt.worker == *worker,
        Hold::Group(group) => attempt.holds_worker() && other.spec.group.as_ref() == Some(group),
        Hold::Securing => false,
        Hold::NoWorker | Hold::Upstream(_) => attempt.holds_worker(),
    };
    let mut open = open_in(board, &session.name).filter(|(other, attempt)| holds(other, attempt));
    match open.next() {
        Some((first, _)) => (Mover::Ticket { ticket: first.id }, what, Until::As(first.id)),
        None => (Mover::Service, what, long),
    }
}

/// It waits for others to be merged.
fn behind(state: &Organisation, ticket: &Ticket, upstream: TicketId) -> Moved {
    let board = &state.board;
    let all: Vec<String> = board.unmet(ticket).map(|id| waited_for(ticket, id)).take(NAMED_MAX).collect();
    let what = format!("it waits for {}", all.join(", "));
    match board.tickets.get(&upstream) {
        None => (Mover::Person, what, Until::At(None)),
        Some(up) if up.is_closed() => {
            let what = format!(
                "{what}; {} will not be merged as it is: `legion retry {}`, or delete this one",
                up.id, up.id.0
            );
            (Mover::Person, what, Until::At(upstream_until(state, ticket, up)))
        }
        Some(up) => (Mover::Ticket { ticket: up.id }, what, Until::As(up.id)),
    }
}

/// One that it waits for, with what happens when that one is not merged, unless it waits on.
fn waited_for(ticket: &Ticket, upstream: TicketId) -> String {
    match ticket.after.get(&upstream) {
        Some(OnUpstream::Skip) => format!("{upstream} (skipped without it)"),
        Some(OnUpstream::Fail) => format!("{upstream} (fails without it)"),
        Some(OnUpstream::Wait) | None => upstream.to_string(),
    }
}
