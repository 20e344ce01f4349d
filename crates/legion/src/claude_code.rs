//! Whether Claude Code can run here: the program, its version, and its login.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use legion_cli::Probe;
use legion_process::{Program, ProgramError};
use legion_runtime::{Auth, Environment, Settings};
use serde_json::Value;

use crate::error_chain::chain;
use crate::probe::{ANSWER_BYTES_MAX, good, note, warning};

/// The oldest version that the driver is tested with.
const OLDEST: (u32, u32, u32) = (2, 1, 197);
const INSTALL: &str = "npm install -g @anthropic-ai/claude-code, or hire with --driver command";

/// The program and its version, and how agents are logged in with it. Each answer may take so long.
pub(crate) async fn probes(environment: &Environment, settings: &Settings, patience: Duration) -> Vec<Probe> {
    let program = settings.claude.clone().unwrap_or_else(|| PathBuf::from("claude"));
    let version = version(environment, settings, &program, patience);
    let (version, login) = tokio::join!(version, login(environment, settings, &program, patience));
    vec![version, login]
}

async fn version(environment: &Environment, settings: &Settings, program: &Path, patience: Duration) -> Probe {
    let fault = |what: String, fix: &str| note("claude code", what, fix);
    let run = Program::new(program).arg("--version").envs(environment.all());
    let output = match run.run_to_end(patience, ANSWER_BYTES_MAX).await {
        Ok(output) => output,
        Err(ProgramError::TimedOut { .. }) => {
            let what = format!("`{} --version` did not answer within {patience:?}", program.display());
            return fault(what, "run it by hand to see what it waits for; a busy machine is asked again later");
        }
        Err(ProgramError::Start { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return match &settings.claude {
                Some(named) => fault(
                    format!("there is no program `{}`", named.display()),
                    &format!("correct LEGION_CLAUDE, or `claude` in legion.toml; to install it: {INSTALL}"),
                ),
                None => fault("there is no program `claude` on PATH".to_owned(), INSTALL),
            };
        }
        Err(error) => return fault(chain(&error), INSTALL),
    };
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let Some(found) = numbers(&said).filter(|_| output.status.success()) else {
        let first: String = said.lines().next().unwrap_or_default().chars().take(80).collect();
        let what = format!("`{} --version` says `{first}`: that is no version of Claude Code", program.display());
        return fault(what, INSTALL);
    };
    if found < OLDEST {
        let (major, minor, patch) = OLDEST;
        let what = format!("{said} is too old: {major}.{minor}.{patch} or newer is needed");
        return warning("claude code", what, "claude update, or npm install -g @anthropic-ai/claude-code");
    }
    good("claude code", said)
}

/// The three numbers at the beginning of `2.1.197 (Claude Code)`.
fn numbers(text: &str) -> Option<(u32, u32, u32)> {
    let version = text.split_whitespace().next()?.split('-').next()?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

async fn login(environment: &Environment, settings: &Settings, program: &Path, patience: Duration) -> Probe {
    let name = "login of agents";
    match settings.auth {
        Auth::Env if settings.login.keys().any(|key| Auth::KEYS.contains(&key.as_str())) => {
            let how = "env: the key in the service's environment is handed to agents while no provider is set up (`legion provider add`)";
            good(name, how.to_owned())
        }
        Auth::Env => warning(
            name,
            format!("env: neither {} is set", Auth::KEYS.join(" nor ")),
            "set one of them where the service is started, or choose another `auth` in legion.toml",
        ),
        Auth::SetupToken if settings.login.contains_key(Auth::SETUP_TOKEN) => {
            good(name, format!("setup-token: {} is handed to agents", Auth::SETUP_TOKEN))
        }
        Auth::SetupToken => warning(
            name,
            format!("setup-token: {} is not set", Auth::SETUP_TOKEN),
            "make a token with `claude setup-token`, and set it where the service is started",
        ),
        Auth::Login => {
            let directory = settings.claude_config_dir(environment);
            let how =
                format!("login: agents use your own configuration directory `{}`, uncontained", directory.display());
            // Asked only where it was used before: the program makes its files when it is asked anything.
            let said =
                if directory.is_dir() { status(environment, settings, program, patience).await } else { Some(false) };
            match said {
                Some(false) => warning(
                    name,
                    format!("{how}; nobody is logged in there"),
                    "log in with `claude` and `/login`, or set ANTHROPIC_API_KEY",
                ),
                Some(true) => good(name, how),
                None => good(name, format!("{how}; whether somebody is logged in there is not known")),
            }
        }
    }
}

/// Whether the program says that somebody is logged in. None when it does not say.
async fn status(environment: &Environment, settings: &Settings, program: &Path, patience: Duration) -> Option<bool> {
    // As for an agent: no key of this environment may be taken for a login.
    let passed_on =
        ["PATH", "HOME"].iter().filter_map(|name| Some(((*name).to_owned(), environment.get(name)?.to_owned())));
    let variables: BTreeMap<String, String> = passed_on.chain(settings.login.clone()).collect();
    let run = Program::new(program).args(["auth", "status"]).envs(&variables);
    let output = run.run_to_end(patience, ANSWER_BYTES_MAX).await.ok()?;
    let said: Value = serde_json::from_slice(&output.stdout).ok()?;
    said["loggedIn"].as_bool()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_the_program_says() {
        assert_eq!(numbers("2.1.197 (Claude Code)"), Some((2, 1, 197)));
        assert_eq!(numbers("2.1.329-beta.1 (Claude Code)"), Some((2, 1, 329)));
        assert!(numbers("2.1.30").is_some_and(|version| version < OLDEST));
        for other in ["", "claude", "2.1", "claude version 2.1.197", "2.x.1"] {
            assert_eq!(numbers(other), None, "{other}");
        }
    }
}
