//! Whether the target branch is what was promised: every commit on it passes its gates, when somebody else looks.

use std::{collections::BTreeMap, ffi::OsStr, path::Path, time::Duration};

use legion_api::Session;

use super::sample;
use crate::{
    hooks::{Hooks, Probe, Verdict},
    view::Board,
};

/// A gate of the sample takes a second; what a model wrote may never end.
const GATE_WITHIN: Duration = Duration::from_secs(60);

/// Clones the target from nothing, and runs the gates of each of its commits again.
pub(super) fn green(hooks: &dyn Hooks, board: &Board, session: &Session, control_dir: &Path, fresh: &Path) -> Probe {
    match again(hooks, board, session, control_dir, fresh) {
        Ok((commits, gates)) => {
            let detail = format!(
                "{commits} commits on {}, their {gates} gates run again one by one in a fresh clone: all pass",
                session.target_branch
            );
            // A target without commits would pass every test.
            probe("green", commits > 0 && gates >= commits, detail)
        }
        Err(why) => probe("green", false, why),
    }
}

/// How many commits and gates there were; or the first that is not as it should be.
fn again(
    hooks: &dyn Hooks,
    board: &Board,
    session: &Session,
    control_dir: &Path,
    fresh: &Path,
) -> Result<(usize, usize), String> {
    let mut gates: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for commit in &board.commits {
        let known = gates.entry(&commit.id).or_default();
        known.extend(commit.gates.iter().map(String::as_str).filter(|gate| !gate.is_empty()));
    }
    let git = |cwd: &Path, arguments: &[&str]| {
        sample::git(hooks, cwd, arguments).map_err(|error| format!("git {}: {error}", arguments.join(" ")))
    };
    let (from, to) = (control_dir.to_string_lossy(), fresh.to_string_lossy());
    let parent = fresh.parent().unwrap_or(Path::new("/"));
    git(parent, &["clone", "--quiet", "--no-local", "--branch", &session.target_branch, &from, &to])?;
    let since = format!("{}..HEAD", session.base);
    let commits = git(fresh, &["rev-list", "--first-parent", "--reverse", &since])?;
    let mut ran = 0;
    for commit in commits.lines() {
        git(fresh, &["checkout", "--quiet", "--detach", commit])?;
        let Some(own) = gates.get(commit).filter(|own| !own.is_empty()) else {
            return Err(format!("nobody tested the commit {commit}"));
        };
        for gate in own {
            run(hooks, gate, fresh).map_err(|why| format!("`{gate}` at {commit}: {why}"))?;
            ran += 1;
        }
    }
    Ok((commits.lines().count(), ran))
}

fn run(hooks: &dyn Hooks, gate: &str, cwd: &Path) -> Result<(), String> {
    let output = hooks
        .run(OsStr::new("sh"), &[OsStr::new("-c"), OsStr::new(gate)], cwd, GATE_WITHIN)
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Err(said.lines().last().unwrap_or("it failed").to_owned())
}

pub(super) fn probe(name: &str, ok: bool, detail: String) -> Probe {
    Probe { name: name.to_owned(), verdict: Verdict::of(ok), detail, fix: None }
}
