//! What an attempt left, computed from its files and commits; never from what its agent says.

use std::collections::BTreeSet;
use std::path::Path;

use legion_git::{Change, ChangeKind, ClonePlace, CollectError, CollectPlan, Control, Oid};
use legion_model::tickets::{Attempt, Evidence, ProtectedChange, Protection, Ticket, Touch};
use legion_model::{Party, TicketOrder};

use super::configuration::Configuration;
use super::failure::Failure;
use super::names;
use super::order::Scene;
use super::site::{Site, oid};

/// Changed files that are looked at. An attempt that changes more needs a person.
const CHANGES_MAX: usize = 100_000;
/// Protected changes that are kept one by one. Beyond them the whole commit needs a person.
const PROTECTED_MAX: usize = 500;
/// Oddities that are told.
const NOTES_MAX: usize = 50;

pub(super) async fn run(site: &Site, scene: &Scene) -> Result<TicketOrder, Failure> {
    let (session, ticket, attempt) = (&scene.session, &scene.ticket, &scene.attempt);
    let key = attempt.place.as_ref().ok_or_else(|| Failure::fatal("the attempt has no clone"))?;
    let _place = site.ground.hold(key).await;
    let _turn = site.ground.turn_to_take().await;
    let dir = site.ground.dir(key);
    if !dir.exists() {
        return Err(Failure::fatal(format!("its clone `{}` is gone: somebody removed it", dir.display())));
    }
    let control = site.control().await?;
    let base = attempt.base.as_deref().unwrap_or(&session.tip);
    let plan = CollectPlan {
        place: ClonePlace::at(&dir),
        base: oid(base)?,
        branch: names::branch(&session.name, ticket.id, attempt.branch_number()),
        message: uncommitted(ticket, attempt.number),
        identity: names::agent(&session.name, ticket.id),
        // The same try makes the same commit.
        at: attempt.since,
        into: names::taken_in(&session.name, ticket.id, attempt.number),
    };
    let collected = match control.collect(&plan).await {
        Ok(collected) => collected,
        Err(CollectError::Unfinished(unfinished)) => {
            let why = unfinished.to_string();
            return Ok(TicketOrder::NotCollected { ticket: ticket.id, attempt: attempt.id, why });
        }
        Err(CollectError::Git(error)) => return Err(error.into()),
    };
    let began = began_at(&control, attempt, &collected.head).await?;
    let (stat, protected, began_tree) = tokio::join!(
        control.diff_stat(&began, &collected.head),
        protected(&control, scene, &began, &collected.head),
        control.tree_of(&began),
    );
    let stat = stat?;
    let lines = |pick: fn((u64, u64)) -> u64| stat.iter().filter_map(|file| file.lines).map(pick).sum();
    let evidence = Evidence {
        head: collected.head.to_string(),
        tree: collected.tree.to_string(),
        commits: collected.commits,
        changed: began_tree? != collected.tree,
        auto_committed: collected.auto_committed,
        files: u32::try_from(stat.len()).unwrap_or(u32::MAX),
        insertions: lines(|(added, _)| added),
        deletions: lines(|(_, deleted)| deleted),
        protected: protected?,
        notes: collected.notes.iter().map(ToString::to_string).take(NOTES_MAX).collect(),
    };
    Ok(TicketOrder::Collected { ticket: ticket.id, attempt: attempt.id, evidence: Box::new(evidence) })
}

/// The newest commit of the target that the work of an attempt has in it: what its changes are to be compared with.
pub(super) async fn began_at(control: &Control, attempt: &Attempt, head: &Oid) -> Result<Oid, Failure> {
    let base = attempt.base.as_deref().ok_or_else(|| Failure::fatal("the attempt has no base"))?;
    let base = oid(base)?;
    Ok(control.merge_base(&base, head).await?.unwrap_or(base))
}

async fn protected(
    control: &Control,
    scene: &Scene,
    began: &Oid,
    head: &Oid,
) -> Result<BTreeSet<ProtectedChange>, Failure> {
    let configuration = Configuration::read(control, &oid(&scene.session.tip)?).await?;
    let own = scene.session.settings.protect.iter().chain(&configuration.protect).map(String::as_str);
    // What the person said that the ticket is to touch, the person has let through. An agent that dispatches cannot.
    let declared = scene.ticket.spec.files.iter().filter(|_| scene.ticket.by == Party::Root).map(String::as_str);
    let gates = scene.ticket.spec.gates.iter().chain(&scene.session.settings.gates).chain(&configuration.gates);
    let words = gates.flat_map(|gate| shlex::split(&gate.command).unwrap_or_default());
    let protection = Protection::new(own, declared).naming(words);
    let changes = control.changes(began, head, CHANGES_MAX).await?;
    let mut found = BTreeSet::new();
    for change in &changes.list {
        for (path, touch) in touched(change) {
            let shown = path.to_string_lossy().into_owned();
            if !protection.covers(&shown, touch) {
                continue;
            }
            let object = control.object_at(head, path).await?.map(|(mode, oid)| format!("{mode} {oid}"));
            found.insert(ProtectedChange { path: shown, object });
            if found.len() > PROTECTED_MAX {
                return Ok(whole(head));
            }
        }
    }
    Ok(if changes.cut { whole(head) } else { found })
}

/// Too much to look at one by one: a person lets this very commit through, or not.
fn whole(head: &Oid) -> BTreeSet<ProtectedChange> {
    BTreeSet::from([ProtectedChange { path: "(all of it)".to_owned(), object: Some(head.to_string()) }])
}

/// The paths of a change, and what happened to each.
fn touched(change: &Change) -> Vec<(&Path, Touch)> {
    let path = change.path.as_path();
    match &change.kind {
        ChangeKind::Added => vec![(path, Touch::Added)],
        ChangeKind::Modified | ChangeKind::Type => vec![(path, Touch::Changed)],
        ChangeKind::Deleted => vec![(path, Touch::Deleted)],
        ChangeKind::Renamed { from } => vec![(from.as_path(), Touch::Deleted), (path, Touch::Added)],
    }
}

/// The message for what an agent did not commit itself: for many agents it is all that they did.
fn uncommitted(ticket: &Ticket, attempt: u32) -> String {
    let title: String = ticket.spec.title.chars().filter(|character| !character.is_control()).collect();
    format!("{title}\n\nLeft uncommitted by attempt {attempt} at ticket {}.\n", ticket.id)
}
