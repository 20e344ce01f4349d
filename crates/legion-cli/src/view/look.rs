use jiff::Timestamp;

use super::Palette;

/// How to render: when it is, in which colours, and how wide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Ages are counted from here.
    pub now: Timestamp,
    pub palette: Palette,
    /// Columns that a line may take; none when no terminal reads it.
    pub columns: Option<usize>,
}
