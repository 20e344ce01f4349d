//! Answers of the hands, and times that came. Each names what it answers: one for something older changes nothing.

use jiff::Timestamp;

use crate::agent::OnRestart;
use crate::body::Body;
use crate::command::{Answer, HireOrder, TicketOrder};
use crate::decide::{Decision, TicketHire, after, hire_for_ticket};
use crate::event::Event;
use crate::ids::{AgentId, LandingId, MessageId, Party, derived};
use crate::limits::Limits;
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::tickets::attempt::{Attempt, Delay, Stage};
use crate::tickets::board::Board;
use crate::tickets::classify::ErrorClass;
use crate::tickets::landing::{Item, Judgement, Landing};
use crate::tickets::names::{SessionName, TicketId};
use crate::tickets::rules;
use crate::tickets::session::Session;
use crate::tickets::spec::GateSpec;
use crate::tickets::team::Role;
use crate::tickets::ticket::{Phase, Ticket, TicketOutcome};
use crate::tickets::work::Work;

/// Tries of a piece of work of the service before what it is for is given up: about ten minutes.
const TRIES_MAX: u32 = 10;
/// The first wait, and the longest, in milliseconds.
const WAIT_MS: u64 = 500;
const WAIT_MS_MAX: u64 = 120_000;

pub(super) fn answer(state: &Organisation, at: Timestamp, order: &TicketOrder) -> Decision {
    Ok((events(state, at, order).unwrap_or_default(), Answer::Done))
}

fn open(board: &Board, ticket: TicketId, attempt: crate::ids::AttemptId) -> Option<(&Ticket, &Attempt)> {
    let ticket = board.by_attempt(ticket, attempt)?;
    Some((ticket, ticket.attempt()?))
}

fn landing<'a>(board: &'a Board, session: &SessionName, landing: LandingId) -> Option<(&'a Session, &'a Landing)> {
    let session = board.sessions.get(session)?;
    Some((session, session.landing.as_ref().filter(|open| open.id == landing)?))
}

