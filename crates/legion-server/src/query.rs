//! What stands in the address: the `{id}` of a path, and the query. Wrong ones are problems that name the place.

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use legion_api::{AgentStatus, TicketStatus};
use legion_model::tickets::{SessionName, TicketId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

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

/// The query of a call about one project.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProjectQuery {
    /// A project: its directory, a path inside of it, or its id. The person needs it when there are several.
    pub(crate) project: Option<String>,
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

/// The number of a ticket: `3`, or `#3`.
pub(crate) fn ticket(text: &str) -> Result<TicketId> {
    text.parse().map_err(|what: String| Fault::invalid(what).hint("`GET /v1/tickets` lists the tickets"))
}

/// The name of a session.
pub(crate) fn session(text: &str) -> Result<SessionName> {
    text.parse().map_err(|what: String| Fault::invalid(what))
}

/// Status words of tickets, with commas between.
pub(crate) fn ticket_statuses(text: Option<&str>) -> Result<Vec<TicketStatus>> {
    let word = |word: &str| {
        TicketStatus::ALL.into_iter().find(|status| status.as_str() == word).ok_or_else(|| {
            let words = TicketStatus::ALL.map(TicketStatus::as_str).join(", ");
            let shown: String = word.chars().take(40).collect();
            Fault::invalid(format!("`{shown}` is no status of a ticket")).hint(format!("one of: {words}"))
        })
    };
    text.map_or(Ok(Vec::new()), |text| text.split(',').map(|part| word(part.trim())).collect())
}
