//! Fresh ids and secrets.

use uuid::Uuid;

/// A new identity: random, UUID version 4 (Claude Code takes any version as a session id).
pub fn new_id() -> Uuid {
    Uuid::new_v4()
}

/// 32 random bytes in lower-case hex.
///
/// # Panics
/// When the system has no random source: nothing could be safe then.
pub fn new_secret() -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    hex(&bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
