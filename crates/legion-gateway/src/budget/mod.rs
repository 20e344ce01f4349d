//! Money: allowances are taken from the directory, spent in memory, and given back.

mod ledger;
mod purse;

pub(crate) use ledger::{Ledger, Reservation};
