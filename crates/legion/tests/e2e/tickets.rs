//! The main job: a plan goes in, workers run in parallel, and what comes out is one branch that is never red.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use legion_testkit::{ModelServer, npm};
use serde_json::{Value, json};

use crate::kit;
use crate::support::{Legion, text};

/// Mode, time of change, length and a hash of the content.
type Picture = (u32, i64, u64, u64);

/// Every file of a person's checkout; of `.git` those files that are the checkout's, `index` and `HEAD` among them.
pub fn photograph(root: &Path) -> BTreeMap<PathBuf, Picture> {
    let elsewhere = ["target", ".git/objects", ".git/refs", ".git/logs/refs"];
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let inside = path.strip_prefix(root).expect("inside").to_owned();
            if elsewhere.iter().any(|other| inside == Path::new(other)) {
                continue;
            }
            let meta = path.symlink_metadata().expect("metadata");
            if meta.is_dir() {
                open.push(path);
            } else {
                let mut hash = DefaultHasher::new();
                std::fs::read(&path).expect("a file").hash(&mut hash);
                found.insert(inside, (meta.permissions().mode(), meta.mtime_nsec(), meta.len(), hash.finish()));
            }
        }
    }
    found
}

/// The project, with a checkout in the middle of somebody's work: staged, changed and untracked files.
pub fn dirty_project(legion: &Legion) -> PathBuf {
    let work = legion.work();
    kit::make(&work);
    std::fs::write(work.join("staged.txt"), "staged").expect("a file");
    kit::git(&work, &["add", "staged.txt"]);
    let manifest = std::fs::read_to_string(work.join("Cargo.toml")).expect("a file");
    std::fs::write(work.join("Cargo.toml"), format!("{manifest}\n# not committed\n")).expect("a file");
    std::fs::write(work.join("untracked.txt"), "untracked").expect("a file");
    work
}

pub fn statuses(legion: &Legion) -> BTreeMap<String, String> {
    let checked = legion.json(&["check"]);
    let tickets = checked["tickets"].as_array().unwrap_or_else(|| panic!("no tickets: {checked}"));
    let word = |ticket: &Value| {
        (
            ticket["local"].as_str().or(ticket["local_id"].as_str()).unwrap_or_default().to_owned(),
            ticket["status"].as_str().expect("a status").to_owned(),
        )
    };
    tickets.iter().map(word).collect()
}

pub fn all_merged(legion: &Legion) {
    let statuses = statuses(legion);
    assert_eq!(statuses.len(), 12, "{statuses:?}");
    assert!(statuses.values().all(|status| status == "done"), "{statuses:?}");
}

/// Lands the session beside everything else, and tests each of its commits from scratch.
pub fn landed_and_green(legion: &Legion, base: &str) {
    let work = legion.work();
    legion.ok(&["land", "--into", "result"]);
    let tip = kit::git(&work, &["rev-parse", "result"]);
    let tested = kit::retest_history(&work, &tip, base, legion.dir.path());
    // Ten tickets with work; the checkpoints move nothing.
    assert_eq!(tested, 10);
    let merged = kit::git(&work, &["log", "--format=%B", &format!("{base}..{tip}")]);
    for number in 1..=12u32 {
        let trailers = merged.lines().filter(|line| *line == format!("Legion-Ticket: {number}")).count();
        assert!(trailers <= 1, "ticket {number} was merged {trailers} times");
    }
}

#[test]
fn a_plan_of_twelve_by_programs() {
    let [cargo, rustup] = kit::toolchain();
    let legion = Legion::with(&[(cargo.0, &cargo.1), (rustup.0, &rustup.1)]);
    let work = dirty_project(&legion);
    let worker = kit::worker(&legion.dir.path().join("scripts"));
    let plan = kit::plan(
        &format!("driver = \"command\"\ncommand = [\"sh\", {:?}]\n", worker.display().to_string()),
        |change| format!("Do it: {}.", change.title),
    );
    let file = legion.dir.path().join("plan.toml");
    std::fs::write(&file, plan).expect("a file");
    let base = kit::git(&work, &["rev-parse", "HEAD"]);
    let before = photograph(&work);
    legion.start();
    let out = legion.ok(&["run", file.to_str().expect("UTF-8")]);
    all_merged(&legion);
    assert_eq!(photograph(&work), before, "the person's checkout was touched");
    // Two tickets edited the same line: one of them had to come back.
    assert!(out.contains("conflict"), "{out}");
    landed_and_green(&legion, &base);
    assert_eq!(photograph(&work), before, "landing beside touched the checkout");
}

