//! An answer of a model that came in one piece.

use crate::neutral::{Block, Stop};
use crate::usage::Usage;
use crate::warning::Warning;

/// An answer, whatever the dialect.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub id: Option<String>,
    pub model: Option<String>,
    /// Text, thinking and calls of tools.
    pub blocks: Vec<Block>,
    pub stop: Option<Stop>,
    pub usage: Option<Usage>,
    /// What was lost on the way in.
    pub warnings: Vec<Warning>,
}
