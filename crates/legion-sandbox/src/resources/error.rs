//! Why a control group could not be used.

use std::io;
use std::path::PathBuf;

/// Why a control group could not be used.
#[derive(Debug, thiserror::Error)]
#[error("failed to {what} the control group `{path}`")]
pub struct ResourceError {
    pub what: &'static str,
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

impl ResourceError {
    pub(super) fn new(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self { what, path, source }
    }
}
