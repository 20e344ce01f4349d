//! Test support: the scripted model server, builders, and waiting for states.
