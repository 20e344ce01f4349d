//! Who calls.

use std::sync::Arc;

use jiff::Timestamp;
use legion_client::{Client, ProjectClient};

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
    /// Where the caller stands: a directory of its project. None where its token says it.
    pub project: Option<String>,
}

impl Caller {
    /// The calls about the caller's project.
    pub(crate) fn project(&self) -> ProjectClient {
        self.client.project(self.project.as_deref())
    }
}
