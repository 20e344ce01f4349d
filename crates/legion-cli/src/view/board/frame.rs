//! The board as one frame of a terminal.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::{
    change::Change,
    glyphs::Glyphs,
    group::Group,
    layout::{Layout, layout},
    path::{Chains, Path, remaining},
    row::{Columns, Row},
    state::Board,
    ticket::{BoardTicket, Standing},
    verdict::BoardVerdict,
};
use crate::{
    text::{escape_line, fit, span, width},
    view::{Look, Style, run::dollars},
};

/// Columns of a board that no terminal bounds.
const COLUMNS_DEFAULT: usize = 120;
/// Columns of the bar at most.
const BAR_MAX: usize = 60;
/// Below so many columns there is no bar.
const BAR_MIN: usize = 8;
/// Tickets of the critical path that are named.
const PATH_MAX: usize = 12;

/// What the board shows now, in at most so many lines.
pub(crate) fn board(board: &Board, look: &Look, lines: usize, glyphs: Glyphs) -> String {
    let columns = look.columns.unwrap_or(COLUMNS_DEFAULT);
    let counts = board.counts();
    let layout = layout(&counts, board.news.len(), lines);
    let chains = Chains::of(board);
    let path = remaining(board, &chains, look.now);
    let frame = Frame {
        board,
        look,
        columns,
        glyphs,
        critical: path.tickets.iter().copied().collect(),
        path: &path,
        depths: chains.depths(),
    };
    let mut text: Vec<String> = frame.head(&counts).into_iter().take(layout.head).collect();
    if layout.folded {
        text.push(frame.folded(&counts));
    }
    frame.groups(&layout, &counts, &mut text);
    frame.news(&layout, &mut text);
    text.truncate(lines);
    let mut whole = glyphs.apply(&text.join("\n"));
    whole.push('\n');
    whole
}

struct Frame<'a> {
    board: &'a Board,
    look: &'a Look,
    columns: usize,
    glyphs: Glyphs,
    path: &'a Path,
    /// The tickets of the path.
    critical: HashSet<u32>,
    /// By rising number of the ticket.
    depths: Vec<(u32, u32)>,
}

