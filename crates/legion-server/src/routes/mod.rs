//! One file per group of routes.

pub(crate) mod agents;
pub(crate) mod approvals;
pub(crate) mod events;
pub(crate) mod hire;
pub(crate) mod inbox;
pub(crate) mod interrupt;
pub(crate) mod logs;
pub(crate) mod projects;
pub(crate) mod service;
pub(crate) mod status;
pub(crate) mod tell;
pub(crate) mod tree;
pub(crate) mod wait;
