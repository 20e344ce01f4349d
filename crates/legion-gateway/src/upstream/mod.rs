//! Providers over the network: their addresses, connections and answers.

mod address;
mod client;
mod connector;
mod download;
mod fault;
mod origin;
mod source;
mod tls;

pub use address::AddressError;
pub(crate) use address::{Address, Endpoint};
pub(crate) use client::{Answer, Clients};
pub(crate) use download::{DownloadError, download};
pub(crate) use fault::Fault;
pub use origin::Origin;
pub(crate) use source::{Source, TooLong, whole};
