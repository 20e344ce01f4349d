//! Sessions: opened on a commit, set, left, taken up, completed, deleted; and commits of the person that come in.

use jiff::Timestamp;

use super::{conflict, invalid, not_found};
use crate::command::{Answer, TicketOrder};
use crate::decide::Decision;
use crate::event::Event;
use crate::ids::Party;
use crate::organisation::Organisation;
use crate::refusal::Refusal;
use crate::tickets::board::Board;
use crate::tickets::landing::Item;
use crate::tickets::names::{SessionName, TicketId};
use crate::tickets::session::{Session, SessionPhase, SessionSettings};
use crate::tickets::ticket::Ticket;

/// Workers of one session.
const WORKERS_MAX: u32 = 64;
/// Sessions of one project.
const SESSIONS_MAX: usize = 200;

pub(super) fn decide(state: &Organisation, by: Party, at: Timestamp, order: &TicketOrder) -> Decision {
    let board = &state.board;
    let done = |events| Ok((events, Answer::Done));
    match order {
        TicketOrder::OpenSession { session, base, branch, settings } => {
            if board.sessions.contains_key(session) {
                return Err(conflict(format!("there is a session `{session}` already"))
                    .hint("`legion sessions use NAME` takes it up; or choose another name"));
            }
            if board.sessions.len() >= SESSIONS_MAX {
                return Err(conflict(format!("the project has {SESSIONS_MAX} sessions, which is the limit"))
                    .hint("delete one that is completed"));
            }
            check_settings(settings)?;
            done(vec![Event::SessionOpened {
                session: session.clone(),
                base: base.clone(),
                branch: branch.clone(),
                settings: settings.clone(),
                by,
            }])
        }
        TicketOrder::SetSession { session, settings } => {
            let known = find(board, session)?;
            check_settings(settings)?;
            if known.settings == *settings {
                return done(Vec::new());
            }
            done(vec![Event::SessionSet { session: session.clone(), settings: settings.clone(), by }])
        }
        TicketOrder::UseSession { session } => {
            let known = find(board, session)?;
            let mut events = Vec::new();
            if known.phase == SessionPhase::Completed {
                events.push(Event::SessionReopened { session: session.clone(), by });
            }
            if board.current.as_ref() != Some(session) {
                events.push(Event::SessionUsed { session: session.clone() });
            }
            done(events)
        }
        TicketOrder::CompleteSession { session } => {
            let known = find(board, session)?;
            let open: Vec<String> = unfinished(board, session).map(|ticket| ticket.id.to_string()).take(20).collect();
            if !open.is_empty() {
                return Err(conflict(format!("session `{session}` has unfinished tickets: {}", open.join(", ")))
                    .hint("wait for them, or `legion stop all`"));
            }
            match known.phase {
                SessionPhase::Completed => done(Vec::new()),
                SessionPhase::Active => done(vec![Event::SessionCompleted { session: session.clone(), by }]),
            }
        }
        TicketOrder::DeleteSession { session, force } => delete(state, by, at, session, *force),
        TicketOrder::Import { session, commit, branch } => {
            let known = active(board, session)?;
            let waiting = known.queue.iter().chain(known.landing.as_ref().map(|landing| &landing.item));
            let same = waiting.into_iter().find_map(|item| match item {
                Item::Import { number, commit: waiting, .. } if waiting == commit => Some(*number),
                _ => None,
            });
            if let Some(number) = same {
                return Ok((Vec::new(), Answer::Imported { number }));
            }
            let number = known.imports + 1;
            let queued = Event::ImportQueued {
                session: session.clone(),
                number,
                commit: commit.clone(),
                branch: branch.clone(),
                by,
            };
            Ok((vec![queued], Answer::Imported { number }))
        }
        _ => unreachable!("the caller sorts the orders"),
    }
}

fn delete(state: &Organisation, by: Party, at: Timestamp, session: &SessionName, force: bool) -> Decision {
    let board = &state.board;
    let known = find(board, session)?;
    // Of a ticket it is asked below, where its name is known.
    if let Some(landing) = known.landing.as_ref().filter(|landing| matches!(landing.item, Item::Import { .. })) {
        super::tickets::check_not_green(board, landing, "a commit of the person")?;
    }
    let open: Vec<&Ticket> = unfinished(board, session).collect();
    if !open.is_empty() && !force {
        let names: Vec<String> = open.iter().map(|ticket| ticket.id.to_string()).take(20).collect();
        return Err(conflict(format!("session `{session}` has unfinished tickets: {}", names.join(", ")))
            .hint("stop them first, or add `--force`: their files are kept for `legion undelete`"));
    }
    let all: Vec<TicketId> = board.tickets_of(session).map(|ticket| ticket.id).collect();
    let mut events = super::one_by_one(state, at, &all, |state, ticket| {
        super::tickets::end_for_good(state, by, at, ticket, "its session was deleted".to_owned())
    })?;
    events.push(Event::SessionDeleted { session: session.clone(), by });
    Ok((events, Answer::Done))
}

fn unfinished<'a>(board: &'a Board, session: &'a SessionName) -> impl Iterator<Item = &'a Ticket> {
    board.tickets_of(session).filter(|ticket| !ticket.is_closed())
}

pub(super) fn find<'a>(board: &'a Board, session: &SessionName) -> Result<&'a Session, Refusal> {
    board.sessions.get(session).ok_or_else(|| {
        let names: Vec<&str> = board.sessions.keys().map(SessionName::as_str).take(20).collect();
        let refusal = not_found(format!("there is no session `{session}`"));
        if names.is_empty() {
            refusal.hint("`legion init`, or `legion sessions new NAME`, makes one")
        } else {
            refusal.hint(format!("sessions: {}", names.join(", ")))
        }
    })
}

pub(super) fn active<'a>(board: &'a Board, session: &SessionName) -> Result<&'a Session, Refusal> {
    let known = find(board, session)?;
    if known.phase == SessionPhase::Completed {
        return Err(
            conflict(format!("session `{session}` is completed")).hint("`legion sessions use NAME` takes it up again")
        );
    }
    Ok(known)
}

pub(super) fn check_settings(settings: &SessionSettings) -> Result<(), Refusal> {
    if settings.workers == 0 || settings.workers > WORKERS_MAX {
        return Err(invalid(format!("a session has 1 to {WORKERS_MAX} workers, not {}", settings.workers)));
    }
    if let Some((group, _)) = settings.group_caps.iter().find(|(_, cap)| **cap == 0) {
        return Err(invalid(format!("a cap of 0 would hold the group `{group}` for ever")));
    }
    for glob in &settings.protect {
        super::add::check_glob("protect", glob)?;
    }
    super::add::check_gates("the session", &settings.gates)
}
