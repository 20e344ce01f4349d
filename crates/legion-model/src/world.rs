//! What is known of the outside, as far as the reconcilers need it. It is never stored: it is looked at again after a restart.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::ids::{ApprovalId, ProcessId, RunId};
use crate::tickets::JobId;

/// The time, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For deadlines that people named, and for records.
    pub wall: Timestamp,
    /// Milliseconds on the monotonic clock, for liveness: a machine that slept has killed nobody.
    pub mono_ms: u64,
}

/// One process as seen from here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessView {
    /// Steps in flight, and steps whose effect is done for good. Neither is named again.
    pub starting: bool,
    /// Its shim is connected: it can be written to.
    pub connected: bool,
    /// Writes that are on their way or done, by injection.
    pub written: BTreeSet<Uuid>,
    /// Permission requests whose answer is on its way or done.
    pub answered: BTreeSet<ApprovalId>,
    /// The run whose turn was asked to end, and which of its interrupts that was.
    pub interrupted: Option<(RunId, u32)>,
    pub stopping: bool,
    /// When it last gave a sign of life, on the monotonic clock.
    pub last_sign_ms: u64,
    /// When it was last probed.
    pub probed_ms: Option<u64>,
}

/// Everything that is known of the outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    /// Processes that are being started, live, or are being looked for. One that is missing here was never started by this service.
    pub processes: BTreeMap<ProcessId, ProcessView>,
    /// Work for tickets that is under way.
    pub jobs: BTreeSet<JobId>,
    /// Of these, those that were told to end.
    pub dropped: BTreeSet<JobId>,
}
