//! The folded state of a stream, kept so that a start need not fold everything again.

/// Largest body of a snapshot, in bytes.
pub const SNAPSHOT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A folded state. A cache: it can be lost at any time, and nothing but time is lost with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The version of the stream that the fold includes.
    pub version: u64,
    /// The version of the fold that made it. Another fold does not read it.
    pub fold: String,
    pub body: Vec<u8>,
}
