//! What was seen of an answer that passed by.

use crate::error::UpstreamError;
use crate::neutral::Stop;
use crate::usage::Usage;

/// What a reader saw of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The last numbers of the provider; `None` when it gave none.
    pub usage: Option<Usage>,
    /// The model that answered, in the provider's words.
    pub model: Option<String>,
    pub stop: Option<Stop>,
    /// The error that the provider reported within the stream or as the answer.
    pub error: Option<UpstreamError>,
    /// The answer came to its end as the dialect defines it; otherwise it was cut.
    pub terminal: bool,
    pub response_id: Option<String>,
}
