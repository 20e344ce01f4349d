//! A request's head, without reading the rest; and the model's name exchanged with every other byte kept.

mod head;
mod splice;
mod turns;

pub use head::Head;
pub(crate) use splice::splice_at;
pub use splice::splice_model;
pub use turns::{thinks, turns};
