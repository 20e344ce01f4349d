//! `control.git`: the bare repository of ours in which all work of the service is done.

pub(crate) mod changes;
pub(crate) mod commit;
pub(crate) mod diff;
pub(crate) mod gate_checkout;
pub(crate) mod gate_tree;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod list_paths;
pub(crate) mod merge_tree;
pub(crate) mod object_at;
pub(crate) mod open;
pub(crate) mod read_file;
pub(crate) mod refs;
pub(crate) mod repack;
pub(crate) mod restore;
pub(crate) mod sweep;

pub use open::Control;
