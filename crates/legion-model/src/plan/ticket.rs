//! What is wrong with one ticket or with the defaults, without a look at the others.

use crate::glob::Glob;

use super::bounds::*;
use super::phrase::quoted;
use super::problem::{ProblemKind, Problems};
use super::spec::{TicketFields, TicketSpec};
use super::words::{driver, on_upstream};

/// Collects the problems of one ticket, or of the defaults.
pub(super) struct Teller<'a> {
    /// How sentences name it.
    pub(super) label: String,
    pub(super) ticket: Option<String>,
    pub(super) problems: &'a mut Problems,
}

/// How many bytes of globs a plan may have yet.
pub(super) struct GlobRoom {
    pub(super) left: Option<usize>,
}

impl GlobRoom {
    /// Whether the glob still fits. After the first that does not, none does.
    pub(super) fn take(&mut self, glob: &Glob) -> bool {
        self.left = self.left.and_then(|left| left.checked_sub(glob.bytes()));
        self.left.is_some()
    }
}

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameFault {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {NAME_BYTES_MAX} bytes")]
    Length,
    #[error("it begins with `-`, like an option")]
    Option,
    #[error("it has a space or a control character")]
    Character,
}

impl Teller<'_> {
    pub(super) fn tell(&mut self, kind: ProblemKind, what: impl AsRef<str>) {
        let sentence = format!("{}: {}", self.label, what.as_ref());
        self.problems.push(kind, self.ticket.clone(), sentence);
    }
}

/// How sentences name the ticket at this place.
pub(super) fn label(key: &str, at: usize) -> String {
    if key.is_empty() { format!("ticket number {}", at + 1) } else { format!("ticket {}", quoted(key)) }
}

/// Checks what a ticket alone has: id, title, prompt.
pub(super) fn check_own(ticket: &TicketSpec, teller: &mut Teller<'_>) {
    if let Some(fault) = key_fault(&ticket.key) {
        teller.tell(ProblemKind::Key, format!("its `id` {fault}"));
    }
    check_text("title", ticket.title.as_deref(), teller);
    check_text("prompt", ticket.prompt.as_deref(), teller);
    if let Some(title) = &ticket.title {
        if title.chars().count() > TITLE_CHARS_MAX {
            teller.tell(
                ProblemKind::Limit,
                format!("`title` is longer than {TITLE_CHARS_MAX} characters; put the rest into `prompt`"),
            );
        }
        if title.chars().any(char::is_control) {
            teller.tell(ProblemKind::Text, "`title` is not one line of text");
        }
    }
    if is_blank(ticket.title.as_deref()) && is_blank(ticket.prompt.as_deref()) {
        teller.tell(ProblemKind::NoPrompt, "it has neither `prompt` nor `title`, so nobody knows what to do");
    }
}

/// Checks what a ticket may say itself or take from the defaults; returns the globs of its files.
pub(super) fn check_fields(fields: &TicketFields, room: &mut GlobRoom, teller: &mut Teller<'_>) -> Vec<Glob> {
    check_text("context", fields.context.as_deref(), teller);
    check_text("plan", fields.plan.as_deref(), teller);
    for (field, list) in [("criteria", &fields.criteria), ("gate", &fields.gate)] {
        let list = list.as_deref().unwrap_or_default();
        check_length(field, list.len(), teller);
        for text in list.iter().take(LIST_MAX) {
            check_item(field, text, teller);
        }
    }
    if let Some(gate) = &fields.gate
        && gate.iter().take(LIST_MAX).any(|command| command.trim().is_empty())
    {
        teller.tell(ProblemKind::Text, "`gate` has an empty command, which would pass whatever happens");
    }
    let files = check_files(fields.files.as_deref().unwrap_or_default(), room, teller);
    for (field, name) in
        [("team", &fields.team), ("role", &fields.role), ("group", &fields.group), ("model", &fields.model)]
    {
        if let Some(name) = name
            && let Err(fault) = check_name(name)
        {
            teller.tell(ProblemKind::Text, format!("`{field}` cannot be {}: {fault}", quoted(name)));
        }
    }
    check_numbers(fields, teller);
    check_words(fields, teller);
    files
}

