//! Server-sent events: the splitter of a stream that arrives in any pieces.

mod splitter;

pub use splitter::{EVENT_BYTES_MAX, Event, Splitter, TooLarge};
