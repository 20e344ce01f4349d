//! One call of git: explicit in its repository, hardened in its configuration and environment, bounded in time and output.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use legion_process::{Output, PROCESS_VARIABLE, Program};
use uuid::Uuid;

use crate::error::GitError;
use crate::git::Git;
use crate::words;

/// For what looks at a few objects.
pub(crate) const SHORT: Duration = Duration::from_secs(60);
/// For what goes over whole trees, packs and histories.
pub(crate) const LONG: Duration = Duration::from_secs(600);
/// For a few words of answer.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// For lists of paths: half a million of them.
pub(crate) const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How much of git's own words goes into an error.
const MESSAGE_BYTES_MAX: usize = 2_000;

/// Settings that win over any file. Each closes a way in which a repository, or a leftover of one, runs a program, reaches
/// the network, or makes the outcome depend on who runs it.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "safe.bareRepository=explicit",
    "protocol.allow=never",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "diff.submodule=short",
    "diff.ignoreSubmodules=none",
    "core.pager=cat",
    "core.editor=false",
    "core.sshCommand=false",
    "core.askPass=true",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.sparseCheckout=false",
    "core.commitGraph=false",
    "core.logAllRefUpdates=false",
    "core.quotePath=false",
    "core.autocrlf=false",
    "core.safecrlf=false",
    "core.trustctime=true",
    "core.checkStat=default",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "merge.renames=true",
    "merge.renameLimit=5000",
    "merge.directoryRenames=conflict",
    "merge.conflictStyle=diff3",
    "diff.renames=true",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "transfer.fsckObjects=true",
    "core.fsync=committed,reference",
    "core.fsyncMethod=batch",
    "checkout.workers=0",
];

/// The environment of every call, besides `PATH`.
const VARIABLES: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "true"),
    ("GIT_SSH_COMMAND", "false"),
    ("GIT_PAGER", "cat"),
    ("GIT_EDITOR", "false"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_MERGE_AUTOEDIT", "no"),
    ("GIT_DEFAULT_REF_FORMAT", "files"),
];

/// One call of git in a repository of ours.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    git: Git,
    repository: PathBuf,
    work_tree: Option<PathBuf>,
    verb: &'static str,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    input: Option<PathBuf>,
    output: Option<PathBuf>,
    limit: Duration,
    output_bytes_max: usize,
}

impl Call {
    /// `marker` is by what leftovers of a killed service are found.
    pub(crate) fn new(git: &Git, repository: &Path, marker: Uuid, verb: &'static str) -> Self {
        Self {
            git: git.clone(),
            repository: repository.to_owned(),
            work_tree: None,
            verb,
            args: Vec::new(),
            env: vec![(PROCESS_VARIABLE.into(), marker.to_string().into())],
            stdin: Vec::new(),
            input: None,
            output: None,
            limit: SHORT,
            output_bytes_max: ANSWER_BYTES_MAX,
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// The files that it looks at or writes. They are data: nothing in them is configuration.
    pub(crate) fn work_tree(mut self, directory: &Path) -> Self {
        self.work_tree = Some(directory.to_owned());
        self
    }

    pub(crate) fn index(self, file: &Path) -> Self {
        self.env("GIT_INDEX_FILE", file)
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Reads from a file of ours what is too large for memory.
    pub(crate) fn input(mut self, file: &Path) -> Self {
        self.input = Some(file.to_owned());
        self
    }

    /// Appends to a file of ours what is too large for memory.
    pub(crate) fn output(mut self, file: &Path) -> Self {
        self.output = Some(file.to_owned());
        self
    }

    pub(crate) fn long(mut self) -> Self {
        self.limit = LONG;
        self
    }

    pub(crate) fn output_bytes_max(mut self, limit: usize) -> Self {
        self.output_bytes_max = limit;
        self
    }

    /// Runs it; returns what it wrote, all of it.
    pub(crate) async fn run(self) -> Result<Vec<u8>, GitError> {
        let limit = self.output_bytes_max;
        let verb = self.verb;
        let output = self.run_cut().await?;
        if output.cut { Err(GitError::TooMuch { verb, limit }) } else { Ok(output.stdout) }
    }

    /// Runs it; what it wrote may be cut at its bound.
    pub(crate) async fn run_cut(self) -> Result<Output, GitError> {
        let call = self.clone();
        let output = self.run_any().await?;
        if output.status.success() { Ok(output) } else { Err(call.failed(&output)) }
    }

    /// Runs it; an exit code is an answer, a signal is not.
    pub(crate) async fn run_any(self) -> Result<Output, GitError> {
        let verb = self.verb;
        // Boxed: it has its buffers in itself, and the verbs above it would have them many times over.
        let program = self.program();
        let run = Box::pin(program.run_to_end(self.limit, self.output_bytes_max)).await;
        let output = run.map_err(|source| GitError::Run { verb, source })?;
        if output.status.signal().is_some() { Err(self.failed(&output)) } else { Ok(output) }
    }

    /// The error that `output` speaks of.
    pub(crate) fn failed(&self, output: &Output) -> GitError {
        failed(self.verb, &self.repository, output)
    }

    fn program(&self) -> Program {
        let mut words: Vec<OsString> = vec![self.git.path().into()];
        let mut option = OsString::from("--git-dir=");
        option.push(&self.repository);
        words.push(option);
        if let Some(directory) = &self.work_tree {
            let mut option = OsString::from("--work-tree=");
            option.push(directory);
            words.push(option);
        }
        for setting in SETTINGS {
            words.push("-c".into());
            words.push(setting.into());
        }
        words.push(self.verb.into());
        words.extend(self.args.iter().cloned());
        redirected(words, self.input.as_deref(), self.output.as_deref())
            .env("PATH", self.git.search_path())
            .envs(VARIABLES.iter().copied())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.repository)
            .stdin(self.stdin.clone())
    }
}

/// A program with its input from a file, or its output at a file's end. The shell sees its words as data only.
pub(crate) fn redirected(words: Vec<OsString>, input: Option<&Path>, output: Option<&Path>) -> Program {
    let (script, file) = match (input, output) {
        (Some(file), None) => ("exec \"$@\" < \"$0\"", file),
        (None, Some(file)) => ("exec \"$@\" >> \"$0\"", file),
        _ => {
            let (program, args) = words.split_first().expect("a program has a name");
            return Program::new(Path::new(program)).args(args);
        }
    };
    Program::new("/bin/sh").args(["-c", script]).arg(file).args(words)
}

pub(crate) fn failed(verb: &'static str, repository: &Path, output: &Output) -> GitError {
    let message = words::text(&output.stderr, MESSAGE_BYTES_MAX);
    if is_disk_full(&message) {
        return GitError::DiskFull { verb, repository: repository.to_owned() };
    }
    GitError::Failed { verb, repository: repository.to_owned(), status: output.status.to_string(), message }
}

/// Git's words are the C library's, in the locale that we set.
fn is_disk_full(message: &str) -> bool {
    ["No space left on device", "Disk quota exceeded"].iter().any(|words| message.contains(words))
}
