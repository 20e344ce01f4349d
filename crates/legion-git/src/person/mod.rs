//! The person's own repository, in the person's process.

pub(crate) mod bundle;
pub(crate) mod call;
pub(crate) mod discover;
pub(crate) mod gitlinks;
pub(crate) mod holds;
pub(crate) mod in_the_way;
pub(crate) mod land;
pub(crate) mod push;

pub use discover::PersonRepo;
