//! The environment of a gate: made from nothing, without any token.

use std::collections::BTreeMap;

use crate::tickets::failure::Failure;
use crate::tickets::site::Site;

/// Variables of every gate and set-up command. Its home is kept, for caches; it is not the person's.
pub(in crate::tickets) fn environment(site: &Site) -> Result<BTreeMap<String, String>, Failure> {
    let home = site.ground.gates.join("home");
    let temporary = site.ground.gates.join("tmp");
    for directory in [&home, &temporary] {
        site.inner.data_dir.create(directory)?;
    }
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
    Ok(environment)
}