fn events(state: &Organisation, at: Timestamp, order: &TicketOrder) -> Option<Vec<Event>> {
    let board = &state.board;
    Some(match order {
        TicketOrder::Prepared { ticket, attempt, base, dir, assignment, bytes } => {
            let (ticket, attempt) = open(board, *ticket, *attempt)?;
            if attempt.stage != Stage::Preparing {
                return None;
            }
            let task = Task { dir, assignment, bytes: *bytes };
            prepared(state, at, ticket, attempt, base, &task)
        }
        TicketOrder::ReviewPrepared { ticket, attempt, step, dir, assignment, bytes } => {
            let (ticket, attempt) = open(board, *ticket, *attempt)?;
            attempt.open_review().filter(|review| review.step == *step && !review.prepared)?;
            let task = Task { dir, assignment, bytes: *bytes };
            review_prepared(state, at, ticket, attempt, &task)
        }
        TicketOrder::Collected { ticket, attempt, evidence } => {
            let (ticket, attempt) = open(board, *ticket, *attempt)?;
            if attempt.stage != Stage::Collecting {
                return None;
            }
            vec![Event::AttemptCollected { ticket: ticket.id, attempt: attempt.id, evidence: evidence.clone() }]
        }
        TicketOrder::NotCollected { ticket, attempt, why } => {
            let (ticket, attempt) = open(board, *ticket, *attempt)?;
            if attempt.stage != Stage::Collecting {
                return None;
            }
            rules::fail(state, at, ticket, ErrorClass::Task, crate::body::clip(why, 2_000), None)
        }
        TicketOrder::Built { session, landing: id, commit, tree, target_gates } => {
            let (session, open) = landing(board, session, *id)?;
            if open.built.is_some() {
                return None;
            }
            let gates = gates_of(board, session, open, target_gates);
            if gates.is_empty() && is_bare_checkpoint(board, open) {
                let why = "it is a checkpoint without a gate: neither the ticket nor its session nor the target's configuration \
                           names one"
                    .to_owned();
                return Some(rules::end_landing(state, at, session, open, ErrorClass::Fatal, why, None));
            }
            vec![Event::LandingBuilt {
                session: session.name.clone(),
                landing: open.id,
                commit: commit.clone(),
                tree: tree.clone(),
                gates,
            }]
        }
        TicketOrder::Conflicted { session, landing: id, files, detail } => {
            let (session, open) = landing(board, session, *id)?;
            if open.built.is_some() {
                return None;
            }
            let names: Vec<&str> = files.iter().map(String::as_str).take(10).collect();
            let more = if files.len() > names.len() { " …" } else { "" };
            let why = format!("it conflicts with the newest target in {}{more}", names.join(", "));
            rules::end_landing(state, at, session, open, ErrorClass::Conflict, why, Some(detail.clone()))
        }
        TicketOrder::GateEnded { session, landing: id, run, verdict, exit_code, ms, log } => {
            let (session, open) = landing(board, session, *id)?;
            let built = open.built.as_ref()?;
            let gate_run = open.run.as_ref().filter(|open| open.id == *run)?;
            vec![Event::GateJudged {
                session: session.name.clone(),
                landing: open.id,
                tree: built.tree.clone(),
                verdict: Box::new(Judgement {
                    run: *run,
                    gate: gate_run.gate.id(),
                    name: gate_run.gate.name.clone(),
                    verdict: *verdict,
                    exit_code: *exit_code,
                    ms: *ms,
                    log: log.clone(),
                    at,
                }),
            }]
        }
        TicketOrder::Moved { session, landing: id } => {
            let (session, open) = landing(board, session, *id)?;
            rules::is_green(board, open).then(|| rules::landed(state, at, session, open))?
        }
        TicketOrder::Foreign { session, landing: id, at: found } => {
            let (session, open) = landing(board, session, *id)?;
            let why = format!(
                "the target branch stands at {found} and not at {}: somebody else moved it in the control repository",
                open.onto
            );
            rules::end_landing(state, at, session, open, ErrorClass::Fatal, why, None)
        }
        TicketOrder::Rescued { place, commit, reference } => {
            // Whoever uses it again since goes on changing it.
            board.places.get(place).filter(|place| place.dirty && rules::may_secure(state, place))?;
            vec![Event::PlaceRescued { place: place.clone(), commit: commit.clone(), reference: reference.clone() }]
        }
        TicketOrder::Removed { place } => {
            board.places.get(place).filter(|place| rules::may_remove(state, place))?;
            vec![Event::PlaceRemoved { place: place.clone() }]
        }
        TicketOrder::WorkFailed { work, why, fatal } => work_failed(state, at, work, why, *fatal)?,
        TicketOrder::HeldTimeUp { ticket, attempt } => {
            let (ticket, attempt) = open(board, *ticket, *attempt)?;
            match attempt.stage {
                Stage::Held { deadline } if deadline <= at => {
                    let why = "nobody decided in time about its changes to protected files".to_owned();
                    rules::fail(state, at, ticket, ErrorClass::Fatal, why, None)
                }
                _ => return None,
            }
        }
        TicketOrder::IdleTimeUp { ticket, attempt } => {
            let (ticket, attempt) = open(board, *ticket, *attempt)?;
            if !matches!(attempt.stage, Stage::Running | Stage::Reviewing) {
                return None;
            }
            rules::held_until(state, attempt).filter(|until| *until <= at)?;
            let why = "its agent was interrupted, and nobody told it how to go on".to_owned();
            rules::stop(state, at, ticket, why, None)
        }
        TicketOrder::UpstreamTimeUp { ticket } => {
            let ticket = board.tickets.get(ticket).filter(|ticket| matches!(ticket.phase, Phase::Queued { .. }))?;
            let because = board.unmet(ticket).find(|upstream| {
                let upstream = board.tickets.get(upstream);
                upstream
                    .and_then(|upstream| rules::upstream_until(state, ticket, upstream))
                    .is_some_and(|time| time <= at)
            })?;
            let why = format!("it waited for {because}, which nobody mended in time");
            rules::close(state, ticket, TicketOutcome::Skipped { because }, why, None)
        }
        _ => return None,
    })
}

