//! What is appended and what is read back.

use jiff::Timestamp;

use crate::StreamId;

/// One fact to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// When it happened, by whoever decided it; the log never looks at a clock. Kept to the nanosecond.
    pub at: Timestamp,
    /// The name of the event, such as `agent-hired`.
    pub kind: String,
    /// The version of the event's form, so that an old one can be lifted when it is read.
    pub schema: u32,
    /// The event as JSON. The log does not look inside.
    pub body: String,
}

/// One fact as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Place among all records of the log: 1, 2, 3, … in the order of commits, without gaps.
    pub position: u64,
    pub stream: StreamId,
    /// Place in its stream: 1, 2, 3, … without gaps.
    pub version: u64,
    /// Position of the first record of its batch, so that a reader can see whole steps.
    pub batch: u64,
    pub at: Timestamp,
    pub kind: String,
    pub schema: u32,
    pub body: String,
}

/// Where a batch has come to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub first_position: u64,
    pub last_position: u64,
    /// The stream's version after the batch: what the next append to it expects.
    pub version: u64,
}

/// A stream and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHead {
    pub stream: StreamId,
    pub version: u64,
}
