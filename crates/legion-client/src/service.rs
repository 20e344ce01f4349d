//! The service itself.

use std::time::Duration;

use http::Method;
use legion_api::paths;
use legion_api::{BackupRequest, BackupWritten, DownReply, DownRequest, Health, ProjectList, ServiceInfo};

use crate::call::Call;
use crate::query::PathAndQuery;
use crate::{Client, ClientError};

/// Ending every agent takes its stop ladder; copying a large log takes its disk.
const LONG_CALL_TIMEOUT: Duration = Duration::from_secs(120);

impl Client {
    /// Says whether the service lives. Needs no token.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::HEALTH))).await?.read()
    }

    /// Returns the OpenAPI document.
    pub async fn openapi(&self) -> Result<serde_json::Value, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::OPENAPI))).await?.read()
    }

    /// Returns what runs there.
    pub async fn service(&self) -> Result<ServiceInfo, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::SERVICE))).await?.read()
    }

    /// Ends the service; with `keep`, its agents go on without it.
    ///
    /// Sent at most once: a repeat would end the service that took the place of this one. When the answer is lost the call fails as
    /// unreachable, and that the service is gone is then the answer.
    pub async fn down(&self, keep: bool) -> Result<DownReply, ClientError> {
        let call = Call::change(Method::POST, PathAndQuery::new(paths::SERVICE_DOWN), None)?;
        self.call(&call.json(&DownRequest { keep })?.within(LONG_CALL_TIMEOUT).once()).await?.read()
    }

    /// Writes a copy of the log to an absolute path of the service's machine.
    pub async fn backup(&self, path: &str) -> Result<BackupWritten, ClientError> {
        let call = Call::change(Method::POST, PathAndQuery::new(paths::SERVICE_BACKUP), None)?;
        let request = BackupRequest { path: path.to_owned() };
        self.call(&call.json(&request)?.within(LONG_CALL_TIMEOUT)).await?.read()
    }

    /// Returns the projects the service knows.
    pub async fn projects(&self) -> Result<ProjectList, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::PROJECTS))).await?.read()
    }
}
