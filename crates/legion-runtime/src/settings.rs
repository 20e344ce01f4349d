//! Settings: default → the user's file → environment. Flags are laid over by the command line.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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

/// The user's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Vec<String>,
    auth: Option<Auth>,
    claude: Option<PathBuf>,
    limits: LimitSettings,
    liveness: LivenessSettings,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub data_dir: PathBuf,
    /// Addresses to listen on; empty is 127.0.0.1:6666 or the next free port.
    pub listen: Vec<String>,
    pub auth: Auth,
    pub claude: Option<PathBuf>,
    pub limits: LimitSettings,
    pub liveness: LivenessSettings,
    /// What is handed to agent programs for their login.
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
    #[error("the environment variable {name} has the value `{value}`; {wanted} is wanted")]
    Variable { name: &'static str, value: String, wanted: &'static str },
}

/// Variables with which agent programs find their provider.
const LOGIN: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_OAUTH_TOKEN",
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
        let login: BTreeMap<String, String> =
            LOGIN.iter().filter_map(|name| Some(((*name).to_owned(), environment.get(name)?.to_owned()))).collect();
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
        let found = if login.contains_key("ANTHROPIC_API_KEY") || login.contains_key("ANTHROPIC_AUTH_TOKEN") {
            Auth::Env
        } else if login.contains_key("CLAUDE_CODE_OAUTH_TOKEN") {
            Auth::SetupToken
        } else {
            Auth::Login
        };
        Ok(Self {
            data_dir,
            listen: file.listen,
            auth: auth.unwrap_or(found),
            claude: environment.get("LEGION_CLAUDE").map(PathBuf::from).or(file.claude),
            limits: file.limits,
            liveness: LivenessSettings {
                suspect_seconds: number("LEGION_SUSPECT_SECONDS", file.liveness.suspect_seconds)?,
                hung_seconds: number("LEGION_HUNG_SECONDS", file.liveness.hung_seconds)?,
                warm_seconds: number("LEGION_WARM_SECONDS", file.liveness.warm_seconds)?,
                approval_seconds: number("LEGION_APPROVAL_SECONDS", file.liveness.approval_seconds)?,
            },
            login,
            failpoints: environment.get("LEGION_FAILPOINTS").map(str::to_owned),
        })
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
}
