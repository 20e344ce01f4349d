//! Whether the target branch is what was promised: every commit on it passes its gates, when somebody else looks.

use std::{collections::BTreeMap, ffi::OsStr, path::Path, time::Duration};

use legion_api::Driver;

use super::sample;
use crate::{
    hooks::{Hooks, Probe, Verdict},
    view::Board,
};

/// A gate of the sample takes a second; what a model wrote may never end.
const GATE_WITHIN: Duration = Duration::from_secs(60);

/// What is looked at.
pub(super) struct Target<'a> {
    pub branch: &'a str,
    /// The commit that it began with.
    pub base: &'a str,
    /// Where it lies.
    pub control_dir: &'a Path,
}

/// Clones the target from nothing, and runs the gates of each of its commits again.
pub(super) fn green(hooks: &dyn Hooks, board: &Board, target: &Target<'_>, fresh: &Path) -> Probe {
    match again(hooks, board, target, fresh) {
        Ok((commits, gates)) => {
            let detail = format!(
                "{commits} commits on {}, their {gates} gates run again one by one in a fresh clone: all pass",
                target.branch
            );
            // A target without commits would pass every test.
            probe("green", commits > 0 && gates >= commits, detail)
        }
        Err(why) => probe("green", false, why),
    }
}

/// How many commits and gates there were; or the first that is not as it should be.
fn again(hooks: &dyn Hooks, board: &Board, target: &Target<'_>, fresh: &Path) -> Result<(usize, usize), String> {
    let mut gates: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for commit in &board.commits {
        let known = gates.entry(&commit.id).or_default();
        known.extend(commit.gates.iter().map(String::as_str).filter(|gate| !gate.is_empty()));
    }
    let git = |cwd: &Path, arguments: &[&str]| {
        sample::git(hooks, cwd, arguments).map_err(|error| format!("git {}: {error}", arguments.join(" ")))
    };
    let (from, to) = (target.control_dir.to_string_lossy(), fresh.to_string_lossy());
    let parent = fresh.parent().unwrap_or(Path::new("/"));
    git(parent, &["clone", "--quiet", "--no-local", "--branch", target.branch, &from, &to])?;
    let since = format!("{}..HEAD", target.base);
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

/// Scripts are written to make it happen; real agents may be too good for it.
pub(super) fn happened(driver: Driver, name: &str, did: bool, what: &str) -> Probe {
    match (did, driver) {
        (true, _) => probe(name, true, what.to_owned()),
        (false, Driver::Command) => probe(name, false, "it did not happen".to_owned()),
        (false, Driver::Claude) => {
            Probe { verdict: Verdict::Note, ..probe(name, true, "it did not happen this time".to_owned()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::OsString,
        io,
        os::unix::process::ExitStatusExt as _,
        process::{ExitCode, ExitStatus, Output},
    };

    use super::*;
    use crate::{
        hooks::{Look, ServeArgs, StartedService},
        view::BoardCommit,
    };

    /// A target of two commits; one gate fails at the second.
    struct Git {
        fails: &'static str,
    }

    impl Hooks for Git {
        fn serve(&self, _: &ServeArgs) -> ExitCode {
            ExitCode::FAILURE
        }
        fn start_detached(&self, _: &ServeArgs) -> Result<Box<dyn StartedService>, String> {
            Err("not here".to_owned())
        }
        fn shim(&self, _: &[OsString]) -> ExitCode {
            ExitCode::FAILURE
        }
        fn openapi(&self) -> String {
            String::new()
        }
        fn doctor<'a>(&'a self, _: &'a Path) -> Look<'a> {
            Box::pin(async { Vec::new() })
        }
        fn claude(&self) -> Vec<Probe> {
            Vec::new()
        }
        fn run(&self, program: &OsStr, arguments: &[&OsStr], _: &Path, _: Duration) -> io::Result<Output> {
            let said = match (program.to_str(), arguments[0].to_str()) {
                (Some("git"), Some("rev-list")) => "one\ntwo\n",
                (Some("sh"), _) => "1 of 2 checks failed\n",
                _ => "",
            };
            let failed = program == "sh" && arguments[1] == self.fails;
            let status = ExitStatus::from_raw(i32::from(failed) << 8);
            Ok(Output { status, stdout: said.as_bytes().to_vec(), stderr: Vec::new() })
        }
    }

    fn green_with(gates: [&[&str]; 2], fails: &'static str) -> Probe {
        let mut board = Board::new("demo", "legion/demo/leader", 1);
        for (id, gates) in ["one", "two"].into_iter().zip(gates) {
            let gates = gates.iter().map(|gate| (*gate).to_owned()).collect();
            board.commits.push(BoardCommit { id: id.to_owned(), ticket: Some(1), gates });
        }
        let target = Target { branch: "legion/demo/leader", base: "zero", control_dir: Path::new("/control") };
        green(&Git { fails }, &board, &target, Path::new("/tmp/fresh"))
    }

    #[test]
    fn every_gate_of_every_commit_is_run() {
        let probe = green_with([&["a"], &["a", "b"]], "");
        assert_eq!(probe.verdict, Verdict::Ok);
        assert!(probe.detail.starts_with("2 commits on legion/demo/leader, their 3 gates"), "{}", probe.detail);
    }

    #[test]
    fn a_gate_that_fails_is_named_with_its_commit() {
        let probe = green_with([&["a"], &["a", "b"]], "b");
        assert_eq!(probe.verdict, Verdict::Failed);
        assert_eq!(probe.detail, "`b` at two: 1 of 2 checks failed");
    }

    #[test]
    fn a_commit_that_nobody_tested_is_not_green() {
        let probe = green_with([&["a"], &[]], "");
        assert_eq!((probe.verdict, probe.detail.as_str()), (Verdict::Failed, "nobody tested the commit two"));
    }
}
