//! What the command line needs done but may not do itself: starting processes and running the service.

use std::{
    ffi::{OsStr, OsString},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    process::{ExitCode, Output},
    time::Duration,
};

use serde::Serialize;

/// Where the service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// Port 6666 on the loopback address, or the next free one when it is busy.
    Default,
    /// Exactly these addresses; port 0 is any free one.
    At(Vec<SocketAddr>),
}

/// How to run the service. All paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeArgs {
    /// Where it listens.
    pub listen: Listen,
    /// Directory of its log, its token and `service.json`; made when it does not exist.
    pub data_dir: PathBuf,
    /// How agents are held when nothing else is said: a tier, or `best` for the strongest that works here.
    pub tier: Option<String>,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Ok,
    /// Something is not there that only some need.
    Note,
    /// It works, and should be better.
    Warning,
    /// Nothing works, or not what was checked.
    Failed,
}

impl Verdict {
    /// Passed, or failed.
    pub fn of(passed: bool) -> Self {
        if passed { Self::Ok } else { Self::Failed }
    }
}

/// One check of the machine by `legion doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// What was checked, in a word or two.
    pub name: String,
    /// Whether it is as it should be.
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// How long `legion doctor` may take: somebody waits for it. All that it looks at, it looks at at the same time.
pub const DOCTOR_MAX: Duration = Duration::from_secs(3);
/// How long it waits for any one answer. What does not come in that time is given up, and said to be; the rest is for clearing up.
pub const DOCTOR_ANSWER_MAX: Duration = Duration::from_millis(2_500);
const _: () = assert!(DOCTOR_ANSWER_MAX.as_millis() < DOCTOR_MAX.as_millis(), "an answer is a part of the whole");

/// A look at something that takes a while.
pub type Look<'a> = Pin<Box<dyn Future<Output = Vec<Probe>> + 'a>>;

/// A service that was started in the background.
pub trait StartedService {
    /// How it ended, if it has. Does not wait.
    fn ended(&mut self) -> Option<ServiceEnd>;
}

/// The early end of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEnd {
    /// Its exit code; null after a signal.
    pub code: Option<i32>,
    /// Its last words, or how it ended.
    pub why: String,
}

/// The part of the program that is no client; the binary supplies it.
pub trait Hooks {
    /// Runs the service in the foreground until it is told to end.
    fn serve(&self, args: &ServeArgs) -> ExitCode;
    /// Starts the service in the background, in a session of its own. It need not be ready when this returns.
    ///
    /// # Errors
    /// Says why no process could be started.
    fn start_detached(&self, args: &ServeArgs) -> Result<Box<dyn StartedService>, String>;
    /// Becomes the parent of one agent's process. The arguments are the shim's own.
    fn shim(&self, arguments: &[OsString]) -> ExitCode;
    /// The OpenAPI document, as JSON text.
    fn openapi(&self) -> String;
    /// Looks at this machine and at the data directory, in [`DOCTOR_MAX`]. Changes nothing.
    fn doctor<'a>(&'a self, data_dir: &'a Path) -> Look<'a>;
    /// Looks at what agents of the driver `claude` need: the program, its version, its login. What is not ok keeps them from running.
    fn claude(&self) -> Vec<Probe>;
    /// Runs a program to its end, with nothing on its standard input, and collects what it printed.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is no such program; [`io::ErrorKind::TimedOut`] when it took longer than `within`, after it
    /// and what it started were killed.
    fn run(&self, program: &OsStr, arguments: &[&OsStr], cwd: &Path, within: Duration) -> io::Result<Output>;
}
