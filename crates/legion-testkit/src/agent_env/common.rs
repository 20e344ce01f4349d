//! What every agent program gets.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A port on which nothing listens: a proxy there makes every attempt to phone home fail at once.
const DEAD_PROXY: &str = "http://127.0.0.1:9";
/// The key that no provider knows.
pub(super) const DUMMY_KEY: &str = "dummy-key";

/// Returns the environment that every agent program gets: a throw-away home, and a dead proxy for anything that is not
/// on the loopback.
pub(super) fn common_env(home: &Path) -> BTreeMap<String, String> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    let home = home.display().to_string();
    with(
        BTreeMap::new(),
        &[
            ("PATH", path.as_str()),
            ("HOME", &home),
            ("LANG", "C.UTF-8"),
            ("HTTP_PROXY", DEAD_PROXY),
            ("HTTPS_PROXY", DEAD_PROXY),
            ("NO_PROXY", "127.0.0.1,localhost"),
        ],
    )
}

/// Returns `env` with more in it.
pub(super) fn with(mut env: BTreeMap<String, String>, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    env.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    env
}

/// Writes a settings file.
///
/// # Panics
/// When the file system refuses: a test cannot go on without.
pub(super) fn write(file: &Path, content: &str) {
    let parent = file.parent().expect("a settings file lies in a directory");
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(file, content))
        .unwrap_or_else(|error| panic!("failed to write `{}`: {error}", file.display()));
}
