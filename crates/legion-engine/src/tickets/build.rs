//! The merge, built without a work tree: a tree, and a commit that names both sides.

use jiff::Timestamp;
use legion_git::{ConflictFile, Control, Merge, Oid};
use legion_model::TicketOrder;
use legion_model::tickets::{Attempt, Item, Ticket};

use super::configuration::Configuration;
use super::failure::Failure;
use super::names;
use super::order::Case;
use super::site::{Site, oid};

/// Bytes of conflicts that their author is told.
const CONFLICTS_BYTES_MAX: usize = 32 * 1024;
/// Files in conflict that are named.
const CONFLICT_FILES_MAX: usize = 200;

pub(super) async fn run(site: &Site, case: &Case) -> Result<TicketOrder, Failure> {
    let control = site.control().await?;
    let (onto, head) = (oid(&case.landing.onto)?, head(case)?);
    let merging = async {
        match &head {
            Some(head) => match merge(&control, case, &onto, head).await {
                Err(failure) => Err(explained(&control, &onto, head, failure).await),
                merged => merged,
            },
            // Nothing to merge: the target itself is judged.
            None => Ok(Merged::Already(onto.clone())),
        }
    };
    // From the target and never from the branch: the work does not choose who judges it. The person does, so their commits bring
    // their own gates: a gate that was broken can be mended.
    let judges = match (&case.landing.item, &head) {
        (Item::Import { .. }, Some(commit)) => commit,
        _ => &onto,
    };
    let (merged, configuration) = tokio::join!(merging, Configuration::read(&control, judges));
    let (merged, configuration) = (merged?, configuration?);
    let (commit, tree) = match merged {
        Merged::Made { commit, tree } => (commit, tree),
        Merged::Already(commit) => {
            let tree = control.tree_of(&commit).await?;
            (commit, tree)
        }
        Merged::Conflict(files) => return conflicted(site, case, &files).await,
    };
    Ok(TicketOrder::Built {
        session: case.session.clone(),
        landing: case.landing.id,
        commit: commit.to_string(),
        tree: tree.to_string(),
        target_gates: configuration.gates,
    })
}

/// What is to be merged.
fn head(case: &Case) -> Result<Option<Oid>, Failure> {
    match (&case.landing.item, &case.ticket) {
        (Item::Import { commit, .. }, _) => oid(commit).map(Some),
        (Item::Attempt { .. }, Some((_, Attempt { evidence: Some(evidence), .. }))) => oid(&evidence.head).map(Some),
        (Item::Attempt { .. }, _) => Ok(None),
    }
}

/// What became of a merge.
enum Merged {
    Made {
        commit: Oid,
        tree: Oid,
    },
    /// There was a commit for it.
    Already(Oid),
    Conflict(Vec<ConflictFile>),
}

async fn merge(control: &Control, case: &Case, onto: &Oid, head: &Oid) -> Result<Merged, Failure> {
    // Asked at the same time: most of what git takes is its start.
    let (contained, merged) = tokio::join!(control.is_ancestor(head, onto), control.merge_tree(onto, head));
    if contained? {
        return Ok(Merged::Already(onto.clone()));
    }
    // One commit of the person on top of the target is the merge. Of several, those between would not be tested.
    let is_import = matches!(case.landing.item, Item::Import { .. });
    if is_import && control.parents_of(head).await?.first() == Some(onto) {
        return Ok(Merged::Already(head.clone()));
    }
    match merged? {
        Merge::Conflict { files, .. } => Ok(Merged::Conflict(files)),
        Merge::Clean { tree } => {
            let message = message(case);
            let at: Timestamp = case.landing.began_at;
            let parents = [onto.clone(), head.clone()];
            let commit = control.commit(&tree, &parents, &message, &names::service(), at).await?;
            Ok(Merged::Made { commit, tree })
        }
    }
}

/// Why a merge failed, when trying again cannot help. It is asked only then: landing takes few calls of git.
async fn explained(control: &Control, onto: &Oid, head: &Oid, failure: Failure) -> Failure {
    for commit in [onto, head] {
        if matches!(control.has_commit(commit).await, Ok(false)) {
            return Failure::fatal(format!("the commit {commit} is not in the project's repository"));
        }
    }
    match control.merge_base(onto, head).await {
        Ok(None) => Failure::fatal(format!("{head} has no history in common with the target")),
        _ => failure,
    }
}

fn message(case: &Case) -> String {
    let session = &case.session;
    match (&case.ticket, &case.landing.item) {
        (Some((ticket, attempt)), _) => format!(
            "Merge ticket {}: {}\n\nLegion-Ticket: {}\nLegion-Attempt: {}\nLegion-Session: {session}\n",
            ticket.id, ticket.spec.title, ticket.id.0, attempt.id
        ),
        (None, Item::Import { branch, commit, .. }) => {
            let from = branch.as_deref().unwrap_or_else(|| commit.get(..12).unwrap_or(commit));
            let from: String = from.chars().filter(|c| !c.is_control()).take(200).collect();
            format!("Merge {from}\n\nLegion-Session: {session}\n")
        }
        (None, Item::Attempt { .. }) => format!("Merge\n\nLegion-Session: {session}\n"),
    }
}

async fn conflicted(site: &Site, case: &Case, files: &[ConflictFile]) -> Result<TicketOrder, Failure> {
    let text = conflicts(files, case.ticket.as_ref());
    Ok(TicketOrder::Conflicted {
        session: case.session.clone(),
        landing: case.landing.id,
        files: files.iter().map(|file| file.path.to_string_lossy().into_owned()).take(CONFLICT_FILES_MAX).collect(),
        detail: site.body(text).await?,
    })
}

/// What its author has to know.
fn conflicts(files: &[ConflictFile], ticket: Option<&(Ticket, Attempt)>) -> String {
    let mut text = String::from("These files conflict with the newest target:\n");
    let mut left = 0;
    for file in files {
        let mut part = format!("\n### {}\n", file.path.display());
        if !file.message.is_empty() {
            part.push_str(&format!("{}\n", file.message));
        }
        if !file.hunks.is_empty() {
            part.push_str(&format!("```\n{}\n```\n", file.hunks.trim_end()));
        }
        if text.len() + part.len() > CONFLICTS_BYTES_MAX {
            left += 1;
            continue;
        }
        text.push_str(&part);
    }
    if left > 0 {
        text.push_str(&format!("\n… and {left} more files.\n"));
    }
    text.push_str(&match ticket {
        Some((ticket, attempt)) => {
            let target = ticket.session.target_branch();
            let uncommitted = attempt.evidence.as_ref().is_some_and(|evidence| evidence.auto_committed);
            // Git does not merge over them.
            let first = if uncommitted {
                "Commit the files that you left uncommitted first (`git add -A`, `git commit`). "
            } else {
                ""
            };
            format!(
                "\nThe newest target is `origin/{target}` in your clone. {first}Merge it into your branch (`git merge \
                 origin/{target}`), keep the intent of both sides, see that the gates pass, and commit."
            )
        }
        None => "\nMerge the session's target into your branch, and bring it in again.".to_owned(),
    });
    text
}
