//! One ticket on one line.

use super::{
    attempt::Stage,
    change::commit_name,
    glyphs::Glyphs,
    state::Board,
    ticket::{BoardTicket, Standing},
};
use crate::{
    text::{escape_line, fit, span, width},
    view::{Look, Style},
};

/// Narrower than this, the line has no room for worker and attempt.
const COLUMNS_FOR_WORKER: usize = 60;
/// Columns of the words below which they are left out.
const WORDS_COLUMNS_MIN: usize = 10;
/// Upstream tickets that are named.
const UPSTREAM_MAX: usize = 6;

/// The columns of all rows of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    number: usize,
    title: usize,
    worker: usize,
    took: usize,
    words: usize,
}

impl Columns {
    /// Shares out the width between the fields that these rows have.
    pub(super) fn of(rows: &[Row], columns: usize) -> Self {
        let widest = |field: fn(&Row) -> &str| rows.iter().map(|row| width(field(row))).max().unwrap_or(0);
        let number = widest(|row| &row.number);
        let worker = if columns < COLUMNS_FOR_WORKER { 0 } else { widest(|row| &row.worker) };
        let took = widest(|row| &row.took);
        // Two columns of the mark, and the gaps.
        let fixed = 2 + number + 2 + if worker > 0 { worker + 2 } else { 0 } + if took > 0 { took + 2 } else { 0 };
        let left = columns.saturating_sub(fixed);
        let (title, words) = (widest(|row| &row.title), widest(|row| &row.words));
        // Both in full, else the title in full as far as half of the room, else each its half.
        let shown =
            if title + 2 + words <= left { title } else { title.min((left / 2).max(left.saturating_sub(2 + words))) };
        let rest = left.saturating_sub(shown + 2);
        if rest < WORDS_COLUMNS_MIN.min(words) {
            return Self { number, title: title.min(left), worker, took, words: 0 };
        }
        Self { number, title: shown, worker, took, words: rest }
    }
}

/// The fields of a row, unpadded.
#[derive(Debug, Clone)]
pub(super) struct Row {
    mark: char,
    mark_style: Style,
    number: String,
    title: String,
    worker: String,
    took: String,
    words: String,
    words_style: Style,
}

impl Row {
    pub(super) fn of(board: &Board, ticket: &BoardTicket, critical: bool, look: &Look, glyphs: Glyphs) -> Self {
        let attempt = ticket.attempts.last();
        let (mark, mark_style) = mark(ticket, critical, look, glyphs);
        let (words, words_style) = words(board, ticket, look);
        let worker = ticket.open_attempt().and_then(|attempt| attempt.worker).map(|worker| format!("w{worker} "));
        let tries = attempt.map(|attempt| format!("{}/{}", attempt.number, ticket.attempts_max.max(attempt.number)));
        // A gate alone is not tried again: which attempt it is says nothing.
        let tries = tries.filter(|_| attempt.is_some_and(|attempt| attempt.worker.is_some()));
        Self {
            mark,
            mark_style,
            number: format!("#{}", ticket.number),
            title: escape_line(&ticket.title),
            worker: format!("{}{}", worker.unwrap_or_default(), tries.unwrap_or_default()),
            took: attempt.map(|_| span(ticket.took(look.now))).unwrap_or_default(),
            words,
            words_style,
        }
    }

    pub(super) fn line(&self, columns: &Columns, look: &Look) -> String {
        let paint = |style, text: &str| look.palette.paint(style, text);
        let padded = |text: &str, columns: usize| {
            let fitted = fit(text, columns);
            let padding = columns.saturating_sub(width(&fitted));
            fitted + &" ".repeat(padding)
        };
        let mut line = paint(self.mark_style, &self.mark.to_string());
        line.push(' ');
        line.push_str(&paint(Style::Faint, &padded(&self.number, columns.number)));
        line.push_str("  ");
        line.push_str(&padded(&self.title, columns.title));
        if columns.worker > 0 {
            line.push_str("  ");
            line.push_str(&paint(Style::Faint, &padded(&self.worker, columns.worker)));
        }
        if columns.took > 0 {
            let padding = columns.took.saturating_sub(width(&self.took));
            line.push_str(&format!("  {}{}", " ".repeat(padding), self.took));
        }
        if columns.words > 0 && !self.words.is_empty() {
            line.push_str("  ");
            line.push_str(&paint(self.words_style, &fit(&self.words, columns.words)));
        }
        line.trim_end().to_owned()
    }
}

