//! Files that were secured, brought back.

use std::path::Path;

use legion_git::Control;
use legion_model::tickets::{PlaceKey, Rescue, TicketId};
use legion_model::{Organisation, ProjectId};

use super::answer::{invalid, not_found};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::tickets::failure::{Failure, chain};
use crate::tickets::names;
use crate::tickets::site::{Site, oid};

impl Engine {
    /// What was secured of a ticket's clones, oldest first; of a deleted one, too. Before that comes what was taken in from its
    /// attempts: it is all there is when somebody has removed a clone. What is merged is left out.
    pub async fn rescues(&self, project: ProjectId, ticket: TicketId) -> Result<Vec<Rescue>, EngineError> {
        let read = move |state: &Organisation| {
            let is_done = state.board.tickets.get(&ticket).is_some_and(|ticket| ticket.is_done());
            (state.board.rescues.get(&ticket).cloned(), is_done)
        };
        let (logged, is_done) = self.read(project, read).await?;
        let mut rescues = logged.unwrap_or_default();
        let Some(control) = Site::of(&self.inner, project).ground.find_control(&self.inner).await? else {
            return Ok(rescues);
        };
        rescues.extend(unlogged(&control, ticket, &rescues).await?);
        rescues.sort_by_key(|rescue| rescue.at);
        if !is_done {
            let taken_in = taken_in(&control, ticket, &rescues).await?;
            rescues.splice(0..0, taken_in);
        }
        Ok(rescues)
    }

    /// Writes the files of a rescue into the new directory `into`: the newest one of who worked on it, or the `which`-th from 0.
    pub async fn undelete(
        &self,
        project: ProjectId,
        ticket: TicketId,
        which: Option<usize>,
        into: &Path,
    ) -> Result<Rescue, EngineError> {
        if !into.is_absolute() {
            return Err(invalid(format!("the directory `{}` is not an absolute path", into.display())));
        }
        if into.symlink_metadata().is_ok() {
            let into = into.display();
            return Err(invalid(format!(
                "`{into}` is there already: move it away, or name a new directory with `--into`"
            )));
        }
        let rescues = self.rescues(project, ticket).await?;
        let found = match which {
            Some(which) => rescues.get(which),
            // What somebody left who only looked is hardly what is meant.
            // Nor a stash, or another branch than the one that was worked on.
            None => {
                let is_work = |rescue: &&Rescue| !rescue.place.is_review() && !names::is_beside(&rescue.reference);
                rescues.iter().rev().find(is_work).or(rescues.last())
            }
        };
        let rescue = found.cloned().ok_or_else(|| match rescues.len() {
            0 => not_found(format!("nothing of ticket {ticket} was secured that is not merged or in its clone")),
            count => not_found(format!("ticket {ticket} has {count} rescues, numbered from 0")),
        })?;
        let control = Site::of(&self.inner, project).control().await?;
        control
            .restore(&oid(&rescue.commit)?, into)
            .await
            .map_err(|error| if error.is_disk_full() { EngineError::DiskFull } else { invalid(chain(&error)) })?;
        Ok(rescue)
    }
}

/// Rescues that a repository knows and the log does not: of clones that no ticket knew.
async fn unlogged(control: &Control, ticket: TicketId, logged: &[Rescue]) -> Result<Vec<Rescue>, Failure> {
    let mut found = Vec::new();
    for (name, commit) in control.refs_below(&names::rescues_of(ticket)).await? {
        if logged.iter().any(|rescue| rescue.commit == commit.as_str()) {
            continue;
        }
        let Some(made) = control.log_first_parent(None, &commit, 1).await?.into_iter().next() else { continue };
        found.push(Rescue {
            place: PlaceKey::of_rescue(name.as_str()),
            commit: commit.to_string(),
            reference: name.to_string(),
            at: made.at,
        });
    }
    Ok(found)
}

/// What was taken in from attempts and is neither secured as well nor part of the target, oldest attempt first.
async fn taken_in(control: &Control, ticket: TicketId, secured: &[Rescue]) -> Result<Vec<Rescue>, Failure> {
    let mut found = Vec::new();
    for (reference, commit) in control.refs_below(&names::all_taken_in()).await? {
        let Some((session, of, number)) = names::of_taken_in(&reference).filter(|(_, of, _)| *of == ticket) else {
            continue;
        };
        if secured.iter().any(|rescue| rescue.commit == commit.as_str()) {
            continue;
        }
        if let Some(target) = control.resolve(&names::target(&session)).await?
            && control.is_ancestor(&commit, &target).await?
        {
            continue;
        }
        let Some(made) = control.log_first_parent(None, &commit, 1).await?.into_iter().next() else { continue };
        let place = PlaceKey::of_attempt(&session, of, number);
        found.push((
            number,
            Rescue { place, commit: commit.to_string(), reference: reference.to_string(), at: made.at },
        ));
    }
    found.sort_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, rescue)| rescue).collect())
}
