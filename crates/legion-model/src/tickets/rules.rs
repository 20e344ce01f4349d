//! What follows from the state of the board, in the same batch: attempts that move on, landings, gates, the scheduler.
//!
//! Each rule looks at the state only, so that after a crash, or after a batch that was lost, the same rule finds the same thing
//! to do. They are applied until none has anything to say.

use jiff::Timestamp;

use super::attempt::{Attempt, AttemptEnd, Stage};
use super::board::Board;
use super::classify::{ErrorClass, classify};
use super::landing::{GateVerdict, Item, Judgement, Landing};
use super::names::{SessionName, TicketId};
use super::place::{Place, PlaceKey};
use super::session::{Overlap, Session, SessionPhase};
use super::spec::{GateSpec, OnUpstream};
use super::team::{Duty, Role};
use super::ticket::{Phase, Ticket, TicketOutcome};
use crate::body::{Body, clip};
use crate::decide;
use crate::event::Event;
use crate::ids::{AgentId, AttemptId, GateRunId, LandingId, MessageId, Party, derived};
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::run::Outcome;

/// How often an agent that was cut off is told to go on in one attempt.
const CONTINUED_MAX: u32 = 5;
/// Failures that pass by themselves before a ticket is given up.
const TRANSIENTS_MAX: u32 = 8;
/// Conflicts before the person has to act: two for the author, one for a resolver.
const CONFLICTS_MAX: u32 = 3;
/// Lost runs of one gate in one landing.
const LOST_MAX: usize = 3;
/// What a gate may take beyond its own limit before its landing calls it lost, in seconds.
const GATE_MARGIN_S: u64 = 60;
/// Bytes of a report to the dispatcher.
const REPORT_BYTES_MAX: usize = 4 * 1024;

/// Adds and applies what follows for tickets. `asked` when the command was about tickets: a time may have come.
pub(crate) fn follow(state: &mut Organisation, at: Timestamp, events: &mut Vec<Event>, asked: bool) {
    if state.board.sessions.is_empty() || !(asked || events.iter().any(touches)) {
        return;
    }
    let mut seen = 0;
    loop {
        // Closed tickets bear on those that wait for them, one event after the other.
        while seen < events.len() {
            let closed = upstream_closed(state, &events[seen]);
            seen += 1;
            crate::settle::add(state, at, events, closed);
        }
        let more = next(state, at);
        if more.is_empty() {
            return;
        }
        crate::settle::add(state, at, events, more);
    }
}

/// Whether an event may give one of the rules something to do.
fn touches(event: &Event) -> bool {
    event.ticket().is_some()
        || matches!(
            event,
            Event::RunEnded { .. }
                | Event::AgentFired { .. }
                | Event::AgentHeld { .. }
                | Event::MessageExpired { .. }
                | Event::ServiceStarted
                | Event::SessionOpened { .. }
                | Event::SessionSet { .. }
                | Event::SessionReopened { .. }
                | Event::ImportQueued { .. }
                | Event::LandingBegan { .. }
                | Event::LandingBuilt { .. }
                | Event::GateJudged { .. }
                | Event::LandingEnded { .. }
        )
}

fn next(state: &Organisation, at: Timestamp) -> Vec<Event> {
    if state.closing {
        return Vec::new();
    }
    let board = &state.board;
    for ticket in board.open.iter().filter_map(|id| board.tickets.get(id)) {
        let Some(attempt) = ticket.attempt() else { continue };
        let events = match attempt.stage {
            Stage::Preparing => gone_agent(state, at, ticket, attempt).unwrap_or_default(),
            Stage::Running => at_rest(state, at, ticket, attempt),
            Stage::Collected => collected(state, at, ticket, attempt),
            Stage::Reviewing => reviewed(state, at, ticket, attempt),
            _ => Vec::new(),
        };
        if !events.is_empty() {
            return events;
        }
    }
    for session in board.sessions.values() {
        let events = match &session.landing {
            None => begin_landing(state, session),
            Some(landing) => go_on_landing(state, at, session, landing),
        };
        if !events.is_empty() {
            return events;
        }
    }
    let dismissed = dismiss_reviewer(state, at);
    if !dismissed.is_empty() {
        return dismissed;
    }
    next_begin(state, at).map(|begin| begin.events(state, at)).unwrap_or_default()
}

