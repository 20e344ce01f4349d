//! Small projects for tickets: a repository with a few files, a plan of programs, and looks at what became of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::kit::git;
use crate::support::{Legion, alive};

/// Makes a repository with one commit on `main` at `dir`.
pub fn make(dir: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, content).expect("a file");
    }
    git(dir, &["init", "--quiet", "--initial-branch", "main"]);
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--allow-empty", "--message", "It begins"]);
}

/// Writes a plan beside the project, and gives its path.
pub fn plan(legion: &Legion, text: &str) -> String {
    let file = legion.dir.path().join("plan.toml");
    std::fs::write(&file, text).expect("a file");
    file.to_str().expect("UTF-8").to_owned()
}

/// Writes a program of an agent, and gives its command line.
pub fn program(legion: &Legion, name: &str, script: &str) -> String {
    let path = legion.dir.file(format!("scripts/{name}.sh"), script);
    format!("sh {}", path.display())
}

/// Each ticket as `legion check --json` tells, by its name in the plan or by its number.
pub fn tickets(checked: &Value) -> BTreeMap<String, Value> {
    let list = checked["tickets"].as_array().unwrap_or_else(|| panic!("no tickets: {checked}"));
    let name = |ticket: &Value| {
        let local = ticket["local"].as_str().or(ticket["local_id"].as_str()).map(str::to_owned);
        local.unwrap_or_else(|| ticket["id"].to_string())
    };
    list.iter().map(|ticket| (name(ticket), ticket.clone())).collect()
}

/// Whether nothing more becomes of a ticket.
pub fn is_closed(ticket: &Value) -> bool {
    matches!(ticket["status"].as_str(), Some("done" | "error" | "stopped" | "skipped"))
}

/// The one control repository of the service.
pub fn control(legion: &Legion) -> PathBuf {
    let projects = legion.data().join("projects");
    let mut found =
        std::fs::read_dir(&projects).expect("projects").flatten().map(|entry| entry.path().join("control.git"));
    found.find(|path| path.is_dir()).unwrap_or_else(|| panic!("no control repository below `{}`", projects.display()))
}

/// The clones that are there, as `SESSION/t1/a1`.
pub fn clones(legion: &Legion) -> Vec<PathBuf> {
    let work = legion.data().join("work");
    let below = |dirs: Vec<PathBuf>| -> Vec<PathBuf> {
        let entries = dirs.iter().filter_map(|dir| std::fs::read_dir(dir).ok()).flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    };
    below(below(below(below(vec![work]))))
}

/// Every file below a directory whose name ends so.
pub fn files_ending(root: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(_) if entry.file_name().to_string_lossy().ends_with(ending) => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

/// Live processes that work below a directory, with their command lines.
pub fn processes_below(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let there = pids.filter(|pid| {
        alive(*pid) && std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
    });
    let line = |pid| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " ");
    there.map(|pid| format!("{pid}: {}", line(pid))).collect()
}
