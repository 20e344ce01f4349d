//! Providers write account ids, keys and addresses into their messages.

/// Beginnings of words that name an account or are a key.
const SECRET: &[&str] =
    &["sk-", "org-", "acct_", "user-", "proj_", "proj-", "AIza", "gho_", "ghu_", "ghp_", "eyJ", "ak-", "rk-"];
/// Shorter words are words.
const SECRET_CHARS_MIN: usize = 10;
const SHOWN: &str = "[redacted]";

/// The message without keys, account ids, UUIDs and addresses.
pub fn scrub(message: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '@' | '.' | '+' | '*');
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(if is_secret(word.trim_end_matches('.')) { SHOWN } else { word });
        let next = after.chars().next();
        out.extend(next);
        rest = &after[next.map_or(0, char::len_utf8)..];
    }
    out
}

fn is_secret(word: &str) -> bool {
    let marked = word.len() >= SECRET_CHARS_MIN && SECRET.iter().any(|start| word.starts_with(start));
    let address = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    marked || address || is_uuid(word)
}

fn is_uuid(word: &str) -> bool {
    let groups = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = word.split('-').collect();
    parts.len() == groups.len()
        && parts
            .iter()
            .zip(groups)
            .all(|(part, length)| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
