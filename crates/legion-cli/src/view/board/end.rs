//! The table at the end: what came of each ticket, what it took, and what to do next.

use jiff::SignedDuration;

use super::{
    change::commit_name,
    glyphs::Glyphs,
    group::Group,
    path::Path,
    reckoning::Reckoning,
    state::Board,
    ticket::{BoardTicket, Standing},
    verdict::BoardVerdict,
};
use crate::{
    text::{escape_line, fit, span, width},
    view::{
        Look, Style,
        run::dollars,
        table::{Cell, table},
    },
};

/// More tickets than this are not listed one by one, but for those that are not merged.
const LISTED_MAX: usize = 40;
/// Columns of a title.
const TITLE_COLUMNS: usize = 36;
/// Columns of a reason in the table.
const WHY_COLUMNS: usize = 60;
/// Tickets of a path that are named.
const PATH_MAX: usize = 12;
/// Columns of the words in front of the sums.
const LABEL_COLUMNS: usize = 10;

/// What became of the tickets on the board.
pub(crate) fn end_table(board: &Board, look: &Look, glyphs: Glyphs) -> String {
    let mut text = rows(board, look);
    text.push('\n');
    for (label, sum) in sums(board, look) {
        let label = format!("{label:<LABEL_COLUMNS$}");
        for (position, line) in wrapped(&sum, look.columns, LABEL_COLUMNS).into_iter().enumerate() {
            let head = if position == 0 { look.palette.paint(Style::Head, &label) } else { " ".repeat(LABEL_COLUMNS) };
            text.push_str(&format!("{head}{line}\n"));
        }
    }
    text.push('\n');
    for (style, line) in next(board) {
        for line in wrapped(&line, look.columns, 0) {
            text.push_str(&look.palette.paint(style, &line));
            text.push('\n');
        }
    }
    glyphs.apply(&text)
}

fn rows(board: &Board, look: &Look) -> String {
    let all = board.tickets.len() <= LISTED_MAX;
    let listed = |ticket: &&BoardTicket| all || !ticket.standing.is_done();
    let rows: Vec<Vec<Cell>> =
        board.tickets.values().filter(listed).take(LISTED_MAX).map(|ticket| row(ticket, look)).collect();
    if rows.is_empty() {
        return String::new();
    }
    table(&["TICKET", "TITLE", "RESULT", "ATTEMPTS", "TIME", "COST", "EVIDENCE"], &rows, look)
}

fn row(ticket: &BoardTicket, look: &Look) -> Vec<Cell> {
    let evidence = match &ticket.standing {
        Standing::Done { commit, .. } => commit_name(commit).to_owned(),
        Standing::Error { why, .. } | Standing::Stopped { why } | Standing::Skipped { why } => escape_line(why),
        _ => String::new(),
    };
    let result = match &ticket.standing {
        Standing::Done { .. } if ticket.checkpoint => "passed",
        Standing::Done { .. } => "merged",
        other => other.word(),
    };
    vec![
        Cell::styled(Style::Faint, format!("#{}", ticket.number)),
        Cell::new(fit(&escape_line(&ticket.title), TITLE_COLUMNS)),
        Cell::styled(ticket.standing.group().style(), result),
        Cell::new(ticket.attempts.len().to_string()),
        Cell::new(span(ticket.took(look.now))),
        Cell::new(ticket.cost_micro_usd.map(|micro| dollars(micro as f64 / 1e6)).unwrap_or_default()),
        Cell::styled(Style::Faint, fit(&evidence, WHY_COLUMNS)),
    ]
}

/// The sums with the words in front of them.
fn sums(board: &Board, look: &Look) -> Vec<(&'static str, String)> {
    let reckoning = Reckoning::of(board, look.now);
    let mut sums = vec![("tickets", tickets(board)), ("attempts", attempts(&reckoning)), ("gates", gates(board))];
    sums.extend(board.cost_usd().map(|cost| ("cost", dollars(cost))));
    sums.push(("time", time(&reckoning)));
    // What was not done took no time: before the end the bound would promise too much.
    if board.verdict() == BoardVerdict::Merged {
        sums.push(("at best", bound(&reckoning)));
    }
    sums
}

fn tickets(board: &Board) -> String {
    let counts = board.counts();
    let done = counts.get(&Group::Done).copied().unwrap_or(0);
    let checkpoints = board.tickets.values().filter(|ticket| ticket.checkpoint && ticket.standing.is_done()).count();
    let mut text = format!("{}: {} merged", board.tickets.len(), done - checkpoints);
    if checkpoints > 0 {
        text.push_str(&format!(", {} passed", counted(checkpoints, "checkpoint")));
    }
    for group in [Group::Error, Group::Queued] {
        if let Some(count) = counts.get(&group) {
            text.push_str(&format!(", {count} {}", if group == Group::Error { "not merged" } else { "waiting" }));
        }
    }
    text
}

fn attempts(reckoning: &Reckoning) -> String {
    let mut text = format!("{}: {} went through", reckoning.attempts, reckoning.merged);
    if reckoning.failed > 0 {
        text.push_str(&format!(", {} failed", reckoning.failed));
    }
    if reckoning.conflicts > 0 {
        text.push_str(&format!(", {}", counted(reckoning.conflicts, "conflict")));
    }
    text
}