/// A task for an agent of a ticket, and where it is to be done.
struct Task<'a> {
    dir: &'a str,
    assignment: &'a Body,
    bytes: u64,
}

/// Who the agents of a ticket report to: who dispatched it, or the person when that one is gone.
fn parent(state: &Organisation, ticket: &Ticket) -> Party {
    ticket.by.agent().filter(|agent| state.agents.contains_key(agent)).map_or(Party::Root, Party::Agent)
}

fn hire_order(state: &Organisation, ticket: &Ticket, agent: AgentId, task: &Task<'_>) -> Option<HireOrder> {
    let parent = parent(state, ticket);
    let most = parent.agent().and_then(|id| state.agents.get(&id)).and_then(|agent| agent.spec.limits.seconds);
    Some(HireOrder {
        agent,
        message: MessageId(derived(agent.0, "task", 0)),
        parent,
        task: task.assignment.clone(),
        task_head: String::new(),
        task_bytes: task.bytes,
        name: None,
        role: None,
        driver: ticket.spec.driver?,
        command: ticket.spec.command.clone(),
        model: ticket.spec.model.clone(),
        cwd: Some(task.dir.to_owned()),
        tools: None,
        permission_mode: None,
        containment: crate::containment::ContainmentAsk::default(),
        limits: Limits {
            seconds: Some(most.map_or(ticket.spec.timeout_s, |most| most.min(ticket.spec.timeout_s))),
            ..Limits::default()
        },
        on_restart: OnRestart::Resume,
        files: Vec::new(),
    })
}

/// What a role is run with, instead of the ticket's own.
fn run_as(order: &mut HireOrder, role: Option<Role>) {
    let Some(role) = role else { return };
    if let Some(driver) = role.driver.filter(|driver| *driver != order.driver) {
        order.driver = driver;
        order.command = None;
        // Another program's name for a model.
        order.model = None;
    }
    order.command = role.command.or(order.command.take());
    order.model = role.model.or(order.model.take());
}

fn prepared(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    attempt: &Attempt,
    base: &str,
    task: &Task<'_>,
) -> Vec<Event> {
    let Some(agent) = attempt.agent else { return Vec::new() };
    let mut events = vec![Event::AttemptPrepared { ticket: ticket.id, attempt: attempt.id, base: base.to_owned() }];
    if !attempt.fresh {
        events.push(Event::MessageAccepted {
            message: MessageId(derived(attempt.id.0, "task", 0)),
            from: parent(state, ticket),
            from_name: state.name(parent(state, ticket)),
            to: agent.into(),
            message_kind: MessageKind::Task,
            body: task.assignment.clone(),
            urgency: Urgency::Queue,
            by: None,
            approval: None,
        });
        return events;
    }
    let Some(mut order) = hire_order(state, ticket, agent, task) else { return Vec::new() };
    let writer = state.board.writer(ticket, attempt);
    // What a writer's role says of how it is run is in the ticket since it was added; a resolver is nobody whom the ticket names.
    if attempt.resolver {
        run_as(&mut order, state.board.role(&writer));
    }
    order.role = Some(writer);
    match hire_for_ticket(state, &TicketHire { order: &order, name: &format!("t{}", ticket.id.0) }) {
        Ok(hired) => {
            events.extend(hired);
            events
        }
        Err(refusal) => {
            let why = format!("its agent could not be hired: {refusal}");
            // The clone is there all the same.
            events.extend(rules::fail(state, at, ticket, ErrorClass::Fatal, why, None));
            events
        }
    }
}

fn review_prepared(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    attempt: &Attempt,
    task: &Task<'_>,
) -> Vec<Event> {
    let Some(review) = attempt.open_review() else { return Vec::new() };
    let Some(mut order) = hire_order(state, ticket, review.agent, task) else { return Vec::new() };
    run_as(&mut order, state.board.role(&review.role));
    order.role = Some(review.role.clone());
    match hire_for_ticket(state, &TicketHire { order: &order, name: &format!("t{}-{}", ticket.id.0, review.role) }) {
        Ok(hired) => {
            let mut events = vec![Event::ReviewPrepared { ticket: ticket.id, attempt: attempt.id, step: review.step }];
            events.extend(hired);
            events
        }
        Err(refusal) => {
            let why = format!("the agent for the step `{}` could not be hired: {refusal}", review.role);
            // The clone is there, and nobody needs it.
            let mut events = vec![
                Event::ReviewPrepared { ticket: ticket.id, attempt: attempt.id, step: review.step },
                Event::PlaceReleased { place: review.place.clone() },
            ];
            events.extend(rules::fail(state, at, ticket, ErrorClass::Fatal, why, None));
            events
        }
    }
}

