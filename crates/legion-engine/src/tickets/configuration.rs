//! `legion.toml` in the root of a repository: its gates, its set-up command, its protected paths.

use std::path::Path;
use std::time::Duration;

use legion_git::{Control, GitError, Oid};
use legion_model::glob::Glob;
use legion_model::tickets::GateSpec;
use toml::{Table, Value};

use super::failure::Failure;

/// Its name.
const FILE: &str = "legion.toml";
/// More is no configuration.
const FILE_BYTES_MAX: usize = 256 * 1024;
/// What a gate may take when nothing is said, in seconds.
const GATE_TIMEOUT_S: u64 = 600;
/// What the set-up command may take when nothing is said, in seconds.
const SETUP_TIMEOUT_S: u64 = 600;
/// What a gate may be given, in seconds.
const TIMEOUT_S_MAX: u64 = 24 * 3_600;
/// What the set-up command may be given, in seconds: less than any piece of work of the service.
const SETUP_TIMEOUT_S_MAX: u64 = 3_000;
const GATES_MAX: usize = 50;
const GLOBS_MAX: usize = 200;
const COMMAND_BYTES_MAX: usize = 8 * 1024;

/// What a repository says about its tickets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Configuration {
    /// By name.
    pub gates: Vec<GateSpec>,
    pub setup: Option<Setup>,
    pub protect: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setup {
    pub command: String,
    pub timeout: Duration,
}

impl Configuration {
    /// What stands in a commit. No file is no configuration.
    pub(super) async fn read(control: &Control, commit: &Oid) -> Result<Self, Failure> {
        let bytes = match control.read_file(commit, Path::new(FILE), FILE_BYTES_MAX).await {
            Ok(None) => return Ok(Self::default()),
            Ok(Some(bytes)) => bytes,
            Err(GitError::TooMuch { limit, .. }) => {
                return Err(Failure::fatal(format!("`{FILE}` at {commit} is longer than {limit} bytes")));
            }
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
        text.and_then(|text| Self::parse(&text))
            .map_err(|why| Failure::fatal(format!("`{FILE}` at {commit} cannot be used: {why}")))
    }

    /// Reads its text. What is not known is refused: a gate whose name was mistyped would judge nothing.
    fn parse(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string().trim_end().to_owned())?;
        let mut read = Self::default();
        known("", &table, &["gates", "setup", "protect"])?;
        for (name, value) in section(&table, "gates")? {
            let (command, timeout_s) = command(&format!("gates.{name}"), &value, GATE_TIMEOUT_S)?;
            read.gates.push(GateSpec { name, command, timeout_s });
        }
        if read.gates.len() > GATES_MAX {
            return Err(format!("it has more than {GATES_MAX} gates"));
        }
        let setup = section(&table, "setup")?;
        known("setup.", &setup, &["command", "timeout"])?;
        if setup.contains_key("command") {
            let (command, timeout_s) = command("setup", &Value::Table(setup), SETUP_TIMEOUT_S)?;
            if timeout_s > SETUP_TIMEOUT_S_MAX {
                return Err(format!("the `timeout` of `setup` is more than {SETUP_TIMEOUT_S_MAX} seconds"));
            }
            read.setup = Some(Setup { command, timeout: Duration::from_secs(timeout_s) });
        }
        let protect = section(&table, "protect")?;
        known("protect.", &protect, &["paths"])?;
        if let Some(paths) = protect.get("paths") {
            let list = paths.as_array().ok_or("`protect.paths` is not a list")?;
            if list.len() > GLOBS_MAX {
                return Err(format!("`protect.paths` has more than {GLOBS_MAX} globs"));
            }
            for glob in list {
                let glob = glob.as_str().ok_or("`protect.paths` has something that is not a text")?;
                Glob::parse(glob).map_err(|fault| format!("the glob `{glob}` in `protect.paths`: {fault}"))?;
                read.protect.push(glob.to_owned());
            }
        }
        Ok(read)
    }
}

fn section(table: &Table, name: &str) -> Result<Table, String> {
    match table.get(name) {
        None => Ok(Table::new()),
        Some(Value::Table(section)) => Ok(section.clone()),
        Some(_) => Err(format!("`{name}` is not a table")),
    }
}

