//! Names of tools that an agent may be given, and how a set of them narrows.

use std::collections::BTreeSet;

/// Tools that drivers know by these names. `mcp__SERVER` and `mcp__SERVER__TOOL` are known as well.
pub const KNOWN: &[&str] = &[
    "Agent",
    "AskUserQuestion",
    "Bash",
    "BashOutput",
    "Edit",
    "EnterPlanMode",
    "ExitPlanMode",
    "Glob",
    "Grep",
    "KillShell",
    "ListMcpResourcesTool",
    "LSP",
    "MultiEdit",
    "NotebookEdit",
    "NotebookRead",
    "Read",
    "ReadMcpResourceTool",
    "Skill",
    "SlashCommand",
    "Task",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskOutput",
    "TaskStop",
    "TaskUpdate",
    "TodoRead",
    "TodoWrite",
    "ToolSearch",
    "WebFetch",
    "WebSearch",
    "Write",
];

/// Longest name of a tool with its pattern, in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// The name before a pattern: `Bash` of `Bash(git *)`.
pub fn base(tool: &str) -> &str {
    tool.split_once('(').map_or(tool, |(name, _)| name)
}

/// Whether a tool is known and well formed.
pub fn is_known(tool: &str) -> bool {
    if tool.len() > NAME_BYTES_MAX || tool.chars().any(|c| c.is_control() || c == ',') {
        return false;
    }
    let name = base(tool);
    let formed = tool.len() == name.len() || (tool.ends_with(')') && tool.len() > name.len() + 2);
    let mcp = name.strip_prefix("mcp__").is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    });
    formed && (mcp || KNOWN.contains(&name))
}

/// Whether a parent's set covers one tool of a child: the same entry, the bare name, or the whole MCP server.
pub fn covers(parent: &BTreeSet<String>, tool: &str) -> bool {
    let name = base(tool);
    parent.contains(tool)
        || parent.contains(name)
        || name
            .strip_prefix("mcp__")
            .and_then(|rest| rest.split_once("__"))
            .is_some_and(|(server, _)| parent.contains(&format!("mcp__{server}")))
}
