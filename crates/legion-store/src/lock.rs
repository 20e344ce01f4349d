//! The lock of a data directory: one service at a time.
