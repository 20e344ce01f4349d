//! The log contract: append, read, tail, snapshots; the record codec; the in-memory log; the conformance suite.
