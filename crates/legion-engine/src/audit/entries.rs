//! Entries of the audit on their way into the log.

use legion_model::{AgentId, AuditEntry, Order, Party, ProjectId};
use legion_store::StreamId;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::keeper::Keeper;

/// The stream of callers that belong to no project.
const STREAM: &str = "audit";

/// Whose a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOf {
    /// It opens what this agent may.
    Agent(ProjectId, AgentId),
    /// It was this agent's, and opens nothing any more: the agent was fired, or has another process.
    Formerly(ProjectId, AgentId),
    /// We never made it.
    Nobody,
}

impl Engine {
    /// Enters something into the audit: in the stream of its project, or in one of its own when it belongs to none.
    pub async fn audit(&self, project: Option<ProjectId>, entry: AuditEntry) -> Result<(), EngineError> {
        let keeper = match project {
            Some(project) => self.keeper(project)?,
            None => self.auditor().await?,
        };
        keeper.command(Party::Root, None, Order::Audit(entry)).await.map(|_| ())
    }

    /// Its stream is begun with the first entry.
    async fn auditor(&self) -> Result<Keeper, EngineError> {
        let start = || async {
            let stream = StreamId::new(STREAM).map_err(EngineError::internal)?;
            // It has no processes and no tickets: the project is never asked for.
            let keeper = Keeper::start(self.inner.clone(), ProjectId(uuid::Uuid::nil()), stream);
            keeper.await.map_err(EngineError::internal)
        };
        self.inner.auditor.get_or_try_init(start).await.cloned()
    }
}