/// A reviewer whose verdict is there goes when it has come to rest: it gave it from within its own run.
fn dismiss_reviewer(state: &Organisation, at: Timestamp) -> Vec<Event> {
    let board = &state.board;
    for (agent, post) in &board.posts {
        let Some(step) = post.review else { continue };
        let open = board.by_attempt(post.ticket, post.attempt).and_then(Ticket::attempt);
        let owes = open.and_then(Attempt::open_review).is_some_and(|review| review.step == step);
        if !owes && state.agents.contains_key(agent) && is_at_rest(state, *agent) {
            let place = board.places.values().find(|place| place.agent == Some(*agent)).map(|place| place.key.clone());
            return match place {
                Some(place) => dismiss(state, at, *agent, &place),
                None => {
                    decide::fire(state, Party::Root, at, *agent, false).map(|(events, _)| events).unwrap_or_default()
                }
            };
        }
    }
    Vec::new()
}

// --- Upstreams -------------------------------------------------------------------------------------------------------------

/// Tickets that wait for one that will not be merged, and do not want to wait.
fn upstream_closed(state: &Organisation, event: &Event) -> Vec<Event> {
    let board = &state.board;
    match event {
        Event::TicketClosed { ticket, .. } => {
            board.dependents_of(*ticket).flat_map(|waiting| give_up(state, waiting, *ticket)).collect()
        }
        Event::TicketAdded { ticket, .. } | Event::TicketReopened { ticket, .. } => {
            let after = board.tickets.get(ticket).map(|ticket| &ticket.after).into_iter().flatten();
            after
                .map(|upstream| give_up(state, *ticket, *upstream))
                .find(|events| !events.is_empty())
                .unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Closes a queued ticket whose upstream was closed without being merged, by its policy.
fn give_up(state: &Organisation, waiting: TicketId, upstream: TicketId) -> Vec<Event> {
    let board = &state.board;
    let queued = |ticket: &&Ticket| matches!(ticket.phase, Phase::Queued { .. });
    let Some(ticket) = board.tickets.get(&waiting).filter(queued) else { return Vec::new() };
    if !board.closed_badly.contains(&upstream) {
        return Vec::new();
    }
    let outcome = match ticket.spec.on_upstream {
        OnUpstream::Wait => return Vec::new(),
        OnUpstream::Skip => TicketOutcome::Skipped { because: upstream },
        OnUpstream::Fail => TicketOutcome::Error { class: ErrorClass::Fatal },
    };
    let called = board.tickets.get(&upstream).map_or_else(|| upstream.to_string(), Ticket::called);
    close(state, ticket, outcome, format!("{called} was not merged"), None)
}

// --- Attempts --------------------------------------------------------------------------------------------------------------

/// Its agent was fired: the ticket is stopped.
fn gone_agent(state: &Organisation, at: Timestamp, ticket: &Ticket, attempt: &Attempt) -> Option<Vec<Event>> {
    // Before the first clone is ready the agent is not hired yet.
    let hired = !attempt.fresh || attempt.base.is_some();
    let agent = attempt.agent.filter(|agent| hired && !state.agents.contains_key(agent))?;
    let why = format!("its agent `{}` was fired", state.name(agent.into()));
    Some(stop(state, at, ticket, why, None))
}

/// Whether an agent and everybody below it have nothing to do.
fn is_at_rest(state: &Organisation, agent: AgentId) -> bool {
    let rests = |id: AgentId| {
        let agent = state.agents.get(&id);
        agent.is_none_or(|agent| agent.run.is_none() && (!state.wanting.contains(&id) || agent.held))
    };
    // Most that are asked about work themselves: nobody below them has to be looked for.
    rests(agent) && state.subtree(agent.into()).into_iter().all(rests)
}

fn at_rest(state: &Organisation, at: Timestamp, ticket: &Ticket, attempt: &Attempt) -> Vec<Event> {
    if let Some(events) = gone_agent(state, at, ticket, attempt) {
        return events;
    }
    let Some(agent) = attempt.agent.and_then(|agent| state.agents.get(&agent)) else { return Vec::new() };
    // Interrupted by somebody: it waits to be told, until its deadline.
    if agent.held || !is_at_rest(state, agent.id) {
        return Vec::new();
    }
    let Some(last) = agent.last_run.as_ref().filter(|run| run.started_at >= attempt.since) else {
        let why = "its agent could not begin: the message with its task was not taken".to_owned();
        return fail(state, at, ticket, ErrorClass::Fatal, why, None);
    };
    match last.outcome {
        Outcome::Completed => match &attempt.reported {
            Some((false, summary)) => {
                let why = "its agent says that it is not done".to_owned();
                fail(state, at, ticket, ErrorClass::Task, why, Some(Body::Text(summary.clone())))
            }
            _ => vec![Event::AttemptRan { ticket: ticket.id, attempt: attempt.id }],
        },
        Outcome::Interrupted if attempt.continued < CONTINUED_MAX => {
            let message = MessageId(derived(attempt.id.0, "continue", u64::from(attempt.continued)));
            let text = "[legion] Your work was cut off. Look at what is done, and go on with your ticket from there.";
            vec![
                Event::AttemptContinued { ticket: ticket.id, attempt: attempt.id },
                letter(message, ticket.by, state, agent.id.into(), MessageKind::Task, text.to_owned(), Urgency::Queue),
            ]
        }
        outcome => {
            let error = last.error.as_deref();
            let class =
                classify(outcome, error, last.exit_code.is_some() || last.error.as_deref().is_none_or(executed));
            let why = format!(
                "its agent {}{}",
                ended(outcome),
                error.map(|e| format!(": {}", clip(e, 400))).unwrap_or_default()
            );
            let said = last.result.head();
            let detail = if said.is_empty() { why.clone() } else { format!("{why}\n\n{said}") };
            fail(state, at, ticket, class, why, Some(Body::Text(clip(&detail, Body::INLINE_BYTES_MAX / 2))))
        }
    }
}

/// Whether the error of a run is about a program that ran.
fn executed(error: &str) -> bool {
    !error.starts_with(crate::process::NOT_EXECUTED)
}

fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed its run",
        Outcome::Failed => "failed",
        Outcome::Interrupted => "was interrupted",
        Outcome::Limit => "ran into a limit",
        Outcome::Killed => "was killed",
    }
}

/// The roles that look at an attempt, in order: reviews first, then verification.
pub(crate) fn reviewers(board: &Board, ticket: &Ticket) -> Vec<Role> {
    let team = ticket.spec.team.as_deref().and_then(|team| board.team(team));
    let roles: Vec<Role> = team.iter().flat_map(|team| &team.roles).filter_map(|role| board.role(role)).collect();
    let of = |duty| roles.iter().filter(move |role| role.duty == duty).cloned();
    of(Duty::Review).chain(of(Duty::Verify)).collect()
}

/// It was taken in, or the step before was passed: what comes next.
fn collected(state: &Organisation, at: Timestamp, ticket: &Ticket, attempt: &Attempt) -> Vec<Event> {
    let queue = || vec![Event::AttemptQueued { ticket: ticket.id, attempt: attempt.id }];
    let Some(evidence) = &attempt.evidence else { return queue() };
    if !evidence.changed {
        if ticket.spec.checkpoint {
            return queue();
        }
        let why = "nothing was changed: there is no commit and no file that differs".to_owned();
        return fail(state, at, ticket, ErrorClass::Task, why, None);
    }
    if let Some((false, summary)) = attempt.reviews.last().and_then(|review| review.verdict.as_ref()) {
        let role = attempt.reviews.last().map(|review| review.role.clone()).unwrap_or_default();
        return fail(state, at, ticket, ErrorClass::Task, format!("{role} sent it back"), Some(summary.clone()));
    }
    let step = attempt.reviews.len();
    if let Some(role) = reviewers(&state.board, ticket).get(step) {
        let place = PlaceKey::of_review(&ticket.session, ticket.id, attempt.number, step + 1);
        return vec![Event::ReviewBegan {
            ticket: ticket.id,
            attempt: attempt.id,
            step: step as u32,
            role: role.id.clone(),
            agent: AgentId(derived(attempt.id.0, "reviewer", step as u64)),
            place,
        }];
    }
    let changes: Vec<_> = evidence.protected.difference(&ticket.approved).cloned().collect();
    if changes.is_empty() {
        return queue();
    }
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).take(20).collect();
    let text = format!(
        "{} changes protected files: {}{}. It waits for you: `legion approve {}` or `legion deny {}`; `legion diff {}` shows it.",
        ticket.called(),
        paths.join(", "),
        if changes.len() > paths.len() { " …" } else { "" },
        ticket.id.0,
        ticket.id.0,
        ticket.id.0,
    );
    let message = MessageId(derived(attempt.id.0, "held", 0));
    let deadline = decide::after(at, state.bounds.held_ms);
    vec![
        Event::AttemptHeld { ticket: ticket.id, attempt: attempt.id, changes, deadline },
        letter(message, ticket.by, state, Party::Root, MessageKind::Notice, text, Urgency::Queue),
    ]
}

