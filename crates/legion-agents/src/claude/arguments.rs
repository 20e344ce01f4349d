//! The arguments of Claude Code.

use std::collections::BTreeSet;

use legion_model::{PermissionMode, Spec, Tier, tools};

use super::session_file::{make_startable, session_file};
use super::{instructions, mcp};
use crate::driver::{DriverError, Start, mode_word};

/// Bytes of the text about itself that an agent gets: an argument is limited to 128 KiB by the kernel.
const INTRODUCTION_BYTES_MAX: usize = 100 * 1024;
/// Tools that no agent gets: one needs somebody at a terminal, some start turns or send messages of which Legion would
/// know nothing, and some move the session to another directory, where it could not be resumed.
const NEVER: [&str; 9] = [
    "AskUserQuestion",
    "CronCreate",
    "CronDelete",
    "CronList",
    "EnterWorktree",
    "ExitWorktree",
    "ListAgents",
    "ScheduleWakeup",
    "SendMessage",
];

/// Tools that do nothing but what the program itself could do.
const HELD: [&str; 1] = ["Bash"];

/// Returns the arguments for a start: a new session, or the resumption of the one whose file is there.
pub fn arguments(start: &Start<'_>) -> Result<Vec<String>, DriverError> {
    let mut arguments = Arguments::default();
    arguments.flag("-p");
    arguments.option("--input-format", "stream-json");
    arguments.option("--output-format", "stream-json");
    arguments.flag("--verbose");
    arguments.flag("--replay-user-messages");
    // The file decides, not what is remembered: a program that was killed early has left none.
    let file = session_file(&start.login.claude_config_dir(start.home), start.spec.cwd.as_ref(), start.agent);
    let resumes = make_startable(&file).map_err(|source| DriverError::Session { source })?;
    arguments.option(if resumes { "--resume" } else { "--session-id" }, &start.agent.to_string());
    if let Some(model) = &start.spec.model {
        arguments.option("--model", model);
    }
    arguments.option("--permission-mode", mode_word(start.spec.permission_mode));
    arguments.option("--permission-prompt-tool", "stdio");
    if let Some(tools) = &start.spec.tools {
        arguments.option("--tools", &built_in(tools));
    }
    arguments.option("--allowedTools", &allowed(start.spec));
    arguments.option("--disallowedTools", &NEVER.join(","));
    arguments.option("--mcp-config", &mcp::configuration(start.access).to_string());
    arguments.flag("--strict-mcp-config");
    // No file of the directory or the person may change what an agent may do.
    arguments.option("--setting-sources", "");
    for directory in instructions::directories(start).map_err(|source| DriverError::Instructions { source })? {
        arguments.option("--add-dir", &directory.to_string_lossy());
    }
    arguments.flag("--disable-slash-commands");
    if !start.introduction.is_empty() {
        let end = start.introduction.floor_char_boundary(INTRODUCTION_BYTES_MAX);
        arguments.option("--append-system-prompt", &start.introduction[..end]);
    }
    if let Some(turns) = start.spec.limits.turns {
        arguments.option("--max-turns", &turns.to_string());
    }
    if let Some(dollars) = start.budget_dollars {
        arguments.option("--max-budget-usd", &format!("{dollars:.6}"));
    }
    Ok(arguments.0)
}

#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn flag(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    /// As one word, so that no value can be taken for a flag.
    fn option(&mut self, name: &str, value: &str) {
        self.0.push(format!("{name}={value}"));
    }
}

/// Returns the built-in tools that the model is shown.
fn built_in(tools: &BTreeSet<String>) -> String {
    let names: BTreeSet<&str> = tools
        .iter()
        .map(|tool| tools::base(tool))
        .filter(|name| !name.starts_with("mcp__") && !NEVER.contains(name))
        .collect();
    Vec::from_iter(names).join(",")
}

/// Returns what needs no permission: Legion itself, what was given with a pattern, and the shell of a program that is held: it can
/// do there what the program can.
fn allowed(spec: &Spec) -> String {
    let mut allowed = vec![format!("mcp__{}", mcp::SERVER)];
    let is_given = |name: &str| spec.tools.as_ref().is_none_or(|tools| tools.contains(name));
    if spec.tier != Tier::None && spec.permission_mode == PermissionMode::AcceptEdits {
        allowed.extend(HELD.iter().filter(|name| is_given(name)).map(|name| (*name).to_owned()));
    }
    let given = spec.tools.iter().flatten();
    allowed.extend(given.filter(|tool| tool.contains('(') || tool.starts_with("mcp__")).cloned());
    allowed.join(",")
}
