//! Drivers: how each kind of agent program is started, spoken to and understood.