/// A reviewer that came to rest without a verdict is reminded once; a program's exit code is its verdict.
fn reviewed(state: &Organisation, at: Timestamp, ticket: &Ticket, attempt: &Attempt) -> Vec<Event> {
    let Some(review) = attempt.open_review().filter(|review| review.prepared) else { return Vec::new() };
    let given = |approved: bool, summary: Body| Event::ReviewGiven {
        ticket: ticket.id,
        attempt: attempt.id,
        step: review.step,
        approved,
        summary,
    };
    let Some(agent) = state.agents.get(&review.agent) else {
        let why = format!("the agent for the step `{}` was fired", review.role);
        return stop(state, at, ticket, why, None);
    };
    if agent.held || !is_at_rest(state, agent.id) {
        return Vec::new();
    }
    let last = agent.last_run.as_ref().filter(|run| run.started_at >= attempt.since);
    let mut events = match last {
        Some(last) if !agent.spec.driver.capabilities().converses => {
            let approved = last.outcome == Outcome::Completed;
            let said = last.result.head();
            let summary = if said.is_empty() { last.error.clone().unwrap_or_default() } else { said.to_owned() };
            vec![given(approved, Body::Text(clip(&summary, Body::INLINE_BYTES_MAX / 2)))]
        }
        Some(_) if !review.reminded => {
            let text = "[legion] You ended without a verdict. Call the tool `legion-report` with status `done` if it passes, or \
                        `error` and what must change."
                .to_owned();
            let message = MessageId(derived(review.agent.0, "remind", 0));
            return vec![
                Event::ReviewReminded { ticket: ticket.id, attempt: attempt.id, step: review.step },
                letter(message, ticket.by, state, agent.id.into(), MessageKind::Task, text, Urgency::Queue),
            ];
        }
        _ => {
            let class = last.map_or(ErrorClass::Fatal, |last| classify(last.outcome, last.error.as_deref(), true));
            let why = format!("the step `{}` gave no verdict", review.role);
            let class = if class == ErrorClass::Task { ErrorClass::Fatal } else { class };
            return fail(state, at, ticket, class, why, None);
        }
    };
    events.extend(dismiss(state, at, review.agent, &review.place));
    events
}