fn check_numbers(fields: &TicketFields, teller: &mut Teller<'_>) {
    if let Some(worker) = fields.worker
        && !(1..=WORKERS_MAX).contains(&worker)
    {
        teller.tell(ProblemKind::Limit, format!("`worker` is {worker}; it must be 1 to {WORKERS_MAX}"));
    }
    if let Some(attempts) = fields.max_attempts
        && !(1..=ATTEMPTS_MAX).contains(&attempts)
    {
        teller.tell(ProblemKind::Limit, format!("`max_attempts` is {attempts}; it must be 1 to {ATTEMPTS_MAX}"));
    }
    for (field, seconds) in [("timeout", fields.timeout_seconds), ("gate_timeout", fields.gate_timeout_seconds)] {
        match seconds {
            Some(0) => teller.tell(ProblemKind::Limit, format!("`{field}` is 0; it must be at least a second")),
            Some(seconds) if seconds > TIMEOUT_SECONDS_MAX => {
                let hours = TIMEOUT_SECONDS_MAX / 3_600;
                let what = format!("`{field}` is {seconds} seconds; it must be at most {hours} hours");
                teller.tell(ProblemKind::Limit, what);
            }
            _ => {}
        }
    }
}

fn check_words(fields: &TicketFields, teller: &mut Teller<'_>) {
    if let Some(word) = &fields.on_upstream
        && on_upstream(word).is_none()
    {
        teller
            .tell(ProblemKind::Word, format!("`on_upstream` is {}; it must be `skip`, `fail` or `wait`", quoted(word)));
    }
    if let Some(word) = &fields.driver
        && driver(word).is_none()
    {
        teller.tell(ProblemKind::Word, format!("`driver` is {}; it must be `claude` or `command`", quoted(word)));
    }
    if let Some(command) = &fields.command {
        check_length("command", command.len(), teller);
        check_text("command", command.iter().take(LIST_MAX).max_by_key(|word| word.len()).map(String::as_str), teller);
        if command.first().is_none_or(|program| program.trim().is_empty()) {
            teller.tell(ProblemKind::Text, "`command` names no program");
        } else if command.iter().take(LIST_MAX).any(|word| word.contains('\0')) {
            teller.tell(ProblemKind::Text, "`command` has a NUL character");
        }
    }
}

fn check_files(files: &[String], room: &mut GlobRoom, teller: &mut Teller<'_>) -> Vec<Glob> {
    check_length("files", files.len(), teller);
    let mut globs = Vec::with_capacity(files.len());
    for text in files.iter().take(LIST_MAX) {
        match Glob::parse(text) {
            Ok(glob) if room.take(&glob) => globs.push(glob),
            Ok(_) => break,
            Err(fault) => teller.tell(ProblemKind::Glob, format!("{} in `files` is no glob: {fault}", quoted(text))),
        }
    }
    globs
}

fn check_length(field: &str, length: usize, teller: &mut Teller<'_>) {
    if length > LIST_MAX {
        teller.tell(ProblemKind::Limit, format!("`{field}` has {length} entries; it must have at most {LIST_MAX}"));
    }
}

fn check_item(field: &str, text: &str, teller: &mut Teller<'_>) {
    if text.len() > ITEM_BYTES_MAX {
        let kibibytes = ITEM_BYTES_MAX / 1024;
        teller.tell(ProblemKind::Limit, format!("`{field}` has an entry of more than {kibibytes} KiB"));
    }
    if text.contains('\0') {
        teller.tell(ProblemKind::Text, format!("`{field}` has a NUL character"));
    }
}

fn check_text(field: &str, text: Option<&str>, teller: &mut Teller<'_>) {
    let Some(text) = text else { return };
    if text.len() > TEXT_BYTES_MAX {
        let mebibytes = TEXT_BYTES_MAX / (1024 * 1024);
        teller.tell(
            ProblemKind::Limit,
            format!("`{field}` is longer than {mebibytes} MiB; name a file of the repository instead"),
        );
    }
    if text.contains('\0') && field != "command" {
        teller.tell(ProblemKind::Text, format!("`{field}` has a NUL character"));
    }
}

/// Whether a team, role, group or model may have this name.
pub(super) fn check_name(name: &str) -> Result<(), NameFault> {
    match name {
        "" => Err(NameFault::Empty),
        _ if name.len() > NAME_BYTES_MAX => Err(NameFault::Length),
        _ if name.starts_with('-') => Err(NameFault::Option),
        _ if name.chars().any(|char| char.is_control() || char.is_whitespace()) => Err(NameFault::Character),
        _ => Ok(()),
    }
}

pub(super) fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

/// A key becomes a part of branches and of addresses.
fn key_fault(key: &str) -> Option<String> {
    let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    if key.is_empty() {
        return Some("is missing".to_owned());
    }
    if key.len() > KEY_BYTES_MAX {
        return Some(format!("is longer than {KEY_BYTES_MAX} bytes"));
    }
    if let Some(char) = key.chars().find(|char| !allowed(*char)) {
        return Some(format!("has {char:?}; it may have letters, digits, `-`, `_` and `.`"));
    }
    if !key.starts_with(|char: char| char.is_ascii_alphanumeric()) {
        return Some("must begin with a letter or a digit".to_owned());
    }
    super::ref_name::check_part(key).err().map(|fault| format!("cannot become part of a branch: {fault}"))
}
