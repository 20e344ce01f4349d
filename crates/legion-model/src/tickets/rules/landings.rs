//! The merge queue: one landing at a time, gate by gate.

use jiff::Timestamp;

use super::endings::{REPORT_BYTES_MAX, clip_oid, close, dismiss_worker, fail, letter};
use crate::body::{Body, clip};
use crate::decide;
use crate::event::Event;
use crate::ids::{GateRunId, LandingId, MessageId, derived};
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::tickets::attempt::AttemptEnd;
use crate::tickets::board::Board;
use crate::tickets::classify::ErrorClass;
use crate::tickets::landing::{GateRun, GateVerdict, Item, Judgement, Landing};
use crate::tickets::session::Session;
use crate::tickets::spec::GateSpec;
use crate::tickets::ticket::TicketOutcome;

/// Lost runs of one gate in one landing.
const LOST_MAX: usize = 3;

/// What a gate may take beyond its own limit before its landing calls it lost, in seconds.
const GATE_MARGIN_S: u64 = 60;

pub(in crate::tickets) fn begin_landing(state: &Organisation, session: &Session) -> Vec<Event> {
    let Some(item) = session.queue.front() else { return Vec::new() };
    let project = state.project.as_ref().map(|(project, _)| project.0).unwrap_or_default();
    // A session that was deleted may have had the same name.
    let word = format!("landing/{}/{}", session.name, session.opened_at.as_nanosecond());
    let landing = LandingId(derived(project, &word, u64::from(session.landings) + 1));
    vec![Event::LandingBegan { session: session.name.clone(), landing, item: item.clone(), onto: session.tip.clone() }]
}

/// What a merge that is built needs next; nothing when it may be moved, or a gate of it runs.
enum Needs<'a> {
    Gate(&'a GateSpec),
    /// A gate turned it down.
    End(&'a Judgement),
}

fn needs<'a>(board: &Board, landing: &'a Landing) -> Option<Needs<'a>> {
    let built = landing.built.as_ref().filter(|_| landing.run.is_none())?;
    for gate in &built.gates {
        let id = gate.id();
        let known = board.verdicts.get(&(built.tree.clone(), id));
        if known.is_some_and(|verdict| verdict.verdict == GateVerdict::Passed) {
            continue;
        }
        // Only a pass outlives its landing: what a tree failed of before may be mended outside of it.
        let answers: Vec<&Judgement> = landing.answers(id).collect();
        match answers.last() {
            // One retry for a flaky gate; both verdicts are kept.
            Some(verdict) if verdict.verdict == GateVerdict::NotFound || answers.len() > 1 => {
                return Some(Needs::End(verdict));
            }
            _ if landing.lost(id) >= LOST_MAX => {
                return Some(Needs::End(landing.verdicts.last().expect("lost runs are kept")));
            }
            _ => return Some(Needs::Gate(gate)),
        }
    }
    None
}

/// The one condition under which a target moves: every gate passed on exactly the tree that was built.
pub(in crate::tickets) fn is_green(board: &Board, landing: &Landing) -> bool {
    let Some(built) = landing.built.as_ref().filter(|_| landing.run.is_none()) else { return false };
    built.gates.iter().all(|gate| {
        let verdict = board.verdicts.get(&(built.tree.clone(), gate.id()));
        verdict.is_some_and(|verdict| verdict.verdict == GateVerdict::Passed)
    })
}

/// The end of a merge that is built, when a gate turned it down.
pub(in crate::tickets) fn go_on_landing(
    state: &Organisation,
    at: Timestamp,
    session: &Session,
    landing: &Landing,
) -> Vec<Event> {
    match needs(&state.board, landing) {
        Some(Needs::End(verdict)) => turned_down(state, at, session, landing, verdict),
        Some(Needs::Gate(_)) | None => Vec::new(),
    }
}

fn landings(board: &Board) -> impl Iterator<Item = (&Session, &Landing)> {
    board.sessions.values().filter_map(|session| session.landing.as_ref().map(|landing| (session, landing)))
}

/// The gate to begin next. All gates of a project run in one directory: one at a time, whatever its session, that of the oldest
/// landing first. Until it begins no time of it runs.
pub(in crate::tickets) fn next_gate(board: &Board, at: Timestamp) -> Option<Event> {
    if landings(board).any(|(_, landing)| landing.run.is_some()) {
        return None;
    }
    let waiting = landings(board).filter_map(|(session, landing)| match needs(board, landing)? {
        Needs::Gate(gate) => Some((session, landing, gate)),
        Needs::End(_) => None,
    });
    let (session, landing, gate) = waiting.min_by_key(|(_, landing, _)| landing.began_at)?;
    Some(begin_gate(at, session, landing, gate))
}