/// Fires an agent of a ticket and gives up its clone, which is secured before it is removed.
pub(super) fn dismiss(state: &Organisation, at: Timestamp, agent: AgentId, place: &PlaceKey) -> Vec<Event> {
    let mut events = Vec::new();
    if state.agents.contains_key(&agent)
        && let Ok((fired, _)) = decide::fire(state, Party::Root, at, agent, false)
    {
        events.extend(fired);
    }
    if state.board.places.get(place).is_some_and(|place| !place.released) {
        events.push(Event::PlaceReleased { place: place.clone() });
    }
    events
}

/// Ends the open attempt as failed: another one, when that can help, or the end of the ticket.
pub(super) fn fail(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    class: ErrorClass,
    why: String,
    detail: Option<Body>,
) -> Vec<Event> {
    let Some(attempt) = ticket.attempt() else { return Vec::new() };
    let seconds = |seconds: u64| decide::after(at, seconds * 1_000);
    let doubled = |first: u64, times: u32, most: u64| first.saturating_mul(1 << times.min(16)).min(most);
    let retry_at = match class {
        ErrorClass::Task if ticket.failures + 1 < ticket.spec.max_attempts => {
            Some(seconds(doubled(1, ticket.failures, 60)))
        }
        ErrorClass::Conflict if ticket.conflicts < CONFLICTS_MAX => Some(at),
        ErrorClass::Transient if ticket.transients < TRANSIENTS_MAX => {
            Some(seconds(doubled(5, ticket.transients, 300)))
        }
        ErrorClass::Quota if ticket.transients < TRANSIENTS_MAX => {
            Some(seconds(doubled(300, ticket.transients, 3_600)))
        }
        _ => None,
    };
    // A checkpoint without an agent judges the target: the same tree would get the same answer.
    let retry_at = retry_at.filter(|_| attempt.agent.is_some() || class == ErrorClass::Transient);
    let mut events = Vec::new();
    if let Some(review) = attempt.open_review() {
        events.extend(dismiss(state, at, review.agent, &review.place));
    }
    events.push(Event::AttemptEnded {
        ticket: ticket.id,
        attempt: attempt.id,
        end: AttemptEnd::Failed(class),
        why: why.clone(),
        detail,
        retry_at,
        by: None,
    });
    if retry_at.is_none() {
        events.extend(close(state, ticket, TicketOutcome::Error { class }, why, None));
    }
    events
}

