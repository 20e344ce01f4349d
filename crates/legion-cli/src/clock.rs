//! The clock: the one place of this crate that asks what time it is. It is a client: nothing here is decided by time that is recorded.

use jiff::Timestamp;
use tokio::time::Instant;

/// The present moment, for ages on a screen and for spans from now.
pub(crate) fn now() -> Timestamp {
    // tidy: clock: the command line knows only the client, and ages are counted from the person's own clock
    Timestamp::now()
}

/// The present moment of the clock that never jumps, for deadlines and pauses.
pub(crate) fn instant() -> Instant {
    // tidy: clock: waits of the command line are its own and bounded; nothing of the model depends on them
    Instant::now()
}