fn mark(ticket: &BoardTicket, critical: bool, look: &Look, glyphs: Glyphs) -> (char, Style) {
    match &ticket.standing {
        Standing::Done { .. } => ('✔', Style::Good),
        Standing::Error { .. } => ('✘', Style::Bad),
        Standing::Stopped { .. } | Standing::Skipped { .. } => ('–', Style::Warn),
        _ if critical => ('◆', Style::Head),
        Standing::Open(Stage::Held) => ('!', Style::Warn),
        Standing::Open(Stage::InQueue) | Standing::Queued { .. } => ('·', Style::Faint),
        Standing::Open(_) => (glyphs.spinner(look.now.as_millisecond()), Style::Busy),
    }
}

fn words(board: &Board, ticket: &BoardTicket, look: &Look) -> (String, Style) {
    let again = ticket.attempts.last().filter(|attempt| attempt.end.is_some() && !attempt.why.is_empty());
    match &ticket.standing {
        Standing::Queued { not_before } => {
            let unmet: Vec<String> = board.unmet(ticket).take(UPSTREAM_MAX + 1).map(|up| format!("#{up}")).collect();
            if !unmet.is_empty() {
                let more = if unmet.len() > UPSTREAM_MAX { " …" } else { "" };
                let named = &unmet[..unmet.len().min(UPSTREAM_MAX)];
                return (format!("after {}{more}", named.join(" ")), Style::Faint);
            }
            let wait = not_before.filter(|time| *time > look.now).map(|time| span(time.duration_since(look.now)));
            match (again, wait) {
                (Some(attempt), Some(wait)) => (format!("again in {wait}: {}", escape_line(&attempt.why)), Style::Warn),
                (Some(attempt), None) => (format!("again: {}", escape_line(&attempt.why)), Style::Warn),
                (None, _) => ("ready, waits for a worker".to_owned(), Style::Plain),
            }
        }
        Standing::Open(Stage::InQueue) => (board.place_in_queue(ticket), Style::Faint),
        Standing::Open(Stage::Gate { name, since }) => {
            let took = span(look.now.duration_since(*since));
            (format!("gate for {took}: {}", escape_line(name)), Style::Busy)
        }
        Standing::Open(Stage::Held) => (Stage::Held.words(), Style::Warn),
        Standing::Open(Stage::Running) => match &ticket.activity {
            Some(activity) => (escape_line(activity), Style::Busy),
            None => (running(ticket), Style::Busy),
        },
        Standing::Open(stage) => (escape_line(&stage.words()), Style::Busy),
        Standing::Done { commit, .. } if ticket.checkpoint => {
            (format!("passed at {}", commit_name(commit)), Style::Faint)
        }
        Standing::Done { commit, .. } => (format!("merged as {}", commit_name(commit)), Style::Faint),
        Standing::Error { why, .. } => (escape_line(why), Style::Bad),
        Standing::Stopped { why } => (format!("stopped: {}", escape_line(why)), Style::Warn),
        Standing::Skipped { why } => (format!("skipped: {}", escape_line(why)), Style::Warn),
    }
}

/// What an agent works on that does not say so itself: the ticket, or what went wrong before.
fn running(ticket: &BoardTicket) -> String {
    let before = ticket.attempts.iter().rev().find(|attempt| attempt.end.is_some());
    match before {
        Some(before) if !before.why.is_empty() => format!("mends: {}", escape_line(&before.why)),
        _ => Stage::Running.words(),
    }
}

impl Board {
    fn place_in_queue(&self, ticket: &BoardTicket) -> String {
        let queued_at = |ticket: &BoardTicket| ticket.open_attempt().and_then(|attempt| attempt.queued_at);
        let mine = queued_at(ticket);
        let ahead = self.tickets.values().filter(|other| {
            matches!(&other.standing, Standing::Open(Stage::InQueue))
                && (queued_at(other), other.number) < (mine, ticket.number)
        });
        format!("number {} in the merge queue", ahead.count() + 1)
    }
}