/// Stops a ticket, whatever it is at. Its agents go; its files are secured. The caller has checked that it is not being moved.
pub(super) fn stop(state: &Organisation, at: Timestamp, ticket: &Ticket, why: String, by: Option<Party>) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(attempt) = ticket.attempt() {
        if let Some(review) = attempt.open_review() {
            events.extend(dismiss(state, at, review.agent, &review.place));
        }
        events.extend(drop_landing(state, attempt.id, &why));
        events.push(Event::AttemptEnded {
            ticket: ticket.id,
            attempt: attempt.id,
            end: AttemptEnd::Stopped,
            why: why.clone(),
            detail: None,
            retry_at: None,
            by,
        });
    }
    events.extend(close(state, ticket, TicketOutcome::Stopped, why, by));
    events.extend(dismiss_worker(state, at, ticket));
    events
}

/// The agent and the clone that the ticket would go on with are not needed any more.
pub(super) fn dismiss_worker(state: &Organisation, at: Timestamp, ticket: &Ticket) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(agent) = ticket.agent.filter(|agent| state.agents.contains_key(agent))
        && let Ok((fired, _)) = decide::fire(state, Party::Root, at, agent, false)
    {
        events.extend(fired);
    }
    if let Some(place) =
        ticket.place.as_ref().and_then(|key| state.board.places.get(key)).filter(|place| !place.released)
    {
        events.push(Event::PlaceReleased { place: place.key.clone() });
    }
    events
}

