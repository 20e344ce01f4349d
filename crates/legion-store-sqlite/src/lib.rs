//! The log in SQLite, on one writer thread.
