//! What a provider's stream says, as it says it.

use crate::error::UpstreamError;
use crate::neutral::Stop;
use crate::usage::Usage;

/// One thing that a stream said. Blocks are known by a number that the decoder chooses; fragments of several blocks may be
/// interleaved, and a block needs no explicit end: the sequencer makes one open block at a time out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Start {
        id: Option<String>,
        model: Option<String>,
    },
    /// Text of the answer; the first opens the block.
    Text {
        block: u32,
        text: String,
    },
    /// A thought; the first opens the block.
    Think {
        block: u32,
        text: String,
    },
    /// The whole signature of the thought in this block, in the provider's words. Opens the block when nothing did.
    Signature {
        block: u32,
        native: String,
    },
    /// A thought that is encrypted as a whole.
    Redacted {
        block: u32,
        native: String,
    },
    /// A call begins. The name is as the upstream wrote it; `custom` when its arguments are free text on the wire.
    ToolOpen {
        block: u32,
        id: Option<String>,
        name: String,
        custom: bool,
    },
    /// The next fragment of a call's arguments.
    ToolArguments {
        block: u32,
        fragment: String,
    },
    /// Nothing will come for this block any more.
    Close {
        block: u32,
    },
    /// The numbers so far: they replace earlier ones.
    Usage(Usage),
    /// Why the answer ends; numbers of usage may still follow.
    Stop(Stop),
    /// The provider failed. Nothing after it counts.
    Error(UpstreamError),
    /// The answer is complete.
    End,
}
