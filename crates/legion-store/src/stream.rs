//! Names of streams.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest name of a stream, in bytes.
pub const STREAM_ID_BYTES_MAX: usize = 128;

/// The name of a stream: one per project (`project/<uuid>`) and one for the service (`service`).
///
/// At most [`STREAM_ID_BYTES_MAX`] bytes of `a-z`, `0-9`, `/` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamId(String);

impl StreamId {
    /// Checks and takes a name.
    pub fn new(name: impl Into<String>) -> Result<Self, StreamIdError> {
        let name = name.into();
        if name.is_empty() || name.len() > STREAM_ID_BYTES_MAX {
            return Err(StreamIdError::Length { bytes: name.len() });
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '/' | '-');
        if let Some(character) = name.chars().find(|c| !allowed(*c)) {
            return Err(StreamIdError::Character { name, character });
        }
        Ok(Self(name))
    }

    /// Returns the stream of a project.
    pub fn project(project: Uuid) -> Self {
        Self(format!("project/{}", project.hyphenated()))
    }

    /// Returns the stream of what is the service's own.
    pub fn service() -> Self {
        Self("service".into())
    }

    /// Returns the project this stream belongs to, if it is a project's.
    pub fn as_project(&self) -> Option<Uuid> {
        Uuid::try_parse(self.0.strip_prefix("project/")?).ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StreamId {
    type Err = StreamIdError;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl TryFrom<String> for StreamId {
    type Error = StreamIdError;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<StreamId> for String {
    fn from(stream: StreamId) -> Self {
        stream.0
    }
}

/// Why a text is no name of a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamIdError {
    #[error("a stream's name has 1 to {STREAM_ID_BYTES_MAX} bytes, not {bytes}")]
    Length { bytes: usize },
    #[error("stream name `{name}` contains {character:?}; only a-z, 0-9, `/` and `-` are allowed")]
    Character { name: String, character: char },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_alphabet_or_the_length_are_refused() {
        for bad in ["", "Project", "a b", "a.b", "ä", &"x".repeat(STREAM_ID_BYTES_MAX + 1)] {
            assert!(StreamId::new(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["service", "project/0-9", &"x".repeat(STREAM_ID_BYTES_MAX)] {
            assert_eq!(StreamId::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn a_project_stream_names_its_project() {
        let project = Uuid::from_u128(7);
        assert_eq!(StreamId::project(project).as_project(), Some(project));
        assert_eq!(StreamId::new(StreamId::project(project).as_str()).unwrap(), StreamId::project(project));
        assert_eq!(StreamId::service().as_project(), None);
    }

    #[test]
    fn reading_json_checks_the_name() {
        assert!(serde_json::from_str::<StreamId>("\"No\"").is_err());
        assert_eq!(serde_json::from_str::<StreamId>("\"service\"").unwrap(), StreamId::service());
    }
}
