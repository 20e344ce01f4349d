//! What each dialect's stream decoder and encoder are.

use crate::neutral::{Event, Step};
use crate::warning::Warning;

/// An event of an upstream's stream that is not what its dialect says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// Reads a provider's stream.
pub trait Decode: Send {
    /// One event: its name (empty when it has none) and its data. Unknown events are ignored.
    fn event(
        &mut self,
        name: &str,
        data: &str,
        out: &mut Vec<Event>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Malformed>;
}

/// Writes a client's stream.
pub trait Encode: Send {
    /// Appends the complete events for one step.
    fn step(&mut self, step: &Step, out: &mut Vec<u8>);
}
