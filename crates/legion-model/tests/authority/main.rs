//! Who may do what: the whole table against a golden one, and the relations of a whole organisation.

mod relations;
mod table;
