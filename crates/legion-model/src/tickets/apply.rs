//! What the events about tickets mean. It never refuses; an event about something that is not there changes nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::attempt::{Attempt, AttemptEnd, AttemptSummary, Delay, Review, Stage};
use super::board::{Board, Post, Rescue};
use super::landing::{Built, GateRun, Item, Landing};
use super::names::TicketId;
use super::place::Place;
use super::session::{Session, SessionPhase};
use super::ticket::{Phase, Ticket, TicketOutcome};
use crate::agent::Agent;
use crate::event::Event;
use crate::ids::AttemptId;
use crate::money::MicroUsd;
use crate::run::Usage;

pub(crate) fn apply(board: &mut Board, event: &Event, at: Timestamp) {
    let unfinished = |board: &Board| {
        let ticket = event.ticket().and_then(|id| board.tickets.get(&id)).filter(|ticket| !ticket.is_closed());
        ticket.map(|ticket| (ticket.session.clone(), ticket.by))
    };
    let before = unfinished(board);
    change(board, event, at);
    if let Some(ticket) = event.ticket() {
        refresh(board, ticket);
    }
    let after = unfinished(board);
    if before == after {
        return;
    }
    if let Some((session, by)) = before {
        let Some(counts) = board.unfinished.get_mut(&session) else { return };
        let count = counts.entry(by).or_default();
        *count = count.saturating_sub(1);
        counts.retain(|_, count| *count > 0);
    }
    if let Some((session, by)) = after {
        *board.unfinished.entry(session).or_default().entry(by).or_default() += 1;
    }
}

/// What an agent used goes to its ticket before the agent is gone.
pub(crate) fn agent_used(board: &mut Board, agent: &Agent) {
    let Some(ticket) = board.posts.get(&agent.id).and_then(|post| board.tickets.get_mut(&post.ticket)) else { return };
    ticket.usage += agent.usage;
    let spent = agent.spent + agent.spent_by_fired;
    if agent.spec.driver.capabilities().reports_cost || spent != MicroUsd::default() {
        ticket.spent = Some(ticket.spent.unwrap_or_default() + spent);
    }
}

/// Keeps the sets by phase true for one ticket.
fn refresh(board: &mut Board, id: TicketId) {
    let phase = board.tickets.get(&id).map(|ticket| &ticket.phase);
    let set = |set: &mut BTreeSet<TicketId>, is_in: bool| {
        if is_in {
            set.insert(id);
        } else {
            set.remove(&id);
        }
    };
    let not_before = match phase {
        Some(Phase::Queued { not_before }) => *not_before,
        _ => None,
    };
    set(&mut board.open, matches!(phase, Some(Phase::Open(_))));
    set(&mut board.queued, matches!(phase, Some(Phase::Queued { .. })));
    let badly = matches!(phase, Some(Phase::Closed { outcome, .. }) if !matches!(outcome, TicketOutcome::Done { .. }));
    set(&mut board.closed_badly, badly);
    board.delayed.retain(|(_, delayed)| *delayed != id);
    if let Some(not_before) = not_before {
        board.delayed.insert((not_before, id));
    }
}

fn change(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::AgentHired { agent, spec, .. } => hired(board, *agent, &spec.cwd),
        Event::AgentFired { agent, .. } => {
            board.posts.remove(agent);
        }
        Event::SessionOpened { .. }
        | Event::SessionSet { .. }
        | Event::SessionUsed { .. }
        | Event::SessionCompleted { .. }
        | Event::SessionReopened { .. }
        | Event::SessionDeleted { .. } => session(board, event, at),
        Event::TicketAdded { .. }
        | Event::TicketReopened { .. }
        | Event::TicketClosed { .. }
        | Event::TicketDeleted { .. } => ticket(board, event, at),
        Event::ImportQueued { .. }
        | Event::LandingBegan { .. }
        | Event::LandingBuilt { .. }
        | Event::GateBegan { .. }
        | Event::GateJudged { .. }
        | Event::LandingDelayed { .. }
        | Event::LandingEnded { .. } => landing(board, event, at),
        Event::PlaceReleased { .. }
        | Event::PlaceRescued { .. }
        | Event::PlaceRemoved { .. }
        | Event::PlaceDelayed { .. } => place(board, event, at),
        Event::RoleSet { role, .. } => {
            board.roles.insert(role.id.clone(), role.clone());
        }
        Event::RoleDeleted { role, .. } => {
            board.roles.remove(role);
        }
        Event::TeamSet { team, .. } => {
            board.teams.insert(team.id.clone(), team.clone());
        }
        Event::TeamDeleted { team, .. } => {
            board.teams.remove(team);
        }
        Event::AttemptBegan { .. } => attempt_began(board, event, at),
        Event::AttemptEnded { .. } => attempt_ended(board, event, at),
        event => attempt(board, event, at),
    }
}

