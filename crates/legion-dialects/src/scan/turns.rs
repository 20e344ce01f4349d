//! How long a conversation is, and whether its model thinks.

use crate::dialect::Dialect;
use crate::json::{Fields, Path, array};
use memchr::memmem;

/// Whether a request asks for thoughts, or holds some: one without is nothing to a model that signs its own. Quick, and rather yes.
pub fn thinks(dialect: Dialect, body: &[u8]) -> bool {
    let word: &[u8] = match dialect {
        Dialect::Anthropic => b"\"thinking\"",
        Dialect::Responses => b"\"reasoning\"",
        // It has no signatures.
        Dialect::Chat => return false,
    };
    memmem::find(body, word).is_some()
}

/// Turns of a conversation: messages, or in Responses items. None where they cannot be counted.
pub fn turns(dialect: Dialect, body: &[u8]) -> usize {
    let name = if dialect == Dialect::Responses { "input" } else { "messages" };
    let path = Path::Root;
    let count = || array(Fields::body(body).ok()?.peek(name)?, &path).ok().map(|turns| turns.len());
    count().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_counted_and_thoughts_are_seen() {
        let plain = br#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#;
        assert_eq!((turns(Dialect::Anthropic, plain), thinks(Dialect::Anthropic, plain)), (2, false));
        let items = br#"{"reasoning":{"effort":"low"},"input":[{"role":"user","content":"a"}]}"#;
        assert_eq!((turns(Dialect::Responses, items), thinks(Dialect::Responses, items)), (1, true));
        assert_eq!(turns(Dialect::Responses, br#"{"input":"a"}"#), 0);
    }
}
