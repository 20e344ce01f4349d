//! The contract of a driver.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use legion_model::{DriverKind, Spec};
use uuid::Uuid;

use crate::AgentEvent;
use crate::claude::ClaudeDriver;
use crate::command::CommandDriver;

/// How an agent program is logged in with its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// These variables (keys, base URLs).
    Env(BTreeMap<String, String>),
    /// A long-lived token of its own, and whatever else is needed.
    SetupToken(BTreeMap<String, String>),
    /// The person's own home: uncontained. The configuration lies in it, or where the person keeps it.
    Person { home: PathBuf, config_dir: PathBuf, variables: BTreeMap<String, String> },
}

impl Login {
    /// The variables that an agent program gets for it.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Env(variables) | Self::SetupToken(variables) | Self::Person { variables, .. } => variables,
        }
    }

    /// The configuration directory of Claude Code for an agent with this home of its own.
    pub fn claude_config_dir(&self, home: &Path) -> PathBuf {
        match self {
            Self::Person { config_dir, .. } => config_dir.clone(),
            Self::Env(_) | Self::SetupToken(_) => crate::claude::config_dir(home),
        }
    }
}

/// How an agent calls Legion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub url: String,
    pub token: String,
    /// Where the service says its address: read again when `url` no longer answers.
    pub service_file: PathBuf,
    /// The `legion` program.
    pub legion: PathBuf,
}

/// Everything that a start needs to know.
#[derive(Debug, Clone)]
pub struct Start<'a> {
    pub agent: Uuid,
    pub name: &'a str,
    pub parent: String,
    pub level: u32,
    pub project: &'a str,
    pub run: Uuid,
    pub process: Uuid,
    pub spec: &'a Spec,
    /// Its own home, which lasts as long as the agent.
    pub home: &'a Path,
    /// For temporary files; empty at the start.
    pub temporary: &'a Path,
    /// Holds the prompt's text.
    pub task_file: &'a Path,
    /// A process of this conversation was started before.
    pub continues: bool,
    /// Message that the first prompt carries: (sender's id, sender's name, kind).
    pub message: Option<(String, String, &'static str)>,
    /// Who it is and what it may do.
    pub introduction: &'a str,
    /// Money that it may spend in this process, in dollars.
    pub budget_dollars: Option<f64>,
    pub access: &'a Access,
    pub login: &'a Login,
    /// PATH, LANG, TZ and the like, from the service's own environment.
    pub base: &'a BTreeMap<String, String>,
    /// The agent program, where it is not given by the agent's own command.
    pub program: Option<&'a Path>,
    /// The prompt's text and its injection.
    pub prompt: Option<(Uuid, &'a str)>,
}

/// What to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub program: String,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub cwd: PathBuf,
    /// Files outside of the working directory and the home that the program is to read.
    pub reads: Vec<PathBuf>,
    /// The prompt as it goes to standard input.
    pub first_input: Option<(Uuid, Vec<u8>)>,
    /// Further inputs may follow.
    pub keep_stdin_open: bool,
}

/// An agent program cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    #[error("the driver `{driver}` needs a program, and none was found")]
    NoProgram { driver: &'static str },
    #[error("failed to look into the session file of the agent")]
    Session { source: io::Error },
    #[error("failed to gather the project's instructions for the agent")]
    Instructions { source: io::Error },
}

/// A way to run an agent.
pub trait Driver: Send + Sync {
    /// What to execute for this start.
    fn launch(&self, start: &Start<'_>) -> Result<Launch, DriverError>;

    /// Understands what a process of this agent writes, from its first line on.
    /// `config_dir` is where the program keeps its conversations ([`Login::claude_config_dir`]).
    fn conversation(&self, agent: Uuid, cwd: &Path, config_dir: &Path) -> Box<dyn Conversation>;

    /// Longest line of standard output that is understood, in bytes.
    fn line_bytes_max(&self) -> usize;
}

/// Both directions of one process's protocol. Decoding keeps state; encoding gives bytes for standard input.
///
/// What a driver cannot do it answers with `None`; [`legion_model::Capabilities`] says so beforehand.
pub trait Conversation: Send + Sync {
    /// What a line of standard output means. Never fails: what cannot be understood is said to be so.
    fn stdout_line(&mut self, line: &[u8]) -> Vec<AgentEvent>;
    /// A message; `steer` puts it into the running turn.
    fn message(&self, injection: Uuid, text: &str, steer: bool) -> Option<Vec<u8>>;
    fn interrupt(&self, request: Uuid) -> Option<Vec<u8>>;
    fn probe(&self, request: Uuid) -> Option<Vec<u8>>;
    /// The answer to a permission request; `input` is the JSON that was asked about.
    fn allow(&self, request: &str, input: &str) -> Option<Vec<u8>>;
    fn deny(&self, request: &str, reason: &str) -> Option<Vec<u8>>;
    /// The answer to a request of the program that we do not know.
    fn refuse(&self, request: &str, reason: &str) -> Option<Vec<u8>>;
    /// Whether the program is proved to have taken up a write. `None` when only the start of the process can prove it.
    fn proof(&self, injection: Uuid) -> Option<io::Result<bool>>;
    /// The program's running total of money goes on over a resume.
    fn cost_continues(&self) -> bool;
}

/// The driver of a kind.
pub fn driver(kind: DriverKind) -> &'static dyn Driver {
    match kind {
        DriverKind::Claude => &ClaudeDriver,
        DriverKind::Command => &CommandDriver,
    }
}

/// The variables that every agent program gets, whatever its driver.
pub(crate) fn common_environment(start: &Start<'_>) -> BTreeMap<String, String> {
    let mut env = start.base.clone();
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let own = [
        ("HOME", text(start.home)),
        ("TMPDIR", text(start.temporary)),
        ("LEGION_URL", start.access.url.clone()),
        ("LEGION_TOKEN", start.access.token.clone()),
        ("LEGION_SESSION_ID", start.agent.to_string()),
        ("LEGION_SERVICE_FILE", text(&start.access.service_file)),
        ("LEGION_AGENT_NAME", start.name.to_owned()),
        ("LEGION_PARENT", start.parent.clone()),
        ("LEGION_LEVEL", start.level.to_string()),
        ("LEGION_PROJECT", start.project.to_owned()),
        ("LEGION_RUN_ID", start.run.to_string()),
        ("LEGION_CONTINUE", if start.continues { "1" } else { "0" }.to_owned()),
        ("LEGION_TASK_FILE", text(start.task_file)),
    ];
    env.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    if let Some((from, from_name, kind)) = &start.message {
        env.insert("LEGION_MESSAGE_FROM".to_owned(), from.clone());
        env.insert("LEGION_MESSAGE_FROM_NAME".to_owned(), from_name.clone());
        env.insert("LEGION_MESSAGE_KIND".to_owned(), (*kind).to_owned());
    }
    env
}

/// The word that a permission mode has in flags.
pub(crate) fn mode_word(mode: legion_model::PermissionMode) -> &'static str {
    mode.as_str()
}
