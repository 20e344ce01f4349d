//! One frame of a transcript, and its bytes on disk.
//!
//! ```text
//! "LTR" | version u8 | kind u8 | unix ms u64 | payload length u32 | payload | payload length u32
//! ```
//! Numbers are little-endian. The length stands at both ends so that the file can be read
//! backwards. A frame is appended by one write; what a killed writer left unfinished is no frame.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Identity;

const MAGIC: [u8; 3] = *b"LTR";
const VERSION: u8 = 1;
/// Bytes before the payload.
pub(crate) const HEADER_BYTES: usize = 3 + 1 + 1 + 8 + 4;
/// Bytes after the payload.
pub(crate) const TRAILER_BYTES: usize = 4;
/// The most output that one frame holds.
pub const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// Inputs above this are recorded by length and hash: their bytes are known elsewhere.
pub const INPUT_BYTES_RECORDED_MAX: usize = 64 * 1024;
/// The most that any frame may hold; more is corruption.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 128 * 1024;

const KIND_STARTED: u8 = 1;
pub(crate) const KIND_STDOUT: u8 = 2;
pub(crate) const KIND_STDERR: u8 = 3;
const KIND_INPUT: u8 = 4;
const KIND_WRITTEN: u8 = 5;
const KIND_FAILED: u8 = 6;
const KIND_EXITED: u8 = 7;

const INPUT_CLOSE: u8 = 1;
const INPUT_HASHED: u8 = 2;

/// One thing that happened to a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Wall clock, milliseconds since 1970.
    pub at_ms: u64,
    pub content: Content,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The program runs.
    Started(Identity),
    /// At most [`CHUNK_BYTES_MAX`] bytes of output, cut anywhere.
    Stdout(Vec<u8>),
    /// As `Stdout`.
    Stderr(Vec<u8>),
    /// The shim is about to write this to the program. Without a frame of this id the program
    /// has certainly seen none of it.
    Input(Input),
    /// The pipe took the whole of the input of this id.
    Written(Uuid),
    /// The program could not be started, and never will be under this process id.
    Failed(Failure),
    /// The program ended and its tree is gone; the last frame.
    Exited(Exit),
    /// Written by a newer version.
    Unknown { kind: u8 },
}

/// Something written to the program's standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub id: Uuid,
    pub bytes: InputBytes,
    /// Whether standard input was closed behind it.
    pub close: bool,
}

/// The bytes of an input, or what is kept of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputBytes {
    Whole(Vec<u8>),
    /// Above [`INPUT_BYTES_RECORDED_MAX`].
    Hashed {
        length: u64,
        sha256: [u8; 32],
    },
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    pub status: ExitStatus,
    pub cause: ExitCause,
    /// Whether every process of the tree is known to be gone.
    pub tree_gone: bool,
}

/// What the kernel said of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    Code(i32),
    Signal(i32),
}

/// Why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitCause {
    /// By itself.
    Own,
    /// The service asked for it, or the shim was told to end.
    Stopped,
    /// It wrote more than it may.
    OutputLimit,
    /// No service was there for too long.
    Orphaned,
}

/// Why a program could not be started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// For a person.
    pub message: String,
}

/// What stood in the way of the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    ProgramNotFound,
    ProgramNotExecutable,
    WorkingDirectory,
    /// Another live process holds the conversation.
    ConversationBusy,
    Cgroup,
    /// The first input could not be read.
    Input,
    #[serde(other)]
    Other,
}

/// The fixed part before a payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub kind: u8,
    pub at_ms: u64,
    pub length: u32,
}

impl Header {
    /// Returns `None` for bytes that begin no frame.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let length = u32::from_le_bytes(bytes[13..17].try_into().expect("four bytes"));
        if bytes[..3] != MAGIC || bytes[3] != VERSION || length as usize > PAYLOAD_BYTES_MAX {
            return None;
        }
        let at_ms = u64::from_le_bytes(bytes[5..13].try_into().expect("eight bytes"));
        Some(Self { kind: bytes[4], at_ms, length })
    }

    /// Bytes of the whole frame.
    pub fn frame_bytes(&self) -> u64 {
        (HEADER_BYTES + TRAILER_BYTES) as u64 + u64::from(self.length)
    }

    pub fn is_output(&self) -> bool {
        matches!(self.kind, KIND_STDOUT | KIND_STDERR)
    }
}

/// Appends a frame of output to `to`.
pub(crate) fn encode_chunk(kind: u8, at_ms: u64, payload: &[u8], to: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).expect("chunks are bounded");
    to.extend_from_slice(&MAGIC);
    to.push(VERSION);
    to.push(kind);
    to.extend_from_slice(&at_ms.to_le_bytes());
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(payload);
    to.extend_from_slice(&length.to_le_bytes());
}

impl Frame {
    /// Appends the bytes of this frame to `to`.
    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        let (kind, payload) = match &self.content {
            Content::Started(identity) => (KIND_STARTED, json(identity)),
            Content::Stdout(bytes) => (KIND_STDOUT, bytes.clone()),
            Content::Stderr(bytes) => (KIND_STDERR, bytes.clone()),
            Content::Input(input) => (KIND_INPUT, encode_input(input)),
            Content::Written(id) => (KIND_WRITTEN, id.as_bytes().to_vec()),
            Content::Failed(failure) => (KIND_FAILED, json(failure)),
            Content::Exited(exit) => (KIND_EXITED, json(exit)),
            Content::Unknown { kind } => (*kind, Vec::new()),
        };
        encode_chunk(kind, self.at_ms, &payload, to);
    }

    /// Returns `None` when the payload is not what its kind promises.
    pub(crate) fn decode(header: Header, payload: Vec<u8>) -> Option<Self> {
        let content = match header.kind {
            KIND_STARTED => Content::Started(serde_json::from_slice(&payload).ok()?),
            KIND_STDOUT => Content::Stdout(payload),
            KIND_STDERR => Content::Stderr(payload),
            KIND_INPUT => Content::Input(decode_input(&payload)?),
            KIND_WRITTEN => Content::Written(Uuid::from_slice(&payload).ok()?),
            KIND_FAILED => Content::Failed(serde_json::from_slice(&payload).ok()?),
            KIND_EXITED => Content::Exited(serde_json::from_slice(&payload).ok()?),
            kind => Content::Unknown { kind },
        };
        Some(Self { at_ms: header.at_ms, content })
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain structs of numbers and strings serialise")
}

fn encode_input(input: &Input) -> Vec<u8> {
    let mut payload = input.id.as_bytes().to_vec();
    let close = if input.close { INPUT_CLOSE } else { 0 };
    match &input.bytes {
        InputBytes::Whole(bytes) => {
            payload.push(close);
            payload.extend_from_slice(bytes);
        }
        InputBytes::Hashed { length, sha256 } => {
            payload.push(close | INPUT_HASHED);
            payload.extend_from_slice(&length.to_le_bytes());
            payload.extend_from_slice(sha256);
        }
    }
    payload
}

fn decode_input(payload: &[u8]) -> Option<Input> {
    let (id, rest) = payload.split_at_checked(16)?;
    let (&flags, rest) = rest.split_first()?;
    let bytes = if flags & INPUT_HASHED == 0 {
        InputBytes::Whole(rest.to_vec())
    } else {
        let (length, sha256) = rest.split_at_checked(8)?;
        InputBytes::Hashed { length: u64::from_le_bytes(length.try_into().ok()?), sha256: sha256.try_into().ok()? }
    };
    Some(Input { id: Uuid::from_slice(id).ok()?, bytes, close: flags & INPUT_CLOSE != 0 })
}
