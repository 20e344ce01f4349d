//! Sessions, and the control repository that they live in.

use std::time::Duration;

use http::Method;
use legion_api::paths;
use legion_api::{
    Garbage, ImportRequest, Imported, OpenRepository, OpenSession, Repository, Session, SessionChanges, SessionList,
};

use crate::call::Call;
use crate::{ClientError, ProjectClient};

/// A bundle of a large repository is taken in and checked object by object.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(600);

impl ProjectClient {
    /// Makes the control repository, if it is missing.
    pub async fn open_repository(
        &self,
        request: &OpenRepository,
        key: Option<&str>,
    ) -> Result<Repository, ClientError> {
        let path = self.path(paths::REPOSITORY);
        self.client.call(&Call::change(Method::POST, path, key)?.json(request)?).await?.read()
    }

    /// Returns the control repository.
    pub async fn repository(&self) -> Result<Repository, ClientError> {
        self.client.call(&Call::get(self.path(paths::REPOSITORY))).await?.read()
    }

    /// Clears away what nobody needs any more.
    pub async fn gc(&self) -> Result<Garbage, ClientError> {
        let call = Call::change(Method::POST, self.path(paths::REPOSITORY_GC), None)?.within(IMPORT_TIMEOUT);
        self.client.call(&call).await?.read()
    }

    /// Opens a session, which becomes the current one.
    pub async fn open_session(&self, request: &OpenSession, key: Option<&str>) -> Result<Session, ClientError> {
        let call = Call::change(Method::POST, self.path(paths::SESSIONS), key)?.json(request)?.within(IMPORT_TIMEOUT);
        self.client.call(&call).await?.read()
    }

    /// Returns the sessions, by name.
    pub async fn sessions(&self) -> Result<SessionList, ClientError> {
        self.client.call(&Call::get(self.path(paths::SESSIONS))).await?.read()
    }

    /// Returns one session.
    pub async fn session(&self, name: &str) -> Result<Session, ClientError> {
        self.client.call(&Call::get(self.path_of(paths::SESSION, name))).await?.read()
    }

    /// Changes settings of a session.
    pub async fn set_session(
        &self,
        name: &str,
        changes: &SessionChanges,
        key: Option<&str>,
    ) -> Result<Session, ClientError> {
        let path = self.path_of(paths::SESSION, name);
        self.client.call(&Call::change(Method::PATCH, path, key)?.json(changes)?).await?.read()
    }

    /// Makes a session the current one; a completed one goes on.
    pub async fn use_session(&self, name: &str, key: Option<&str>) -> Result<Session, ClientError> {
        let path = self.path_of(paths::SESSION_USE, name);
        self.client.call(&Call::change(Method::POST, path, key)?).await?.read()
    }

    /// Completes a session.
    pub async fn complete_session(&self, name: &str, key: Option<&str>) -> Result<Session, ClientError> {
        let path = self.path_of(paths::SESSION_COMPLETE, name);
        self.client.call(&Call::change(Method::POST, path, key)?).await?.read()
    }

    /// Deletes a session; with `force`, unfinished tickets are stopped.
    pub async fn delete_session(&self, name: &str, force: bool, key: Option<&str>) -> Result<(), ClientError> {
        let path = self.path_of(paths::SESSION, name).with("force", force);
        self.client.call(&Call::change(Method::DELETE, path, key)?).await?.read_some::<serde_json::Value>().map(|_| ())
    }

    /// Brings commits of the person into a session.
    pub async fn import(
        &self,
        session: &str,
        request: &ImportRequest,
        key: Option<&str>,
    ) -> Result<Imported, ClientError> {
        let path = self.path_of(paths::SESSION_IMPORT, session);
        let call = Call::change(Method::POST, path, key)?.json(request)?.within(IMPORT_TIMEOUT);
        self.client.call(&call).await?.read()
    }
}
