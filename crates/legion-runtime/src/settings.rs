//! Settings: default → the user's file → environment. Flags are laid over by the command line.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use legion_model::Tier;
use serde::Deserialize;

use crate::environment::Environment;

/// How an agent program is logged in with its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// Keys and base URLs in the service's environment (`ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`, …).
    Env,
    /// `CLAUDE_CODE_OAUTH_TOKEN`, made once by `claude setup-token`.
    SetupToken,
    /// The person's own configuration directory.
    Login,
}

impl Auth {
    /// Keys that `env` hands to agents.
    pub const KEYS: [&str; 2] = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"];
    /// The token that `setup-token` hands to agents.
    pub const SETUP_TOKEN: &str = "CLAUDE_CODE_OAUTH_TOKEN";
    /// Where the person's configuration lies, when not in `.claude` of the home. Only for `login`.
    const CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";

    /// The variables that are this login and no other: Claude Code takes a key for itself when there is one, whatever else there is.
    fn own(self) -> &'static [&'static str] {
        match self {
            Self::Env => &Self::KEYS,
            Self::SetupToken => &[Self::SETUP_TOKEN],
            Self::Login => &[Self::CONFIG_DIR],
        }
    }
}

/// Limits of the service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Agents in one project.
    pub headcount: Option<u32>,
    /// Levels below the person.
    pub depth: Option<u32>,
    /// Processes of agents of one project at the same time.
    pub processes: Option<usize>,
    /// Bytes that one process may write.
    pub output_bytes: Option<u64>,
    /// Requests of one agent in each second, in the long run: to the service, and model calls, each counted for itself.
    pub requests_per_second: Option<NonZeroU32>,
    /// Such requests after a pause.
    pub requests_burst: Option<NonZeroU32>,
    /// Such requests that are answered at the same time.
    pub requests_at_once: Option<NonZeroU32>,
}

/// When silence counts, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LivenessSettings {
    pub suspect_seconds: Option<u64>,
    pub hung_seconds: Option<u64>,
    pub warm_seconds: Option<u64>,
    pub approval_seconds: Option<u64>,
}

/// How agents are held, and how much of the machine each of them may take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContainmentSettings {
    /// For agents of which nothing else is said.
    pub tier: Option<Tier>,
    /// First and last of the user ids that agents of a root service get.
    pub user_ids: Option<(u32, u32)>,
    /// Memory of one agent's tree.
    pub memory_bytes: Option<u64>,
    /// Processes and threads of one agent's tree.
    pub processes: Option<u64>,
    /// CPU time per time, in hundredths of a core.
    pub cpu_percent: Option<u32>,
    /// Bytes that one process of an agent may write to disks.
    pub disk_bytes: Option<u64>,
    /// Set-up commands of repositories have the machine's network.
    pub setup_network: bool,
    /// Memory of the machine that no agent starts into.
    pub memory_reserve_bytes: Option<u64>,
    /// Directories that every agent may read and execute in, besides the system, toolchains and caches of packages.
    pub shared: Vec<PathBuf>,
}

/// The user's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Vec<String>,
    gateway_listen: Vec<String>,
    auth: Option<Auth>,
    claude: Option<PathBuf>,
    limits: LimitSettings,
    liveness: LivenessSettings,
    containment: ContainmentSettings,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub data_dir: PathBuf,
    /// Addresses to listen on; empty is 127.0.0.1:6666 or the next free port.
    pub listen: Vec<String>,
    /// Addresses of the gateway for model calls; empty is 127.0.0.1:18080 or the next free port.
    pub gateway_listen: Vec<String>,
    pub auth: Auth,
    pub claude: Option<PathBuf>,
    pub limits: LimitSettings,
    pub liveness: LivenessSettings,
    pub containment: ContainmentSettings,
    /// What is handed to agent programs for their login: the variables of `auth`, and those that say where the provider is.
    pub login: BTreeMap<String, String>,
    /// Named points at which tests end the service.
    pub failpoints: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("no data directory: neither LEGION_DATA_DIR nor XDG_STATE_HOME nor HOME is set")]
    NoDataDir,
    #[error("failed to read the configuration file `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the configuration file `{}` is not valid: {message}", path.display())]
    Parse { path: PathBuf, message: String },
    #[error("`{}` in `shared` of [containment] {reason}; name a directory by its whole path", path.display())]
    Shared { path: PathBuf, reason: &'static str },
    #[error("the environment variable {name} has the value `{value}`; {wanted} is wanted")]
    Variable { name: &'static str, value: String, wanted: &'static str },
}