/// Ends the landing of an attempt that is being given up.
fn drop_landing(state: &Organisation, attempt: AttemptId, why: &str) -> Option<Event> {
    state.board.sessions.values().find_map(|session| {
        let landing = session.landing.as_ref()?;
        matches!(landing.item, Item::Attempt { attempt: landed, .. } if landed == attempt).then(|| {
            Event::LandingEnded {
                session: session.name.clone(),
                landing: landing.id,
                moved: false,
                conflict: false,
                commit: None,
                tree: None,
                why: why.to_owned(),
            }
        })
    })
}

/// Closes a ticket, and tells who dispatched it.
pub(super) fn close(
    state: &Organisation,
    ticket: &Ticket,
    outcome: TicketOutcome,
    why: String,
    by: Option<Party>,
) -> Vec<Event> {
    let board = &state.board;
    let reader = match ticket.by {
        Party::Agent(agent) if !state.agents.contains_key(&agent) => Party::Root,
        reader => reader,
    };
    let mine = |other: &&Ticket| other.by == ticket.by && other.session == ticket.session;
    let left = board.tickets.values().filter(mine).filter(|other| other.id != ticket.id && !other.is_closed()).count();
    let done = matches!(outcome, TicketOutcome::Done { .. });
    let word = match &outcome {
        TicketOutcome::Done { commit, .. } if ticket.spec.checkpoint => format!("passed at {}", clip_oid(commit)),
        TicketOutcome::Done { commit, .. } => format!("is merged as {}", clip_oid(commit)),
        TicketOutcome::Error { class } => format!("failed ({})", class.as_str()),
        TicketOutcome::Stopped => "was stopped".to_owned(),
        TicketOutcome::Skipped { .. } => "was skipped".to_owned(),
    };
    let mut text = format!("{} {word}", ticket.called());
    if !done {
        text.push_str(&format!(": {}", clip(&why, REPORT_BYTES_MAX)));
    }
    text.push_str(&match left {
        0 => ". No ticket of yours is open any more.".to_owned(),
        1 => ". 1 ticket of yours is still open.".to_owned(),
        left => format!(". {left} tickets of yours are still open."),
    });
    let message = MessageId(derived(
        state.project.as_ref().map(|(project, _)| project.0).unwrap_or_default(),
        &format!("ticket/{}/closed", ticket.id.0),
        state.version,
    ));
    // A leader is woken for what needs it: a failure, or the end of the whole. The person reads when they like.
    let urgency = if done && left > 0 && reader != Party::Root { Urgency::WithNext } else { Urgency::Queue };
    let mut events = vec![Event::TicketClosed { ticket: ticket.id, outcome, why, by }];
    if by != Some(reader) {
        events.push(letter(
            message,
            ticket.agent.map_or(ticket.by, Party::Agent),
            state,
            reader,
            MessageKind::Report,
            text,
            urgency,
        ));
    }
    events
}

fn clip_oid(oid: &str) -> &str {
    oid.get(..12).unwrap_or(oid)
}

pub(super) fn letter(
    message: MessageId,
    from: Party,
    state: &Organisation,
    to: Party,
    message_kind: MessageKind,
    text: String,
    urgency: Urgency,
) -> Event {
    Event::MessageAccepted {
        message,
        from,
        from_name: state.name(from),
        to,
        message_kind,
        body: Body::Text(text),
        urgency,
        by: None,
        approval: None,
    }
}

// --- Landings --------------------------------------------------------------------------------------------------------------

fn begin_landing(state: &Organisation, session: &Session) -> Vec<Event> {
    let Some(item) = session.queue.front() else { return Vec::new() };
    let project = state.project.as_ref().map(|(project, _)| project.0).unwrap_or_default();
    let landing = LandingId(derived(project, &format!("landing/{}", session.name), u64::from(session.landings) + 1));
    vec![Event::LandingBegan { session: session.name.clone(), landing, item: item.clone(), onto: session.tip.clone() }]
}

