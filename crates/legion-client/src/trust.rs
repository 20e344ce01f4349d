//! What the person trusts of the files that configure agent programs.

use http::Method;
use legion_api::{TrustRequest, TrustedContents, paths};

use crate::call::Call;
use crate::query::PathAndQuery;
use crate::{Client, ClientError};

impl Client {
    /// Returns what is trusted.
    pub async fn trusted(&self) -> Result<TrustedContents, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::TRUST))).await?.read()
    }

    /// Trusts what is at an absolute path of the service's machine as it is now, or ends that. Returns what it was about.
    pub async fn trust(&self, path: &str, trusted: bool) -> Result<TrustedContents, ClientError> {
        let call = Call::change(Method::POST, PathAndQuery::new(paths::TRUST), None)?;
        self.call(&call.json(&TrustRequest { path: path.to_owned(), trusted })?).await?.read()
    }
}
