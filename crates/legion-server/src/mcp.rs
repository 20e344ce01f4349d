//! The MCP endpoint, on the same router and behind the same guard.

use axum::Router;

use crate::context::Shared;

pub(crate) fn routes(_context: &Shared, _rest: Router) -> Router<Shared> {
    Router::new()
}
