//! What became of a process, from its directory alone: for a service that starts again.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::transcript::file::{lock_path, transcript_path};
use crate::transcript::tail::last_frame;
use crate::{Content, Exit, Failure, ReadError, was_started};

/// What became of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// The program never ran; it may be started.
    NeverStarted,
    /// A shim holds it; attach to that.
    Held,
    /// It could not be started, and will not be under this id.
    Failed(Failure),
    /// It ended by the book.
    Exited(Exit),
    /// Its shim was killed; the program died with it, its helpers may be left to sweep.
    Lost,
}

/// Returns what became of the process in `directory`.
///
/// # Errors
/// When its transcript cannot be read.
pub fn process_state(directory: &Path) -> Result<ProcessState, ReadError> {
    if is_locked(&lock_path(directory))? {
        return Ok(ProcessState::Held);
    }
    // A shim writes nothing behind its last word.
    Ok(match last_frame(&transcript_path(directory))? {
        Some(Content::Failed(failure)) => ProcessState::Failed(failure),
        Some(Content::Exited(exit)) => ProcessState::Exited(exit),
        _ if was_started(directory) => ProcessState::Lost,
        _ => ProcessState::NeverStarted,
    })
}

/// Whether somebody holds the lock of a process or of a conversation. A file that is not there is held by nobody.
///
/// # Errors
/// When the file cannot be opened.
pub fn is_locked(lock: &Path) -> io::Result<bool> {
    let file = match File::open(lock) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // Shared, and for a moment only: a shim that starts now waits longer than that.
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
