//! The helper inside of the namespaces: puts Landlock and the filter on top, starts the relay, becomes the program.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;

use legion_process::replace::{close_all_descriptors, replace_process};

use super::error::HelperError;
use super::main::Variables;
use super::{apply, identity, relay};
use crate::order::Inside;
use crate::tier::Tier;

/// Nobody makes an order larger than this: arguments and environment are limited by the kernel.
const ORDER_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(super) fn run(descriptor: &str) -> Result<Infallible, HelperError> {
    let number: u32 = descriptor.parse().map_err(|_| HelperError::Arguments("a descriptor is wanted"))?;
    let mut order = Vec::new();
    File::open(format!("/proc/self/fd/{number}"))
        .and_then(|file| file.take(ORDER_BYTES_MAX).read_to_end(&mut order))
        .map_err(HelperError::system("read the order"))?;
    close_all_descriptors();
    let order: Inside = serde_json::from_slice(&order).map_err(HelperError::Order)?;
    identity::verify(&order.identities)?;
    // Before Landlock, which forbids to listen.
    let relay = relay::Relay::bind(&order.confinement.relay).map_err(HelperError::system("listen for the relay"))?;
    apply::limit_and_hold(Tier::Full, &order.confinement, &order.program)?;
    if let Some(relay) = relay {
        relay::detach(relay).map_err(HelperError::system("start the relay"))?;
    }
    let environment: Variables = order
        .environment
        .into_iter()
        .map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value)))
        .collect();
    let error = replace_process(OsStr::new(&order.program), None, &order.arguments, &environment);
    Err(HelperError::Program { program: order.program, source: error })
}