/// It works in the clone that was made for it.
fn hired(board: &mut Board, agent: crate::ids::AgentId, dir: &str) {
    let Some(post) = board.posts.get(&agent) else { return };
    let Some(attempt) = board.by_attempt(post.ticket, post.attempt).and_then(Ticket::attempt) else { return };
    let place = match post.review {
        Some(step) => attempt.reviews.iter().find(|review| review.step == step).map(|review| review.place.clone()),
        None => attempt.place.clone(),
    };
    if let Some(place) = place.and_then(|place| board.places.get_mut(&place)) {
        place.dir = Some(dir.to_owned());
    }
}

fn session(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::SessionOpened { session, base, branch, settings, by } => {
            board.sessions.insert(
                session.clone(),
                Session {
                    name: session.clone(),
                    base: base.clone(),
                    branch: branch.clone(),
                    settings: settings.clone(),
                    phase: SessionPhase::Active,
                    opened_at: at,
                    opened_by: *by,
                    tip: base.clone(),
                    queue: Default::default(),
                    landing: None,
                    landings: 0,
                    imports: 0,
                    merged: 0,
                    conflicts: 0,
                    turned_down: 0,
                },
            );
            board.current = Some(session.clone());
        }
        Event::SessionSet { session, settings, .. } => {
            if let Some(session) = board.sessions.get_mut(session) {
                session.settings = settings.clone();
            }
        }
        Event::SessionUsed { session } => board.current = Some(session.clone()),
        Event::SessionCompleted { session, .. } => phase(board, session, SessionPhase::Completed),
        Event::SessionReopened { session, .. } => phase(board, session, SessionPhase::Active),
        Event::SessionDeleted { session, .. } => {
            board.sessions.remove(session);
            board.unfinished.remove(session);
            board.current.take_if(|current| current == session);
        }
        _ => {}
    }
}

fn phase(board: &mut Board, session: &super::names::SessionName, phase: SessionPhase) {
    if let Some(session) = board.sessions.get_mut(session) {
        session.phase = phase;
    }
}

fn ticket(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::TicketAdded { ticket, session, local, spec, after, by } => {
            let after: BTreeSet<TicketId> = after.iter().copied().collect();
            for upstream in &after {
                board.dependents.entry(*upstream).or_default().insert(*ticket);
            }
            board.last_ticket = board.last_ticket.max(ticket.0);
            let behind = board.dependents_of(*ticket).filter_map(|id| board.tickets.get(&id));
            let rank = behind.map(|waiting| waiting.rank + 1).max().unwrap_or(0);
            board.tickets.insert(
                *ticket,
                Ticket {
                    id: *ticket,
                    session: session.clone(),
                    local: local.clone(),
                    spec: (**spec).clone(),
                    after,
                    by: *by,
                    added_at: at,
                    rank,
                    phase: Phase::Queued { not_before: None },
                    attempts: 0,
                    failures: 0,
                    conflicts: 0,
                    transients: 0,
                    place: None,
                    agent: None,
                    feedback: None,
                    needs_resolver: false,
                    last_head: None,
                    approved: BTreeSet::new(),
                    summary: None,
                    started_at: None,
                    usage: Usage::default(),
                    spent: None,
                    history: Vec::new(),
                },
            );
            raise_ranks(board, *ticket);
        }
        Event::TicketReopened { ticket, spec, feedback, .. } => {
            let Some(reopened) = board.tickets.get_mut(ticket) else { return };
            if let Some(spec) = spec {
                reopened.spec = (**spec).clone();
            }
            if feedback.is_some() {
                reopened.feedback.clone_from(feedback);
            }
            reopened.failures = 0;
            reopened.conflicts = 0;
            reopened.transients = 0;
            reopened.needs_resolver = false;
            reopened.phase = Phase::Queued { not_before: None };
        }
        Event::TicketClosed { ticket, outcome, why, .. } => {
            if let Some(closed) = board.tickets.get_mut(ticket) {
                closed.phase = Phase::Closed { outcome: outcome.clone(), why: why.clone(), at };
                if matches!(outcome, TicketOutcome::Done { .. } | TicketOutcome::Stopped) {
                    closed.place = None;
                    if let Some(agent) = closed.agent.take() {
                        board.posts.remove(&agent);
                    }
                }
            }
        }
        Event::TicketDeleted { ticket, .. } => {
            let Some(deleted) = board.tickets.remove(ticket) else { return };
            if deleted.is_done() {
                board.deleted_done.insert(*ticket);
            }
            if let Some(agent) = deleted.agent {
                board.posts.remove(&agent);
            }
            for upstream in &deleted.after {
                if let Some(dependents) = board.dependents.get_mut(upstream) {
                    dependents.remove(ticket);
                }
            }
            board.deleted.insert(*ticket, deleted.spec.title);
        }
        _ => {}
    }
}

