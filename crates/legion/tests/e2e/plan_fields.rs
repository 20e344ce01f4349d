//! What a plan says of order, policies, workers, groups and files is what happens.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::small;
use crate::support::Legion;

/// What each agent does: it writes down when it begins and when it ends, and takes a while, so that those that may be at work beside
/// each other are.
fn script(journal: &Path) -> String {
    let journal = journal.display();
    format!(
        "cat > /dev/null\necho \"+ $1\" >> {journal}\nsleep 0.4\necho \"$1\" > \"made-$1\"\necho \"- $1\" >> {journal}\n"
    )
}

fn plan(program: &str) -> String {
    let mut plan =
        "[session]\nworkers = 4\noverlap = \"hold\"\ngroup_caps = { db = 1 }\n[defaults]\ncriteria = \"it is there\"\n\
                    max_attempts = 1\n"
            .to_owned();
    for (id, fields) in [
        ("broken", "gate = \"false\""),
        ("skipped", "after = [{ id = \"broken\", on_upstream = \"skip\" }]"),
        ("failed", "after = [\"broken\"]\non_upstream = \"fail\""),
        ("waiting", "after = [\"broken\"]"),
        ("behind", "after = [\"skipped\"]\non_upstream = \"skip\""),
        ("db-1", "group = \"db\""),
        ("db-2", "group = \"db\""),
        ("wide", "files = [\"src/**\"]"),
        ("narrow", "files = [\"src/a.rs\"]"),
        ("pinned-1", "worker = 2"),
        ("pinned-2", "worker = 2"),
    ] {
        plan.push_str(&format!(
            "\n[[ticket]]\nid = \"{id}\"\ntitle = \"{id}\"\ncommand = \"{program} {id}\"\n{fields}\n"
        ));
    }
    plan
}

fn statuses(checked: &Value) -> BTreeMap<String, String> {
    let word = |ticket: Value| ticket["status"].as_str().unwrap_or_default().to_owned();
    small::tickets(checked).into_iter().map(|(name, ticket)| (name, word(ticket))).collect()
}

#[test]
fn policies_workers_groups_and_files_of_a_plan_are_obeyed() {
    let legion = Legion::not_held();
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    legion.ok(&["init"]);
    let journal = legion.dir.file("journal", "");
    // Each agent is a user of its own.
    std::fs::set_permissions(&journal, std::fs::Permissions::from_mode(0o666)).expect("it is ours");
    let program = small::program(&legion, "agent", &script(&journal));
    legion.ok(&["run", &small::plan(&legion, &plan(&program)), "--detach"]);
    let found = legion.until("all are closed but the one that waits", || {
        let found = statuses(&legion.json(&["check"]));
        let open = found.iter().filter(|(_, status)| !matches!(status.as_str(), "done" | "error" | "skipped"));
        (open.map(|(name, _)| name.as_str()).collect::<Vec<_>>() == ["waiting"]).then_some(found)
    });
    for (name, status) in [
        ("broken", "error"),
        ("skipped", "skipped"),
        ("failed", "error"),
        ("waiting", "blocked"),
        ("behind", "skipped"),
    ] {
        assert_eq!(found[name], status, "{name}: {found:?}");
    }
    assert_eq!(found.values().filter(|status| *status == "done").count(), 6, "{found:?}");
    let tickets = small::tickets(&legion.json(&["check"]));
    let number = |name: &str| tickets[name]["id"].to_string();
    let why = legion.ok(&["why", &number("waiting")]);
    assert!(why.contains("will not be merged as it is") && why.contains("legion retry"), "{why}");
    let deps = legion.ok(&["deps", &number("skipped")]);
    assert!(deps.contains("else skipped"), "{deps}");
    // Those of a group, and those with the same files, were at work one after the other.
    let journal = std::fs::read_to_string(journal).expect("they wrote when they worked");
    for pair in [["db-1", "db-2"], ["wide", "narrow"], ["pinned-1", "pinned-2"]] {
        let of_pair = journal.lines().filter(|line| pair.contains(&&line[2..]));
        let signs: String = of_pair.map(|line| &line[..1]).collect();
        assert_eq!(signs, "+-+-", "{pair:?}: {journal}");
    }
    for name in ["skipped", "failed", "waiting", "behind"] {
        assert!(!journal.contains(&format!("+ {name}")), "{name} never began: {journal}");
    }
    for name in ["pinned-1", "pinned-2"] {
        let detail = legion.json(&["log", &number(name)]);
        assert_eq!(detail["history"][0]["worker"], 2, "{detail:#}");
    }
}

/// Who did what is in the files that each left.
#[test]
fn a_role_says_how_its_agents_are_run_where_the_ticket_does_not() {
    let legion = Legion::not_held();
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    legion.ok(&["init"]);
    let program = |name: &str| small::program(&legion, name, &format!("cat > /dev/null\necho {name} > by-{name}\n"));
    let of_role = program("role");
    let set = |id: &str, more: &[&str]| {
        let words = ["roles", "set", id, "--duty", "write", "--prompt", "You write."];
        legion.run(&[&words[..], more].concat())
    };
    let refused = set("engineer", &["--driver", "claude", "--command", &of_role]);
    assert!(!refused.status.success(), "a program for who takes none");
    assert!(set("engineer", &["--command", &of_role]).status.success());
    assert!(set("artist", &["--command", &program("artist")]).status.success());
    let plan = format!(
        "[defaults]\nworker = 1\n[[ticket]]\nid = \"silent\"\ntitle = \"Silent\"\ngate = \"test -e by-role\"\n\
         [[ticket]]\nid = \"own\"\ntitle = \"Own\"\ncommand = \"{}\"\ngate = \"test -e by-own\"\n\
         [[ticket]]\nid = \"artist\"\ntitle = \"Artist\"\nrole = \"artist\"\ngate = \"test -e by-artist\"\n",
        program("own")
    );
    let plan = small::plan(&legion, &plan);
    legion.ok(&["run", &plan]);
    let made = crate::kit::git(&small::control(&legion), &["ls-tree", "--name-only", "refs/heads/legion/main/leader"]);
    let made: Vec<&str> = made.lines().filter(|name| name.starts_with("by-")).collect();
    assert_eq!(made, ["by-artist", "by-own", "by-role"]);
}
