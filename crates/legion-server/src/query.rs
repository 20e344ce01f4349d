//! What stands in the address: the `{id}` of a path, and the query. Wrong ones are problems that name the place.

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use legion_api::AgentStatus;
use serde::de::DeserializeOwned;

use crate::fault::{Fault, Result};

/// Bytes of a name, prefix or id in a path.
const ID_BYTES_MAX: usize = 512;

/// The `{id}` of a path.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Path(id) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Fault::invalid(format!("the path is not valid: {}", error.body_text())))?;
        if id.len() > ID_BYTES_MAX || id.chars().any(char::is_control) {
            return Err(Fault::invalid(format!("an id has at most {ID_BYTES_MAX} bytes and no control characters")));
        }
        Ok(Self(id))
    }
}

/// The query.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => {
                let text = error.body_text();
                let why = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
                Err(Fault::invalid(format!("the query is not valid: {why}")))
            }
        }
    }
}

/// A level: `1`, or `L1`.
pub(crate) fn level(text: Option<&str>) -> Result<Option<u32>> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.strip_prefix(['L', 'l']).unwrap_or(text);
    digits.parse().map(Some).map_err(|_| Fault::invalid(format!("`{text}` is no level")).hint("a level is `1` or `L1`"))
}

/// A status word.
pub(crate) fn status(text: Option<&str>) -> Result<Option<AgentStatus>> {
    match text {
        None => Ok(None),
        Some("working") => Ok(Some(AgentStatus::Working)),
        Some("idle") => Ok(Some(AgentStatus::Idle)),
        Some(word) => Err(Fault::invalid(format!("`{word}` is no status")).hint("a status is `working` or `idle`")),
    }
}