/// The ticket's upstreams are at least one step before it.
fn raise_ranks(board: &mut Board, from: TicketId) {
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        let Some(ticket) = board.tickets.get(&id) else { continue };
        let wanted = ticket.rank + 1;
        for upstream in ticket.after.clone() {
            if let Some(upstream) = board.tickets.get_mut(&upstream).filter(|upstream| upstream.rank < wanted) {
                upstream.rank = wanted;
                open.push(upstream.id);
            }
        }
    }
}

fn attempt_began(board: &mut Board, event: &Event, at: Timestamp) {
    let Event::AttemptBegan { ticket, attempt, number, worker, place, agent, fresh, resolver } = event else { return };
    let Some(begun) = board.tickets.get_mut(ticket) else { return };
    begun.attempts = *number;
    begun.started_at.get_or_insert(at);
    begun.place.clone_from(place);
    let before = std::mem::replace(&mut begun.agent, *agent);
    begun.needs_resolver = false;
    begun.phase = Phase::Open(Box::new(Attempt {
        id: *attempt,
        number: *number,
        worker: *worker,
        place: place.clone(),
        agent: *agent,
        resolver: *resolver,
        fresh: *fresh,
        began_at: at,
        // Without an agent there is nothing to prepare: its gates are what it is for.
        stage: if agent.is_some() { Stage::Preparing } else { Stage::Collected },
        since: at,
        base: None,
        evidence: None,
        reviews: Vec::new(),
        reported: None,
        continued: 0,
        delay: None,
    }));
    if let Some(before) = before {
        board.posts.remove(&before);
    }
    if let Some(agent) = agent {
        board.posts.insert(*agent, Post { ticket: *ticket, attempt: *attempt, review: None });
    }
}

fn attempt_ended(board: &mut Board, event: &Event, at: Timestamp) {
    let Event::AttemptEnded { ticket, attempt, end, why, detail, retry_at, by } = event else { return };
    let Some(ended) = board.tickets.get_mut(ticket) else { return };
    let Some(open) = ended.attempt().filter(|open| open.id == *attempt).cloned() else { return };
    ended.phase = Phase::Queued { not_before: *retry_at };
    // Whoever was not hired is not hired any more.
    if let Some(agent) = open.agent.filter(|_| open.fresh && open.base.is_none()) {
        board.posts.remove(&agent);
    }
    for review in &open.reviews {
        if !review.prepared || board.places.get(&review.place).is_some_and(|place| place.released) {
            board.posts.remove(&review.agent);
        }
    }
    match end {
        AttemptEnd::Failed(super::classify::ErrorClass::Conflict) => ended.conflicts += 1,
        AttemptEnd::Failed(super::classify::ErrorClass::Transient | super::classify::ErrorClass::Quota) => {
            ended.transients += 1;
        }
        AttemptEnd::Failed(_) => ended.failures += 1,
        AttemptEnd::Merged | AttemptEnd::Stopped => {}
    }
    if !matches!(end, AttemptEnd::Merged) {
        if detail.is_some() {
            ended.feedback.clone_from(detail);
        }
        if let Some(evidence) = &open.evidence {
            ended.last_head = Some(evidence.head.clone());
        }
    }
    if let Some((_, summary)) = &open.reported {
        ended.summary = Some(summary.clone());
    }
    // Two conflicts went back to the author; the next one is for somebody else.
    ended.needs_resolver = *end == AttemptEnd::Failed(super::classify::ErrorClass::Conflict) && ended.conflicts >= 3;
    ended.history.push(AttemptSummary {
        id: open.id,
        number: open.number,
        worker: open.worker,
        agent: open.agent,
        began_at: open.began_at,
        ended_at: at,
        end: *end,
        why: why.clone(),
        detail: detail.clone(),
        head: open.evidence.as_ref().map(|evidence| evidence.head.clone()),
        by: *by,
    });
    if ended.history.len() > Ticket::HISTORY_MAX {
        ended.history.remove(0);
    }
    if let Some(session) = board.sessions.get_mut(&ended.session) {
        session.queue.retain(|item| !matches!(item, Item::Attempt { attempt: queued, .. } if queued == attempt));
    }
}

