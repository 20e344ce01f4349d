//! What of the machine itself every agent may see: programs, libraries, and the configuration that they need.

use std::path::{Path, PathBuf};

/// Programs and libraries: read and executed.
pub(crate) const PROGRAMS: &[&str] =
    &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store"];

/// Where all configuration of a machine lies.
pub(crate) const CONFIGURATION_ROOT: &str = "/etc";

/// Configuration that programs need and that says little of the machine: read only. Nothing that names a server, a key
/// or a share.
pub(crate) const CONFIGURATION: &[&str] = &[
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/default/locale",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/gitconfig",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/locale.conf",
    "/etc/localtime",
    "/etc/lsb-release",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/profile",
    "/etc/profile.d",
    "/etc/protocols",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
];

/// Devices that hold nothing: read and written. Terminals are not among them.
pub(crate) const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// A part of the machine as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Directory(PathBuf),
    /// As `/bin` is to `/usr/bin` on most machines.
    Link {
        path: PathBuf,
        target: PathBuf,
    },
}

/// Returns what of [`PROGRAMS`] this machine has.
pub(crate) fn programs() -> Vec<Part> {
    let part = |path: &&str| {
        let path = Path::new(path);
        if let Ok(target) = std::fs::read_link(path) {
            return Some(Part::Link { path: path.to_owned(), target });
        }
        path.is_dir().then(|| Part::Directory(path.to_owned()))
    };
    PROGRAMS.iter().filter_map(part).collect()
}

/// Whether every agent may read and execute what is at `path`: it is a part of the machine itself.
pub fn is_of_system(path: &Path) -> bool {
    PROGRAMS.iter().any(|part| path.starts_with(part))
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns what is free, for everybody, on the file system of `path`.
///
/// # Errors
/// When it cannot be asked.
pub fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Returns the toolchains below a home directory that are there: compilers and interpreters, and the caches of packages
/// that `cargo` and others read when there is no network. No file of settings or of tokens is among them, and no path with a
/// link in it, which could not be granted.
pub fn toolchains(home: &Path) -> Vec<PathBuf> {
    const BELOW_HOME: &[&str] = &[
        ".cargo/bin",
        ".cargo/git",
        ".cargo/registry",
        ".rustup",
        ".nvm/versions",
        ".pyenv",
        ".local/share/uv/python",
        ".volta",
        ".bun/bin",
        ".deno/bin",
        ".sdkman/candidates",
        "go/bin",
        "go/pkg/mod",
    ];
    let there = |path: &PathBuf| path.is_dir() && path.canonicalize().is_ok_and(|resolved| resolved == *path);
    BELOW_HOME.iter().map(|name| home.join(name)).filter(there).collect()
}
