//! Names of tools in the bounds of each dialect.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// OpenAI's bound.
pub const OPENAI_MAX: usize = 64;
/// Anthropic's bound.
pub const ANTHROPIC_MAX: usize = 128;
/// Digits of the hash that stand for what was cut: 40 bits keep even thousands of names apart.
const DIGITS: usize = 10;

/// Names as the upstream knows them, and back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    originals: BTreeMap<String, String>,
}

impl Names {
    /// The name for the upstream; remembered when it differs.
    pub fn shorten(&mut self, name: &str, bytes_max: usize) -> String {
        let short = shorten(name, bytes_max);
        if short != name {
            self.originals.insert(short.clone(), name.to_owned());
        }
        short
    }

    /// The client's name for a name of the upstream.
    pub fn original<'a>(&'a self, short: &'a str) -> &'a str {
        self.originals.get(short).map_or(short, String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.originals.is_empty()
    }
}

/// The name itself when it fits; otherwise its beginning and a hash of the whole, the same every time.
pub fn shorten(name: &str, bytes_max: usize) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.len() <= bytes_max && name.bytes().all(fits) {
        return name.to_owned();
    }
    let mut short: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' })
        .take(bytes_max - DIGITS - 1)
        .collect();
    short.push('_');
    short.push_str(&digits(name.as_bytes(), DIGITS));
    short
}

/// Digits that differ between bodies with all but certainty, quickly: for ids that must only not repeat.
pub fn seed(bytes: &[u8]) -> String {
    // FNV-1a over words instead of bytes.
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = OFFSET ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(PRIME).rotate_left(23);
    }
    format!("{hash:016x}")
}

/// The first hexadecimal digits of a hash.
pub fn digits(bytes: &[u8], count: usize) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text.truncate(count);
    text
}
