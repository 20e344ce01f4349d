//! Which process is meant: a pid alone may have passed to another program since.

use std::io;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::linux::proc;

/// One process, for good: no other process ever has the same three values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// When it started, in clock ticks since the machine booted.
    pub start_time: u64,
    /// The boot in which it ran.
    pub boot_id: Uuid,
}

impl Identity {
    /// Returns who runs under `pid` at this moment.
    ///
    /// # Errors
    /// `NotFound` when nobody does.
    pub fn of(pid: u32) -> io::Result<Self> {
        Ok(Self { pid, start_time: proc::stat(pid)?.start_time, boot_id: proc::boot_id()? })
    }

    /// Whether exactly this process still runs; one that ended but was not reaped yet does not.
    pub fn is_alive(&self) -> bool {
        if proc::boot_id().ok() != Some(self.boot_id) {
            return false;
        }
        proc::stat(self.pid).is_ok_and(|stat| stat.start_time == self.start_time && !stat.ended())
    }
}

/// Whether exactly this process still runs.
pub fn is_alive(identity: &Identity) -> bool {
    identity.is_alive()
}