fn gates(board: &Board) -> String {
    let tally = &board.tally;
    let took = SignedDuration::from_millis(i64::try_from(tally.gate_ms).unwrap_or(i64::MAX));
    let mut text = format!("{} in {}", counted(tally.gate_runs as usize, "run"), span(took));
    if tally.gate_hits > 0 {
        text.push_str(&format!(", {} answered from the cache", counted(tally.gate_hits as usize, "more")));
    }
    text
}

fn time(reckoning: &Reckoning) -> String {
    let mut text = span(reckoning.elapsed);
    if let Some(speed_up) = reckoning.speed_up() {
        let one_by_one = span(reckoning.sequential);
        text.push_str(&format!("; one attempt after the other {one_by_one}: {speed_up:.1} × as fast"));
    }
    text
}

/// The bound with the way it was computed.
fn bound(reckoning: &Reckoning) -> String {
    let bound = &reckoning.bound;
    let ms = |ms: u64| span(SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)));
    let workers = counted(bound.workers as usize, "worker");
    let text = format!(
        "{}, the largest of: critical path {} ({}), agents' time shared by {workers} {}, merges one by one {}",
        ms(bound.ms()),
        ms(bound.path.ms),
        named(&bound.path),
        ms(bound.shared_ms),
        ms(bound.merges_ms),
    );
    match reckoning.reached() {
        Some(reached) => format!("{text}; {:.0} % of that speed was reached", (reached * 100.0).min(100.0)),
        None => text,
    }
}

pub(super) fn named(path: &Path) -> String {
    let named: Vec<String> = path.tickets.iter().take(PATH_MAX).map(|number| format!("#{number}")).collect();
    let more = if path.tickets.len() > PATH_MAX { " → …" } else { "" };
    named.join(" → ") + more
}

fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 || word == "more" { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// What to do now.
fn next(board: &Board) -> Vec<(Style, String)> {
    let land = format!("`legion land` brings {} onto your branch", escape_line(&board.target));
    match board.verdict() {
        BoardVerdict::Merged => {
            let text = format!("All merged and green on {}.", escape_line(&board.target));
            vec![(Style::Good, text), (Style::Plain, format!("next: {land}"))]
        }
        verdict => {
            let mut lines = not_merged(board);
            if verdict == BoardVerdict::Going {
                lines.push((Style::Plain, "next: `legion check` shows how it goes on".to_owned()));
            }
            if board.tickets.values().any(|ticket| ticket.standing.is_done()) {
                lines.push((Style::Plain, format!("What is merged is green: {land}")));
            }
            lines
        }
    }
}

/// Which are not merged, why, and what to do about each.
fn not_merged(board: &Board) -> Vec<(Style, String)> {
    let closed = |ticket: &&BoardTicket| ticket.standing.is_closed() && !ticket.standing.is_done();
    let mut lines = Vec::new();
    for ticket in board.tickets.values().filter(closed).take(LISTED_MAX) {
        let why = match &ticket.standing {
            Standing::Error { class, why } => format!("failed ({class}): {why}"),
            Standing::Stopped { why } => format!("was stopped: {why}"),
            Standing::Skipped { why } => format!("was skipped: {why}"),
            _ => String::new(),
        };
        let number = ticket.number;
        lines.push((Style::Bad, format!("#{number} {} {}", escape_line(&ticket.title), escape_line(&why))));
        let next = match &ticket.standing {
            // It has done nothing that could be looked at.
            Standing::Skipped { .. } => format!("  next: mend that one, then `legion retry {number}`"),
            _ => format!("  next: `legion why {number}`, `legion diff {number}`, then `legion retry {number}`"),
        };
        lines.push((Style::Plain, next));
    }
    let waiting: Vec<String> = board
        .tickets
        .values()
        .filter(|ticket| !ticket.standing.is_closed() && board.unmet(ticket).next().is_some())
        .map(|ticket| format!("#{}", ticket.number))
        .take(LISTED_MAX)
        .collect();
    if !waiting.is_empty() && !lines.is_empty() {
        let verb = if waiting.len() == 1 { "waits" } else { "wait" };
        lines.push((Style::Warn, format!("{} {verb} for what is not merged", waiting.join(" "))));
    }
    lines
}

/// The text in lines of so many columns less the indent; broken at blanks only.
fn wrapped(text: &str, columns: Option<usize>, indent: usize) -> Vec<String> {
    let Some(columns) = columns else { return vec![text.to_owned()] };
    let room = columns.saturating_sub(indent).max(1);
    // What the text is indented by, its first line keeps.
    let blanks = text.len() - text.trim_start().len();
    let mut lines = vec![" ".repeat(blanks.min(room / 2))];
    for word in text.trim_start().split(' ') {
        let line = lines.last_mut().expect("begins with one line");
        if line.trim_start().is_empty() {
            line.push_str(&fit(word, room.saturating_sub(line.len())));
        } else if width(line) + 1 + width(word) <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(fit(word, room));
        }
    }
    lines
}
