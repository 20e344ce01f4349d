//! What the events about the merge queue mean.

use jiff::Timestamp;

use super::attempts::{enter, open_attempt};
use crate::event::Event;
use crate::tickets::attempt::{Delay, Stage};
use crate::tickets::board::Board;
use crate::tickets::landing::{Built, GateRun, GateVerdict, Item, Landing};
use crate::tickets::session::{ImportEnd, Session};

pub(super) fn landing(board: &mut Board, event: &Event, at: Timestamp) {
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
            if verdict.verdict != GateVerdict::Lost {
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
        Event::LandingEnded { session, landing, moved, conflict, commit, why, .. } => {
            let Some(session) = board.sessions.get_mut(session) else { return };
            let Some(ended) = session.landing.take_if(|open| open.id == *landing) else { return };
            if let Item::Import { number, commit: wanted, .. } = &ended.item {
                let (number, wanted) = (*number, wanted.clone());
                let landed = commit.clone().filter(|_| *moved);
                session.imported.push_back(ImportEnd { number, commit: wanted, landed, why: why.clone(), at });
                while session.imported.len() > Session::IMPORTED_MAX {
                    session.imported.pop_front();
                }
            }
            session.merged += u32::from(*moved);
            session.conflicts += u32::from(*conflict);
            session.turned_down += u32::from(!*moved && !*conflict);
            if let (true, Some(commit)) = (*moved, commit) {
                session.tip.clone_from(commit);
            }
            if let (true, Item::Attempt { ticket, attempt }) = (*moved, ended.item)
                && let Some((_, open)) = open_attempt(board, ticket, attempt)
            {
                open.flakes = ended.verdicts;
                open.flakes.retain(|verdict| verdict.verdict != GateVerdict::Passed);
            }
        }
        _ => {}
    }
}

pub(super) fn open_landing<'a>(
    board: &'a mut Board,
    session: &crate::tickets::names::SessionName,
    landing: crate::ids::LandingId,
) -> Option<&'a mut Landing> {
    board.sessions.get_mut(session)?.landing.as_mut().filter(|open| open.id == landing)
}
