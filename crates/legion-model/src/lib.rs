//! The nouns of Legion, the events that change them, and the pure functions that decide, apply and reconcile.
