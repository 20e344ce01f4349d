//! Names that people read: tickets by number, sessions by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// The number of a ticket: 1, 2, 3 …, unique in the project for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketId(pub u32);

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl FromStr for TicketId {
    type Err = String;
    /// `3` or `#3`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let well_formed = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        well_formed
            .then(|| digits.parse().ok().filter(|&number| number > 0).map(Self))
            .flatten()
            .ok_or_else(|| format!("`{}` is not the number of a ticket", crate::body::clip(text, 40)))
    }
}

/// The name of a session. It stands in branch names and directories: small letters, digits, `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SessionName(String);

impl SessionName {
    /// Characters of a name.
    pub const CHARS_MAX: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch that holds what was merged: `legion/NAME/leader`.
    pub fn target_branch(&self) -> String {
        format!("legion/{}/leader", self.0)
    }

    /// The branch of one attempt: `legion/NAME/t3-1`.
    pub fn attempt_branch(&self, ticket: TicketId, attempt: u32) -> String {
        format!("legion/{}/t{}-{attempt}", self.0, ticket.0)
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SessionName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let rest = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'));
        let as_ref = !text.contains("..") && !text.ends_with('.') && !text.ends_with(".lock");
        if first && rest && as_ref && text.len() <= Self::CHARS_MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}` cannot be the name of a session: small letters, digits, `.`, `_`, `-`; begins with a letter or digit; at most {} characters",
            crate::body::clip(text, 80),
            Self::CHARS_MAX
        ))
    }
}

impl<'de> Deserialize<'de> for SessionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
