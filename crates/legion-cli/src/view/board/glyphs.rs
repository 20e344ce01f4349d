//! Signs of the board, for terminals that show all of them and for those that show ASCII only.

use crate::environment::Environment;

/// Which signs may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyphs {
    Unicode,
    Ascii,
}

impl Glyphs {
    /// What the terminal shows by what its locale says. Without a locale it is taken for a present-day one.
    pub(crate) fn of(environment: &Environment) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| environment.text(name));
        let unicode = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        if unicode && environment.text("TERM") != Some("dumb") { Self::Unicode } else { Self::Ascii }
    }

    /// The frames of something that turns, one column each.
    pub(super) fn spinner(self, at_ms: i64) -> char {
        const TURNING: [char; 8] = ['⣾', '⣽', '⣻', '⢿', '⡿', '⣟', '⣯', '⣷'];
        const TURNING_ASCII: [char; 4] = ['|', '/', '-', '\\'];
        const FRAME_MS: i64 = 200;
        let frame = usize::try_from((at_ms / FRAME_MS).rem_euclid(8)).unwrap_or_default();
        match self {
            Self::Unicode => TURNING[frame],
            Self::Ascii => TURNING_ASCII[frame % TURNING_ASCII.len()],
        }
    }

    /// The text in the signs that may be used. It takes as many columns as before.
    pub(crate) fn apply(self, text: &str) -> String {
        match self {
            Self::Unicode => text.to_owned(),
            Self::Ascii => text.chars().map(ascii).collect(),
        }
    }
}

fn ascii(sign: char) -> Ascii {
    let one = match sign {
        sign if sign.is_ascii() => sign,
        '…' => '~',
        '█' => '#',
        '▓' => '=',
        '░' => '.',
        '◆' => '*',
        '✔' => '+',
        '✘' => '!',
        '→' => '>',
        '·' | '─' | '–' | '—' => '-',
        '×' => 'x',
        _ => '?',
    };
    // A wide character leaves as many columns as it took.
    let columns = unicode_width::UnicodeWidthChar::width(sign).unwrap_or(1).max(usize::from(sign.is_ascii()));
    Ascii { sign: one, columns }
}

/// A sign, as often as it takes columns.
struct Ascii {
    sign: char,
    columns: usize,
}

impl FromIterator<Ascii> for String {
    fn from_iter<T: IntoIterator<Item = Ascii>>(signs: T) -> Self {
        signs.into_iter().flat_map(|ascii| std::iter::repeat_n(ascii.sign, ascii.columns)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::width;

    #[test]
    fn the_locale_says_what_can_be_shown() {
        let of = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            Glyphs::of(&Environment::new(variables, "/".into()))
        };
        assert_eq!(of(&[]), Glyphs::Unicode);
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Glyphs::Unicode);
        assert_eq!(of(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]), Glyphs::Ascii);
        assert_eq!(of(&[("LANG", "C.utf8"), ("TERM", "dumb")]), Glyphs::Ascii);
    }

    #[test]
    fn ascii_takes_the_same_columns() {
        for text in ["◆ #1 漢字 → done…", "\u{1b}[32m✔\u{1b}[0m", "e\u{301}", "a\tb"] {
            let plain = Glyphs::Ascii.apply(text);
            assert!(plain.is_ascii(), "{plain}");
            assert_eq!(width(&plain), width(text), "{plain}");
        }
        assert_eq!(Glyphs::Ascii.apply("◆ 漢字 → e\u{301}"), "* ???? > e");
        assert_eq!(Glyphs::Unicode.apply("◆"), "◆");
    }
}
