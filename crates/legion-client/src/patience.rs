//! How long a call goes on when the service does not answer.

use std::time::Duration;

use crate::Found;

/// Bounds of the repeating of one call, counted from its first failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// While this client has not reached the service even once.
    pub unreached: Duration,
    /// After the service was reached once: it is being restarted, most likely.
    pub lost: Duration,
}

impl Patience {
    /// A call is tried once.
    pub const NONE: Self = Self { unreached: Duration::ZERO, lost: Duration::ZERO };

    /// For a face that has nobody else to turn to, such as the MCP server of an agent.
    pub const MCP: Self = Self { unreached: Duration::from_secs(60), lost: Duration::from_secs(60) };

    /// For a command that a person or an agent waits for.
    ///
    /// `LEGION_URL` is a promise that a service is there; a service file may be what a crash left behind; without either, nothing says
    /// that there is a service at all and the answer comes at once.
    pub fn command_line(found: &Found) -> Self {
        let unreached = match found {
            Found::Url => Duration::from_secs(10),
            Found::ServiceFile(_) | Found::Lock(_) => Duration::from_secs(2),
            Found::Default => Duration::ZERO,
        };
        Self { unreached, lost: Duration::from_secs(10) }
    }
}
