//! With what a shim ends.

/// The program ran and ended; the transcript tells how.
pub const DONE: u8 = 0;
/// What came on standard input was no whole specification; nothing was started.
pub const SPEC_INVALID: u8 = 64;
/// The directory, the socket or the transcript could not be used; nothing was started.
pub const NOT_PREPARED: u8 = 71;
/// Another shim holds this process.
pub const ALREADY_RUNNING: u8 = 75;
/// The program was started before, or failed for good before.
pub const ALREADY_STARTED: u8 = 76;
/// Another process of the conversation lives; the transcript says so.
pub const CONVERSATION_BUSY: u8 = 77;
/// The program could not be started; the transcript says why.
pub const NOT_STARTED: u8 = 78;