/// Whether a landing does nothing but to run gates.
fn is_bare_checkpoint(board: &Board, landing: &Landing) -> bool {
    let Item::Attempt { ticket, .. } = &landing.item else { return false };
    board.tickets.get(ticket).is_some_and(|ticket| !ticket.spec.has_agent())
}

/// Every gate that the merge must pass, each once.
fn gates_of(board: &Board, session: &Session, landing: &Landing, target: &[GateSpec]) -> Vec<GateSpec> {
    let own = match &landing.item {
        Item::Attempt { ticket, .. } => board.tickets.get(ticket).map(|ticket| ticket.spec.gates.as_slice()),
        Item::Import { .. } => None,
    };
    let mut gates: Vec<GateSpec> = Vec::new();
    for gate in own.unwrap_or_default().iter().chain(&session.settings.gates).chain(target) {
        if !gates.iter().any(|known| known.id() == gate.id()) {
            gates.push(gate.clone());
        }
    }
    gates
}

fn work_failed(state: &Organisation, at: Timestamp, work: &Work, why: &str, fatal: bool) -> Option<Vec<Event>> {
    let board = &state.board;
    let why = crate::body::clip(why, 2_000);
    let tries = |delay: Option<&Delay>| delay.map_or(0, |delay| delay.tries) + 1;
    let until = |tries: u32| after(at, WAIT_MS.saturating_mul(1 << tries.min(16)).min(WAIT_MS_MAX));
    match work {
        Work::Prepare { ticket, attempt }
        | Work::PrepareReview { ticket, attempt, .. }
        | Work::Collect { ticket, attempt } => {
            let (ticket, open) = open(board, *ticket, *attempt)?;
            let stage = match work {
                Work::Prepare { .. } => Stage::Preparing,
                Work::PrepareReview { .. } => Stage::Reviewing,
                _ => Stage::Collecting,
            };
            if open.stage != stage {
                return None;
            }
            if let Work::PrepareReview { step, .. } = work {
                open.open_review().filter(|review| review.step == *step && !review.prepared)?;
            }
            let tries = tries(open.delay.as_ref());
            if fatal || tries >= TRIES_MAX {
                return Some(rules::fail(state, at, ticket, ErrorClass::Fatal, why, None));
            }
            Some(vec![Event::AttemptDelayed { ticket: ticket.id, attempt: open.id, tries, until: until(tries), why }])
        }
        Work::Build { session, landing: id }
        | Work::Gate { session, landing: id, .. }
        | Work::Move { session, landing: id } => {
            let (session, open) = landing(board, session, *id)?;
            match work {
                Work::Build { .. } if open.built.is_some() => return None,
                Work::Gate { run, .. } if open.run.as_ref().is_none_or(|open| open.id != *run) => return None,
                Work::Move { .. } if !rules::is_green(board, open) => return None,
                _ => {}
            }
            let tries = tries(open.delay.as_ref());
            // The target may have been moved already: only looking again can tell.
            if (fatal || tries >= TRIES_MAX) && !matches!(work, Work::Move { .. }) {
                return Some(rules::end_landing(state, at, session, open, ErrorClass::Fatal, why, None));
            }
            Some(vec![Event::LandingDelayed {
                session: session.name.clone(),
                landing: open.id,
                tries,
                until: until(tries),
                why,
            }])
        }
        // Files are never given up: it is tried for as long as it takes.
        Work::Rescue { place } | Work::Remove { place } => {
            let place = board.places.get(place)?;
            let tries = tries(place.delay.as_ref());
            Some(vec![Event::PlaceDelayed { place: place.key.clone(), tries, until: until(tries), why }])
        }
    }
}
