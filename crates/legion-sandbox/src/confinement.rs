//! Everything about one agent program that its tier must know.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::grant::{BadPath, Grant, check_path};

/// A user id of the machine, and its group. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// One agent program: what it may reach, where it stands, as whom it runs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confinement {
    pub grant: Grant,
    /// Where the program begins: a directory that it may read. The same path inside and outside.
    pub cwd: PathBuf,
    /// Files and directories that look empty inside if they exist, though they lie in what may be read: a repository's
    /// own configuration of agent programs.
    #[serde(default)]
    pub masked: Vec<PathBuf>,
    /// Files and directories that may be read and not changed though they lie in what may be written: what a person's own
    /// programs would execute. One that does not exist is not held; tier `full` only.
    #[serde(default)]
    pub fixed: Vec<PathBuf>,
    /// What must be there for that: without it the program is not started, since it could make what is not there. Tier `full` only.
    #[serde(default)]
    pub needed: Vec<PathBuf>,
    /// As whom it runs. `None` is the service's own user, which must not be root.
    #[serde(default)]
    pub account: Option<Account>,
    /// What the loopback relay does; tier `full` only, which has no other network.
    #[serde(default)]
    pub relay: Vec<RelayPort>,
    /// It has the network of the machine, and with it whatever listens there: on its loopback, too. No path is reached by that.
    #[serde(default)]
    pub network: bool,
    /// The whole environment. It holds the agent's token, so it is never written with the rest.
    #[serde(skip)]
    pub environment: BTreeMap<String, String>,
}

/// A port of the loopback inside that leads to a unix socket: for clients that speak TCP only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayPort {
    pub port: u16,
    /// In one of the grant's directories of sockets.
    pub socket: PathBuf,
}

/// Why a confinement cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfinement {
    #[error(transparent)]
    Path(#[from] BadPath),
    #[error("the working directory `{0}` is not among what may be read")]
    WorkingDirectory(PathBuf),
    #[error("the relay's socket `{0}` is in no directory of sockets that was granted")]
    RelaySocket(PathBuf),
    #[error("the variable `{0}` would decide what code is loaded before the tier holds")]
    LoaderVariable(String),
    #[error("the name or the value of the variable `{0}` has a byte that no variable can have")]
    Variable(String),
    #[error("an agent never runs as root: give it a user id of its own")]
    Root,
}

impl Confinement {
    /// Returns one that may reach nothing but `cwd`, which it may read.
    pub fn new(cwd: impl Into<PathBuf>) -> Self {
        let cwd = cwd.into();
        Self {
            grant: Grant { read: vec![cwd.clone()], ..Grant::default() },
            cwd,
            masked: Vec::new(),
            fixed: Vec::new(),
            needed: Vec::new(),
            account: None,
            relay: Vec::new(),
            network: false,
            environment: BTreeMap::new(),
        }
    }

    /// Looks whether it can be enforced at all; looks at no file.
    ///
    /// # Errors
    /// The first thing that cannot.
    pub fn check(&self) -> Result<(), BadConfinement> {
        self.grant.check()?;
        check_path(&self.cwd)?;
        self.masked.iter().chain(&self.fixed).chain(&self.needed).try_for_each(|path| check_path(path))?;
        if !self.grant.may_read(&self.cwd) {
            return Err(BadConfinement::WorkingDirectory(self.cwd.clone()));
        }
        for relay in &self.relay {
            check_path(&relay.socket)?;
            let granted =
                |directory: &PathBuf| relay.socket.parent().is_some_and(|parent| parent.starts_with(directory));
            if !self.grant.sockets.iter().any(granted) {
                return Err(BadConfinement::RelaySocket(relay.socket.clone()));
            }
        }
        if self.account.is_some_and(|account| account.uid == 0 || account.gid == 0) {
            return Err(BadConfinement::Root);
        }
        self.environment.iter().try_for_each(|(name, value)| check_variable(name, value))
    }

    /// Returns whom the program runs as, or why it would be root.
    pub(crate) fn runs_as(&self, service_uid: u32) -> Result<u32, BadConfinement> {
        let uid = self.account.map_or(service_uid, |account| account.uid);
        if uid == 0 { Err(BadConfinement::Root) } else { Ok(uid) }
    }

    /// Whether `path` may be changed.
    pub fn may_write(&self, path: &Path) -> bool {
        self.grant.write.iter().any(|above| path.starts_with(above))
    }
}

/// The helper itself is started with the agent's environment, outside of what holds the agent.
fn check_variable(name: &str, value: &str) -> Result<(), BadConfinement> {
    const LOADER: &[&str] = &["GLIBC_TUNABLES", "GCONV_PATH", "LOCPATH", "NLSPATH", "MALLOC_TRACE", "RES_OPTIONS"];
    if name.starts_with("LD_") || LOADER.contains(&name) {
        return Err(BadConfinement::LoaderVariable(name.to_owned()));
    }
    if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
        return Err(BadConfinement::Variable(name.to_owned()));
    }
    Ok(())
}

/// Says nothing of the environment's values.
impl fmt::Debug for Confinement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Confinement")
            .field("grant", &self.grant)
            .field("cwd", &self.cwd)
            .field("masked", &self.masked)
            .field("fixed", &self.fixed)
            .field("needed", &self.needed)
            .field("account", &self.account)
            .field("relay", &self.relay)
            .field("network", &self.network)
            .field("environment", &self.environment.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Confinement)) -> Result<(), BadConfinement> {
        let mut confinement = Confinement::new("/srv/clone");
        confinement.grant.sockets.push("/run/legion".into());
        change(&mut confinement);
        confinement.check()
    }

    #[test]
    fn what_cannot_be_enforced_is_refused() {
        assert_eq!(with(|_| ()), Ok(()));
        let root = Some(Account { uid: 0, gid: 5 });
        assert_eq!(with(|it| it.account = root), Err(BadConfinement::Root));
        assert_eq!(with(|it| it.cwd = "/srv".into()), Err(BadConfinement::WorkingDirectory("/srv".into())));
        let relay = |socket: &str| vec![RelayPort { port: 4000, socket: socket.into() }];
        assert_eq!(with(|it| it.relay = relay("/run/legion/s")), Ok(()));
        assert!(with(|it| it.relay = relay("/run/docker.sock")).is_err());
        assert!(with(|it| it.relay = relay("/run/legion")).is_err());
        for name in ["LD_PRELOAD", "LD_AUDIT", "GLIBC_TUNABLES", "A=B", ""] {
            assert!(with(|it| drop(it.environment.insert(name.into(), "x".into()))).is_err(), "{name}");
        }
        assert!(with(|it| it.masked.push("x".into())).is_err());
    }

    #[test]
    fn secrets_are_neither_written_nor_shown() {
        let mut confinement = Confinement::new("/srv/clone");
        confinement.environment.insert("TOKEN".into(), "canary-1".into());
        assert!(!serde_json::to_string(&confinement).unwrap().contains("canary-1"));
        assert!(!format!("{confinement:?}").contains("canary-1"));
    }

    #[test]
    fn a_service_that_is_root_must_name_another_user() {
        let mut confinement = Confinement::new("/srv/clone");
        assert_eq!(confinement.runs_as(0), Err(BadConfinement::Root));
        assert_eq!(confinement.runs_as(1000), Ok(1000));
        confinement.account = Some(Account { uid: 7, gid: 7 });
        assert_eq!(confinement.runs_as(0), Ok(7));
    }
}
