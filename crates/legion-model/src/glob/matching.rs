//! Which paths a glob covers.

use super::pattern::{Glob, Pattern, Segment, Token};

impl Glob {
    /// Whether the glob covers this path, which is relative to the repository's root.
    pub fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
        !names.is_empty() && self.alternatives.iter().any(|pattern| pattern.matches(&names))
    }
}

impl Pattern {
    fn matches(&self, names: &[&str]) -> bool {
        let segments = &self.segments;
        stretch(
            segments.len(),
            names.len(),
            |at| segments[at] == Segment::Deep,
            |at, name| match &segments[at] {
                Segment::Deep => true,
                Segment::Literal(text) => text == names[name],
                Segment::Wild(tokens) => text_matches(tokens, names[name]),
            },
        )
    }
}

fn text_matches(tokens: &[Token], text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    stretch(
        tokens.len(),
        chars.len(),
        |at| tokens[at] == Token::Many,
        |at, char| match &tokens[at] {
            Token::Char(expected) => *expected == chars[char],
            Token::One | Token::Many => true,
            Token::Class(class) => class.contains(chars[char]),
        },
    )
}

/// Whether a pattern of `parts` covers all of `items`, where some parts stretch over any number of items and the others cover one.
/// Only the last stretching part is ever widened: if any way leads to the end, that one does.
fn stretch(
    parts: usize,
    items: usize,
    stretches: impl Fn(usize) -> bool,
    covers: impl Fn(usize, usize) -> bool,
) -> bool {
    let (mut part, mut item) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    loop {
        if part < parts && stretches(part) {
            last = Some((part, item));
            part += 1;
        } else if item < items && part < parts && covers(part, item) {
            part += 1;
            item += 1;
        } else if item == items && part == parts {
            return true;
        } else {
            match &mut last {
                Some((from, reached)) if *reached < items => {
                    *reached += 1;
                    (part, item) = (*from + 1, *reached);
                }
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(glob: &str, path: &str) -> bool {
        Glob::parse(glob).unwrap_or_else(|fault| panic!("{glob}: {fault}")).matches(path)
    }

    #[test]
    fn paths_are_covered() {
        for (glob, path) in [
            ("src/main.rs", "src/main.rs"),
            ("./src//main.rs", "src/main.rs"),
            ("src/main.rs", "./src/main.rs"),
            ("src", "src/db/mod.rs"),
            ("src/", "src/db/mod.rs"),
            ("src/*/", "src/db/mod.rs"),
            ("conf.d/", "conf.d/a"),
            (".github", ".github/workflows/test.yml"),
            (".", "anything/at/all"),
            ("*", "a"),
            ("*.rs", "a.rs"),
            ("src/*.rs", "src/.rs"),
            ("**", "a/b/c"),
            ("**/*.rs", "a.rs"),
            ("**/*.rs", "a/b/c.rs"),
            ("src/**/*.rs", "src/a.rs"),
            ("src/**/*.rs", "src/a/b/c.rs"),
            ("a/**/b/**/c", "a/x/b/b/y/c"),
            ("src/**", "src/a/b"),
            ("a?c", "aüc"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[^a-c]x", "dx"),
            ("[]]x", "]x"),
            ("[a-]", "-"),
            (r"[a\-c]", "-"),
            ("{a,b}/*.{rs,md}", "b/x.md"),
            ("a*b*c", "a1b2b3c"),
            (r"\*", "*"),
            (r"\!a", "!a"),
            ("a**b", "axxb"),
        ] {
            assert!(covers(glob, path), "{glob} should cover {path}");
        }
    }

    #[test]
    fn other_paths_are_not_covered() {
        for (glob, path) in [
            ("src/main.rs", "src/main"),
            ("src", "srcs"),
            ("conf.d", "conf.d/a"),
            ("src", "a/src"),
            ("*", "a/b"),
            ("*.rs", "src/a.rs"),
            ("src/*", "src/a/b"),
            ("src/**/*.rs", "src/a.md"),
            ("a?c", "ac"),
            ("a?c", "a/c"),
            ("[!a]", "/"),
            ("[a-c]x", "dx"),
            (r"[a\-c]", "b"),
            ("{a,b}", "c"),
            ("A", "a"),
            ("a/**/b", "a/c"),
            ("a", ""),
            ("**", ""),
        ] {
            assert!(!covers(glob, path), "{glob} should not cover {path}");
        }
    }

    #[test]
    fn a_glob_made_to_be_slow_is_not() {
        let glob = format!("{}b", "a*".repeat(200));
        assert!(!covers(&glob, &"a".repeat(4_000)));
        let glob = format!("{}b", "**/a/".repeat(100));
        assert!(!covers(&glob, &"a/".repeat(2_000)));
    }
}
