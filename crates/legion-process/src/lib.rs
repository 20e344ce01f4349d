//! Processes: spawning, the shim, the stop ladder, control groups and sweeps.
