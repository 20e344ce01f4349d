//! Changes, and the line that each of them gets where no terminal shows the board.

use jiff::Timestamp;

use super::{glyphs::Glyphs, state::Board};
use crate::{
    text::{escape_line, fit, span, width},
    view::{Look, Style},
};

/// Columns of a quoted text when no terminal bounds the line.
const TEXT_COLUMNS: usize = 160;
/// Characters of a commit's name that are shown.
const COMMIT_CHARS: usize = 10;

/// Something that happened to a ticket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub at: Timestamp,
    pub ticket: u32,
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Began {
        attempt: u32,
        worker: Option<u32>,
        resolver: bool,
    },
    /// Its agent was cut off and was told to go on.
    Continued,
    Collected {
        files: u32,
        insertions: u64,
        deletions: u64,
    },
    Reviewed {
        role: String,
        approved: bool,
    },
    /// It changes protected files.
    Held,
    Approved,
    /// A gate that failed the first time is run once more.
    GateFailed {
        name: String,
        exit_code: Option<i32>,
        said: String,
    },
    /// An attempt failed, and another one follows.
    SentBack {
        class: String,
        why: String,
        /// The last line of what failed.
        said: String,
    },
    /// Work of the service failed and is tried again.
    Delayed {
        tries: u32,
        why: String,
    },
    Merged {
        commit: String,
    },
    Closed {
        word: &'static str,
        why: String,
        said: String,
    },
    Reopened,
    Deleted,
}

impl Change {
    /// Whether somebody who watches wants to read of it, and not only to see it on the board.
    pub(super) fn is_news(&self) -> bool {
        match &self.what {
            What::Began { attempt, .. } => *attempt > 1,
            What::Collected { .. } => false,
            What::Reviewed { approved, .. } => !approved,
            _ => true,
        }
    }

    pub(super) fn style(&self) -> Style {
        match &self.what {
            What::Merged { .. } => Style::Good,
            What::Closed { .. } => Style::Bad,
            What::GateFailed { .. } | What::SentBack { .. } | What::Delayed { .. } | What::Held => Style::Warn,
            What::Reviewed { approved: false, .. } => Style::Warn,
            _ => Style::Plain,
        }
    }

    /// What happened, in a sentence without its subject.
    pub(super) fn words(&self, board: &Board) -> String {
        let ticket = board.tickets.get(&self.ticket);
        let most = ticket.map_or(1, |ticket| ticket.attempts_max);
        match &self.what {
            What::Began { attempt, worker, resolver } => {
                let attempt = format!("attempt {attempt} of {}", most.max(*attempt));
                match (worker, resolver) {
                    (None, _) => "its gates are asked".to_owned(),
                    (Some(worker), false) => format!("worker {worker} begins {attempt}"),
                    (Some(worker), true) => format!("worker {worker} resolves the conflict, {attempt}"),
                }
            }
            What::Continued => "its agent was cut off and goes on".to_owned(),
            What::Collected { files, insertions, deletions } => {
                format!("{files} {} changed, +{insertions} -{deletions}", if *files == 1 { "file" } else { "files" })
            }
            What::Reviewed { role, approved } => {
                format!("{} {}", escape_line(role), if *approved { "passes it" } else { "sends it back" })
            }
            What::Held => format!("changes protected files: `legion approve {0}` or `legion deny {0}`", self.ticket),
            What::Approved => "its changes to protected files were let through".to_owned(),
            What::GateFailed { name, exit_code, said } => {
                let code = exit_code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
                format!("gate `{}` failed{code}{}; it runs once more", escape_line(name), quoted(said))
            }
            What::SentBack { class, why, said } => {
                let what = match class.as_str() {
                    "task" => "sent back",
                    "conflict" => "sent back to the newest target",
                    _ => "tried again",
                };
                format!("{what}: {}{}", escape_line(why), quoted(said))
            }
            What::Delayed { tries, why } => format!("the service tries again ({tries}): {}", escape_line(why)),
            What::Merged { commit } => {
                let word = if ticket.is_some_and(|ticket| ticket.checkpoint) { "passed at" } else { "merged as" };
                let took = ticket.map(|ticket| format!(" after {}", span(ticket.took(self.at)))).unwrap_or_default();
                format!("{word} {}{took}", commit_name(commit))
            }
            What::Closed { word, why, said } => format!("{word}: {}{}", escape_line(why), quoted(said)),
            What::Reopened => "opened again".to_owned(),
            What::Deleted => "deleted".to_owned(),
        }
    }
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" ({})", fit(&escape_line(said), TEXT_COLUMNS)) }
}

pub(super) fn commit_name(commit: &str) -> &str {
    commit.get(..COMMIT_CHARS).unwrap_or(commit)
}

/// Time of day (UTC), ticket, and what happened.
pub(crate) fn board_line(change: &Change, board: &Board, look: &Look, glyphs: Glyphs) -> String {
    let title = board.tickets.get(&change.ticket).map(|ticket| escape_line(&ticket.title)).unwrap_or_default();
    let digits = board.tickets.last_key_value().map_or(1, |(number, _)| number.to_string().len());
    let number = format!("#{}", change.ticket);
    let head = format!("{}  {number:<width$}  ", change.at.strftime("%H:%M:%SZ"), width = digits + 1);
    let words = format!("{}: {title}", change.words(board));
    let room = look.columns.unwrap_or(usize::MAX).saturating_sub(width(&head));
    let line = look.palette.paint(Style::Faint, &head) + &look.palette.paint(change.style(), &fit(&words, room));
    glyphs.apply(&line)
}
