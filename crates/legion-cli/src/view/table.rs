//! Aligned columns.

use super::{Look, style::Style};
use crate::text::{fit, width};

const GAP: &str = "  ";

/// One field of a row. Its text must be on one line and escaped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::Plain }
    }

    pub(crate) fn styled(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }

    /// The text, or a dash for nothing.
    pub(crate) fn or_dash(text: Option<String>) -> Self {
        text.map_or_else(|| Self::styled(Style::Faint, "-"), Self::new)
    }
}

/// Rows whose columns line up; a line is cut at the width of the terminal. Columns without any text are left out.
pub(crate) fn table(head: &[&str], rows: &[Vec<Cell>], look: &Look) -> String {
    let heads =
        (!head.is_empty()).then(|| head.iter().map(|word| Cell::styled(Style::Head, *word)).collect::<Vec<_>>());
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(|column| column_width(column, head, rows)).collect();
    let mut text = String::new();
    for row in heads.iter().chain(rows) {
        text.push_str(&line(row, &widths, look));
        text.push('\n');
    }
    text
}

fn column_width(column: usize, head: &[&str], rows: &[Vec<Cell>]) -> usize {
    let widest = rows.iter().filter_map(|row| row.get(column)).map(|cell| width(&cell.text)).max().unwrap_or(0);
    if widest == 0 { 0 } else { widest.max(head.get(column).map_or(0, |word| width(word))) }
}

fn line(row: &[Cell], widths: &[usize], look: &Look) -> String {
    let shown: Vec<(usize, &Cell)> = widths.iter().copied().zip(row).filter(|(width, _)| *width > 0).collect();
    // A line ends with its last word: blanks behind it would only wrap.
    let last = shown.iter().rposition(|(_, cell)| !cell.text.is_empty());
    let mut text = String::new();
    let mut left = look.columns.unwrap_or(usize::MAX);
    for (position, (column, cell)) in shown.iter().take(last.map_or(0, |last| last + 1)).enumerate() {
        if position > 0 {
            if left <= GAP.len() {
                break;
            }
            text.push_str(GAP);
            left -= GAP.len();
        }
        let fitted = fit(&cell.text, left);
        let used = width(&fitted);
        text.push_str(&look.palette.paint(cell.style, &fitted));
        left -= used;
        let padding = if Some(position) == last { 0 } else { column.saturating_sub(used).min(left) };
        text.extend(std::iter::repeat_n(' ', padding));
        left -= padding;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    fn rows() -> Vec<Vec<Cell>> {
        vec![
            vec![Cell::new("漢字"), Cell::new(""), Cell::styled(Style::Good, "done")],
            vec![Cell::new("leader"), Cell::new(""), Cell::new("a long sentence about it")],
        ]
    }

    #[test]
    fn columns_line_up_and_an_empty_one_is_left_out() {
        insta::assert_snapshot!(table(&["NAME", "ROLE", "STATE"], &rows(), &samples::look()), @r"
        NAME    STATE
        漢字    done
        leader  a long sentence about it
        ");
    }

    #[test]
    fn a_line_is_cut_at_the_width_of_the_terminal() {
        let narrow = Look { columns: Some(16), ..samples::look() };
        let text = table(&["NAME", "ROLE", "STATE"], &rows(), &narrow);
        assert!(text.lines().all(|line| width(line) <= 16), "{text}");
        insta::assert_snapshot!(text, @r"
        NAME    STATE
        漢字    done
        leader  a long …
        ");
    }
}
