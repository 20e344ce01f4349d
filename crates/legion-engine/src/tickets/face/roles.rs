//! Roles and teams of the user's own.

use legion_model::tickets::{Role, Team};
use legion_model::{Key, Party, ProjectId, TicketOrder};

use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    pub async fn role_set(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        role: Role,
    ) -> Result<(), EngineError> {
        self.ordered(project, by, key, TicketOrder::SetRole { role }).await
    }

    pub async fn role_delete(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        role: String,
    ) -> Result<(), EngineError> {
        self.ordered(project, by, key, TicketOrder::DeleteRole { role }).await
    }

    pub async fn team_set(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        team: Team,
    ) -> Result<(), EngineError> {
        self.ordered(project, by, key, TicketOrder::SetTeam { team }).await
    }

    pub async fn team_delete(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        team: String,
    ) -> Result<(), EngineError> {
        self.ordered(project, by, key, TicketOrder::DeleteTeam { team }).await
    }
}