async fn by_claude(version: &str) {
    let Ok(program) = npm::claude(version) else { return };
    let model = ModelServer::start().await;
    let [cargo, rustup] = kit::toolchain();
    let legion = Legion::with(&[
        (cargo.0, &cargo.1),
        (rustup.0, &rustup.1),
        ("ANTHROPIC_BASE_URL", &model.url()),
        ("ANTHROPIC_API_KEY", "dummy-key"),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ]);
    let work = dirty_project(&legion);
    let worker = kit::worker(&legion.dir.path().join("scripts"));
    let plan = kit::plan("driver = \"claude\"\nmodel = \"claude-sonnet-4-5\"\n", |change| prompt(change, &worker));
    let file = legion.dir.path().join("plan.toml");
    std::fs::write(&file, plan).expect("a file");
    let base = kit::git(&work, &["rev-parse", "HEAD"]);
    let before = photograph(&work);
    legion.start();
    legion.ok(&["run", file.to_str().expect("UTF-8"), "--detach"]);
    // The person is there: what an agent asks for is let through.
    legion.until_long("all tickets are closed", || {
        for message in legion.inbox() {
            if let Some(approval) = message["approval"]["id"].as_str().or(message["approval"].as_str()) {
                let _ = legion.run(&["approve", approval]);
            }
        }
        let statuses = statuses(&legion);
        let closed = |status: &String| ["done", "error", "stopped", "skipped"].contains(&status.as_str());
        (statuses.len() == 12 && statuses.values().all(closed)).then_some(())
    });
    all_merged(&legion);
    assert_eq!(photograph(&work), before, "the person's checkout was touched");
    landed_and_green(&legion, &base);
}

/// What the model is to do for a change: real edits with the agent's own tools; its shell only for the conflict.
pub fn prompt(change: &kit::Change, worker: &Path) -> String {
    let mut steps = Vec::new();
    for (path, content) in change.files {
        steps.push(json!({"tool": "Write", "input": {"file_path": path, "content": content}}));
    }
    let edit = |old: String, new: String| json!({"tool": "Edit", "input": {"file_path": "src/lib.rs", "old_string": old, "new_string": new}});
    if change.module.is_some() || change.feature.is_some() {
        steps.push(json!({"tool": "Read", "input": {"file_path": "src/lib.rs"}}));
    }
    if let Some(module) = change.module {
        steps.push(edit(format!("// module {module}\n"), format!("// module {module}\npub mod {module};\n")));
    }
    if let Some(feature) = change.feature {
        steps.push(edit("[\"core\"]".to_owned(), format!("[\"core\", \"{feature}\"]")));
    }
    steps.push(json!({"text": "It is done."}));
    if change.feature.is_some() {
        let merge = format!("printf '%s\\n' '{}' 'legion/main/leader' | sh {}", change.title, worker.display());
        steps.push(json!({"tool": "Bash", "input": {"command": merge, "description": "merge the newest target"}}));
        steps.push(json!({"text": "The conflict is resolved."}));
    }
    format!("{}. @@{}@@", change.title, Value::Array(steps))
}

/// The same for who is killed in the middle of it: an editor's tool wants to have read a file, and what a killed program has
/// read is forgotten; the script of the model does not look at what a tool answers.
pub fn prompt_again_and_again(change: &kit::Change) -> String {
    let write =
        |(path, content): &(&str, &str)| json!({"tool": "Write", "input": {"file_path": path, "content": content}});
    let mut steps: Vec<Value> = change.files.iter().map(write).collect();
    if let Some(module) = change.module {
        let command = format!(
            "grep -q '^pub mod {module};' src/lib.rs || sed -i 's|^// module {module}$|// module {module}\\npub mod {module};|' src/lib.rs"
        );
        steps.push(json!({"tool": "Bash", "input": {"command": command, "description": "declare the module"}}));
    }
    steps.push(json!({"text": "It is done."}));
    format!("{}. @@{}@@", change.title, Value::Array(steps))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_plan_of_twelve_by_claude_197() {
    by_claude("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_plan_of_twelve_by_claude_329() {
    by_claude("2.1.329").await;
}

/// A repository of one file, beside others of the same person.
fn small_project(legion: &Legion, name: &str) -> PathBuf {
    let dir = legion.dir.dir(name);
    std::fs::write(dir.join("README"), name).expect("a file");
    kit::git(&dir, &["init", "--quiet", "--initial-branch", "main"]);
    kit::git(&dir, &["add", "--all"]);
    kit::git(&dir, &["commit", "--quiet", "--message", "begin"]);
    dir
}

#[test]
fn plans_of_two_repositories_do_not_mix() {
    let legion = Legion::new();
    legion.start();
    // The same numbers in both: one plan succeeds, the other fails, at the same time.
    let running: Vec<_> = [("good", "true", 0), ("bad", "false", 1)]
        .into_iter()
        .map(|(name, gate, code)| {
            let dir = small_project(&legion, name);
            let file = legion.dir.path().join(format!("{name}.toml"));
            let tickets: String = (1..=3)
                .map(|number| {
                    format!(
                        "[[ticket]]\nid = {number}\ntitle = \"{name} {number}\"\nprompt = \"work\"\ncriteria = [\"it is there\"]\n\
                         driver = \"command\"\ncommand = [\"sh\", \"-c\", \"sleep 0.3; echo {number} > {number}.txt\"]\n\
                         max_attempts = 1\ngate = \"{gate}\"\n\n"
                    )
                })
                .collect();
            std::fs::write(&file, tickets).expect("a file");
            let child = legion
                .command(&["run", file.to_str().expect("UTF-8")])
                .current_dir(&dir)
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .expect("legion starts");
            (name, code, child)
        })
        .collect();
    for (name, code, child) in running {
        let output = child.wait_with_output().expect("it ends");
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        let other = if name == "good" { "bad 1" } else { "good 1" };
        assert!(!said.contains(other), "{name} saw the other repository: {said}");
    }
}
