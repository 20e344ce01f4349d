//! What scripts may rely on.

use crate::support::{Legion, alive, id};

#[test]
fn hire_status_tree_wait_logs_and_down() {
    let legion = Legion::new();
    legion.start();
    let hired =
        legion.json(&["hire", "count these words", "--driver", "command", "--command", "wc -w", "--name", "counter"]);
    let agent = id(&hired);
    assert_eq!(
        (&hired["name"], &hired["parent"], &hired["level"], &hired["driver"]),
        (&"counter".into(), &"root".into(), &1.into(), &"command".into())
    );
    let run = legion.json(&["wait", &agent]);
    assert_eq!((&run["outcome"], &run["result"]), (&"completed".into(), &"3".into()), "{run}");

    let status = legion.json(&["status"]);
    assert_eq!(status["agent"]["id"], "root");
    let report = &status["reports"][0];
    assert_eq!(
        (&report["id"], &report["status"], &report["run"]),
        (&agent.clone().into(), &"idle".into(), &serde_json::Value::Null),
        "{status}"
    );
    let message = &status["inbox"][0];
    assert_eq!(
        (&message["from"], &message["kind"], &message["state"]),
        (&agent.clone().into(), &"report".into(), &"accepted".into()),
        "{status}"
    );
    assert!(message["at"].as_str().expect("a time").ends_with('Z'));

    let tree = legion.json(&["tree"]);
    assert_eq!((&tree["id"], &tree["reports"][0]["name"]), (&"root".into(), &"counter".into()));
    legion.ok(&["tell", "counter", "one two"]);
    legion.until("the second run's end", || legion.ok(&["logs", &agent, "--lines", "5"]).eq("3\n2\n").then_some(()));
    assert_eq!(legion.ok(&["logs", &agent, "--lines", "1"]), "2\n");
    legion.ok(&["inbox", "--ack"]);
    legion.until("an empty inbox", || {
        legion.ok(&["inbox", "--ack"]);
        legion.inbox().is_empty().then_some(())
    });

    let pid = legion.service_pid();
    legion.ok(&["down"]);
    assert!(!legion.data().join("service.json").exists(), "it is gone when `down` returns");
    legion.start();
    assert_ne!(legion.service_pid(), pid);
    legion.until("the first service is gone", || (!alive(pid)).then_some(()));
}

#[test]
fn a_command_starts_the_service_and_wait_exits_with_the_outcome() {
    let legion = Legion::new();
    let output = legion.run(&["hire", "fail", "--command", "sh -c 'echo oh no; exit 9'", "--wait", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", crate::support::text(&output.stderr));
    let error = legion.fails(1, &["wait", &id(&legion.json(&["hire", "again", "--command", "false"]))]);
    assert!(!error.contains("panicked"), "{error}");
    let slow = legion.hire("sleep", "sleep 1000");
    legion.fails(8, &["wait", &slow, "--timeout", "1s"]);
    legion.ok(&["interrupt", "--all"]);
    legion.fails(5, &["wait", &slow]);
}

#[test]
fn agents_hire_and_talk_with_the_same_command_line() {
    let legion = Legion::new();
    legion.start();
    let script = r#"
case "$LEGION_CONTINUE" in
0) legion hire "say hello" --name below --driver command --command 'sh -c "read l; echo got: \$l; legion tell \$LEGION_PARENT from-below"' >/dev/null; echo hired;;
1) cat;;
esac"#;
    legion.dir.file("work/leader.sh", script);
    let leader = legion.hire("lead", "sh leader.sh");
    // The leader's later runs get the words of its report, and the report of its run's end.
    let texts = legion.until("the leader heard both", || {
        let log = legion.ok(&["logs", &leader, "--lines", "50"]);
        (log.contains("from-below") && log.contains("completed its run 1")).then_some(log)
    });
    assert!(texts.starts_with("hired\n"), "{texts}");
    let tree = legion.json(&["tree"]);
    let below = &tree["reports"][0]["reports"][0];
    assert_eq!(
        (&below["name"], &below["level"], &below["parent"]),
        (&"below".into(), &2.into(), &leader.clone().into()),
        "{tree}"
    );
    legion.ok(&["fire", &leader]);
    assert_eq!(legion.json(&["tree"])["reports"], serde_json::json!([]));
    assert!(legion.agent_processes().is_empty());
}

#[test]
fn two_projects_in_one_service_and_a_second_service_is_refused() {
    let legion = Legion::new();
    legion.start();
    for project in ["one", "two"] {
        legion.dir.repo(project);
        let cwd = legion.dir.path().join(project);
        legion.ok(&["hire", "work", "--command", "pwd", "--cwd", cwd.to_str().expect("UTF-8"), "--wait"]);
    }
    assert_eq!(legion.json(&["status"])["reports"].as_array().expect("reports").len(), 2);
    let data = legion.env["LEGION_DATA_DIR"].clone();
    let error = legion.fails(3, &["serve", "--port", "0", "--data-dir", &data]);
    let service = legion.service();
    let port = service["url"].as_str().and_then(|url| url.rsplit(':').next()).expect("a port");
    assert!(error.contains(&service["pid"].to_string()) && error.contains(port), "{error}");
}

#[test]
fn a_backup_holds_the_log_and_doctor_says_how_things_are() {
    let legion = Legion::new();
    legion.start();
    legion.ok(&["hire", "work", "--command", "true", "--wait"]);
    let copy = legion.dir.path().join("copy.db");
    legion.ok(&["backup", copy.to_str().expect("UTF-8")]);
    assert!(std::fs::metadata(&copy).expect("a file").len() > 4_096);
    let error = legion.run(&["backup", copy.to_str().expect("UTF-8")]);
    assert!(!error.status.success(), "an existing file is not overwritten");
    let doctor = legion.run(&["doctor", "--json"]);
    let probes: serde_json::Value = serde_json::from_slice(&doctor.stdout).expect("JSON");
    assert!(probes.to_string().contains("data directory"), "{probes}");
}

#[test]
fn the_panic_button_stops_agents_that_have_mail() {
    let legion = Legion::new();
    legion.start();
    let agent = legion.hire("work", "sh -c 'read line; [ \"$line\" = go ] || sleep 1000'");
    legion.until("it lives", || (!legion.agent_processes().is_empty()).then_some(()));
    legion.ok(&["tell", &agent, "queued"]);
    legion.ok(&["interrupt", "--all"]);
    legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
    // Its run ended, which was reported; what waits for it began nothing in that same step, nor does anything after.
    assert_eq!(legion.reports_of(&agent).len(), 1);
    let status = legion.json(&["status", &agent]);
    assert_eq!(
        (&status["agent"]["queued"], &status["agent"]["run"]),
        (&1.into(), &serde_json::Value::Null),
        "{status}"
    );
    // Told something, it goes on, in order: what had waited comes first.
    legion.ok(&["tell", &agent, "go"]);
    legion.until("working", || (legion.status_of(&agent) == "working").then_some(()));
    legion.ok(&["interrupt", &agent, "go"]);
    legion.until("all done", || {
        (legion.json(&["status", &agent])["agent"]["queued"] == 0 && legion.status_of(&agent) == "idle").then_some(())
    });
}