impl Frame<'_> {
    fn paint(&self, style: Style, text: &str) -> String {
        self.look.palette.paint(style, text)
    }

    /// Names and sums, the bar, and what decides when it is over.
    fn head(&self, counts: &BTreeMap<Group, usize>) -> [String; 3] {
        let (board, columns) = (self.board, self.columns);
        let total = board.tickets.len();
        let done = counts.get(&Group::Done).copied().unwrap_or(0);
        let mut sums = vec![format!("{done} of {total} merged"), span(board.elapsed(self.look.now))];
        sums.extend(board.cost_usd().map(dollars));
        let sums = fit(&sums.join("  "), columns);
        let names = fit(
            &format!("{} → {}", escape_line(&board.session), escape_line(&board.target)),
            columns.saturating_sub(width(&sums) + 2),
        );
        let gap = columns.saturating_sub(width(&names) + width(&sums));
        let first = format!("{}{}{sums}", self.paint(Style::Head, &names), " ".repeat(gap));
        [first, self.bar(counts, total), self.way()]
    }

    fn bar(&self, counts: &BTreeMap<Group, usize>, total: usize) -> String {
        let of = |group| counts.get(&group).copied().unwrap_or(0);
        let percent = format!("{:>3} %", (of(Group::Done) * 100).checked_div(total).unwrap_or(0));
        let room = self.columns.saturating_sub(width(&percent) + 2).min(BAR_MAX);
        if room < BAR_MIN {
            return percent;
        }
        let under_way = of(Group::Working) + of(Group::Verifying) + of(Group::Merging);
        // Sums are cut to columns, not parts: the parts always make up the bar.
        let upto = |count: usize| (count * room).checked_div(total).unwrap_or(0);
        let (done, busy) = (upto(of(Group::Done)), upto(of(Group::Done) + under_way));
        let failed = room - upto(total - of(Group::Error));
        let failed = if of(Group::Error) > 0 { failed.max(1).min(room - busy) } else { 0 };
        format!(
            "{}{}{}{}  {percent}",
            self.paint(Style::Good, &"█".repeat(done)),
            self.paint(Style::Busy, &"▓".repeat(busy - done)),
            self.paint(Style::Faint, &"░".repeat(room - busy - failed)),
            self.paint(Style::Bad, &"█".repeat(failed)),
        )
    }

    /// The critical path; or how it ended.
    fn way(&self) -> String {
        let named: Vec<String> = self.path.tickets.iter().take(PATH_MAX).map(|number| format!("#{number}")).collect();
        let more = if self.path.tickets.len() > PATH_MAX { " → …" } else { "" };
        let text = match self.board.verdict() {
            BoardVerdict::Merged => "all merged".to_owned(),
            BoardVerdict::Failed => "nothing more can be done: see ERROR".to_owned(),
            BoardVerdict::Stuck => "what is left waits for tickets that failed".to_owned(),
            BoardVerdict::Going if named.is_empty() => "waiting for tickets".to_owned(),
            BoardVerdict::Going => {
                let next = self.next().map(|next| format!("   next {next}")).unwrap_or_default();
                format!("◆ critical path {}{more}{next}", named.join(" → "))
            }
        };
        self.paint(Style::Faint, &fit(&text, self.columns))
    }

    /// What begins when a worker is free; otherwise what begins when something is merged.
    fn next(&self) -> Option<String> {
        let queued = |ticket: &&BoardTicket| matches!(ticket.standing, Standing::Queued { .. });
        // What is on the critical path goes first among those that wait equally long.
        let order =
            |ticket: &&BoardTicket| (self.depth(ticket), !self.critical.contains(&ticket.number), ticket.number);
        let best = self.board.tickets.values().filter(queued).min_by_key(order)?;
        Some(format!("#{}", best.number))
    }

    fn depth(&self, ticket: &BoardTicket) -> u32 {
        let place = self.depths.binary_search_by_key(&ticket.number, |(number, _)| *number);
        place.map_or(0, |place| self.depths[place].1)
    }

    fn folded(&self, counts: &BTreeMap<Group, usize>) -> String {
        let words: Vec<String> =
            counts.iter().map(|(group, count)| format!("{count} {}", group.heading().to_lowercase())).collect();
        fit(&words.join(", "), self.columns)
    }

    fn groups(&self, layout: &Layout, counts: &BTreeMap<Group, usize>, text: &mut Vec<String>) {
        let mut rows: BTreeMap<Group, Vec<Row>> = BTreeMap::new();
        for (group, count) in layout.rows.iter().filter(|(_, count)| **count > 0) {
            let row = |ticket: &BoardTicket| {
                Row::of(self.board, ticket, self.critical.contains(&ticket.number), self.look, self.glyphs)
            };
            let shown = self.shown(*group, *count);
            rows.insert(*group, shown.into_iter().map(row).collect());
        }
        let all: Vec<Row> = rows.values().flatten().cloned().collect();
        let columns = Columns::of(&all, self.columns);
        for group in Group::ALL {
            let Some(count) = counts.get(&group).filter(|_| !layout.folded || rows.contains_key(&group)) else {
                continue;
            };
            if layout.airy {
                text.push(String::new());
            }
            let shown = rows.remove(&group).unwrap_or_default();
            if !layout.folded {
                text.push(self.heading(group, *count, shown.len()));
            }
            text.extend(shown.iter().map(|row| row.line(&columns, self.look)));
        }
    }

    fn heading(&self, group: Group, count: usize, shown: usize) -> String {
        let mut aside = match group {
            Group::Working => format!("{count} of {} workers", self.board.workers.max(1)),
            _ => count.to_string(),
        };
        if shown < count {
            aside.push_str(&format!(", {} more", count - shown));
        }
        let heading = fit(group.heading(), self.columns);
        let room = self.columns.saturating_sub(width(&heading) + 2);
        format!("{}  {}", self.paint(group.style(), &heading), self.paint(Style::Faint, &fit(&aside, room)))
            .trim_end()
            .to_owned()
    }

    /// The tickets of a group that are shown: of those that wait, what comes next; of those that are done, the newest.
    fn shown(&self, group: Group, count: usize) -> Vec<&BoardTicket> {
        let mut tickets: Vec<&BoardTicket> =
            self.board.tickets.values().filter(|ticket| ticket.standing.group() == group).collect();
        match group {
            Group::Queued => {
                let order = |ticket: &&BoardTicket| (self.depth(ticket), ticket.number);
                if tickets.len() > count {
                    tickets.select_nth_unstable_by_key(count, order);
                    tickets.truncate(count);
                }
                tickets.sort_by_key(order);
            }
            Group::Done => tickets.sort_by_key(|ticket| std::cmp::Reverse((done_at(ticket), ticket.number))),
            Group::Merging => tickets.sort_by_key(|ticket| {
                let attempt = ticket.open_attempt();
                (
                    attempt.and_then(|attempt| attempt.landing_at).is_none(),
                    attempt.and_then(|attempt| attempt.queued_at),
                )
            }),
            _ => {}
        }
        tickets.truncate(count);
        tickets
    }

    fn news(&self, layout: &Layout, text: &mut Vec<String>) {
        if layout.news == 0 {
            return;
        }
        if layout.airy {
            text.push(String::new());
        }
        text.push(self.paint(Style::Head, &fit("JUST NOW", self.columns)));
        let first = self.board.news.len().saturating_sub(layout.news);
        text.extend(self.board.news.iter().skip(first).map(|change| self.news_line(change)));
    }

    fn news_line(&self, change: &Change) -> String {
        let since = self.board.began_at.map(|began| span(change.at.duration_since(began))).unwrap_or_default();
        let head = format!("{since:>6}  #{}  ", change.ticket);
        let words = fit(&change.words(self.board), self.columns.saturating_sub(width(&head)));
        self.paint(Style::Faint, &fit(&head, self.columns)) + &self.paint(change.style(), &words)
    }
}

fn done_at(ticket: &BoardTicket) -> Option<Timestamp> {
    match &ticket.standing {
        Standing::Done { at, .. } => Some(*at),
        _ => None,
    }
}
