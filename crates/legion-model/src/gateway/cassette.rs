//! Cassettes: whether calls are recorded, or answered from a record.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a record: small letters, digits, `-`, `_` and `.`. It is the name of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CassetteName(String);

impl CassetteName {
    /// Characters of a name.
    pub const CHARS_MAX: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CassetteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CassetteName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if first && text.len() <= Self::CHARS_MAX && text.chars().all(known) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}` cannot be the name of a cassette: small letters, digits, `-`, `_` and `.`, at most {}",
            crate::body::clip(text, 80),
            Self::CHARS_MAX
        ))
    }
}

impl TryFrom<String> for CassetteName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CassetteName> for String {
    fn from(name: CassetteName) -> Self {
        name.0
    }
}

/// What is done with calls besides answering them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum CassetteMode {
    #[default]
    Off,
    Record {
        name: CassetteName,
    },
    /// No provider is asked.
    Replay {
        name: CassetteName,
        /// A request that is not in the record is answered by the one that is most like it.
        nearest: bool,
        /// Without the pauses of the record.
        full_speed: bool,
    },
}
