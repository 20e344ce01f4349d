//! What every agent may reach besides what it was hired with: toolchains, the caches of packages, and programs on the PATH.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use legion_sandbox::{is_of_system, toolchains};

/// Variables that name a directory of programs and libraries, or a cache; with the parts that are given. An empty part is all.
const PLACES: &[(&str, &[&str])] = &[
    ("CARGO_HOME", &["bin", "git", "registry"]),
    ("RUSTUP_HOME", &[""]),
    ("GOPATH", &["bin", "pkg/mod"]),
    ("GOMODCACHE", &[""]),
    ("GOROOT", &[""]),
    ("JAVA_HOME", &[""]),
    ("NVM_DIR", &["versions"]),
    ("VOLTA_HOME", &["bin", "tools"]),
    ("PYENV_ROOT", &[""]),
    ("RBENV_ROOT", &[""]),
    ("DOTNET_ROOT", &[""]),
    ("npm_config_cache", &[""]),
    ("PIP_CACHE_DIR", &[""]),
    ("UV_CACHE_DIR", &[""]),
    ("SSL_CERT_FILE", &[""]),
    ("SSL_CERT_DIR", &[""]),
];

/// Directories to be read and executed in. None of them is above `closed`: a directory of all the person's files on the PATH would
/// give them all away.
pub(super) fn toolchains_of(
    environment: &BTreeMap<String, String>,
    home: Option<&Path>,
    closed: &[&Path],
) -> Vec<PathBuf> {
    let path = environment.get("PATH").map(String::as_str).unwrap_or_default();
    let mut found: Vec<PathBuf> = std::env::split_paths(path).collect();
    // Shims lead to what lies beside them.
    let shims = found.iter().filter(|directory| directory.ends_with("shims"));
    let beside: Vec<PathBuf> = shims.filter_map(|directory| directory.parent().map(Path::to_owned)).collect();
    found.extend(beside);
    found.extend(home.map(toolchains).unwrap_or_default());
    for (name, parts) in PLACES {
        let Some(place) = environment.get(*name).map(Path::new) else { continue };
        found.extend(parts.iter().map(|part| if part.is_empty() { place.to_owned() } else { place.join(part) }));
    }
    found.retain(|path| is_given(path) && !closed.iter().chain(&home).any(|closed| closed.starts_with(path)));
    found.sort();
    found.dedup();
    // What lies below another one of them comes with it.
    let all = found.clone();
    found.retain(|path| !all.iter().any(|above| above != path && path.starts_with(above)));
    found
}

/// Whether it is there, has no link in its path, and is not given to everybody.
fn is_given(path: &Path) -> bool {
    path.is_absolute() && !is_of_system(path) && path.canonicalize().is_ok_and(|resolved| resolved == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchains_are_given_and_neither_homes_nor_what_everybody_has() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap();
        for name in [".cargo/bin", ".cargo/registry", ".rustup/toolchains/x/bin", "own/bin", "data"] {
            std::fs::create_dir_all(home.join(name)).unwrap();
        }
        std::os::unix::fs::symlink(home.join("own"), home.join("link")).unwrap();
        let at = |name: &str| home.join(name).to_string_lossy().into_owned();
        let rust = at(".rustup/toolchains/x/bin");
        let path =
            ["/usr/bin", "/bin", "relative", &at(""), &at("own/bin"), &rust, &at("link/bin"), &at("missing")].join(":");
        let environment = BTreeMap::from([
            ("PATH".to_owned(), path),
            ("CARGO_HOME".to_owned(), at(".cargo")),
            ("RUSTUP_HOME".to_owned(), at(".rustup")),
            ("UV_CACHE_DIR".to_owned(), at("")),
        ]);
        let expected = [".cargo/bin", ".cargo/registry", ".rustup", "own/bin"].map(|name| home.join(name));
        let data = home.join("data/x");
        assert_eq!(toolchains_of(&environment, Some(&home), &[&data]), expected);
    }
}
