//! Properties that hold for every organisation, name, text and amount.

mod limits;
mod names;
mod organisation;
mod rights;
mod values;
