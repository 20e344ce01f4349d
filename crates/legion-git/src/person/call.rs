//! One call of the person's git: with the person's configuration, environment and rights.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use legion_process::Output;

use crate::command::{LIST_BYTES_MAX, LONG, failed, redirected};
use crate::error::GitError;
use crate::git::Git;
use crate::oid::Oid;

pub(crate) struct PersonCall {
    git: Git,
    directory: PathBuf,
    verb: &'static str,
    settings: Vec<OsString>,
    args: Vec<OsString>,
    stdin: Vec<u8>,
    output: Option<PathBuf>,
}

impl PersonCall {
    pub(crate) fn new(git: &Git, directory: &Path, verb: &'static str) -> Self {
        let (git, directory) = (git.clone(), directory.to_owned());
        Self { git, directory, verb, settings: Vec::new(), args: Vec::new(), stdin: Vec::new(), output: None }
    }

    pub(crate) fn setting(mut self, setting: &str) -> Self {
        self.settings.extend(["-c".into(), setting.into()]);
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Appends to a file what is too large for memory.
    pub(crate) fn output(mut self, file: &Path) -> Self {
        self.output = Some(file.to_owned());
        self
    }

    /// Runs it; returns what it wrote.
    pub(crate) async fn run(self) -> Result<Vec<u8>, GitError> {
        let (verb, directory) = (self.verb, self.directory.clone());
        let output = self.run_any().await?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(verb, &directory, &output)) }
    }

    /// Runs it and reads the one object that it names.
    pub(crate) async fn run_oid(self) -> Result<Oid, GitError> {
        let verb = self.verb;
        let answer = self.run().await?;
        let first = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Oid::from_output(first).ok_or_else(|| GitError::unexpected(verb, &answer))
    }

    /// Runs it; its exit status is an answer.
    pub(crate) async fn run_any(self) -> Result<Output, GitError> {
        let verb = self.verb;
        let mut words: Vec<OsString> = vec![self.git.path().into()];
        words.extend(self.settings);
        words.push(verb.into());
        words.extend(self.args);
        let program = redirected(words, None, self.output.as_deref())
            .env_inherit()
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_MERGE_AUTOEDIT", "no")
            .current_dir(&self.directory)
            .stdin(self.stdin);
        let output = Box::pin(program.run_to_end(LONG, LIST_BYTES_MAX)).await;
        let output = output.map_err(|source| GitError::Run { verb, source })?;
        if output.cut { Err(GitError::TooMuch { verb, limit: LIST_BYTES_MAX }) } else { Ok(output) }
    }
}
