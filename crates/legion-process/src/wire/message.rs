//! The lines on the shim's socket. Frozen: see `docs/shim-protocol.md`. New fields may be added,
//! none may be removed or change its meaning, and both sides ignore what they do not know.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Identity;

/// The version in both hellos. There has been no other.
pub(crate) const PROTOCOL_VERSION: u32 = 1;
/// The longest line that a shim accepts once the peer has shown the secret.
pub(crate) const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest line before that.
pub(crate) const HELLO_BYTES_MAX: usize = 4 * 1024;

/// The first line of the service.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub legion_shim: u32,
    pub process: Uuid,
    pub secret: String,
}

/// The first line of the shim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub legion_shim: u32,
    pub process: Uuid,
    pub pid: u32,
    pub start_time: u64,
    pub boot_id: Uuid,
    pub shim_pid: u32,
    pub length: u64,
}

impl Welcome {
    pub fn agent(&self) -> Identity {
        Identity { pid: self.pid, start_time: self.start_time, boot_id: self.boot_id }
    }
}

/// Any later line of the service; one field is set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Request {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Write>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_stdin: Option<bool>,
}

/// Write this to the program, once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Write {
    pub id: Uuid,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    #[serde(default)]
    pub close: bool,
}

/// End the process.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Stop {
    pub grace_ms: u64,
    #[serde(default)]
    pub interrupt: bool,
}

/// Any later line of the shim; one field is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrote: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An input that will not be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub id: Uuid,
    pub reason: String,
}

/// Returns `message` as one line.
pub(crate) fn line<T: Serialize>(message: &T) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("plain structs serialise");
    line.push(b'\n');
    line
}
