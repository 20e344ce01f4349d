//! New tickets that mean to touch the same files as tickets that are not merged yet.

use std::collections::BTreeSet;

use legion_model::glob::{Glob, first_overlap};
use legion_model::tickets::{NewTicket, SessionName, TicketId};
use legion_model::{Organisation, ProjectId, body};

use crate::context::Context;
use crate::fault::{Fault, Result};

/// Sentences of one dispatch.
const SENTENCES_MAX: usize = 20;
/// Pairs of tickets that are compared for one dispatch.
const PAIRS_MAX: usize = 100_000;
/// Characters of a title in a sentence.
const TITLE_BYTES_MAX: usize = 80;

struct Unmerged {
    id: TicketId,
    title: String,
    files: Vec<String>,
}

/// A sentence for each new ticket and one that it may get into a conflict with: not merged yet, and not waited for.
pub(crate) async fn overlaps(
    context: &Context,
    project: ProjectId,
    session: &SessionName,
    tickets: &[NewTicket],
) -> Result<Vec<String>> {
    let new: Vec<(String, Vec<String>, Vec<TicketId>)> = tickets
        .iter()
        .filter(|ticket| !ticket.spec.files.is_empty())
        .map(|ticket| (ticket.spec.title.clone(), ticket.spec.files.clone(), ticket.after.keys().copied().collect()))
        .collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let (session, waited_for) = (session.clone(), new.iter().flat_map(|(_, _, after)| after.clone()).collect());
    let known = context.engine.read(project, move |state| unmerged(state, &session, waited_for)).await?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    tokio::task::spawn_blocking(move || sentences(&new, &known)).await.map_err(Fault::internal)
}

/// Tickets with files that are not merged, but for those that are waited for, directly or not.
fn unmerged(state: &Organisation, session: &SessionName, waited_for: Vec<TicketId>) -> Vec<Unmerged> {
    let board = &state.board;
    let (mut above, mut open) = (BTreeSet::new(), waited_for);
    while let Some(id) = open.pop() {
        if above.insert(id) {
            open.extend(board.tickets.get(&id).into_iter().flat_map(|ticket| ticket.after.keys()));
        }
    }
    let unfinished = board.tickets_of(session).filter(|ticket| !ticket.is_closed() && !ticket.spec.files.is_empty());
    let beside = unfinished.filter(|ticket| !above.contains(&ticket.id));
    beside
        .map(|ticket| Unmerged { id: ticket.id, title: ticket.spec.title.clone(), files: ticket.spec.files.clone() })
        .collect()
}

fn sentences(new: &[(String, Vec<String>, Vec<TicketId>)], known: &[Unmerged]) -> Vec<String> {
    let parsed = |files: &[String]| files.iter().filter_map(|text| Glob::parse(text).ok()).collect::<Vec<Glob>>();
    let known: Vec<(&Unmerged, Vec<Glob>)> = known.iter().map(|known| (known, parsed(&known.files))).collect();
    let new: Vec<(&String, Vec<Glob>)> = new.iter().map(|(title, files, _)| (title, parsed(files))).collect();
    let pairs = new.iter().flat_map(|new| known.iter().map(move |known| (new, known))).take(PAIRS_MAX);
    let met = pairs.filter_map(|((title, files), (known, theirs))| {
        let (ours, other) = first_overlap(files, theirs)?;
        let (title, called) = (body::clip(title, TITLE_BYTES_MAX), body::clip(&known.title, TITLE_BYTES_MAX));
        let globs = match ours.as_str() == other.as_str() {
            true => format!("`{}`", ours.as_str()),
            false => format!("`{}` and `{}`", ours.as_str(), other.as_str()),
        };
        let id = known.id;
        Some(format!(
            "ticket `{title}` means to touch the same files as {id} `{called}`, which is not merged yet: {globs}"
        ))
    });
    met.take(SENTENCES_MAX).collect()
}