/// The next gate of a merge that is built, or its end when one turned it down.
fn go_on_landing(state: &Organisation, at: Timestamp, session: &Session, landing: &Landing) -> Vec<Event> {
    let Some(built) = landing.built.as_ref().filter(|_| landing.run.is_none()) else { return Vec::new() };
    for gate in &built.gates {
        let id = gate.id();
        let known = state.board.verdicts.get(&(built.tree.clone(), id));
        let answers = landing.answers(id).count();
        match known {
            Some(verdict) if verdict.verdict == GateVerdict::Passed => {}
            // One retry for a flaky gate; both verdicts are kept. An answer of an earlier landing is final.
            Some(verdict) if verdict.verdict == GateVerdict::NotFound || answers != 1 => {
                return turned_down(state, at, session, landing, verdict);
            }
            _ if landing.lost(id) >= LOST_MAX => {
                let lost = landing.verdicts.last().expect("lost runs are kept");
                return turned_down(state, at, session, landing, lost);
            }
            _ => return vec![begin_gate(at, session, landing, gate)],
        }
    }
    Vec::new()
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
pub(super) fn end_landing(
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
pub(super) fn landed(state: &Organisation, at: Timestamp, session: &Session, landing: &Landing) -> Vec<Event> {
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

// --- The scheduler ---------------------------------------------------------------------------------------------------------

/// An attempt that can begin now.
pub(crate) struct Begin {
    ticket: TicketId,
    worker: u32,
}

/// The attempt to begin next, when there is a ticket and a worker for it.
pub(crate) fn next_begin(state: &Organisation, at: Timestamp) -> Option<Begin> {
    let board = &state.board;
    if state.closing {
        return None;
    }
    for session in board.sessions.values().filter(|session| session.phase == SessionPhase::Active) {
        let taken: Vec<u32> =
            open_in(board, &session.name).filter(|(_, a)| a.holds_worker()).map(|(_, a)| a.worker).collect();
        let free: Vec<u32> = (1..=session.settings.workers).filter(|worker| !taken.contains(worker)).collect();
        let best = board
            .queued
            .iter()
            .filter_map(|id| board.tickets.get(id))
            .filter(|ticket| ticket.session == session.name && is_due(ticket, at))
            .filter_map(|ticket| worker_for(board, session, ticket, &free).map(|worker| (ticket, worker)))
            // What was begun goes on first; then the longest chain; then the oldest.
            .min_by_key(|(ticket, _)| (ticket.attempts == 0, std::cmp::Reverse(ticket.rank), ticket.id));
        if let Some((ticket, worker)) = best {
            return Some(Begin { ticket: ticket.id, worker });
        }
    }
    None
}

fn open_in<'a>(board: &'a Board, session: &'a SessionName) -> impl Iterator<Item = (&'a Ticket, &'a Attempt)> {
    let open =
        board.open.iter().filter_map(|id| board.tickets.get(id)).filter(move |ticket| ticket.session == *session);
    open.filter_map(|ticket| ticket.attempt().map(|attempt| (ticket, attempt)))
}

fn is_due(ticket: &Ticket, at: Timestamp) -> bool {
    matches!(&ticket.phase, Phase::Queued { not_before } if not_before.is_none_or(|time| time <= at))
}

/// Why a queued ticket that is due does not begin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Hold {
    Upstream(TicketId),
    NoWorker,
    Worker(u32),
    Group(String),
    Overlap(TicketId),
}

fn worker_for(board: &Board, session: &Session, ticket: &Ticket, free: &[u32]) -> Option<u32> {
    // Cheapest first: this is asked for every queued ticket.
    if free.is_empty() && ticket.spec.has_agent() {
        return None;
    }
    hold(board, session, ticket, free).err()
}

/// What holds a queued ticket; otherwise (as the error) the worker that takes it.
pub(crate) fn hold(board: &Board, session: &Session, ticket: &Ticket, free: &[u32]) -> Result<Hold, u32> {
    if let Some(upstream) = board.unmet(ticket).next() {
        return Ok(Hold::Upstream(upstream));
    }
    if !ticket.spec.has_agent() {
        return Err(0);
    }
    let worker = match ticket.spec.worker {
        Some(worker) if worker <= session.settings.workers => {
            if !free.contains(&worker) {
                return Ok(Hold::Worker(worker));
            }
            worker
        }
        _ => match free.first() {
            Some(worker) => *worker,
            None => return Ok(Hold::NoWorker),
        },
    };
    if let Some(group) = &ticket.spec.group
        && let Some(cap) = session.settings.group_caps.get(group)
    {
        let busy = open_in(board, &session.name)
            .filter(|(other, attempt)| other.spec.group.as_ref() == Some(group) && attempt.holds_worker())
            .count();
        if busy as u64 >= u64::from(*cap) {
            return Ok(Hold::Group(group.clone()));
        }
    }
    if session.settings.overlap == Overlap::Hold {
        let other =
            open_in(board, &session.name).find(|(other, _)| other.id != ticket.id && files_overlap(ticket, other));
        if let Some((other, _)) = other {
            return Ok(Hold::Overlap(other.id));
        }
    }
    Err(worker)
}

/// Whether the files that two tickets mean to touch may be the same.
pub(crate) fn files_overlap(one: &Ticket, other: &Ticket) -> bool {
    one.spec.files.iter().any(|a| other.spec.files.iter().any(|b| overlap(a, b)))
}

/// Globs that were checked when they came in; one that is not well formed overlaps with nothing.
fn overlap(one: &str, other: &str) -> bool {
    use crate::glob::{Glob, overlaps};
    match (Glob::parse(one), Glob::parse(other)) {
        (Ok(one), Ok(other)) => overlaps(&one, &other),
        _ => false,
    }
}

/// Workers of a session that nobody has.
pub(crate) fn free_workers(board: &Board, session: &Session) -> Vec<u32> {
    let taken: Vec<u32> =
        open_in(board, &session.name).filter(|(_, a)| a.holds_worker()).map(|(_, a)| a.worker).collect();
    (1..=session.settings.workers).filter(|worker| !taken.contains(worker)).collect()
}

impl Begin {
    fn events(&self, state: &Organisation, at: Timestamp) -> Vec<Event> {
        let board = &state.board;
        let Some(ticket) = board.tickets.get(&self.ticket) else { return Vec::new() };
        let project = state.project.as_ref().map(|(project, _)| project.0).unwrap_or_default();
        let number = ticket.attempts + 1;
        let attempt = AttemptId(derived(project, &format!("attempt/{}", ticket.id.0), u64::from(number)));
        let began = |place, agent, fresh| Event::AttemptBegan {
            ticket: ticket.id,
            attempt,
            number,
            worker: self.worker,
            place,
            agent,
            fresh,
            resolver: ticket.needs_resolver,
        };
        if !ticket.spec.has_agent() {
            return vec![began(None, None, true)];
        }
        let agent = ticket.agent.filter(|agent| state.agents.contains_key(agent));
        let place = ticket.place.clone().filter(|place| board.places.get(place).is_some_and(|place| !place.released));
        match (agent, place) {
            (Some(agent), Some(place)) if !ticket.needs_resolver => vec![began(Some(place), Some(agent), false)],
            _ => {
                let mut events = dismiss_worker(state, at, ticket);
                let place = PlaceKey::of_attempt(&ticket.session, ticket.id, number);
                events.push(began(Some(place), Some(AgentId(derived(attempt.0, "agent", 0))), true));
                events
            }
        }
    }
}

/// Whether nobody uses a clone, so that it can be secured and removed.
pub(crate) fn may_secure(state: &Organisation, place: &Place) -> bool {
    let Some(ticket) = state.board.tickets.get(&place.ticket) else { return true };
    let Some(attempt) = ticket.attempt() else {
        // Between two attempts the clone waits for the next one.
        return place.released || ticket.is_closed();
    };
    let used = attempt.place.as_ref() == Some(&place.key)
        || attempt.open_review().is_some_and(|review| review.place == place.key);
    !used
}