/// Refuses every key that is not one of `names`.
fn known(prefix: &str, table: &Table, names: &[&str]) -> Result<(), String> {
    let Some(unknown) = table.keys().find(|key| !names.contains(&key.as_str())) else { return Ok(()) };
    let names = names.iter().map(|name| format!("`{prefix}{name}`")).collect::<Vec<_>>().join(", ");
    Err(format!("there is no `{prefix}{unknown}`; known are {names}"))
}

/// A command, or a table of one with its limit.
fn command(name: &str, value: &Value, timeout_s: u64) -> Result<(String, u64), String> {
    let (command, timeout_s) = match value {
        Value::String(command) => (command.clone(), timeout_s),
        Value::Table(table) => {
            known(&format!("{name}."), table, &["command", "timeout"])?;
            let command = table.get("command").and_then(Value::as_str);
            let command = command.ok_or_else(|| format!("`{name}` has no `command`"))?;
            let timeout_s = match table.get("timeout") {
                None => timeout_s,
                Some(Value::Integer(seconds)) => u64::try_from(*seconds).unwrap_or(0),
                Some(_) => return Err(format!("the `timeout` of `{name}` is not a number of seconds")),
            };
            (command.to_owned(), timeout_s)
        }
        _ => return Err(format!("`{name}` is neither a command nor a table with one")),
    };
    if command.trim().is_empty() || command.contains('\0') || command.len() > COMMAND_BYTES_MAX {
        return Err(format!(
            "the command of `{name}` is empty, has a NUL, or is longer than {COMMAND_BYTES_MAX} bytes"
        ));
    }
    if timeout_s == 0 || timeout_s > TIMEOUT_S_MAX {
        return Err(format!("the `timeout` of `{name}` is not within 1 and {TIMEOUT_S_MAX} seconds"));
    }
    Ok((command, timeout_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_commands_with_or_without_a_limit() {
        let read = Configuration::parse(
            "[gates]\ntest = \"cargo test\"\nlint = { command = \"cargo clippy\", timeout = 30 }\n\n\
             [setup]\ncommand = \"npm ci\"\n[protect]\npaths = [\"migrations/**\"]\n",
        )
        .expect("it is well formed");
        let gate = |name: &str, command: &str, timeout_s| GateSpec {
            name: name.to_owned(),
            command: command.to_owned(),
            timeout_s,
        };
        assert_eq!(read.gates, [gate("lint", "cargo clippy", 30), gate("test", "cargo test", GATE_TIMEOUT_S)]);
        let timeout = Duration::from_secs(SETUP_TIMEOUT_S);
        assert_eq!(read.setup, Some(Setup { command: "npm ci".to_owned(), timeout }));
        assert_eq!(read.protect, ["migrations/**"]);
        assert_eq!(Configuration::parse("").expect("nothing is fine"), Configuration::default());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, named) in [
            ("[gates", "TOML parse error"),
            ("gates = 1", "`gates` is not a table"),
            ("[gate]\na = \"x\"", "no `gate`; known are `gates`"),
            ("[gates]\na = { command = \"x\", timeuot = 3 }", "no `gates.a.timeuot`"),
            ("[setup]\ncomand = \"x\"", "no `setup.comand`"),
            ("[protect]\npath = [\"x\"]", "no `protect.path`"),
            ("[gates]\na = 1", "`gates.a` is neither"),
            ("[gates]\na = \" \"", "`gates.a` is empty"),
            ("[gates]\na = { timeout = 1 }", "`gates.a` has no `command`"),
            ("[gates]\na = { command = \"x\", timeout = 0 }", "`timeout` of `gates.a`"),
            ("[gates]\na = { command = \"x\", timeout = \"1m\" }", "not a number of seconds"),
            ("[setup]\ncommand = 1", "`setup` has no `command`"),
            ("[setup]\ncommand = \"x\"\ntimeout = 3001", "more than 3000 seconds"),
            ("[protect]\npaths = \"x\"", "not a list"),
            ("[protect]\npaths = [\"[\"]", "the glob `[`"),
        ] {
            let why = Configuration::parse(text).expect_err(text);
            assert!(why.contains(named), "{text}: {why}");
        }
    }
}
