//! What a shim is told on its standard input: the whole of one process.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base64_bytes;

/// The most bytes of one input, whichever way it comes.
pub(crate) const INPUT_BYTES_MAX: usize = 16 * 1024 * 1024;
const ORPHAN_AFTER_SECONDS: u64 = 600;
const GRACE_MS: u64 = 5_000;

/// One process that a shim is to start and hold. Holds secrets: it is never written to disk, and
/// its `Debug` says nothing of them.
#[derive(Clone, Serialize, Deserialize)]
pub struct ShimSpec {
    pub process: Uuid,
    /// The process's own directory: exists, is its owner's alone (0700) and takes the transcript.
    pub dir: PathBuf,
    /// A file whose lock keeps two processes of one conversation apart.
    pub conversation_lock: PathBuf,
    /// Where the shim listens; see [`crate::SocketDirectory`].
    pub socket: PathBuf,
    /// What a peer must present.
    pub secret: String,
    /// A path, or a name to look for in the `PATH` of `env`.
    pub program: String,
    pub args: Vec<String>,
    /// The whole environment; the shim adds only [`crate::PROCESS_VARIABLE`].
    pub env: BTreeMap<String, String>,
    pub cwd: PathBuf,
    #[serde(default)]
    pub stdin: Option<FirstInput>,
    /// Whether inputs may follow the first.
    pub keep_stdin_open: bool,
    /// Output, both streams together, above which the process is stopped.
    pub output_bytes_max: u64,
    /// Seconds without a service after which the process is stopped.
    #[serde(default = "orphan_after")]
    pub orphan_after: u64,
    /// Milliseconds between the rungs when the shim stops the process by itself.
    #[serde(default = "grace")]
    pub grace: u64,
    /// A group made by [`crate::CgroupRoot::create`]; the shim removes it.
    #[serde(default)]
    pub cgroup: Option<PathBuf>,
    /// Further groups that the program joins. Whoever made them removes them.
    #[serde(default)]
    pub groups: Vec<PathBuf>,
    /// Whether the group is left for whoever made it, who reads what it has counted.
    #[serde(default)]
    pub leave_group: bool,
    /// Whether what is executed holds the program in a namespace of processes, as the second of them: signals are for that one.
    #[serde(default)]
    pub inside: bool,
}

/// What is written to the program as soon as it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstInput {
    pub id: Uuid,
    pub bytes: Bytes,
    /// Whether standard input is closed behind it.
    pub close_after: bool,
}

/// The bytes of an input.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bytes {
    #[serde(rename = "base64", with = "base64_bytes")]
    Inline(Vec<u8>),
    /// A file that the shim reads; for large ones.
    File(PathBuf),
}

impl Bytes {
    /// Returns the bytes themselves.
    ///
    /// # Errors
    /// When the file cannot be read; `FileTooLarge` above 16 MiB.
    pub(crate) fn read(self) -> io::Result<Vec<u8>> {
        let bytes = match self {
            Self::Inline(bytes) => bytes,
            Self::File(path) => {
                let mut bytes = Vec::new();
                let file = std::fs::File::open(path)?;
                file.take(INPUT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
                bytes
            }
        };
        if bytes.len() > INPUT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(bytes) => write!(formatter, "{} bytes", bytes.len()),
            Self::File(path) => write!(formatter, "{path:?}"),
        }
    }
}

impl fmt::Debug for ShimSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ShimSpec")
            .field("process", &self.process)
            .field("dir", &self.dir)
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

fn orphan_after() -> u64 {
    ORPHAN_AFTER_SECONDS
}

fn grace() -> u64 {
    GRACE_MS
}
