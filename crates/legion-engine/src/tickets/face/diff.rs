//! What a ticket changes.

use legion_git::{ClonePlace, Control, Oid, RescuePlan};
use legion_model::tickets::{Place, Ticket, TicketId, TicketOutcome};
use legion_model::{Organisation, ProjectId};

use super::answer::not_found;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::tickets::failure::Failure;
use crate::tickets::names;
use crate::tickets::site::{Site, oid};

/// Bytes of a patch, whatever is asked for.
const PATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a difference is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffOf {
    /// Its clone, as it is now.
    Working,
    /// What was taken in last.
    Collected,
    /// Its merge.
    Merged,
    /// What was secured when its clone was given up.
    Rescued,
}

/// What a ticket changes.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketDiff {
    pub of: DiffOf,
    pub from: String,
    pub to: String,
    pub files: Vec<DiffFile>,
    pub patch: String,
    /// Whether the patch is not whole.
    pub cut: bool,
}

/// How much changed in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffFile {
    pub path: String,
    pub insertions: u64,
    pub deletions: u64,
    /// It has no lines.
    pub binary: bool,
}

/// Where a ticket's work is to be found.
enum Source {
    Merged(Oid),
    Clone(Box<Place>),
    Commit { of: DiffOf, head: Oid, base: Oid },
}

impl Engine {
    /// What a ticket changes: merged, as its agent has it now, or as it was left.
    pub async fn ticket_diff(
        &self,
        project: ProjectId,
        ticket: TicketId,
        bytes_max: usize,
    ) -> Result<TicketDiff, EngineError> {
        let source = self.read(project, move |state| source(state, ticket)).await?;
        let nothing = || not_found(format!("ticket {ticket} has no work to show yet"));
        let source = source?.ok_or_else(nothing)?;
        let site = Site::of(&self.inner, project);
        let control = site.control().await?;
        let (of, from, to) = match source {
            Source::Merged(commit) => {
                let parent = control.parents_of(&commit).await.map_err(Failure::from)?.into_iter().next();
                (DiffOf::Merged, parent.unwrap_or_else(|| commit.clone()), commit)
            }
            Source::Clone(place) => {
                let (from, to) = snapshot(&site, &control, &place).await?;
                (DiffOf::Working, from, to)
            }
            Source::Commit { of, head, base } => {
                let from = control.merge_base(&base, &head).await.map_err(Failure::from)?;
                (of, from.unwrap_or(base), head)
            }
        };
        let stat = control.diff_stat(&from, &to).await.map_err(Failure::from)?;
        let patch = control.diff(&from, &to, bytes_max.min(PATCH_BYTES_MAX)).await.map_err(Failure::from)?;
        Ok(TicketDiff {
            of,
            from: from.to_string(),
            to: to.to_string(),
            files: stat
                .into_iter()
                .map(|file| DiffFile {
                    path: file.path.to_string_lossy().into_owned(),
                    insertions: file.lines.map_or(0, |(added, _)| added),
                    deletions: file.lines.map_or(0, |(_, deleted)| deleted),
                    binary: file.lines.is_none(),
                })
                .collect(),
            patch: String::from_utf8_lossy(&patch.bytes).into_owned(),
            cut: patch.cut,
        })
    }
}

fn source(state: &Organisation, id: TicketId) -> Result<Option<Source>, EngineError> {
    let board = &state.board;
    let Some(ticket) = board.tickets.get(&id) else {
        return Err(not_found(format!("there is no ticket {id}")).hint("`legion check` lists the tickets").into());
    };
    if let legion_model::tickets::Phase::Closed { outcome: TicketOutcome::Done { commit, .. }, .. } = &ticket.phase {
        return Ok(Some(Source::Merged(oid(commit)?)));
    }
    // What waits to be merged is what was taken in, whatever its clone has by now.
    let evidence = ticket.attempt().and_then(|attempt| attempt.evidence.as_ref().zip(attempt.base.as_ref()));
    if let Some((evidence, base)) = evidence {
        return Ok(Some(Source::Commit { of: DiffOf::Collected, head: oid(&evidence.head)?, base: oid(base)? }));
    }
    if let Some(place) = ticket.place.as_ref().and_then(|key| board.places.get(key)) {
        return Ok(Some(Source::Clone(Box::new(place.clone()))));
    }
    Ok(left(state, ticket)?)
}

/// What was left when the clone was given up.
fn left(state: &Organisation, ticket: &Ticket) -> Result<Option<Source>, Failure> {
    let Some(session) = state.board.sessions.get(&ticket.session) else { return Ok(None) };
    let base = oid(&session.tip)?;
    if let Some(rescue) = state
        .board
        .rescues
        .get(&ticket.id)
        .and_then(|rescues| rescues.iter().rev().find(|rescue| !rescue.place.is_review()))
    {
        return Ok(Some(Source::Commit { of: DiffOf::Rescued, head: oid(&rescue.commit)?, base }));
    }
    let Some(head) = &ticket.last_head else { return Ok(None) };
    Ok(Some(Source::Commit { of: DiffOf::Collected, head: oid(head)?, base }))
}

/// The clone's files as they are, as a commit that is pinned like a rescue.
async fn snapshot(site: &Site, control: &Control, place: &Place) -> Result<(Oid, Oid), Failure> {
    let _held = site.ground.hold(&place.key).await;
    let dir = site.ground.dir(&place.key);
    if !dir.exists() {
        return Err(Failure::fatal(format!("its clone `{}` is gone: somebody removed it", dir.display())));
    }
    let base = oid(&place.base)?;
    let plan = RescuePlan {
        place: ClonePlace::at(dir),
        base: base.clone(),
        message: format!("The clone `{}` of ticket {} as it was\n", place.key, place.ticket),
        identity: names::agent(&place.session, place.ticket),
        at: site.inner.clock.now(),
        into: names::snapshot(place.ticket, &place.key),
    };
    let snapshot = control.rescue(&plan).await?;
    let head = snapshot.commit().clone();
    Ok((control.merge_base(&base, &head).await?.unwrap_or(base), head))
}
