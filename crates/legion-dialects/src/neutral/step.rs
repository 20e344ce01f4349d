//! What is written to a client's stream, in order.

use crate::error::UpstreamError;
use crate::neutral::Stop;
use crate::usage::Usage;

/// One thing to write. Comes in this order: `Start`, then for each block `Open`, its pieces, `Close`, with one block open at a
/// time and their indices rising from 0 without a gap; then `Finish`; or at any point `Failed`, after which nothing comes.
/// Names and signatures are already the client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Start {
        id: String,
        model: String,
        /// What the prompt is estimated to hold, in tokens.
        prompt_estimate: u64,
    },
    Open {
        index: u32,
        block: Opened,
    },
    Text {
        index: u32,
        text: String,
    },
    Think {
        index: u32,
        text: String,
    },
    /// At most one in a thinking block, after its text.
    Signature {
        index: u32,
        signature: String,
    },
    /// JSON of a call's arguments, in fragments; together never empty. Of a custom tool: its whole text, at once.
    Arguments {
        index: u32,
        fragment: String,
    },
    Close {
        index: u32,
    },
    Finish {
        stop: Stop,
        usage: Option<Usage>,
    },
    Failed(UpstreamError),
}

/// What kind of block begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    Text,
    Think,
    /// The whole thought, encrypted; no pieces follow.
    Redacted {
        signature: String,
    },
    Tool {
        id: String,
        name: String,
        custom: bool,
    },
}
