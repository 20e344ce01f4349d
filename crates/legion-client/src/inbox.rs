//! The caller's inbox.

use http::Method;
use legion_api::paths;
use legion_api::{AckRequest, Acked, Inbox};

use crate::call::Call;
use crate::query::PathAndQuery;
use crate::{Client, ClientError};

impl Client {
    /// Returns the messages that the caller has not acknowledged.
    pub async fn inbox(&self) -> Result<Inbox, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::INBOX))).await?.read()
    }

    /// Acknowledges messages: the given ones, or all.
    pub async fn ack(&self, request: &AckRequest, key: Option<&str>) -> Result<Acked, ClientError> {
        self.call(&Call::change(Method::POST, PathAndQuery::new(paths::INBOX_ACK), key)?.json(request)?).await?.read()
    }
}
