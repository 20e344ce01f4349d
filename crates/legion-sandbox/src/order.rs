//! What the helper is told. An order holds no secret: it is an argument, and arguments can be seen by all.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::confinement::Confinement;
use crate::helper::identity::Identity;
use crate::tier::Tier;

/// One argument of a program cannot be longer (128 KiB in the kernel); with room to spare.
pub(crate) const ORDER_BYTES_MAX: usize = 96 * 1024;

/// The first word of the helper's arguments: to hold a program.
pub const COMMAND: &str = "confine";
/// The same inside of the namespaces.
pub(crate) const COMMAND_INSIDE: &str = "confine-inside";

/// A program by this name is the helper itself, wherever it lies: it needs no grant.
pub(crate) const ITSELF: &str = "/proc/self/exe";

/// What is to be held, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub tier: Tier,
    /// The bubblewrap to use; tier `full` only.
    pub bwrap: Option<PathBuf>,
    pub confinement: Confinement,
}

/// What is handed on to the inside of the namespaces, by a file in memory: here the environment is part of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Inside {
    pub confinement: Confinement,
    /// What the granted paths led to outside.
    pub identities: Vec<Identity>,
    /// Names and values as they came, whatever their bytes.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    pub program: String,
    pub arguments: Vec<String>,
}
