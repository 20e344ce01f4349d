//! The clock: the one place of this crate that asks what time it is.

use jiff::Timestamp;

/// The present moment.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
