//! What agents take of the machine, as `legion top` tells it.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use legion_testkit::npm::Skip;
use serde_json::Value;

use crate::support::{Legion, id, text};

const MIB: u64 = 1 << 20;

/// A service with further settings of `[containment]`, whose agents are held in tier `full`.
fn with_settings(settings: &str) -> Legion {
    let mut legion = Legion::with(&[("LEGION_TIER", "full")]);
    let file = legion.dir.file("legion.toml", format!("[containment]\n{settings}\n"));
    legion.env.insert("LEGION_CONFIG".to_owned(), file.display().to_string());
    legion.start();
    legion
}

fn of<'a>(usage: &'a Value, agent: &str) -> Option<&'a Value> {
    usage["agents"].as_array().expect("a list").iter().find(|found| found["id"] == agent)
}

fn ids(usage: &Value) -> Vec<&str> {
    let mut ids: Vec<&str> =
        usage["agents"].as_array().expect("a list").iter().filter_map(|agent| agent["id"].as_str()).collect();
    ids.sort_unstable();
    ids
}

/// The first column of each line after the head, in the first table of people.
fn names(table: &str) -> Vec<String> {
    let lines = table.lines().skip_while(|line| !line.starts_with("NAME")).skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn who_takes_memory_and_who_works_is_seen_by_the_person_and_by_those_above_and_by_nobody_beside() {
    let legion = with_settings("memory_bytes = 1073741824\nprocesses = 500");
    // Asks until it sees so many agents that were looked at, and leaves what it saw.
    let ask = |file: &str, count: u32| {
        format!(
            "while :; do legion top --json > {file}.new; \
             test $(grep -o '\"cpu_percent\":[0-9]' {file}.new | wc -l) -ge {count} && break; sleep 0.2; done; \
             mv {file}.new {file}.json\n"
        )
    };
    // What is kept of a stream lies in the memory of `tail`.
    let keeps = "(head -c 200M /dev/zero; sleep 1000) | tail -c 200M > /dev/null\n";
    let hire = "legion hire work --name below --json --driver command --command 'sh below.sh' > below.json\n";
    legion.dir.file("work/leader.sh", format!("echo words\n{hire}{}{keeps}", ask("leader", 2)));
    legion.dir.file("work/below.sh", "(while :; do :; done) & wait\n");
    legion.dir.file("work/beside.sh", format!("{}sleep 1000\n", ask("beside", 1)));
    let leader = legion.hire("lead", "sh leader.sh");
    let beside = legion.hire("work", "sh beside.sh");
    let saw = |name: &str| -> Value {
        let file = legion.work().join(format!("{name}.json"));
        let text = legion.until("it saw", || std::fs::read_to_string(&file).ok());
        serde_json::from_str(&text).expect("JSON")
    };
    let (by_leader, by_beside) = (saw("leader"), saw("beside"));
    let below = id(&saw("below"));
    let mut own = vec![leader.as_str(), below.as_str()];
    own.sort_unstable();
    assert_eq!(ids(&by_leader), own);
    assert_eq!(ids(&by_beside), [beside.as_str()]);

    let usage = legion.until("memory and work are seen", || {
        let usage = legion.json(&["top"]);
        let memory = of(&usage, &leader)?["taken"]["memory_bytes"].as_u64()?;
        let percent = of(&usage, &below)?["taken"]["cpu_percent"].as_f64()?;
        (memory >= 200 * MIB && percent >= 10.0).then_some(usage)
    });
    let (top, busy) = (of(&usage, &leader).expect("there"), of(&usage, &below).expect("there"));
    assert!(top["taken"]["memory_bytes"].as_u64() < Some(1024 * MIB), "{top}");
    assert!(top["taken"]["processes"].as_u64() >= Some(3), "a shell, `tail` and `sleep`: {top}");
    assert_eq!((&top["limits"]["memory_bytes"], &top["limits"]["processes"]), (&(1024 * MIB).into(), &500.into()));
    assert_eq!((&top["tier"], &top["state"]), (&"full".into(), &"running".into()), "{top}");
    assert!(top["held_by"]["processes"] != "watched", "in tier `full` the kernel counts them: {top}");
    assert!(top["taken"]["written_bytes"].is_u64(), "a service that is asked knows it: {top}");
    assert!(top["taken"]["output_bytes"].as_u64() >= Some(6), "`words` and the end of the line: {top}");
    assert_eq!(top["limits"]["output_bytes"], 256 * MIB, "{top}");
    assert_eq!(busy["parent"], leader.as_str(), "{busy}");
    let worked = busy["taken"]["cpu_seconds"].as_f64().expect("a number");
    legion.until("it works on", || {
        let usage = legion.json(&["top"]);
        (of(&usage, &below)?["taken"]["cpu_seconds"].as_f64()? > worked).then_some(())
    });
    let machine = &usage["machine"];
    assert!(machine["available_bytes"].as_u64() < machine["memory_bytes"].as_u64(), "{machine}");

    // The table of people, by what was asked for.
    let table = legion.ok(&["top"]);
    assert!(table.starts_with("machine: ") && table.contains("M/1.0G") && table.contains("/500 "), "{table}");
    assert_eq!(names(&table).len(), 3, "{table}");
    legion.until("who keeps the most comes first", || {
        (legion.json(&["top"])["agents"].get(0)?["id"] == leader.as_str()).then_some(())
    });
    legion.until("who works the most comes first", || {
        (legion.json(&["top", "--by", "cpu"])["agents"].get(0)?["id"] == below.as_str()).then_some(())
    });
    legion.ok(&["fire", &leader]);
    assert_eq!(ids(&legion.json(&["top"])), [beside.as_str()]);
}

#[test]
fn a_start_that_waits_for_memory_is_shown_with_what_is_missing_and_begins_when_there_is_room() {
    // No machine has as much to keep free: only an agent that is alone begins.
    let legion = with_settings("memory_reserve_bytes = 1152921504606846976");
    let first = legion.hire("work", "sleep 1000");
    legion.until("the first runs", || of(&legion.json(&["top"]), &first).map(|_| ()));
    let second = legion.hire("work too", "sleep 1000");
    let waiting = legion.until("the second waits", || of(&legion.json(&["top"]), &second).cloned());
    assert_eq!((&waiting["state"], &waiting["wait"]["reason"]), (&"waiting".into(), &"memory".into()), "{waiting}");
    let table = legion.ok(&["top"]);
    assert!(table.contains("; 1 start waits for memory"), "{table}");
    assert!(table.contains(" for memory: 1024 PiB are missing, its kind takes "), "{table}");
    legion.ok(&["fire", &first]);
    legion.until("the second runs", || (of(&legion.json(&["top"]), &second)?["state"] == "running").then_some(()));
}

#[test]
fn an_agent_that_nothing_holds_is_marked_wherever_agents_are_listed() {
    let legion = Legion::new();
    legion.start();
    let hire = ["hire", "x", "--name", "free", "--driver", "command", "--command", "sleep 1000", "--tier", "none"];
    let free = id(&legion.json(&hire));
    let held = id(&legion.json(&["hire", "x", "--name", "held", "--driver", "command", "--command", "sleep 1000"]));
    for words in [&["tree"][..], &["status"]] {
        let said = legion.ok(words);
        let marked: Vec<&str> = said.lines().filter(|line| line.contains("not contained")).collect();
        assert!(matches!(marked[..], [line] if line.contains("free")), "{words:?}: {said}");
    }
    assert!(legion.ok(&["status", &free]).contains("not contained"));
    assert!(!legion.ok(&["status", &held]).contains("not contained"));
    let tree = legion.json(&["tree"]);
    assert_eq!((&tree["reports"][0]["tier"], &tree["reports"][1]["tier"]), (&"none".into(), &"full".into()), "{tree}");
    let usage = legion.until("both are seen", || Some(legion.json(&["top"])).filter(|usage| ids(usage).len() == 2));
    assert_eq!(of(&usage, &free).expect("there")["tier"], "none");
}

#[test]
fn on_a_terminal_it_is_shown_again_until_q_is_pressed_and_the_terminal_is_as_before() {
    let legion = Legion::new();
    legion.start();
    let agent = legion.hire("work", "sleep 1000");
    legion.until("it runs", || of(&legion.json(&["top"]), &agent).map(|_| ()));
    let shell = format!(
        "stty -a | grep -o '.icanon'; {} top; echo ended $?; stty -a | grep -o '.icanon'",
        env!("CARGO_BIN_EXE_legion")
    );
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &shell, "/dev/null"]).env_clear().envs(&legion.env).env("TERM", "xterm");
    let terminal = terminal.current_dir(legion.work()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut terminal = match terminal {
        Ok(terminal) => terminal,
        Err(error) => {
            Skip::new(format!("no terminal without `script`: {error}"));
            return;
        }
    };
    let (mut keys, mut screen) = (terminal.stdin.take().expect("piped"), terminal.stdout.take().expect("piped"));
    let mut shown = Vec::new();
    let mut read = |until: &dyn Fn(&str) -> bool| {
        let mut part = [0; 4096];
        while !until(&text(&shown)) {
            let count = screen.read(&mut part).expect("the terminal is there");
            assert!(count > 0, "it ended: {}", text(&shown));
            shown.extend_from_slice(&part[..count]);
        }
        text(&shown)
    };
    read(&|shown| shown.matches("machine: ").count() >= 3);
    // What is not the key does nothing.
    keys.write_all(b"x\n").expect("typed");
    let before = read(&|shown| shown.matches("machine: ").count() >= 5);
    assert!(!before.contains("ended"), "{before}");
    keys.write_all(b"q").expect("typed");
    let shown = read(&|shown| shown.contains("ended 0") && shown.matches("icanon").count() >= 2);
    assert!(!shown.contains("-icanon"), "the terminal takes whole lines again: {shown}");
    drop(keys);
    terminal.wait().expect("it ends");
}
