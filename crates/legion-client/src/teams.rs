//! Roles and teams.

use http::Method;
use legion_api::paths;
use legion_api::{Role, RoleList, RoleRequest, Team, TeamList, TeamRequest};

use crate::call::Call;
use crate::{ClientError, ProjectClient};

impl ProjectClient {
    /// Returns all roles, by id.
    pub async fn roles(&self) -> Result<RoleList, ClientError> {
        self.client.call(&Call::get(self.path(paths::ROLES))).await?.read()
    }

    /// Makes or replaces a role.
    pub async fn set_role(&self, id: &str, request: &RoleRequest, key: Option<&str>) -> Result<Role, ClientError> {
        let path = self.path_of(paths::ROLE, id);
        self.client.call(&Call::change(Method::PUT, path, key)?.json(request)?).await?.read()
    }

    /// Deletes a role of the user's own.
    pub async fn delete_role(&self, id: &str, key: Option<&str>) -> Result<(), ClientError> {
        let call = Call::change(Method::DELETE, self.path_of(paths::ROLE, id), key)?;
        self.client.call(&call).await?.read_some::<serde_json::Value>().map(|_| ())
    }

    /// Returns all teams, by id.
    pub async fn teams(&self) -> Result<TeamList, ClientError> {
        self.client.call(&Call::get(self.path(paths::TEAMS))).await?.read()
    }

    /// Makes or replaces a team.
    pub async fn set_team(&self, id: &str, request: &TeamRequest, key: Option<&str>) -> Result<Team, ClientError> {
        let path = self.path_of(paths::TEAM, id);
        self.client.call(&Call::change(Method::PUT, path, key)?.json(request)?).await?.read()
    }

    /// Deletes a team of the user's own.
    pub async fn delete_team(&self, id: &str, key: Option<&str>) -> Result<(), ClientError> {
        let call = Call::change(Method::DELETE, self.path_of(paths::TEAM, id), key)?;
        self.client.call(&call).await?.read_some::<serde_json::Value>().map(|_| ())
    }
}
