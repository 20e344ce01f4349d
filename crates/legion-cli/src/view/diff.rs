//! What a ticket changes.

use legion_api::{Diff, DiffFile, DiffOf, FileStatus};

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::text::{escape_block, escape_line, short_commit};

/// A line for each file.
pub(crate) fn diff_stat(diff: &Diff, look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = diff.files.iter().map(row).collect();
    table(&[], &rows, look)
}

fn row(file: &DiffFile) -> Vec<Cell> {
    let (word, style) = match file.status {
        Some(FileStatus::Added) => ("A", Style::Good),
        Some(FileStatus::Deleted) => ("D", Style::Bad),
        Some(FileStatus::Renamed) => ("R", Style::Warn),
        Some(FileStatus::Modified) => ("M", Style::Warn),
        None => ("", Style::Plain),
    };
    let (added, deleted) = match file.binary {
        true => ("binary".to_owned(), String::new()),
        false => (format!("+{}", file.additions), format!("-{}", file.deletions)),
    };
    vec![
        Cell::styled(style, word),
        Cell::new(escape_line(&file.path)),
        Cell::styled(Style::Good, added),
        Cell::styled(Style::Bad, deleted),
    ]
}

/// The text with added and deleted lines in their colours, harmless on a terminal.
pub(crate) fn diff_text(diff: &Diff, look: &Look) -> String {
    let mut text = String::new();
    for line in escape_block(&diff.text).lines() {
        let style = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'd', b'i', b'f', b'f', b' ', ..] => Style::Head,
            [b'+', ..] => Style::Good,
            [b'-', ..] => Style::Bad,
            [b'@', b'@', ..] => Style::Busy,
            _ => Style::Plain,
        };
        text.push_str(&look.palette.paint(style, line));
        text.push('\n');
    }
    text
}

/// What is compared, in a line.
pub(crate) fn diff_note(diff: &Diff) -> String {
    let of = match diff.of {
        DiffOf::Working => "as its clone is now",
        DiffOf::Collected => "as its attempt left it",
        DiffOf::Merged => "as it was merged",
        DiffOf::Rescued => "as it was secured",
    };
    let additions: u64 = diff.files.iter().map(|file| file.additions).sum();
    let deletions: u64 = diff.files.iter().map(|file| file.deletions).sum();
    let cut = if diff.cut { "; the text is cut" } else { "" };
    format!(
        "#{} {of}, against {}: {} files, +{additions} -{deletions}{cut}",
        diff.ticket,
        short_commit(&diff.from),
        diff.files.len()
    )
}
