//! What of this machine decides which tiers it can have.

use std::fs;
use std::path::Path;

/// What of this machine decides which tiers it can have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// As `uname -r` has it.
    pub kernel: String,
    /// The security modules that are switched on; `None` when the kernel does not say.
    pub modules: Option<String>,
    /// The version of Landlock, 0 without it.
    pub landlock: i32,
    /// Ubuntu's: programs without a profile get no rights in a user namespace.
    pub restricted_by_apparmor: bool,
    /// Debian's and others': no user namespaces without root.
    pub user_namespaces_off: bool,
    /// How many user namespaces there may be.
    pub user_namespaces_max: Option<u64>,
    /// Whether this is a container of Docker, Podman or Kubernetes.
    pub in_container: bool,
}

impl Facts {
    pub fn gather() -> Self {
        let setting =
            |name: &str| fs::read_to_string(Path::new("/proc/sys").join(name)).map(|text| text.trim().to_owned());
        Self {
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            modules: fs::read_to_string("/sys/kernel/security/lsm").ok(),
            landlock: legion_process::attempt::landlock_version(),
            restricted_by_apparmor: setting("kernel/apparmor_restrict_unprivileged_userns")
                .is_ok_and(|text| text != "0"),
            user_namespaces_off: setting("kernel/unprivileged_userns_clone").is_ok_and(|text| text == "0"),
            user_namespaces_max: setting("user/max_user_namespaces").ok().and_then(|text| text.parse().ok()),
            in_container: ["/.dockerenv", "/run/.containerenv"].into_iter().any(|path| Path::new(path).exists())
                || Path::new("/var/run/secrets/kubernetes.io").exists(),
        }
    }
}
