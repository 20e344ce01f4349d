//! Who calls.

use std::sync::Arc;

use jiff::Timestamp;
use legion_client::Client;

/// Says what time it is. Handed in, because the clock is the composition root's.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who calls: what its calls go through, and what tells it from other callers.
#[derive(Clone)]
pub struct Caller {
    /// Carries the caller's token.
    pub client: Client,
    /// The agent's id (with its run's where that is known), or `root`. Part of the idempotency keys of its calls.
    pub id: String,
    pub clock: Clock,
}
