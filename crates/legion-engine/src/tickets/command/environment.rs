//! The environment of a command: made from nothing, without any token.

use std::collections::BTreeMap;
use std::path::Path;

use crate::tickets::site::Site;

/// Variables of every gate and set-up command. Its home has caches and is not the person's.
pub(super) fn environment(site: &Site, home: &Path, temporary: &Path) -> BTreeMap<String, String> {
    let mut environment = site.inner.base_environment.clone();
    environment.extend(site.inner.gate_environment.clone());
    let own = [
        ("HOME", home.to_string_lossy().into_owned()),
        ("TMPDIR", temporary.to_string_lossy().into_owned()),
        ("CI", "true".to_owned()),
        // A checkout is no repository, and what lies above it is nobody's business.
        ("GIT_CEILING_DIRECTORIES", site.inner.data_dir.root().to_string_lossy().into_owned()),
        ("GIT_TERMINAL_PROMPT", "0".to_owned()),
    ];
    environment.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    environment
}
