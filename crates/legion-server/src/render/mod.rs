//! From the nouns of the model to the wire types. By hand, one file per noun.

pub(crate) mod agent;
pub(crate) mod approval;
pub(crate) mod event;
pub(crate) mod gateway;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod message;
pub(crate) mod rescue;
pub(crate) mod resources;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod team;
pub(crate) mod text;
pub(crate) mod ticket;
pub(crate) mod ticket_detail;
pub(crate) mod tree;
pub(crate) mod why;
