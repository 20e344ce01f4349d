//! Who may do what to which thing: one small, pure, total function, asked by every face and by every decision.
//!
//! Nothing else in Legion decides about rights. A caller is of a [`Kind`], an object stands in a [`Relation`] to it, and a table
//! says which verbs reach which relations; what the table does not name is refused.

mod authorise;
mod demands;
mod object;
mod relation;
mod table;
mod verb;

pub use authorise::authorise;
pub(crate) use demands::check;
pub use object::Object;
pub use relation::Relation;
pub use table::{Kind, permits, permits_anything};
pub use verb::Verb;
