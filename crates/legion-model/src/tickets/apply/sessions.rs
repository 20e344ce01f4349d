//! What the events about sessions mean.

use jiff::Timestamp;

use crate::event::Event;
use crate::tickets::board::Board;
use crate::tickets::session::{Session, SessionPhase};

pub(super) fn session(board: &mut Board, event: &Event, at: Timestamp) {
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
                    imported: Default::default(),
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

pub(super) fn phase(board: &mut Board, session: &crate::tickets::names::SessionName, phase: SessionPhase) {
    if let Some(session) = board.sessions.get_mut(session) {
        session.phase = phase;
    }
}
