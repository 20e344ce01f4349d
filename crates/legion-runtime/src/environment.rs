//! The environment variables that Legion reads: the only place that reads any.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A variable, and what it does. `docs/cli.md` lists them.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    pub about: &'static str,
}

/// Every variable of our own.
pub const VARIABLES: &[Variable] = &[
    Variable { name: "LEGION_URL", about: "address of the service; no service is started when it is set" },
    Variable { name: "LEGION_TOKEN", about: "token that is sent to the service" },
    Variable { name: "LEGION_SESSION_ID", about: "id of the calling agent; `root` when it is not set" },
    Variable { name: "LEGION_DATA_DIR", about: "data directory; default: legion/ in the user's state directory" },
    Variable {
        name: "LEGION_CONFIG",
        about: "user's configuration file; default: legion/legion.toml in the user's configuration directory",
    },
    Variable { name: "LEGION_LOG", about: "what the service logs, in the syntax of tracing filters; default: info" },
    Variable { name: "LEGION_AUTH", about: "how Claude Code is logged in: env, setup-token or login" },
    Variable {
        name: "LEGION_TIER",
        about: "how agents are held when nothing else is said: full, landlock or none; default full",
    },
    Variable {
        name: "LEGION_GATEWAY_LISTEN",
        about: "addresses of the gateway for model calls, with commas; default: 127.0.0.1:18080 or the next free port",
    },
    Variable { name: "LEGION_CLAUDE", about: "path of the Claude Code program; default: `claude` on PATH" },
    Variable { name: "LEGION_SUSPECT_SECONDS", about: "silence after which an agent is under suspicion; default 300" },
    Variable { name: "LEGION_HUNG_SECONDS", about: "silence after which an agent is ended; default 1800" },
    Variable {
        name: "LEGION_WARM_SECONDS",
        about: "how long a conversation's process stays after its run; default 60",
    },
    Variable { name: "LEGION_APPROVAL_SECONDS", about: "how long a permission request waits; default 600" },
    Variable {
        name: "LEGION_FAILPOINTS",
        about: "for tests: NAME=N ends the service at the N-th pass of a named point",
    },
];

/// A copy of the environment, taken once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The environment of this process. Variables that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let pairs =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { variables: pairs.collect() }
    }

    /// For tests.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { variables: pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }

    /// The value, unless it is not set or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All of it.
    pub fn all(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Where Legion's state lies: LEGION_DATA_DIR, else `legion` in the user's state directory (XDG Base Directory).
    pub fn data_dir(&self) -> Option<PathBuf> {
        if let Some(dir) = self.get("LEGION_DATA_DIR") {
            return Some(PathBuf::from(dir));
        }
        let state = self.get("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || self.get("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        state.or_else(home).map(|state| state.join("legion"))
    }

    /// The user's configuration file.
    pub fn config_file(&self) -> Option<PathBuf> {
        if let Some(file) = self.get("LEGION_CONFIG") {
            return Some(PathBuf::from(file));
        }
        let config = self.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || self.get("HOME").map(|home| PathBuf::from(home).join(".config"));
        config.or_else(home).map(|config| config.join("legion/legion.toml"))
    }
}
