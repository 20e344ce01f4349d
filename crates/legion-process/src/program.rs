//! Any other program: run to its end, or started to live on by itself.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

const READ_BYTES: usize = 16 * 1024;

/// One program to be run. The environment is empty unless something is put into it.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    inherit: bool,
    cwd: Option<PathBuf>,
    stdin: Vec<u8>,
}

/// What a program left.
#[derive(Clone, Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Whether it wrote more than was kept.
    pub cut: bool,
}

/// Why a program was not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error("failed to start `{program}`")]
    Start {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{program}` did not end within {limit:?} and was killed")]
    TimedOut { program: PathBuf, limit: Duration },
    #[error("failed to wait for `{program}`")]
    Wait {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Program {
    /// Names a program: a path, or a name to look for in the `PATH` it is given.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            inherit: false,
            cwd: None,
            stdin: Vec::new(),
        }
    }

    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    #[must_use]
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        variables.into_iter().fold(self, |program, (name, value)| program.env(name, value))
    }

    /// Forgets the environment put in so far, and inherits nothing: how it begins, too.
    #[must_use]
    pub fn env_clear(mut self) -> Self {
        self.env.clear();
        self.inherit = false;
        self
    }

    /// Inherits this process's environment below what is put in. For a person's own programs,
    /// never for agents or anything that reads what agents wrote.
    #[must_use]
    pub fn env_inherit(mut self) -> Self {
        self.inherit = true;
        self
    }

    #[must_use]
    pub fn current_dir(mut self, cwd: impl AsRef<Path>) -> Self {
        self.cwd = Some(cwd.as_ref().to_owned());
        self
    }

    /// What the program reads; nothing unless given.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs it to its end and returns what it left, at most `output_bytes_max` of each stream:
    /// the rest is read and thrown away. After `limit` its whole group is killed; so it is when
    /// the future is dropped.
    ///
    /// # Errors
    /// When it cannot be started or does not end in time. Its exit status is no error.
    pub async fn run_to_end(&self, limit: Duration, output_bytes_max: usize) -> Result<Output, ProgramError> {
        let mut command = tokio::process::Command::from(self.command());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|source| self.start_error(source))?;
        let group = Group(child.id());
        let mut stdin = child.stdin.take().expect("asked for above");
        let stdout = child.stdout.take().expect("asked for above");
        let stderr = child.stderr.take().expect("asked for above");
        let feed = async {
            // A program that does not read its input is free not to.
            let _ = stdin.write_all(&self.stdin).await;
            drop(stdin);
        };
        let end = async {
            let (status, (), stdout, stderr) =
                tokio::join!(child.wait(), feed, keep(stdout, output_bytes_max), keep(stderr, output_bytes_max));
            status.map(|status| Output { status, cut: stdout.1 || stderr.1, stdout: stdout.0, stderr: stderr.0 })
        };
        let Ok(ended) = timeout(limit, end).await else {
            // Here and on a drop: the group before the child, which is reaped by the runtime.
            drop(group);
            return Err(ProgramError::TimedOut { program: self.path.clone(), limit });
        };
        if ended.is_ok() {
            group.disarm();
        }
        ended.map_err(|source| ProgramError::Wait { program: self.path.clone(), source })
    }

    fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(&self.path);
        command.args(&self.args);
        if !self.inherit {
            command.env_clear();
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command
    }

    fn start_error(&self, source: io::Error) -> ProgramError {
        ProgramError::Start { program: self.path.clone(), source }
    }
}

/// A program that was started to outlive this one.
#[derive(Debug)]
pub struct Detached {
    child: std::process::Child,
}

impl Detached {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has. Does not wait.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

/// Starts `program` in a session of its own, with both outputs to `log`, to live on when this
/// process ends. `env` is its whole environment.
/// It is not waited for: the caller is expected to end before it.
///
/// # Errors
/// When it cannot be started.
pub fn spawn_detached<S: AsRef<OsStr>, N: AsRef<OsStr>, V: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = S>,
    env: impl IntoIterator<Item = (N, V)>,
    log: File,
) -> Result<Detached, ProgramError> {
    let program = Program::new(program).args(args).envs(env);
    let failed = |source| program.start_error(source);
    let mut command = program.command();
    let errors = log.try_clone().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(log).stderr(errors).current_dir("/");
    let detach = || {
        rustix::process::setsid()?;
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls may be made; `setsid` is a plain
    // system call, and nothing else happens there.
    unsafe { command.pre_exec(detach) };
    let child = command.spawn().map_err(failed)?;
    Ok(Detached { child })
}

/// Kills the group of a child that was not waited for.
struct Group(Option<u32>);

impl Group {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let pid = self.0.and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            // Gone already is as good.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Reads a stream to its end; keeps the first `limit` bytes and says whether there were more.
async fn keep(mut stream: impl AsyncRead + Unpin, limit: usize) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let mut cut = false;
    // On the heap: it would be part of every future that waits for a program, and of all around that.
    let mut buffer = vec![0; READ_BYTES];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = limit.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(&buffer[..room]);
        cut |= room < count;
    }
    (kept, cut)
}
