//! The one form between the dialects.

mod block;
mod event;
mod request;
mod response;
mod step;
mod stop;
mod tool;

pub use block::{Block, Cache, Media, Origin, Signature, Thinking, ToolCall, ToolResult};
pub use event::Event;
pub use request::{Effort, OutputFormat, Reasoning, Request, Rest, Role, Sampling, Thought, Turn};
pub use response::Response;
pub use step::{Opened, Step};
pub use stop::Stop;
pub use tool::{Tool, ToolChoice, ToolKind};
