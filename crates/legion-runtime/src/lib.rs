//! The clock, settings, environment, secrets of the service and task scopes.
