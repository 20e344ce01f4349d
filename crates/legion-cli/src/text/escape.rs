//! Makes text that an agent wrote harmless on a terminal: it could move the cursor, retitle the window or hide what it says.

/// The text on one line: every control character is shown as an escape, line ends and tabs as a blank.
pub(crate) fn escape_line(text: &str) -> String {
    escape(text, |character| matches!(character, '\n' | '\r' | '\t').then_some(' '))
}

/// The text with its line ends and tabs; every other control character is shown as an escape.
pub(crate) fn escape_block(text: &str) -> String {
    escape(text, |character| matches!(character, '\n' | '\t').then_some(character))
}

/// The first line that is not blank, escaped.
pub(crate) fn first_line(text: &str) -> String {
    escape_line(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default())
}

fn escape(text: &str, keep: impl Fn(char) -> Option<char>) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if let Some(kept) = keep(character) {
            escaped.push(kept);
        } else if is_unsafe(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// C0 and C1 controls, and the characters that reorder or break what is shown around them.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sequence_becomes_visible_text() {
        assert_eq!(escape_line("a\u{1b}[2Jb\u{9b}c\u{7}"), "a\\u{1b}[2Jb\\u{9b}c\\u{7}");
    }

    #[test]
    fn a_bidirectional_override_becomes_visible_text() {
        assert_eq!(escape_line("\u{202e}txt.exe\u{2066}"), "\\u{202e}txt.exe\\u{2066}");
    }

    #[test]
    fn a_block_keeps_its_lines_and_a_line_does_not() {
        assert_eq!(escape_block("a\n\tb\r"), "a\n\tb\\u{d}");
        assert_eq!(escape_line("a\n\tb"), "a  b");
        assert_eq!(first_line("\n  \n  two\nthree"), "two");
    }

    #[test]
    fn letters_of_all_scripts_stay() {
        assert_eq!(escape_line("naïve 漢字 🙂 — ok"), "naïve 漢字 🙂 — ok");
    }
}