type Approved = BTreeSet<super::attempt::ProtectedChange>;

fn open_attempt(board: &mut Board, ticket: TicketId, attempt: AttemptId) -> Option<(&mut Approved, &mut Attempt)> {
    let ticket = board.tickets.get_mut(&ticket)?;
    match &mut ticket.phase {
        Phase::Open(open) if open.id == attempt => Some((&mut ticket.approved, open)),
        _ => None,
    }
}

fn attempt(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::AttemptPrepared { ticket, attempt, base } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            open.base = Some(base.clone());
            enter(open, Stage::Running, at);
            let (place, agent) = (open.place.clone(), open.agent);
            make_place(board, place, *ticket, agent, base);
        }
        Event::AttemptReported { ticket, attempt, done, summary } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                open.reported = Some((*done, summary.clone()));
            }
        }
        Event::AttemptContinued { ticket, attempt } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                open.continued += 1;
                open.since = at;
            }
        }
        Event::AttemptRan { ticket, attempt } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                enter(open, Stage::Collecting, at);
            }
        }
        Event::AttemptCollected { ticket, attempt, evidence } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                open.evidence = Some((**evidence).clone());
                enter(open, Stage::Collected, at);
            }
        }
        Event::ReviewBegan { ticket, attempt, step, role, agent, place } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            open.reviews.push(Review {
                step: *step,
                role: role.clone(),
                agent: *agent,
                place: place.clone(),
                prepared: false,
                reminded: false,
                verdict: None,
            });
            enter(open, Stage::Reviewing, at);
            board.posts.insert(*agent, Post { ticket: *ticket, attempt: *attempt, review: Some(*step) });
        }
        Event::ReviewPrepared { ticket, attempt, .. } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            open.delay = None;
            open.since = at;
            let base = open.evidence.as_ref().map(|evidence| evidence.head.clone()).unwrap_or_default();
            let Some(review) = open.reviews.last_mut() else { return };
            review.prepared = true;
            let (place, agent) = (review.place.clone(), review.agent);
            make_place(board, Some(place), *ticket, Some(agent), &base);
        }
        Event::ReviewReminded { ticket, attempt, .. } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt)
                && let Some(review) = open.reviews.last_mut()
            {
                review.reminded = true;
            }
        }
        Event::ReviewGiven { ticket, attempt, step, approved, summary } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            if let Some(review) = open.reviews.iter_mut().find(|review| review.step == *step) {
                review.verdict = Some((*approved, summary.clone()));
            }
            enter(open, Stage::Collected, at);
        }
        Event::AttemptHeld { ticket, attempt, deadline, .. } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                enter(open, Stage::Held { deadline: *deadline }, at);
            }
        }
        Event::AttemptApproved { ticket, attempt, .. } => {
            if let Some((approved, open)) = open_attempt(board, *ticket, *attempt) {
                approved.extend(open.evidence.iter().flat_map(|evidence| evidence.protected.clone()));
                enter(open, Stage::Collected, at);
            }
        }
        Event::AttemptQueued { ticket, attempt } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            enter(open, Stage::Queued, at);
            let item = Item::Attempt { ticket: *ticket, attempt: *attempt };
            let Some(ticket) = board.tickets.get(ticket) else { return };
            let Some(session) = board.sessions.get_mut(&ticket.session) else { return };
            // Who resolved a conflict goes first: behind others it would meet the next one.
            if ticket.conflicts > 0 {
                session.queue.push_front(item);
            } else {
                session.queue.push_back(item);
            }
        }
        Event::AttemptDelayed { ticket, attempt, tries, until, why } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                open.delay = Some(Delay { tries: *tries, until: *until, why: why.clone() });
            }
        }
        _ => {}
    }
}

fn enter(attempt: &mut Attempt, stage: Stage, at: Timestamp) {
    attempt.stage = stage;
    attempt.since = at;
    attempt.delay = None;
}

fn make_place(
    board: &mut Board,
    key: Option<super::place::PlaceKey>,
    ticket: TicketId,
    agent: Option<crate::ids::AgentId>,
    base: &str,
) {
    let Some(key) = key else { return };
    let Some(session) = board.tickets.get(&ticket).map(|ticket| ticket.session.clone()) else { return };
    let made = Place {
        key: key.clone(),
        session,
        ticket,
        agent,
        dir: None,
        base: base.to_owned(),
        dirty: true,
        rescued: None,
        released: false,
        delay: None,
    };
    board.places.entry(key).and_modify(|place| (place.dirty, place.agent) = (true, agent)).or_insert(made);
}

