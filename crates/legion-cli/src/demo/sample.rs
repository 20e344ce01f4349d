//! The sample repository: text filters, and a program around them, that are specified and tested, but not written.

use std::{
    ffi::OsStr,
    fs,
    io::{self, ErrorKind},
    path::Path,
    time::Duration,
};

use crate::{error::CliError, hooks::Hooks};

/// The tests that the agents' work is held to.
pub(super) const SUITE: &str = "tests/all.sh";
/// The tests of all that the tickets bring.
pub(super) const WHOLE: &str = "tests/whole.sh";
/// What the leader writes in the end.
pub(super) const SUMMARY: &str = "SUMMARY.md";

/// A commit of twenty files takes milliseconds.
const GIT_WITHIN: Duration = Duration::from_secs(20);
/// A suite takes a second; what a model wrote may never end.
const SUITE_WITHIN: Duration = Duration::from_secs(20);

const FILES: &[(&str, &str)] = &[
    ("README.md", include_str!("sample/README.md")),
    ("agents/leader.sh", include_str!("sample/agents/leader.sh")),
    ("agents/manager.sh", include_str!("sample/agents/manager.sh")),
    ("agents/worker.sh", include_str!("sample/agents/worker.sh")),
    ("agents/ticket.sh", include_str!("sample/agents/ticket.sh")),
    (SUITE, include_str!("sample/tests/all.sh")),
    ("tests/check.sh", include_str!("sample/tests/check.sh")),
    ("tests/wordcount.sh", include_str!("sample/tests/wordcount.sh")),
    ("tests/longest.sh", include_str!("sample/tests/longest.sh")),
    ("tests/slugify.sh", include_str!("sample/tests/slugify.sh")),
    ("tests/titlecase.sh", include_str!("sample/tests/titlecase.sh")),
    ("tests/text.sh", include_str!("sample/tests/text.sh")),
    ("tests/wrap.sh", include_str!("sample/tests/wrap.sh")),
    ("tests/frequency.sh", include_str!("sample/tests/frequency.sh")),
    ("tests/help.sh", include_str!("sample/tests/help.sh")),
    ("tests/chain.sh", include_str!("sample/tests/chain.sh")),
    ("tests/written.sh", include_str!("sample/tests/written.sh")),
    (WHOLE, include_str!("sample/tests/whole.sh")),
];

/// Writes the sample and commits it. Returns false when there is no git: a plain directory is a project too.
pub(super) fn make(hooks: &dyn Hooks, repository: &Path) -> Result<bool, CliError> {
    write(repository)
        .map_err(|source| CliError::Demo { what: "write the sample repository".to_owned(), source: source.into() })?;
    match git(hooks, repository, &["init", "--quiet", "--initial-branch", "main"]) {
        Ok(_) => commit(hooks, repository, "Text tools: tests and no code").map(|()| true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(failed("init", source)),
    }
}

/// Commits everything that is there.
pub(super) fn commit(hooks: &dyn Hooks, repository: &Path, message: &str) -> Result<(), CliError> {
    let author = ["-c", "user.name=Legion demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"];
    let commit: Vec<&str> = author.into_iter().chain(["commit", "--quiet", "--message", message]).collect();
    git(hooks, repository, &["add", "--all"]).map_err(|source| failed("add", source))?;
    git(hooks, repository, &commit).map_err(|source| failed("commit", source))?;
    Ok(())
}

fn failed(command: &str, source: io::Error) -> CliError {
    CliError::Demo { what: format!("make the sample a repository with `git {command}`"), source: source.into() }
}

/// Runs a suite; its last line when it passes, else what it printed last.
pub(super) fn suite(hooks: &dyn Hooks, repository: &Path, suite: &str) -> Result<String, String> {
    let output = hooks
        .run(OsStr::new("sh"), &[OsStr::new(suite)], repository, SUITE_WITHIN)
        .map_err(|error| format!("failed to run `sh {suite}`: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = printed.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned();
    if output.status.success() { Ok(last) } else { Err(format!("`sh {suite}`: {last}")) }
}

fn write(repository: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let path = repository.join(path);
        fs::create_dir_all(path.parent().expect("every file of the sample lies in the repository"))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// Runs git, and gives what it printed.
pub(super) fn git(hooks: &dyn Hooks, repository: &Path, arguments: &[&str]) -> io::Result<String> {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    let output = hooks.run(OsStr::new("git"), &arguments, repository, GIT_WITHIN)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
