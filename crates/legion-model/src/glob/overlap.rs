//! Whether two globs can cover the same path, decided on the globs alone: the files may not exist yet.

use super::pattern::{Glob, Pattern, Segment, Token};

/// Whether there is a path that both globs cover.
pub fn overlaps(left: &Glob, right: &Glob) -> bool {
    left.alternatives.iter().any(|left| right.alternatives.iter().any(|right| patterns_meet(left, right)))
}

/// The first glob of `left` that overlaps one of `right`, with that one.
pub fn first_overlap<'a>(left: &'a [Glob], right: &'a [Glob]) -> Option<(&'a Glob, &'a Glob)> {
    left.iter().find_map(|left| right.iter().find(|right| overlaps(left, right)).map(|right| (left, right)))
}

fn patterns_meet(left: &Pattern, right: &Pattern) -> bool {
    let (left, right) = (&left.segments, &right.segments);
    // Most pairs part at their beginning.
    if let (Some(Segment::Literal(left)), Some(Segment::Literal(right))) = (left.first(), right.first())
        && left != right
    {
        return false;
    }
    meet(left, right, |segment| *segment == Segment::Deep, segments_meet)
}

/// Whether there is a name that both segments cover. What covers nothing but the empty name cannot be written.
fn segments_meet(left: &Segment, right: &Segment) -> bool {
    match (left, right) {
        (Segment::Deep, _) | (_, Segment::Deep) => true,
        (Segment::Literal(left), Segment::Literal(right)) => left == right,
        (Segment::Wild(tokens), Segment::Literal(text)) | (Segment::Literal(text), Segment::Wild(tokens)) => {
            let literal: Vec<Token> = text.chars().map(Token::Char).collect();
            tokens_meet(tokens, &literal)
        }
        (Segment::Wild(left), Segment::Wild(right)) => tokens_meet(left, right),
    }
}

fn tokens_meet(left: &[Token], right: &[Token]) -> bool {
    if let (Some(Token::Char(left)), Some(Token::Char(right))) = (left.last(), right.last())
        && left != right
    {
        return false;
    }
    meet(
        left,
        right,
        |token| *token == Token::Many,
        |left, right| match (left, right) {
            (Token::One | Token::Many, _) | (_, Token::One | Token::Many) => true,
            (Token::Char(left), Token::Char(right)) => left == right,
            (Token::Class(class), Token::Char(char)) | (Token::Char(char), Token::Class(class)) => {
                class.contains(*char)
            }
            (Token::Class(left), Token::Class(right)) => left.meets(right),
        },
    )
}

