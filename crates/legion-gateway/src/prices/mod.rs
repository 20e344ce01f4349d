//! What calls cost: the table that is shipped, the user's own prices over it, and the sum.

mod cost;
mod table;

pub use cost::cost;
pub use table::{ModelCard, PriceTable};
