//! Permission requests that wait for a person.

use http::Method;
use legion_api::paths::{self, with_id};
use legion_api::{Approval, ApprovalList, DecideRequest};

use crate::call::Call;
use crate::query::PathAndQuery;
use crate::{Client, ClientError};

impl Client {
    /// Returns the open permission requests, oldest first.
    pub async fn approvals(&self) -> Result<ApprovalList, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::APPROVALS))).await?.read()
    }

    /// Decides a permission request and returns it as it was asked.
    pub async fn decide(&self, id: &str, request: &DecideRequest, key: Option<&str>) -> Result<Approval, ClientError> {
        let path = PathAndQuery::new(with_id(paths::APPROVAL, id));
        self.call(&Call::change(Method::POST, path, key)?.json(request)?).await?.read()
    }
}
