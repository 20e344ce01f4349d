//! Why a command did not do what it was asked to, and how that is told.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
};

use legion_api::{Problem, ProblemCode};
use legion_client::ClientError;
use legion_git::{BundleError, FoundError, GitError, LandError, NotUsable, PushError};
use serde::Serialize;

use crate::{
    exit,
    init::InitError,
    plan_file::PlanFileError,
    text::escape_line,
    view::{Look, Style},
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Refused before the service was asked, for the reason it would have given.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    #[error("{what}")]
    Usage { what: String, hint: Option<String> },
    #[error("failed to read standard input")]
    Input(#[source] io::Error),
    #[error("failed to write the output")]
    Output(#[from] io::Error),
    #[error("another service holds `{}`: pid {pid} at {url}", data_dir.display())]
    Held { data_dir: PathBuf, pid: u32, url: String },
    /// It runs, and this caller has nothing that opens it.
    #[error("the service at {url}{} runs, but {}", of_pid(*pid), token_fault(token, *missing))]
    Locked { token: PathBuf, missing: bool, pid: Option<u32>, url: String },
    #[error("a service{} holds `{}` but does not answer{}", of_pid(*pid), data_dir.display(), at_url(url.as_deref()))]
    Silent { data_dir: PathBuf, pid: Option<u32>, url: Option<String> },
    #[error("failed to start the service: {why}")]
    Start { why: String },
    #[error("the service was started but did not answer within {seconds} s")]
    NotReady { seconds: u64 },
    #[error("the service was told to end but still answers after {seconds} s")]
    NotDown { seconds: u64 },
    #[error("the run of `{name}` did not end within {seconds} s")]
    WaitTimedOut { name: String, seconds: u64 },
    #[error("failed to {what}")]
    Demo {
        what: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error(transparent)]
    PlanFile(#[from] PlanFileError),
    #[error(transparent)]
    Init(#[from] InitError),
    #[error(transparent)]
    NoGit(#[from] FoundError),
    #[error(transparent)]
    NotUsable(#[from] NotUsable),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Land(#[from] LandError),
    #[error(transparent)]
    Push(#[from] PushError),
    /// The person's repository, or what there is to land, is not in a state for it.
    #[error("{what}")]
    Repository { what: String, hint: Option<String> },
    #[error("{what}")]
    Failed { what: String, hint: Option<String> },
    #[error("interrupted")]
    Interrupted,
}

/// An error as a problem document. Like the service's, but `code` is null for what is no fault of a request.
#[derive(Debug, Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    code: Option<ProblemCode>,
}

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl CliError {
    /// True when the reader of the output went away. That is not a failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Client(error) => of_client(error),
            Self::Refused(problem) => exit::of_problem(problem.code),
            Self::Usage { .. } => exit::USAGE,
            Self::Start { .. } | Self::NotReady { .. } | Self::Locked { .. } | Self::Silent { .. } => exit::UNREACHABLE,
            Self::Held { .. } => exit::DATA_DIR_HELD,
            Self::Interrupted => exit::INTERRUPTED,
            Self::WaitTimedOut { .. } => exit::WAIT_TIMED_OUT,
            Self::PlanFile(_) => exit::USAGE,
            _ if self.is_disk_full() => exit::of_problem(ProblemCode::DiskFull),
            Self::NotUsable(NotUsable::Git(_))
            | Self::Bundle(BundleError::Git(_))
            | Self::Land(LandError::Git(_))
            | Self::Push(PushError::Git(_)) => exit::FAILED,
            Self::Init(_)
            | Self::NotUsable(_)
            | Self::Land(_)
            | Self::Push(_)
            | Self::Bundle(_)
            | Self::Repository { .. } => exit::REPOSITORY,
            Self::NoGit(_) | Self::Git(_) => exit::FAILED,
            Self::Input(_) | Self::Output(_) | Self::NotDown { .. } | Self::Demo { .. } | Self::Failed { .. } => {
                exit::FAILED
            }
        }
    }

    /// No space where git writes: nothing is wrong with what was asked for.
    fn is_disk_full(&self) -> bool {
        match self {
            Self::Git(error)
            | Self::NotUsable(NotUsable::Git(error))
            | Self::Bundle(BundleError::Git(error))
            | Self::Land(LandError::Git(error))
            | Self::Push(PushError::Git(error)) => error.is_disk_full(),
            _ => false,
        }
    }

    fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Client(error) => error.problem(),
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Usage { .. } | Self::PlanFile(_) | Self::Client(ClientError::Invalid { .. }) => {
                Some(ProblemCode::BadRequest)
            }
            _ => self.problem().map(|problem| problem.code),
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Client(error) => error.hint(),
            Self::Refused(problem) => problem.hint.clone(),
            Self::Usage { hint, .. } | Self::Failed { hint, .. } | Self::Repository { hint, .. } => hint.clone(),
            Self::PlanFile(error) => error.hint().map(str::to_owned),
            Self::Locked { pid, .. } => Some(format!(
                "put the token back; or end it with `{}`: the next start makes a new token, and conversations stay",
                kill(*pid)
            )),
            Self::Silent { pid, .. } => {
                Some(format!("wait if it is starting or ending; otherwise end it with `{}`", kill(*pid)))
            }
            Self::Start { .. } | Self::NotReady { .. } => Some(
                "run `legion serve` in the foreground to see why; `legion doctor` looks at this machine".to_owned(),
            ),
            Self::Held { .. } => {
                Some("end it with `legion down`, or name another directory with `--data-dir`".to_owned())
            }
            Self::NotDown { .. } => Some("its pid is in service.json of the data directory".to_owned()),
            Self::WaitTimedOut { .. } => {
                Some("the run goes on: wait again, or look at it with `legion logs`".to_owned())
            }
            Self::Demo { source, .. } => source.downcast_ref::<CliError>().and_then(Self::hint),
            // Their sentences say what to do.
            Self::Init(_)
            | Self::NoGit(_)
            | Self::NotUsable(_)
            | Self::Git(_)
            | Self::Bundle(_)
            | Self::Land(_)
            | Self::Push(_) => None,
            Self::Input(_) | Self::Output(_) | Self::Interrupted => None,
        }
    }

    /// The message with its causes, on one line.
    pub(crate) fn detail(&self) -> String {
        let mut text = self.to_string();
        // A transparent error is its own message: its causes begin one deeper, which `source` already gives.
        let mut cause = self.source();
        while let Some(error) = cause {
            let words = error.to_string();
            // Libraries often repeat their cause in their own message.
            if !text.contains(&words) {
                text.push_str(": ");
                text.push_str(&words);
            }
            cause = error.source();
        }
        text
    }

    /// For a person: what happened, to which thing, and on its own line what to do.
    pub(crate) fn render(&self, look: &Look) -> String {
        let code = self.problem().map(|problem| format!(" [{}]", problem.code.as_str())).unwrap_or_default();
        let mut text = format!("{} {}{code}", look.palette.paint(Style::Bad, "error:"), escape_line(&self.detail()));
        if let Some(hint) = self.hint() {
            text.push_str(&format!("\n{} {}", look.palette.paint(Style::Head, "hint:"), escape_line(&hint)));
        }
        text
    }

    /// For a program: the problem document.
    pub(crate) fn document(&self) -> String {
        let written = match self.problem() {
            Some(problem) => serde_json::to_string(problem),
            None => serde_json::to_string(&self.local_document()),
        };
        written.expect("a problem has only text and numbers in it")
    }

    fn local_document(&self) -> Document<'_> {
        let code = self.code();
        let (word, title) = match self {
            _ if let Some(code) = code => (code.as_str(), code.title()),
            Self::Client(ClientError::Unreachable { .. } | ClientError::TimedOut { .. })
            | Self::Start { .. }
            | Self::NotReady { .. }
            | Self::Locked { .. }
            | Self::Silent { .. } => ("unreachable", "the service cannot be reached"),
            Self::Held { .. } => ("data-dir-held", "another service holds the data directory"),
            Self::Interrupted => ("interrupted", "interrupted"),
            Self::WaitTimedOut { .. } => ("wait-timed-out", "the wait timed out"),
            Self::Init(_)
            | Self::NotUsable(_)
            | Self::Land(_)
            | Self::Push(_)
            | Self::Bundle(_)
            | Self::Repository { .. } => ("repository", "the repository does not allow it as it is"),
            _ => ("failed", "the command failed"),
        };
        Document {
            kind: format!("https://legion.invalid/errors/{word}"),
            title,
            status: code.map(ProblemCode::status),
            detail: self.detail(),
            hint: self.hint(),
            code,
        }
    }
}

fn of_pid(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

fn at_url(url: Option<&str>) -> String {
    url.map(|url| format!(" at {url}")).unwrap_or_default()
}

fn token_fault(token: &Path, missing: bool) -> String {
    let token = token.display();
    if missing { format!("its token is not at `{token}`") } else { format!("the token in `{token}` does not open it") }
}

fn kill(pid: Option<u32>) -> String {
    pid.map_or_else(|| "kill PID".to_owned(), |pid| format!("kill {pid}"))
}

fn of_client(error: &ClientError) -> u8 {
    match error {
        ClientError::Problem(problem) => exit::of_problem(problem.code),
        ClientError::Invalid { .. } => exit::USAGE,
        // Something else listens there, or its files cannot be read: in all of these no service of ours was reached.
        _ => exit::UNREACHABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Palette, samples};

    fn not_found() -> CliError {
        let problem = Problem::new(ProblemCode::NotFound, "there is no agent `sh\u{1b}ell`");
        CliError::Client(ClientError::from(problem.hint("list them with `legion tree`")))
    }

    fn unreachable() -> CliError {
        CliError::Client(ClientError::Unreachable {
            url: "http://127.0.0.1:1".to_owned(),
            source: io::Error::from(io::ErrorKind::ConnectionRefused).into(),
        })
    }

    #[test]
    fn a_problem_is_told_with_its_code_and_a_hint() {
        insta::assert_snapshot!(not_found().render(&samples::look()), @r"
        error: there is no agent `sh\u{1b}ell` [LEG0005]
        hint: list them with `legion tree`
        ");
        assert_eq!(not_found().exit_code(), 12);
    }

    #[test]
    fn a_problem_for_a_program_is_the_services_own_document() {
        let read: Problem = serde_json::from_str(&not_found().document()).unwrap();
        assert_eq!(read.code, ProblemCode::NotFound);
        assert_eq!(read.status, 404);
    }

    #[test]
    fn an_unreachable_service_says_where_it_was_looked_for_and_why_it_failed() {
        let text = unreachable().render(&samples::look());
        assert!(
            text.starts_with(
                "error: failed to reach the Legion service at `http://127.0.0.1:1`: connection refused\nhint: "
            ),
            "{text}"
        );
        assert_eq!(unreachable().exit_code(), 4);
        let document: serde_json::Value = serde_json::from_str(&unreachable().document()).unwrap();
        assert_eq!(document["code"], serde_json::Value::Null);
        assert_eq!(document["type"], "https://legion.invalid/errors/unreachable");
    }

    #[test]
    fn a_closed_pipe_is_told_apart_from_other_failures_of_output() {
        assert!(CliError::Output(io::ErrorKind::BrokenPipe.into()).is_closed_pipe());
        assert!(!CliError::Output(io::ErrorKind::StorageFull.into()).is_closed_pipe());
    }

    #[test]
    fn colour_only_adds_to_the_words() {
        let colored = Look { palette: Palette::new(true), ..samples::look() };
        let text = not_found().render(&colored);
        assert!(text.starts_with("\u{1b}[31merror:\u{1b}[0m there is no agent"), "{text}");
    }
}