/// Variables with which agent programs find their provider, whoever is logged in.
const PROVIDER: &[&str] = &[
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_UNIX_SOCKET",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
];

impl Settings {
    /// Reads them. `data_dir` is what a flag says.
    pub fn load(environment: &Environment, data_dir: Option<&Path>) -> Result<Self, SettingsError> {
        let data_dir =
            data_dir.map(Path::to_owned).or_else(|| environment.data_dir()).ok_or(SettingsError::NoDataDir)?;
        let file = match environment.config_file() {
            Some(path) => read(&path)?,
            None => File::default(),
        };
        let number = |name: &'static str, from_file: Option<u64>| match environment.get(name) {
            None => Ok(from_file),
            Some(value) => value.parse().map(Some).map_err(|_| SettingsError::Variable {
                name,
                value: value.to_owned(),
                wanted: "a whole number of seconds",
            }),
        };
        let auth = match environment.get("LEGION_AUTH") {
            None => file.auth,
            Some("env") => Some(Auth::Env),
            Some("setup-token") => Some(Auth::SetupToken),
            Some("login") => Some(Auth::Login),
            Some(value) => {
                return Err(SettingsError::Variable {
                    name: "LEGION_AUTH",
                    value: value.to_owned(),
                    wanted: "env, setup-token or login",
                });
            }
        };
        let mut containment = file.containment;
        for path in &containment.shared {
            let refuse = |reason| SettingsError::Shared { path: path.clone(), reason };
            if !path.is_absolute() {
                return Err(refuse("is not absolute"));
            }
            if data_dir.starts_with(path) {
                return Err(refuse("is above Legion's data directory, which no agent may read"));
            }
        }
        if let Some(word) = environment.get("LEGION_TIER") {
            let wanted = || SettingsError::Variable {
                name: "LEGION_TIER",
                value: word.to_owned(),
                wanted: "full, landlock or none",
            };
            containment.tier = Some(Tier::parse(word).ok_or_else(wanted)?);
        }
        let is_set = |name: &&str| environment.get(name).is_some();
        let found = if Auth::KEYS.iter().any(is_set) {
            Auth::Env
        } else if is_set(&Auth::SETUP_TOKEN) {
            Auth::SetupToken
        } else {
            Auth::Login
        };
        let auth = auth.unwrap_or(found);
        let handed = PROVIDER.iter().chain(auth.own());
        let login = handed.filter_map(|name| Some(((*name).to_owned(), environment.get(name)?.to_owned()))).collect();
        Ok(Self {
            data_dir,
            listen: file.listen,
            gateway_listen: match environment.get("LEGION_GATEWAY_LISTEN") {
                Some(addresses) => addresses.split(',').map(|address| address.trim().to_owned()).collect(),
                None => file.gateway_listen,
            },
            auth,
            claude: environment.get("LEGION_CLAUDE").map(PathBuf::from).or(file.claude),
            limits: file.limits,
            liveness: LivenessSettings {
                suspect_seconds: number("LEGION_SUSPECT_SECONDS", file.liveness.suspect_seconds)?,
                hung_seconds: number("LEGION_HUNG_SECONDS", file.liveness.hung_seconds)?,
                warm_seconds: number("LEGION_WARM_SECONDS", file.liveness.warm_seconds)?,
                approval_seconds: number("LEGION_APPROVAL_SECONDS", file.liveness.approval_seconds)?,
            },
            containment,
            login,
            failpoints: environment.get("LEGION_FAILPOINTS").map(str::to_owned),
        })
    }
}

impl Settings {
    /// The configuration directory that Claude Code uses when it is run by the person.
    pub fn claude_config_dir(&self, environment: &Environment) -> PathBuf {
        let home = || PathBuf::from(environment.get("HOME").unwrap_or("/")).join(".claude");
        self.login.get(Auth::CONFIG_DIR).map_or_else(home, PathBuf::from)
    }
}

