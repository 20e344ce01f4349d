//! One call as it stands in a file: a line of JSON.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The form of the lines.
pub(super) const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub version: u32,
    /// Name of the dialect that the provider spoke.
    pub dialect: String,
    pub path: String,
    /// The name of the request's one form.
    pub key: String,
    pub provider: String,
    pub model: String,
    pub request_headers: BTreeMap<String, String>,
    pub request: Piece,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// From the request to the head of the answer.
    pub answered_ms: u64,
    pub pieces: Vec<Timed>,
    /// The answer came to its end; otherwise it broke off.
    pub complete: bool,
}

/// Bytes as they came, readable where they are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Piece {
    Text(String),
    Base64(String),
}

/// Bytes, with the time from the head of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timed {
    pub ms: u64,
    pub bytes: Piece,
}

impl Piece {
    pub(super) fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// None when it is damaged.
    pub(super) fn bytes(&self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
            Self::Base64(text) => STANDARD.decode(text).ok().map(Bytes::from),
        }
    }
}
