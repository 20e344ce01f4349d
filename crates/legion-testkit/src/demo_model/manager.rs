//! A manager: hires a worker for each module, tests what it brings, and sends back what does not pass.

use serde_json::{Value, json};

use super::step::{calls, legion, read, says, shell};
use super::turn::{Turn, quoted};
use crate::model_server::Step;

pub(super) fn answer(turn: &Turn<'_>) -> Step {
    let modules = modules(turn.task());
    if turn.told.len() == 1 {
        return begin(turn, &modules);
    }
    let reported: Vec<&str> =
        modules.iter().copied().filter(|module| turn.prompt().contains(&format!("report from {module}]"))).collect();
    if turn.step == 0 {
        let tests = reported.iter().map(|module| shell(&format!("sh tests/{module}.sh"), "Test what was brought"));
        return calls("I test it myself.", tests.collect());
    }
    if turn.step == 1 {
        let failed: Vec<_> = reported
            .iter()
            .zip(&turn.results)
            .filter(|(_, result)| !result.contains("checks passed"))
            .filter_map(|(module, result)| {
                let lines: Vec<&str> = result.lines().filter(|line| line.starts_with("not ok")).collect();
                let text = format!(
                    "Your lib/{module}.sh does not pass `sh tests/{module}.sh`. Mend it.\n{}",
                    lines.join("\n")
                );
                Some(legion("legion-tell", json!({"agent": worker(turn, module)?, "text": text})))
            })
            .collect();
        if !failed.is_empty() {
            return calls("That does not pass: back it goes.", failed);
        }
    }
    let open: Vec<&str> = modules
        .iter()
        .copied()
        .filter(|module| {
            let of_it = |result: &&String| result.contains(&format!("{module}: "));
            !turn.all_results.iter().rev().find(of_it).is_some_and(|result| result.contains("checks passed"))
        })
        .collect();
    if open.is_empty() {
        says(format!("{} pass.", modules.join(" and ")))
    } else {
        says(format!("I wait for {}.", open.join(" and ")))
    }
}

fn begin(turn: &Turn<'_>, modules: &[&str]) -> Step {
    match turn.step {
        0 => calls("I read what they shall do.", vec![read(turn, "README.md")]),
        1 => {
            let hires = modules.iter().map(|module| {
                let hint = match *module {
                    "slugify" => slugify_hint(turn.task()),
                    _ => String::new(),
                };
                let task = format!("{}{hint}", task_of_worker(turn.task()).replace("MODULE", module));
                legion("legion-hire", json!({"name": module, "role": "worker", "task": task}))
            });
            calls("A worker for each module.", hires.collect())
        }
        _ => says(format!("{} are being written.", modules.join(" and "))),
    }
}

/// The modules that the task names in its second sentence.
fn modules(task: &str) -> Vec<&str> {
    let named = task.split_once("Your modules are ").map_or("", |(_, rest)| rest);
    quoted(named.split('.').next().unwrap_or_default())
}

/// The worker's task, which stands in quotation marks.
fn task_of_worker(task: &str) -> String {
    task.split('"').nth(1).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What else the worker on `slugify` is to be told.
fn slugify_hint(task: &str) -> String {
    if !task.contains("simplest") {
        return String::new();
    }
    " The first version shall be the simplest one: a one-line `tr` or `sed` that replaces every character that is no letter or digit by a \
     dash. Do not improve it before you are told what the test printed."
        .to_owned()
}

/// The id of the worker on a module, as its hire returned it.
fn worker(turn: &Turn<'_>, module: &str) -> Option<String> {
    let hired = turn.all_results.iter().filter_map(|result| serde_json::from_str::<Value>(result.trim()).ok());
    hired.filter(|hired| hired["name"] == module).find_map(|hired| hired["id"].as_str().map(str::to_owned))
}
