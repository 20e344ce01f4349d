//! Text of any size. The log holds short texts; long ones lie in content-addressed files and the log holds their hash.

use serde::{Deserialize, Serialize};

/// A text, or where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    Text(String),
    /// SHA-256 in lower-case hex, the length in bytes, and the first characters for lists.
    Blob {
        sha256: String,
        bytes: u64,
        head: String,
    },
}

impl Body {
    /// Bytes up to which a text is kept in the event itself.
    pub const INLINE_BYTES_MAX: usize = 16 * 1024;
    /// Characters of a blob that lists show.
    pub const HEAD_CHARS: usize = 200;

    /// The text, or the head of a long one.
    pub fn head(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Blob { head, .. } => head,
        }
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Cuts a text to at most `bytes_max` bytes at a character border, and says so.
pub fn clip(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… [{} more bytes]", &text[..end], text.len() - end)
}