/// The gate of another session that runs while a gate of this landing waits.
pub(in crate::tickets) fn gate_ahead<'a>(board: &'a Board, landing: &Landing) -> Option<(&'a Session, &'a GateRun)> {
    let Needs::Gate(_) = needs(board, landing)? else { return None };
    landings(board).find_map(|(session, other)| other.run.as_ref().map(|run| (session, run)))
}

fn begin_gate(at: Timestamp, session: &Session, landing: &Landing, gate: &GateSpec) -> Event {
    Event::GateBegan {
        session: session.name.clone(),
        landing: landing.id,
        run: GateRunId(derived(landing.id.0, "gate", landing.verdicts.len() as u64)),
        gate: gate.clone(),
        deadline: decide::after(at, (gate.timeout_s + GATE_MARGIN_S) * 1_000),
    }
}

fn turned_down(
    state: &Organisation,
    at: Timestamp,
    session: &Session,
    landing: &Landing,
    verdict: &Judgement,
) -> Vec<Event> {
    let (class, how) = match verdict.verdict {
        GateVerdict::NotFound => {
            (ErrorClass::Fatal, "could not be run: there is no such command (exit code 127)".to_owned())
        }
        GateVerdict::TimedOut => (ErrorClass::Task, format!("did not end within {} s", verdict.ms / 1_000)),
        GateVerdict::Lost => (ErrorClass::Transient, format!("was lost {LOST_MAX} times")),
        GateVerdict::Failed | GateVerdict::Passed => (
            ErrorClass::Task,
            verdict.exit_code.map_or_else(|| "failed".to_owned(), |code| format!("failed with exit code {code}")),
        ),
    };
    let why = format!("the gate `{}` {how}", clip(&verdict.name, 200));
    end_landing(state, at, session, landing, class, why, Some(verdict.log.clone()))
}

/// Ends a landing that did not move the target.
pub(in crate::tickets) fn end_landing(
    state: &Organisation,
    at: Timestamp,
    session: &Session,
    landing: &Landing,
    class: ErrorClass,
    why: String,
    detail: Option<Body>,
) -> Vec<Event> {
    let mut events = vec![Event::LandingEnded {
        session: session.name.clone(),
        landing: landing.id,
        moved: false,
        conflict: class == ErrorClass::Conflict,
        commit: None,
        tree: landing.built.as_ref().map(|built| built.tree.clone()),
        why: why.clone(),
    }];
    match &landing.item {
        Item::Attempt { ticket, attempt } => {
            if let Some(ticket) = state.board.by_attempt(*ticket, *attempt) {
                events.extend(fail(state, at, ticket, class, why, detail));
            }
        }
        Item::Import { commit, by, .. } => {
            let text = format!(
                "The commits up to {} did not get into session `{}`: {why}.\n\n{}",
                clip_oid(commit),
                session.name,
                detail.as_ref().map(|detail| clip(detail.head(), REPORT_BYTES_MAX)).unwrap_or_default()
            );
            let message = MessageId(derived(landing.id.0, "refused", 0));
            events.push(letter(message, *by, state, *by, MessageKind::Notice, text, Urgency::Queue));
        }
    }
    events
}

/// The target stands on what was built: merged, closed, released, told, in one batch.
pub(in crate::tickets) fn landed(
    state: &Organisation,
    at: Timestamp,
    session: &Session,
    landing: &Landing,
) -> Vec<Event> {
    let Some(built) = &landing.built else { return Vec::new() };
    let mut events = vec![Event::LandingEnded {
        session: session.name.clone(),
        landing: landing.id,
        moved: true,
        conflict: false,
        commit: Some(built.commit.clone()),
        tree: Some(built.tree.clone()),
        why: "every gate passed".to_owned(),
    }];
    if let Item::Attempt { ticket, attempt } = &landing.item
        && let Some(ticket) = state.board.by_attempt(*ticket, *attempt)
    {
        events.push(Event::AttemptEnded {
            ticket: ticket.id,
            attempt: *attempt,
            end: AttemptEnd::Merged,
            why: "merged".to_owned(),
            detail: None,
            retry_at: None,
            by: None,
        });
        let outcome = TicketOutcome::Done { commit: built.commit.clone(), tree: built.tree.clone() };
        events.extend(close(state, ticket, outcome, "every gate passed on the merged tree".to_owned(), None));
        events.extend(dismiss_worker(state, at, ticket));
    }
    events
}
