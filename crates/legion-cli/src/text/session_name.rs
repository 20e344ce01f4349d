//! Names of sessions made from names of branches.

/// Characters of a session's name.
const CHARS_MAX: usize = 64;
/// The name where nothing else gives one.
const DEFAULT: &str = "default";

/// The name of the session that belongs to a branch: small letters, digits, `.`, `_` and `-`.
pub(crate) fn session_name(branch: Option<&str>) -> String {
    let mut name = String::new();
    for character in branch.unwrap_or_default().chars().flat_map(char::to_lowercase) {
        let kept = matches!(character, 'a'..='z' | '0'..='9' | '_' | '.');
        let character = if kept { character } else { '-' };
        // No two marks in a row: `..` is nothing that git takes, and `--` nothing that anybody types.
        if name.len() < CHARS_MAX && !(is_mark(character) && name.chars().last().is_none_or(is_mark)) {
            name.push(character);
        }
    }
    let name = name.trim_end_matches(is_mark);
    let name = name.strip_suffix(".lock").unwrap_or(name);
    if name.is_empty() { DEFAULT.to_owned() } else { name.to_owned() }
}

fn is_mark(character: char) -> bool {
    matches!(character, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_called_like_its_branch() {
        for (branch, name) in [
            ("main", "main"),
            ("feature/Auth API", "feature-auth-api"),
            ("a--b..c", "a-b.c"),
            ("-x/", "x"),
            ("release-1.2", "release-1.2"),
            ("größe", "gr-e"),
            ("漢字", "default"),
            ("x.lock", "x"),
        ] {
            assert_eq!(session_name(Some(branch)), name, "{branch}");
        }
        assert_eq!(session_name(None), "default");
        assert_eq!(session_name(Some(&"x".repeat(200))).len(), 64);
    }
}
