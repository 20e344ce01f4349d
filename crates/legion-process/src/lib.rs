//! Processes: the shim that holds an agent program, the service's side of it, the transcript
//! between the two, control groups, sweeps, and every other program that Legion starts.
//!
//! Nothing outside this crate starts a process. Nothing in this crate knows what an agent says.

mod base64_bytes;
mod containment;
mod identity;
mod linux;
mod marker;
mod process_state;
mod program;
mod service;
mod shim;
mod transcript;
mod wire;

pub use containment::{CgroupError, CgroupRoot, Holding, NoCgroup, containment};
pub use identity::{Identity, is_alive};
pub use linux::cgroup::Cgroup;
pub use linux::proc::lineage;
pub use linux::sweep::{SweepReport, find_live, sweep, sweep_many};
pub use linux::trees::{TreeUsage, trees};
pub use linux::usage::Usage;
pub use linux::{attempt, mapped_mount, peer, replace};
pub use marker::was_started;
pub use process_state::{ProcessState, is_locked, process_state};
pub use program::{Detached, Output, Program, ProgramError, spawn_detached};
pub use service::handle::{Shim, ShimEvent, ShimEvents, Stopped};
pub use service::socket_directory::{SocketDirectory, SocketDirectoryError};
pub use service::start::ShimError;
pub use service::task::AttachError;
pub use shim::exit_code;
pub use shim::start::shim_main;
pub use transcript::file::transcript_path;
pub use transcript::frame::{
    CHUNK_BYTES_MAX, Content, Exit, ExitCause, ExitStatus, Failure, FailureKind, Frame, INPUT_BYTES_RECORDED_MAX,
    Input, InputBytes,
};
pub use transcript::lines::{Entry, LINE_BYTES_MAX, LineFollower, OutputLine, OutputStream, Position};
pub use transcript::reader::{ReadError, TranscriptReader};
pub use transcript::tail::{end_position, tail_lines};
pub use wire::spec::{Bytes, FirstInput, ShimSpec};

/// The variable by which every process of an agent's tree can be found again.
pub const PROCESS_VARIABLE: &str = "LEGION_PROCESS_ID";
