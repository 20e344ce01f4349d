//! The sample repository: text filters that are specified and tested, but not written.

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
/// What the leader writes in the end.
pub(super) const SUMMARY: &str = "SUMMARY.md";

/// A commit of ten files takes milliseconds.
const GIT_WITHIN: Duration = Duration::from_secs(20);

const FILES: &[(&str, &str)] = &[
    ("README.md", include_str!("sample/README.md")),
    ("agents/leader.sh", include_str!("sample/agents/leader.sh")),
    ("agents/manager.sh", include_str!("sample/agents/manager.sh")),
    ("agents/worker.sh", include_str!("sample/agents/worker.sh")),
    (SUITE, include_str!("sample/tests/all.sh")),
    ("tests/check.sh", include_str!("sample/tests/check.sh")),
    ("tests/wordcount.sh", include_str!("sample/tests/wordcount.sh")),
    ("tests/longest.sh", include_str!("sample/tests/longest.sh")),
    ("tests/slugify.sh", include_str!("sample/tests/slugify.sh")),
    ("tests/titlecase.sh", include_str!("sample/tests/titlecase.sh")),
];

/// Writes the sample and commits it. Returns false when there is no git: a plain directory is a project too.
pub(super) fn make(hooks: &dyn Hooks, repository: &Path) -> Result<bool, CliError> {
    write(repository)
        .map_err(|source| CliError::Demo { what: "write the sample repository".to_owned(), source: source.into() })?;
    let author = ["-c", "user.name=Legion demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"];
    let commit: Vec<&str> =
        author.into_iter().chain(["commit", "--quiet", "--message", "Text tools: tests and no code"]).collect();
    let steps: [&[&str]; 3] = [&["init", "--quiet", "--initial-branch", "main"], &["add", "--all"], &commit];
    for arguments in steps {
        match git(hooks, repository, arguments) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(source) => {
                let what = format!("make the sample a repository with `git {}`", arguments.join(" "));
                return Err(CliError::Demo { what, source: source.into() });
            }
        }
    }
    Ok(true)
}

fn write(repository: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let path = repository.join(path);
        fs::create_dir_all(path.parent().expect("every file of the sample lies in the repository"))?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn git(hooks: &dyn Hooks, repository: &Path, arguments: &[&str]) -> io::Result<()> {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    let output = hooks.run(OsStr::new("git"), &arguments, repository, GIT_WITHIN)?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
