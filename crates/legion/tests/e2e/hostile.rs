//! Bad input and bad programs: each a clear outcome and message, nothing lost, nobody else disturbed.

use serde_json::Value;

use crate::support::{Legion, id, text};

#[test]
fn bad_input_is_refused_in_plain_words() {
    let legion = Legion::new();
    legion.start();
    legion.dir.dir("work/inner");
    let work = legion.work().display().to_string();
    let inner = legion.work().join("inner").display().to_string();
    let leader = id(&legion.json(&[
        "hire",
        "lead",
        "--command",
        "sleep 1000",
        "--name",
        "lead",
        "--cwd",
        &inner,
        "--tools",
        "Read,Bash",
        "--budget",
        "1",
        "--depth",
        "1",
        "--headcount",
        "1",
        "--models",
        "a,b",
        "--model",
        "a",
        "--timeout",
        "900",
        "--max-turns",
        "5",
    ]));
    let below = |extra: &[&str]| {
        let mut args = vec!["hire", "work", "--command", "true", "--parent", "lead"];
        args.extend(extra);
        args.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let cases: Vec<(Vec<String>, i32, &str)> = vec![
        (vec!["tell".into(), "00000000-0000-0000-0000-000000000000".into(), "x".into()], 12, "no agent"),
        (vec!["hire".into(), " ".into(), "--command".into(), "true".into()], 2, "empty"),
        (
            vec!["hire".into(), "x".into(), "--command".into(), "true".into(), "--tools".into(), "Hammer".into()],
            2,
            "Hammer",
        ),
        (vec!["hire".into(), "x".into(), "--command".into(), "'open quote".into()], 2, "quote"),
        (
            vec![
                "hire".into(),
                "x".into(),
                "--command".into(),
                "true".into(),
                "--name".into(),
                "lead".into(),
                "--cwd".into(),
                inner.clone(),
            ],
            13,
            "lead",
        ),
        (below(&["--cwd", &work]), 15, "outside"),
        (below(&["--tools", "Write"]), 15, "Write"),
        (below(&["--budget", "2"]), 15, "budget"),
        (below(&["--model", "c"]), 15, "model"),
        (below(&["--timeout", "901"]), 15, "timeout"),
        (below(&["--max-turns", "6"]), 15, "turns"),
        (below(&["--depth", "1"]), 15, "depth"),
    ];
    legion.until("it lives", || legion.json(&["tree"])["reports"][0]["run"]["pid"].as_u64());
    let before = legion.json(&["tree"]);
    for (args, code, word) in cases {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let error = legion.fails(code, &args);
        assert!(error.contains(word), "{args:?}: {error}");
    }
    assert_eq!(legion.json(&["tree"]), before, "nothing was changed");
    // The one that fits is hired; then the headcount is used up.
    let args = below(&["--name", "fits"]);
    legion.ok(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let args = below(&[]);
    let error = legion.fails(15, &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(error.contains("headcount"), "{error}");
    legion.ok(&["fire", &leader]);
    let error = legion.fails(12, &["tell", &leader, "still there?"]);
    assert!(error.contains("fired"), "{error}");

    // Ten megabytes, by standard input.
    let mut command = legion.command(&["hire", "-", "--command", "true"]);
    let file = legion.dir.file("big", vec![b'x'; 10 * 1024 * 1024]);
    let output = command.stdin(std::fs::File::open(file).expect("opened")).output().expect("run");
    assert_eq!(output.status.code(), Some(14), "{}", text(&output.stderr));
}

#[test]
fn bad_programs_have_clear_outcomes() {
    let legion = Legion::with(&[("LEGION_SUSPECT_SECONDS", "1"), ("LEGION_HUNG_SECONDS", "4")]);
    legion.start();
    let bystander = legion.hire("count", "sh -c 'while :; do echo alive; sleep 0.2; done'");
    legion.dir.file("work/plain", "no program");
    legion.dir.file("work/stubborn.sh", "trap '' TERM INT; echo up; while :; do sleep 0.1; done");
    let wait = |agent: &str| -> Value {
        let output = legion.run(&["wait", agent, "--timeout", "60s", "--json"]);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))
    };
    let cases = [
        ("head -c 200000 /dev/urandom", "completed", ""),
        ("sh -c 'head -c 100000000 /dev/zero | tr \"\\\\0\" x'", "completed", ""),
        ("sh -c 'exit 7'", "failed", "exit code 7"),
        ("/does/not/exist", "failed", "could not be started"),
        ("./plain", "failed", "could not be started"),
        ("sleep 1000", "killed", "silent"),
        ("sh -c 'setsid sh -c \"sleep 1000 & sleep 1000\" & exit 0'", "completed", ""),
    ];
    for (command, outcome, reason) in cases {
        let run = wait(&legion.hire("work", command));
        let error = run["error"].as_str().unwrap_or_default();
        assert!(run["outcome"] == outcome && error.contains(reason), "{command}: {run}");
    }
    let stubborn = legion.hire("work", "sh stubborn.sh");
    legion.until("it is up", || (legion.ok(&["logs", &stubborn]) == "up\n").then_some(()));
    let fired = legion.json(&["fire", &stubborn]);
    assert_eq!(fired["ended"], true, "{fired}");
    // Nobody else was disturbed, and nothing else is left.
    assert_eq!(legion.status_of(&bystander), "working");
    legion.ok(&["fire", &bystander]);
    legion.until("no process is left", || legion.agent_processes().is_empty().then_some(()));
}
