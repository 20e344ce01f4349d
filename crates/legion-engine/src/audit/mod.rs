//! What is remembered of the use of rights.

mod entries;
mod ration;
mod refusals;

pub use entries::TokenOf;
pub(crate) use refusals::Rations;
