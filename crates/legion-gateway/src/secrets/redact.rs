//! Takes secrets out of what is written down or told. What is taken out keeps its length, so that records keep their borders.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock, RwLockReadGuard};

use crate::secrets::forms::forms;

/// Stands for each byte of a secret.
const MASK: u8 = b'*';
/// Shorter values are words that would be masked everywhere.
const SECRET_BYTES_MIN: usize = 8;
/// How keys of known kinds begin, with how many characters at least follow.
const SHAPES: &[(&str, usize)] = &[
    ("sk-", 16),
    ("lgn_", 16),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghu_", 16),
    ("ghs_", 16),
    ("github_pat_", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("AKIA", 16),
    ("AIza", 30),
    ("glpat-", 16),
    ("hf_", 20),
    ("npm_", 20),
];

/// Knows the secrets of this service by value, and others by their shape. Cheap to clone.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Each with all of its forms, the longest first.
    known: Arc<RwLock<BTreeMap<String, Vec<Vec<u8>>>>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(…)")
    }
}

impl Redactor {
    /// Remembers a secret under a name; one of the same name is replaced.
    pub(crate) fn learn(&self, name: &str, secret: &str) {
        let is_known = |forms: &Vec<Vec<u8>>| forms.iter().any(|form| form == secret.as_bytes());
        if secret.len() >= SECRET_BYTES_MIN && !self.read().get(name).is_some_and(is_known) {
            let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            known.insert(name.to_owned(), forms(secret));
        }
    }

    /// Masks every secret in place: known ones in each form in which they come back, others by their shape.
    pub fn mask(&self, bytes: &mut [u8]) {
        self.mask_known(bytes);
        for (prefix, least) in SHAPES {
            mask_shape(bytes, prefix.as_bytes(), *least);
        }
    }

    /// The text without its secrets.
    pub fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.mask(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Vec<Vec<u8>>>> {
        self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn mask_known(&self, bytes: &mut [u8]) {
        for secret in self.read().values().flatten() {
            let mut from = 0;
            while let Some(at) = find(&bytes[from..], secret) {
                bytes[from + at..from + at + secret.len()].fill(MASK);
                from += at + secret.len();
            }
        }
    }
}

fn mask_shape(bytes: &mut [u8], prefix: &[u8], least: usize) {
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], prefix) {
        let start = from + at;
        let body = start + prefix.len();
        let length = bytes[body..].iter().take_while(|byte| is_key_byte(**byte)).count();
        // In the middle of a word it is none: `task-…` holds `sk-`.
        let begins = start == 0 || !bytes[start - 1].is_ascii_alphanumeric();
        if begins && length >= least {
            bytes[start..body + length].fill(MASK);
        }
        from = body + length;
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_and_known_shapes_are_masked_and_lengths_stay() {
        let redactor = Redactor::default();
        redactor.learn("a", "canary-of-a-strange-shape");
        let text = r#"{"k":"canary-of-a-strange-shape","o":"sk-ant-api03-abcdefghijklmnop","task-force-is-a-long-word":1,"t":"lgn_0123456789abcdef_1"}"#;
        let masked = redactor.text(text);
        assert_eq!(masked.len(), text.len());
        for secret in ["canary", "sk-ant", "lgn_"] {
            assert!(!masked.contains(secret), "{masked}");
        }
        assert!(masked.contains("task-force-is-a-long-word"), "{masked}");
    }

    #[test]
    fn short_values_are_no_secrets() {
        let redactor = Redactor::default();
        redactor.learn("a", "the");
        assert_eq!(redactor.text("the sk-short word"), "the sk-short word");
    }
}
