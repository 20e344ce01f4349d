//! A clone whose agent was killed in the middle of a git command is made usable again.

use std::path::Path;

use legion_git::ClonePlace;

use super::order::StartOrder;
use crate::engine::Inner;

/// Removes git's locks from the clone that the agent is started in, when nobody else works there. Only in clones that
/// Legion has made: in a person's own repository the person may be at work.
pub(super) async fn clear_locks(inner: &Inner, order: &StartOrder) {
    let directory = Path::new(&order.agent.spec.cwd);
    if !order.is_alone || !directory.starts_with(inner.data_dir.root().join("work")) {
        return;
    }
    match ClonePlace::at(directory).clear_locks().await {
        Ok(0) => {}
        Ok(removed) => tracing::info!(agent = %order.agent.id, removed, "locks of a killed git were removed"),
        // The agent will hear of it from git, and say so.
        Err(error) => {
            tracing::warn!(agent = %order.agent.id, dir = %directory.display(), %error, "locks were not removed");
        }
    }
}
