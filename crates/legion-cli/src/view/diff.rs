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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Palette, samples};

    fn diff() -> Diff {
        let file = |path: &str, status, additions, binary| DiffFile {
            path: path.to_owned(),
            status,
            additions,
            deletions: 1,
            binary,
        };
        Diff {
            ticket: 7,
            of: DiffOf::Collected,
            from: "1111111111111111".to_owned(),
            to: "2".to_owned(),
            files: vec![
                file("src/a.rs", Some(FileStatus::Modified), 12, false),
                file("logo\u{202e}.png", Some(FileStatus::Added), 0, true),
            ],
            text: "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\u{1b}[2J\n".to_owned(),
            cut: true,
        }
    }

    #[test]
    fn files_are_counted_and_a_cut_is_told() {
        insta::assert_snapshot!(diff_stat(&diff(), &samples::look()), @r"
        M  src/a.rs          +12     -1
        A  logo\u{202e}.png  binary
        ");
        assert_eq!(
            diff_note(&diff()),
            "#7 as its attempt left it, against 111111111111: 2 files, +12 -2; the text is cut"
        );
    }

    #[test]
    fn a_diff_on_a_terminal_is_harmless_and_coloured() {
        let colored = Look { palette: Palette::new(true), ..samples::look() };
        let text = diff_text(&diff(), &colored);
        assert!(text.contains("\u{1b}[31m-old\u{1b}[0m\n\u{1b}[32m+new\\u{1b}[2J\u{1b}[0m\n"), "{text:?}");
        assert_eq!(diff_text(&diff(), &samples::look()).lines().count(), 6);
    }
}
