//! What callers see: paths, tokens, answers.

mod call;
mod count;
mod held_body;
mod models;
mod path;
mod router;
mod test;
mod token;

pub use held_body::HeldBody;
pub use models::ModelView;
pub(crate) use models::all as all_models;
pub(crate) use router::router;
pub use test::Tested;
pub(crate) use test::test;