fn landing(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::ImportQueued { session, number, commit, branch, by } => {
            if let Some(session) = board.sessions.get_mut(session) {
                session.imports = *number;
                session.queue.push_back(Item::Import {
                    number: *number,
                    commit: commit.clone(),
                    branch: branch.clone(),
                    by: *by,
                });
            }
        }
        Event::LandingBegan { session, landing, item, onto } => {
            let Some(session) = board.sessions.get_mut(session) else { return };
            session.queue.retain(|queued| queued != item);
            session.landings += 1;
            session.landing = Some(Landing {
                id: *landing,
                item: item.clone(),
                onto: onto.clone(),
                began_at: at,
                built: None,
                run: None,
                verdicts: Vec::new(),
                delay: None,
            });
            if let Item::Attempt { ticket, attempt } = item
                && let Some((_, open)) = open_attempt(board, *ticket, *attempt)
            {
                enter(open, Stage::Landing, at);
            }
        }
        Event::LandingBuilt { session, landing, commit, tree, gates } => {
            if let Some(open) = open_landing(board, session, *landing) {
                open.built = Some(Built { commit: commit.clone(), tree: tree.clone(), gates: gates.clone() });
                open.delay = None;
            }
        }
        Event::GateBegan { session, landing, run, gate, deadline } => {
            if let Some(open) = open_landing(board, session, *landing) {
                open.run = Some(GateRun { id: *run, gate: gate.clone(), began_at: at, deadline: *deadline });
                open.delay = None;
            }
        }
        Event::GateJudged { session, landing, tree, verdict } => {
            let key = (tree.clone(), verdict.gate);
            if verdict.verdict != super::landing::GateVerdict::Lost {
                if board.verdicts.insert(key.clone(), (**verdict).clone()).is_none() {
                    board.verdicts_order.push_back(key);
                }
                while board.verdicts_order.len() > Board::VERDICTS_MAX {
                    if let Some(oldest) = board.verdicts_order.pop_front() {
                        board.verdicts.remove(&oldest);
                    }
                }
            }
            if let Some(open) = open_landing(board, session, *landing) {
                open.run = None;
                open.delay = None;
                open.verdicts.push((**verdict).clone());
            }
        }
        Event::LandingDelayed { session, landing, tries, until, why } => {
            if let Some(open) = open_landing(board, session, *landing) {
                open.delay = Some(Delay { tries: *tries, until: *until, why: why.clone() });
            }
        }
        Event::LandingEnded { session, landing, moved, conflict, commit, .. } => {
            let Some(session) = board.sessions.get_mut(session) else { return };
            if session.landing.take_if(|open| open.id == *landing).is_none() {
                return;
            }
            session.merged += u32::from(*moved);
            session.conflicts += u32::from(*conflict);
            session.turned_down += u32::from(!*moved && !*conflict);
            if let (true, Some(commit)) = (*moved, commit) {
                session.tip.clone_from(commit);
            }
        }
        _ => {}
    }
}

fn open_landing<'a>(
    board: &'a mut Board,
    session: &super::names::SessionName,
    landing: crate::ids::LandingId,
) -> Option<&'a mut Landing> {
    board.sessions.get_mut(session)?.landing.as_mut().filter(|open| open.id == landing)
}

fn place(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::PlaceReleased { place } => {
            if let Some(place) = board.places.get_mut(place) {
                place.released = true;
            }
        }
        Event::PlaceRescued { place, commit, reference } => {
            let Some(secured) = board.places.get_mut(place) else { return };
            secured.dirty = false;
            secured.delay = None;
            let ticket = secured.ticket;
            if let (Some(commit), Some(reference)) = (commit, reference) {
                secured.rescued = Some(commit.clone());
                let rescue = Rescue { place: place.clone(), commit: commit.clone(), reference: reference.clone(), at };
                board.rescues.entry(ticket).or_default().push(rescue);
            }
        }
        Event::PlaceRemoved { place } => {
            board.places.remove(place);
        }
        Event::PlaceDelayed { place, tries, until, why } => {
            if let Some(place) = board.places.get_mut(place) {
                place.delay = Some(Delay { tries: *tries, until: *until, why: why.clone() });
            }
        }
        _ => {}
    }
}
