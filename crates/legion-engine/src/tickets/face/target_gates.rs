//! What judges everything that is landed in a session.

use legion_model::ProjectId;
use legion_model::tickets::{GateSpec, SessionName};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::tickets::configuration::Configuration;
use crate::tickets::site::{Site, oid};

impl Engine {
    /// The gates that `legion.toml` names where the session's target stands. None when there is no such session.
    pub async fn target_gates(&self, project: ProjectId, session: &SessionName) -> Result<Vec<GateSpec>, EngineError> {
        let name = session.clone();
        let tip = self.read(project, move |state| state.board.sessions.get(&name).map(|known| known.tip.clone()));
        let Some(tip) = tip.await? else { return Ok(Vec::new()) };
        let control = Site::of(&self.inner, project).control().await?;
        Ok(Configuration::read(&control, &oid(&tip)?).await?.gates)
    }
}
