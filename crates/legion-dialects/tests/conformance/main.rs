//! Conformance: the rules of translation that are hard to get right, one case or more for each, by number.

mod clients;
mod errors;
mod matrix;
mod replay;
mod requests;
mod responses;
mod streams;
mod usage;