fn read(path: &Path) -> Result<File, SettingsError> {
    match fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| SettingsError::Parse {
            path: path.to_owned(),
            message: error.to_string().trim().to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(File::default()),
        Err(source) => Err(SettingsError::Read { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_lies_over_the_file_and_a_wrong_key_is_named() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("legion.toml");
        fs::write(&file, "listen = [\"127.0.0.1:7000\"]\n[liveness]\nwarm_seconds = 5\n").expect("written");
        let file_name = file.to_str().expect("UTF-8");
        let environment =
            Environment::from_pairs([("LEGION_CONFIG", file_name), ("HOME", "/h"), ("LEGION_HUNG_SECONDS", "9")]);
        let settings = Settings::load(&environment, None).expect("valid");
        assert_eq!(settings.data_dir, Path::new("/h/.local/state/legion"));
        assert_eq!((settings.liveness.warm_seconds, settings.liveness.hung_seconds), (Some(5), Some(9)));
        assert_eq!(settings.auth, Auth::Login);

        fs::write(&file, "lisen = []\n").expect("written");
        let error = Settings::load(&environment, None).expect_err("a wrong key").to_string();
        assert!(error.contains("lisen") && error.contains("listen"), "{error}");
    }

    #[test]
    fn no_agent_can_be_limited_to_nothing() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("legion.toml");
        let environment = Environment::from_pairs([("LEGION_CONFIG", file.to_str().expect("UTF-8")), ("HOME", "/h")]);
        let load = |number: i64| {
            fs::write(&file, format!("[limits]\nrequests_per_second = {number}\nrequests_burst = 9\n"))
                .expect("written");
            Settings::load(&environment, None).map(|settings| settings.limits)
        };
        let limits = load(7).expect("valid");
        assert_eq!((limits.requests_per_second, limits.requests_burst), (NonZeroU32::new(7), NonZeroU32::new(9)));
        for wrong in [0, -1, i64::from(u32::MAX) + 1] {
            let error = load(wrong).expect_err("out of range").to_string();
            assert!(error.contains("requests_per_second"), "{error}");
        }
    }

    #[test]
    fn what_is_shared_with_agents_is_named_whole_and_never_above_our_own_files() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("legion.toml");
        let environment = Environment::from_pairs([("LEGION_CONFIG", file.to_str().expect("UTF-8")), ("HOME", "/h")]);
        let load = |path: &str| {
            fs::write(&file, format!("[containment]\nshared = [{path:?}]\n")).expect("written");
            Settings::load(&environment, None).map(|settings| settings.containment.shared)
        };
        assert_eq!(load("/data/sets").expect("valid"), [Path::new("/data/sets")]);
        for (path, reason) in [("sets", "is not absolute"), ("/h", "is above"), ("/", "is above")] {
            let error = load(path).expect_err(path).to_string();
            assert!(error.contains(reason) && error.contains(&format!("`{path}`")), "{error}");
        }
    }

    #[test]
    fn a_login_is_the_one_that_was_chosen_and_no_other() {
        let all = [
            ("HOME", "/h"),
            ("LEGION_CONFIG", "/dev/null"),
            ("ANTHROPIC_API_KEY", "key"),
            ("CLAUDE_CODE_OAUTH_TOKEN", "token"),
            ("CLAUDE_CONFIG_DIR", "/h/claude"),
            ("ANTHROPIC_BASE_URL", "http://127.0.0.1:1"),
        ];
        let names = |auth: Option<&str>, without: &[&str]| {
            let given = all.into_iter().filter(|(name, _)| !without.contains(name));
            let environment = Environment::from_pairs(given.chain(auth.map(|auth| ("LEGION_AUTH", auth))));
            let settings = Settings::load(&environment, None).expect("valid");
            Vec::from_iter(settings.login.into_keys()).join(" ")
        };
        assert_eq!(names(None, &[]), "ANTHROPIC_API_KEY ANTHROPIC_BASE_URL");
        assert_eq!(names(Some("env"), &[]), "ANTHROPIC_API_KEY ANTHROPIC_BASE_URL");
        assert_eq!(names(Some("setup-token"), &[]), "ANTHROPIC_BASE_URL CLAUDE_CODE_OAUTH_TOKEN");
        assert_eq!(names(None, &["ANTHROPIC_API_KEY"]), "ANTHROPIC_BASE_URL CLAUDE_CODE_OAUTH_TOKEN");
        assert_eq!(names(Some("login"), &[]), "ANTHROPIC_BASE_URL CLAUDE_CONFIG_DIR");
        assert_eq!(
            names(None, &["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"]),
            "ANTHROPIC_BASE_URL CLAUDE_CONFIG_DIR"
        );
    }
}
