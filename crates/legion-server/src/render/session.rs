//! Sessions and their merge queue.

use legion_api as api;
use legion_model::tickets::{ImportEnd, Item, Landing, Overlap, Session, SessionPhase, SessionSettings};
use legion_model::{Organisation, Party};

use super::ticket::{counts, gate};
use super::ticket_detail::verdict;

pub(crate) fn session(state: &Organisation, caller: Party, session: &Session) -> api::Session {
    api::Session {
        name: session.name.to_string(),
        project: state.project.as_ref().map(|(_, path)| path.clone()).unwrap_or_default(),
        current: state.board.current.as_ref() == Some(&session.name),
        phase: match session.phase {
            SessionPhase::Active => api::SessionPhase::Active,
            SessionPhase::Completed => api::SessionPhase::Completed,
        },
        branch: session.branch.clone(),
        base: session.base.clone(),
        tip: session.tip.clone(),
        target_branch: session.name.target_branch(),
        settings: settings(&session.settings),
        opened_at: session.opened_at,
        opened_by: session.opened_by.to_string(),
        tickets: counts(state, caller, Some(&session.name)),
        queue: session.queue.iter().map(item).collect(),
        landing: session.landing.as_ref().map(landing),
        merged: session.merged,
        conflicts: session.conflicts,
        turned_down: session.turned_down,
        imports: session.imports,
        imported: session.imported.iter().map(import_end).collect(),
    }
}

fn import_end(end: &ImportEnd) -> api::ImportEnd {
    api::ImportEnd {
        number: end.number,
        commit: end.commit.clone(),
        landed: end.landed.clone(),
        why: end.why.clone(),
        at: end.at,
    }
}

fn settings(settings: &SessionSettings) -> api::SessionSettings {
    api::SessionSettings {
        workers: settings.workers,
        overlap: match settings.overlap {
            Overlap::Warn => api::Overlap::Warn,
            Overlap::Hold => api::Overlap::Hold,
        },
        group_caps: settings.group_caps.clone(),
        gates: settings.gates.iter().map(gate).collect(),
        protect: settings.protect.clone(),
    }
}

fn item(item: &Item) -> api::QueueItem {
    match item {
        Item::Attempt { ticket, .. } => {
            api::QueueItem { ticket: Some(ticket.0), import: None, commit: None, branch: None }
        }
        Item::Import { number, commit, branch, .. } => {
            api::QueueItem { ticket: None, import: Some(*number), commit: Some(commit.clone()), branch: branch.clone() }
        }
    }
}

fn landing(landing: &Landing) -> api::Landing {
    api::Landing {
        id: landing.id.to_string(),
        item: item(&landing.item),
        onto: landing.onto.clone(),
        began_at: landing.began_at,
        commit: landing.built.as_ref().map(|built| built.commit.clone()),
        tree: landing.built.as_ref().map(|built| built.tree.clone()),
        gate: landing.run.as_ref().map(|run| api::GateRun {
            id: run.id.to_string(),
            gate: run.gate.name.clone(),
            began_at: run.began_at,
            deadline: run.deadline,
        }),
        verdicts: landing.verdicts.iter().map(verdict).collect(),
        why: landing.delay.as_ref().map(|delay| delay.why.clone()),
    }
}
