//! What calls cost: the table that is shipped, the one that was fetched, the person's own prices over both, and the sum.

mod cost;
mod decimal;
mod known;
mod litellm;
mod overlay;
mod table;
mod update;

pub use cost::cost;
pub use known::{KnownPrices, PriceOrigin, Priced};
pub use litellm::ListError;
pub use overlay::OverlayError;
pub use table::{ModelCard, PriceTable, TableError};
pub use update::{LITELLM_LIST, NewPrices, PricesError, PricesUpdated};

pub(crate) use update::Prices;
