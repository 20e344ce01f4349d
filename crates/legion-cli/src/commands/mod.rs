//! One file per command: its options (whose documentation is its help) and what it does.

pub(crate) mod approve;
pub(crate) mod backup;
pub(crate) mod deny;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod fire;
pub(crate) mod hire;
pub(crate) mod inbox;
pub(crate) mod interrupt;
pub(crate) mod logs;
pub(crate) mod mcp;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod tell;
pub(crate) mod tree;
pub(crate) mod wait;
pub(crate) mod watch;
