//! Signs of life while a provider is silent: programs give up on a connection that says nothing.

use bytes::Bytes;
use legion_dialects::Dialect;

/// A sign of life.
pub(super) fn ping(dialect: Dialect) -> Bytes {
    Bytes::from_static(match dialect {
        Dialect::Anthropic => b"event: ping\ndata: {\"type\": \"ping\"}\n\n",
        Dialect::Chat | Dialect::Responses => b": ping\n\n",
    })
}