/// Whether two patterns have a text in common. `reached[j]` says that a common text leads behind the first `i` parts of the left
/// and the first `j` of the right one; every step goes forward in one of them, so one pass sees all.
fn meet<P>(left: &[P], right: &[P], stretches: impl Fn(&P) -> bool, parts_meet: impl Fn(&P, &P) -> bool) -> bool {
    let mut reached = vec![false; right.len() + 1];
    reached[0] = true;
    for i in 0..=left.len() {
        let part = left.get(i);
        let part_stretches = part.is_some_and(&stretches);
        let mut next = vec![false; right.len() + 1];
        for j in 0..=right.len() {
            if !reached[j] {
                continue;
            }
            let other = right.get(j);
            let other_stretches = other.is_some_and(&stretches);
            // A stretching part may stand for nothing.
            if part_stretches {
                next[j] = true;
            }
            if other_stretches {
                reached[j + 1] = true;
            }
            let (Some(part), Some(other)) = (part, other) else { continue };
            match (part_stretches, other_stretches) {
                (true, true) => {}
                (true, false) => reached[j + 1] = true,
                (false, true) => next[j] = true,
                (false, false) => next[j + 1] |= parts_meet(part, other),
            }
        }
        if i == left.len() {
            return reached[right.len()];
        }
        if !next.contains(&true) {
            return false;
        }
        reached = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(text: &str) -> Glob {
        Glob::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    }

    #[test]
    fn globs_with_a_common_path_overlap() {
        for (left, right) in [
            ("src/**/*.rs", "src/api/mod.rs"),
            ("src/**/*.rs", "**/mod.*"),
            ("src/db", "src/db/schema.rs"),
            ("src/db", "src/db"),
            ("src/", "src/**/x"),
            (".", "a"),
            ("a*", "*b"),
            ("a*c", "ab*"),
            ("[a-f]x", "[d-z]?"),
            ("[!a]x", "[!b]x"),
            ("{a,b}/c", "{b,d}/*"),
            ("**/a/**", "b/**/c"),
            ("a/*/c", "a/b/*"),
            ("*", "?"),
            ("**", "**"),
            ("*.rs", "main.*"),
            ("a*b*c", "*x*"),
        ] {
            assert!(overlaps(&glob(left), &glob(right)), "{left} and {right}");
            assert!(overlaps(&glob(right), &glob(left)), "{right} and {left}");
        }
    }

    #[test]
    fn globs_without_a_common_path_do_not_overlap() {
        for (left, right) in [
            ("src/db", "src/api"),
            ("src/db", "src/db2"),
            ("src/**/*.rs", "src/api/mod.md"),
            ("src/**/*.rs", "tests/**"),
            ("*.rs", "src/*.rs"),
            ("a*b", "a*c"),
            ("a*", "b*"),
            ("[a-c]", "[d-f]"),
            ("[!a]", "a"),
            ("??", "?"),
            ("src/*", "src/a/b"),
            ("{a,b}/c", "{d,e}/c"),
            ("a/*/c", "a/b/d"),
            ("docs/a.md", "**/*.rs"),
        ] {
            assert!(!overlaps(&glob(left), &glob(right)), "{left} and {right}");
            assert!(!overlaps(&glob(right), &glob(left)), "{right} and {left}");
        }
    }

    /// Globs and paths over so few letters that every short path can be tried.
    fn small_glob() -> impl Strategy<Value = String> {
        let name = "(a|b|\\*|\\?|\\[ab\\]|\\[!a\\]|\\{a,b\\}){1,3}";
        let part = prop_oneof![3 => name.prop_map(|text| text), 1 => Just("**".to_owned())];
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
    }

    /// All names of one to so many letters.
    fn names(letters: usize) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut last = vec![String::new()];
        for _ in 0..letters {
            last = last.iter().flat_map(|name| ["a", "b", "c"].map(|letter| format!("{name}{letter}"))).collect();
            names.extend(last.iter().cloned());
        }
        names
    }

    fn paths() -> Vec<String> {
        let short = names(2);
        let pairs = short.iter().flat_map(|first| short.iter().map(move |second| format!("{first}/{second}")));
        let deep = short.iter().flat_map(|first| short.iter().map(move |second| format!("{first}/{second}/{first}")));
        names(3).into_iter().chain(pairs).chain(deep).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn a_path_that_two_globs_cover_means_that_they_overlap(left in small_glob(), right in small_glob()) {
            let (left, right) = (glob(&left), glob(&right));
            let common = paths().into_iter().find(|path| left.matches(path) && right.matches(path));
            if let Some(path) = common {
                prop_assert!(overlaps(&left, &right), "{left} and {right} both cover {path}");
                prop_assert!(overlaps(&right, &left));
                let prefixed = left.prefixes().any(|first| path.starts_with(&first)) && right.prefixes().any(|second| path.starts_with(&second));
                prop_assert!(prefixed, "{left} and {right}: {path} does not begin as they do");
            }
        }

        #[test]
        fn globs_of_names_overlap_just_when_a_name_is_common(
            left in "(a|b|\\*|\\?|\\[ab\\]|\\[!a\\]){1,3}", right in "(a|b|\\*|\\?|\\[ab\\]|\\[!a\\]){1,3}",
        ) {
            // A shortest common name has at most a letter for each part of either side.
            let (left, right) = (glob(&format!("{left}*/")), glob(&format!("{right}*/")));
            let common = names(6).iter().any(|name| left.matches(name) && right.matches(name));
            prop_assert_eq!(overlaps(&left, &right), common, "{} and {}", left, right);
        }
    }
}
