//! A block of lines that is drawn again and again in the same place of a terminal.

use crate::text::width;

/// Before the text: behind it, a line as wide as the screen would lose its last character.
const ERASE_LINE: &str = "\u{1b}[2K";
/// From the cursor to the end of the screen.
const ERASE_BELOW: &str = "\u{1b}[J";

/// What stands on the terminal now.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    drawn: usize,
}

impl Screen {
    /// What to write so that the block shows this text instead of the last one. Lines must already fit the columns; more lines than the
    /// terminal has would scroll away and could not be drawn over, so the last ones are left out and counted.
    pub(crate) fn draw(&mut self, text: &str, (columns, height): (usize, usize)) -> String {
        debug_assert!(text.lines().all(|line| line.contains('\u{1b}') || width(line) <= columns), "lines must fit");
        // The cursor stands below the block, on a line of its own.
        let room = height.saturating_sub(1).max(1);
        let lines: Vec<&str> = text.lines().collect();
        let mut shown: Vec<String> = lines.iter().take(room).map(|line| (*line).to_owned()).collect();
        if lines.len() > room {
            let left_out = lines.len() - room + 1;
            shown.truncate(room - 1);
            shown.push(crate::text::fit(&format!("… {left_out} more lines"), columns));
        }
        // Line by line in place: a terminal that shows a frame half way shows old and new lines, and never an empty block.
        let up = std::mem::replace(&mut self.drawn, shown.len());
        let mut frame = if up == 0 { String::new() } else { format!("\u{1b}[{up}A\r") };
        for line in &shown {
            frame.push_str(ERASE_LINE);
            frame.push_str(line);
            frame.push('\n');
        }
        if up > shown.len() {
            frame.push_str(ERASE_BELOW);
        }
        frame
    }

    /// What to write so that the block is gone and the cursor stands where it began.
    pub(crate) fn erase(&mut self) -> String {
        let up = std::mem::take(&mut self.drawn);
        if up == 0 { String::new() } else { format!("\u{1b}[{up}A\r{ERASE_BELOW}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_frame_goes_over_the_first() {
        let mut screen = Screen::default();
        assert_eq!(screen.draw("a\nb\n", (20, 10)), "\u{1b}[2Ka\n\u{1b}[2Kb\n");
        assert_eq!(screen.draw("c\n", (20, 10)), "\u{1b}[2A\r\u{1b}[2Kc\n\u{1b}[J");
        assert_eq!(screen.draw("d\n", (20, 10)), "\u{1b}[1A\r\u{1b}[2Kd\n");
        assert_eq!(screen.erase(), "\u{1b}[1A\r\u{1b}[J");
        assert_eq!(screen.erase(), "");
    }

    #[test]
    fn a_frame_is_never_higher_than_the_screen() {
        let mut screen = Screen::default();
        let frame = screen.draw("1\n2\n3\n4\n5\n", (20, 4));
        assert_eq!(frame.replace(ERASE_LINE, ""), "1\n2\n… 3 more lines\n");
        assert_eq!(screen.draw("1\n", (20, 1)), "\u{1b}[3A\r\u{1b}[2K1\n\u{1b}[J");
    }
}
