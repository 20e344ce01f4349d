//! Parts of sentences. What a person wrote may be long or hold control characters; a sentence about it does not.

/// Characters of a person's text inside a sentence.
const EXCERPT_CHARS: usize = 64;

/// Names that one sentence lists.
pub(super) const NAMES_SHOWN: usize = 12;

/// A text in backticks, cut and escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut excerpt: String = text.chars().take(EXCERPT_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(EXCERPT_CHARS).is_some() {
        excerpt.push('…');
    }
    format!("`{excerpt}`")
}

/// `` `a` ``, `` `a` and `b` ``, or `` `a`, `b`, `c` and 7 more ``: at most `shown` of `count` names.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>, count: usize, shown: usize) -> String {
    let names: Vec<String> = names.take(if count <= shown + 1 { count } else { shown }).map(quoted).collect();
    match names.as_slice() {
        _ if names.len() < count => format!("{} and {} more", names.join(", "), count - names.len()),
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_escaped() {
        assert_eq!(quoted("a\u{1b}[31m\n"), "`a\\u{1b}[31m\\n`");
        assert_eq!(quoted(&"ü".repeat(65)), format!("`{}…`", "ü".repeat(64)));
    }

    #[test]
    fn names_are_listed() {
        let list = |count: usize| listed(["a", "b", "c", "d"].into_iter().take(count), count, 2);
        assert_eq!(
            [list(1), list(2), list(3), list(4)],
            ["`a`", "`a` and `b`", "`a`, `b` and `c`", "`a`, `b` and 2 more"]
        );
    }
}
