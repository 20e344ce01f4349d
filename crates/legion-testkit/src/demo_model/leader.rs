//! The leader: hires managers, looks at the whole in the end, and cuts the rest into tickets.

use serde_json::json;

use super::plan;
use super::step::{call, calls, legion, read, says, shell, write};
use super::turn::{Turn, quoted};
use crate::model_server::Step;

/// How the prompt of the second act begins what is to be done.
const REST: &str = "have the rest of README.md done";

pub(super) fn answer(turn: &Turn<'_>) -> Step {
    if turn.prompt().contains(REST) {
        return match turn.step {
            0 => calls("I look at what comes next.", vec![read(turn, "README.md")]),
            1 => match plan::of(turn.prompt()) {
                Ok(plan) => calls("Seven tickets, as one plan.", vec![legion("legion-plan", json!({"plan": plan}))]),
                Err(why) => says(why),
            },
            _ if turn.last_result().contains("\"tickets\"") => says("The plan is dispatched: seven tickets."),
            _ => says(format!("The plan was refused: {}", turn.last_result())),
        };
    }
    if turn.told.len() == 1 {
        return begin(turn);
    }
    if turn.told.iter().any(|text| text.contains(REST)) {
        let prompt = turn.prompt();
        if let Some(failed) = prompt.lines().find(|line| line.starts_with("ticket #") && line.contains(" failed ")) {
            return says(format!("It is not done: {failed}"));
        }
        let newest = prompt.lines().rfind(|line| line.starts_with("ticket #")).unwrap_or_default();
        let is_open = newest.contains("still open");
        return says(if is_open { "I wait for the rest." } else { "All seven tickets are merged: README.md is done." });
    }
    let managers = managers(turn.task());
    let passed = |manager: &str| {
        let report = format!("report from {manager}]");
        turn.told.iter().any(|text| parts(text).any(|part| part.starts_with(&report) && part.contains("pass")))
    };
    if let Some((manager, _)) = managers.iter().find(|(manager, _)| !passed(manager)) {
        return says(format!("I wait for {manager}."));
    }
    match turn.step {
        0 => calls("Both are done: I run the whole suite.", vec![shell("sh tests/all.sh", "Run the suite")]),
        1 if turn.last_result().contains("all tests pass") => {
            let mut summary = "# Summary\n\n".to_owned();
            for (manager, modules) in &managers {
                summary.push_str(&format!("- {modules}: written below `{manager}`\n"));
            }
            summary.push_str(&format!("\n```\n{}\n```\n", turn.last_result().trim_end()));
            calls("All pass: I sum up.", vec![write(turn, "SUMMARY.md", &summary)])
        }
        1 => says(format!("The suite fails: {}", turn.last_result())),
        _ => says("All four modules are written, and `sh tests/all.sh` passes."),
    }
}

fn begin(turn: &Turn<'_>) -> Step {
    let task = turn.task();
    match turn.step {
        0 => calls("I read what is wanted.", vec![read(turn, "README.md")]),
        1 => {
            let text = task.split_once("\nMANAGER:\n").map_or("", |(_, text)| text);
            let hires = managers(task).into_iter().map(|(name, modules)| {
                let task = text.replace("MODULES", &modules);
                call("mcp__legion__legion-hire", json!({"name": name, "role": "manager", "task": task}))
            });
            calls("Two managers, with two modules each.", hires.collect())
        }
        _ if turn.results.iter().filter(|result| result.contains("\"id\"")).count() == 2 => {
            says("Both managers are hired; I wait for their reports.")
        }
        _ => says(format!("A manager could not be hired: {}", turn.results.join("; "))),
    }
}

/// The managers that the task names, with their modules: "- name `counting`, role `manager`: has the modules `a` and `b` written".
fn managers(task: &str) -> Vec<(String, String)> {
    let lines = task.lines().filter(|line| line.trim_start().starts_with("- name `"));
    lines
        .filter_map(|line| match quoted(line)[..] {
            [name, _, first, second] => Some((name.to_owned(), format!("`{first}` and `{second}`"))),
            _ => None,
        })
        .collect()
}

/// The messages that came in one.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split("[legion: ").skip(1)
}
