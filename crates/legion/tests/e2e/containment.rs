//! Agents as they are held by default: in the strongest tier, with everything that they need and nothing else.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use legion_testkit::npm::Skip;
use serde_json::Value;

use crate::support::{Legion, alive, id, kill, text};

/// A service whose agents are held in tier `full`.
pub fn full(variables: &[(&str, &str)]) -> Legion {
    let mut all = vec![("LEGION_TIER", "full")];
    all.extend(variables);
    Legion::with(&all)
}

/// Runs a script in the shell as an agent in `tier`, and gives its run.
pub fn run(legion: &Legion, tier: &str, script: &str) -> Value {
    legion.dir.file("work/agent.sh", script);
    let words = ["hire", "work", "--driver", "command", "--command", "sh agent.sh", "--tier", tier];
    let agent = id(&legion.json(&words));
    ended(legion, &agent, "120s")
}

/// How a run ended, whatever it was.
pub fn ended(legion: &Legion, agent: &str, within: &str) -> Value {
    let output = legion.run(&["wait", agent, "--timeout", within, "--json"]);
    let out = text(&output.stdout);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("no run ({error}): {out}{}", text(&output.stderr)))
}

pub fn said(run: &Value) -> String {
    run["result"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_agent_works_in_its_directory_reaches_the_service_and_nothing_else() {
    let legion = full(&[]);
    legion.start();
    let secret = legion.dir.file("outside/secret.txt", "canary").display().to_string();
    let token = legion.data().join("token").display().to_string();
    let data = legion.data().display().to_string();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let tries = [
        ("outside", format!("cat {secret}")),
        ("token", format!("cat {token}")),
        ("data", format!("ls {data}/legion.db")),
        ("write", format!("touch {secret}.new")),
        ("network", format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'")),
        ("root", "test $(id -u) = 0".to_owned()),
        ("others", format!("kill -0 {}", std::process::id())),
    ];
    let mut script = String::new();
    for (name, line) in &tries {
        script.push_str(&format!("if {line} > /dev/null 2>&1; then echo {name}=open; else echo {name}=shut; fi\n"));
    }
    // The control: each of them is possible for a process that is not held.
    for (name, line) in tries.iter().filter(|(name, _)| *name != "root") {
        let control = std::process::Command::new("bash").args(["-c", line]).output().expect("bash runs");
        assert!(control.status.success(), "{name} is not possible outside either: {}", text(&control.stderr));
    }
    script.push_str(
        "echo kept > kept.txt; legion status > /dev/null && echo service=reached; env | grep -c ^LEGION_TOKEN\n",
    );
    let run = run(&legion, "full", &script);
    let said = said(&run);
    for (name, _) in &tries {
        assert!(said.contains(&format!("{name}=shut")), "{name}: {run}");
    }
    assert!(said.contains("service=reached"), "{run}");
    let kept = legion.work().join("kept.txt");
    assert_eq!(std::fs::read_to_string(&kept).expect("it wrote").trim(), "kept");
    let owner = std::fs::metadata(legion.work()).expect("there").uid();
    assert_eq!(
        std::fs::metadata(&kept).expect("there").uid(),
        owner,
        "what it makes belongs to whoever owns the directory"
    );
}

#[test]
fn a_hire_says_how_its_agent_is_held_and_only_narrows() {
    let legion = full(&[]);
    legion.start();
    let hired = legion.json(&["hire", "wait", "--driver", "command", "--command", "sleep 60"]);
    assert_eq!(hired["tier"], "full");
    let status = legion.json(&["status", &id(&hired)]);
    assert_eq!(status["agent"]["tier"], "full", "{status}");
    let parent = id(&hired);
    let below = |tier: &str| {
        vec!["hire", "x", "--driver", "command", "--command", "true", "--parent", &parent, "--tier", tier]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for tier in ["none", "landlock"] {
        let words = below(tier);
        let error = legion.fails(15, &words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(error.contains("holds less"), "{error}");
    }
    let uncontained = legion.json(&["hire", "x", "--driver", "command", "--command", "true", "--tier", "none"]);
    assert!(uncontained["warnings"].to_string().contains("nothing is enforced"), "{uncontained}");
    // Legion's own files are given to nobody.
    let above = legion.dir.path().display().to_string();
    let error = legion.fails(2, &["hire", "x", "--driver", "command", "--command", "true", "--cwd", &above]);
    assert!(error.contains("Legion's own files"), "{error}");
}

#[test]
fn permissions_hold_what_is_read_written_and_executed() {
    let legion = full(&[]);
    for (name, content) in [("docs/a", "a"), ("src/b", "b"), ("secret/c", "c"), ("src/x.sh", "#!/bin/sh\necho ran\n")] {
        legion.dir.file(format!("work/{name}"), content);
    }
    let script = "for f in docs/a src/b secret/c; do cat $f > /dev/null 2>&1 && echo read:$f; echo x >> $f && echo wrote:$f; done 2> /dev/null
        chmod +x src/x.sh; ./src/x.sh > /dev/null 2>&1 && echo executed; echo end";
    legion.dir.file("work/agent.sh", script);
    legion.start();
    let words = [
        "hire",
        "look",
        "--driver",
        "command",
        "--command",
        "sh agent.sh",
        "--read",
        "agent.sh,docs",
        "--write",
        "src",
        "--cwd",
        &legion.work().join("src").display().to_string(),
    ];
    // Its own directory must be open to it; the script lies above.
    let script_path = legion.work().join("agent.sh").display().to_string();
    let docs = legion.work().join("docs").display().to_string();
    let command = format!("sh -c 'cd ..; sh {script_path}'");
    let mut words = words.map(str::to_owned);
    words[5] = command;
    words[7] = format!("{script_path},{docs}");
    words[9] = ".".to_owned();
    let agent = id(&legion.json(&words.iter().map(String::as_str).collect::<Vec<_>>()));
    let run = legion.json(&["wait", &agent, "--timeout", "60s"]);
    let said = said(&run);
    for wanted in ["read:docs/a", "read:src/b", "wrote:src/b", "end"] {
        assert!(said.contains(wanted), "{wanted} is missing: {run}");
    }
    for unwanted in ["wrote:docs/a", "secret/c", "executed"] {
        assert!(!said.contains(unwanted), "{unwanted}: {run}");
    }
}

#[test]
fn a_program_that_is_not_there_is_a_failure_of_the_start() {
    let legion = full(&[]);
    legion.start();
    let agent = legion.hire("work", "no-such-program");
    let run = ended(&legion, &agent, "60s");
    let error = run["error"].as_str().unwrap_or_default();
    assert!(error.contains("could not be started") && error.contains("no-such-program"), "{run}");
}

#[test]
fn a_hire_whose_tier_is_missing_is_refused_with_the_tier_that_works() {
    const BWRAP: &str = "/usr/bin/bwrap";
    // In a mount namespace of its own a service finds no bubblewrap.
    let hiding = format!("mount --bind /dev/null {BWRAP} && exec \"$0\" \"$@\"");
    let hide = std::process::Command::new("unshare").args(["-m", "sh", "-c", &hiding, "true"]).output();
    if !hide.is_ok_and(|output| output.status.success()) {
        let _ = Skip::new("nothing can be hidden from a service here: only root mounts".to_owned());
        return;
    }
    let mut legion = full(&[]);
    let real = env!("CARGO_BIN_EXE_legion");
    let script = format!("#!/bin/sh\nexec unshare -m sh -c '{hiding}' {real} \"$@\"\n");
    let without = legion.dir.file("without-bwrap", script);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&without, executable).expect("it is ours");
    legion.use_binary(without);
    legion.start();
    let words = ["hire", "work", "--driver", "command", "--command", "true"];
    let output = legion.run(&words);
    let refusal = text(&output.stderr);
    assert!(!output.status.success() && refusal.contains("cannot be held in tier `full`"), "{refusal}");
    for wanted in
        ["bubblewrap is not installed", "apt install bubblewrap", "start the service again", "--tier landlock"]
    {
        assert!(refusal.contains(wanted), "`{wanted}` is missing: {refusal}");
    }
    // What it says works.
    let agent = id(&legion.json(&[&words[..], &["--tier", "landlock"]].concat()));
    let run = ended(&legion, &agent, "60s");
    assert_eq!(run["outcome"], "completed", "{run}");
}

#[test]
fn legions_own_files_are_given_to_nobody() {
    let legion = full(&[]);
    legion.start();
    let data = legion.data();
    let token = data.join("token").display().to_string();
    let homes = data.join("agents").display().to_string();
    std::fs::create_dir_all(data.join("agents")).expect("made");
    let words = ["hire", "work", "--driver", "command", "--command", "true"];
    let root = data.display().to_string();
    for more in [["--read", &token], ["--write", &homes], ["--execute", &root], ["--cwd", &homes], ["--cwd", &root]] {
        let output = legion.run(&[&words[..], &more].concat());
        let refusal = text(&output.stderr);
        assert!(!output.status.success() && refusal.contains("Legion's own files"), "{more:?}: {refusal}");
    }
    // Nor does a link in the project lead there.
    std::os::unix::fs::symlink(&token, legion.work().join("link")).expect("made");
    let output = legion.run(&[&words[..], &["--read", "link"]].concat());
    assert!(text(&output.stderr).contains("Legion's own files"), "{}", text(&output.stderr));
    // The control: what is the person's can be given.
    let agent = id(&legion.json(&[&words[..], &["--read", "."]].concat()));
    assert_eq!(ended(&legion, &agent, "60s")["outcome"], "completed");
}

#[test]
fn interrupts_and_the_end_reach_the_program_inside() {
    let legion = full(&[]);
    legion.dir.file(
        "work/agent.sh",
        "trap 'echo told > told; exit 3' TERM INT; echo begun > begun; while :; do sleep 0.05; done",
    );
    legion.start();
    let agent = legion.hire("work", "sh agent.sh");
    legion.until("it works", || legion.work().join("begun").exists().then_some(()));
    legion.ok(&["interrupt", &agent]);
    legion.until("it was told", || legion.work().join("told").exists().then_some(()));
    legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
}

/// A tree of processes that hide as well as they can.
const TREE: &str =
    "for i in $(seq 1 40); do setsid sh -c 'sleep 600 & sleep 600' & done; echo begun > begun; sleep 600";

#[test]
fn nothing_survives_a_fire_or_the_death_of_agent_shim_or_service() {
    let legion = full(&[]);
    legion.dir.file("work/agent.sh", TREE);
    legion.start();
    let begin = || {
        let _ = std::fs::remove_file(legion.work().join("begun"));
        let agent = legion.hire("work", "sh agent.sh");
        legion.until("it works", || legion.work().join("begun").exists().then_some(()));
        legion.until("its tree is there", || (legion.agent_processes().len() > 80).then_some(()));
        agent
    };
    let fired = begin();
    let started = Instant::now();
    legion.ok(&["fire", &fired]);
    legion.until("all of its tree is gone", || legion.agent_processes().is_empty().then_some(()));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());

    // The program itself.
    let agent = begin();
    for pid in legion.agent_processes().into_iter().take(1) {
        kill(pid, "KILL");
    }
    legion.until("all is gone", || legion.agent_processes().is_empty().then_some(()));
    legion.until("its end is known", || (legion.status_of(&agent) == "idle").then_some(()));

    // The shim.
    begin();
    for shim in crate::support::shims_below(&legion.data()) {
        kill(shim, "KILL");
        legion.until("the shim is gone", || (!alive(shim)).then_some(()));
    }
    legion.until("all is gone", || legion.agent_processes().is_empty().then_some(()));

    // The service: the agent goes on, and is found again.
    let agent = begin();
    legion.kill_service();
    legion.start();
    assert_eq!(legion.status_of(&agent), "working");
    legion.ok(&["fire", &agent]);
    legion.until("all is gone", || legion.agent_processes().is_empty().then_some(()));
}

/// A service whose agents may take little of the machine.
fn small(settings: &str) -> Legion {
    let mut legion = full(&[]);
    let file = legion.dir.file("legion.toml", format!("[containment]\n{settings}\n"));
    legion.env.insert("LEGION_CONFIG".to_owned(), file.display().to_string());
    legion.start();
    legion
}

/// The run of a bomb, beside which the service answers.
fn bomb(legion: &Legion, script: &str) -> Value {
    legion.dir.file("work/agent.sh", script);
    let agent = legion.hire("work", "sh agent.sh");
    let started = Instant::now();
    loop {
        let asked = Instant::now();
        let status = legion.status_of(&agent);
        assert!(asked.elapsed() < Duration::from_secs(5), "the service took {:?} to answer", asked.elapsed());
        if status == "idle" {
            return ended(legion, &agent, "5s");
        }
        assert!(started.elapsed() < Duration::from_secs(120), "the bomb goes on: {}", legion.service_log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn ended_by(run: &Value, words: &str) {
    assert_eq!(run["outcome"], "limit", "{run}");
    assert!(run["error"].as_str().is_some_and(|error| error.contains(words)), "{run}");
}

#[test]
fn a_memory_bomb_is_ended_and_its_outcome_says_so() {
    let legion = small("memory_bytes = 67108864");
    let run = bomb(&legion, "exec python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 20))'");
    ended_by(&run, "more memory than the 64 MiB");
}

#[test]
fn a_fork_bomb_is_ended_and_its_outcome_says_so() {
    let legion = small("processes = 60");
    let run = bomb(&legion, "while :; do sleep 100 & done");
    ended_by(&run, "more processes than the 60");
}

#[test]
fn a_disk_filler_is_ended_and_its_outcome_says_so() {
    let legion = small("disk_bytes = 33554432");
    let run = bomb(
        &legion,
        "i=0; while :; do i=$((i+1)); dd if=/dev/zero of=f$((i % 4)) bs=1M count=8 conv=fsync 2> /dev/null; done",
    );
    ended_by(&run, "more to the disk than the 32 MiB");
}

#[test]
fn the_service_answers_beside_busy_loops() {
    let legion = small("cpu_percent = 400");
    legion.dir.file("work/agent.sh", "for i in 1 2 3 4; do (while :; do :; done) & done; echo x > begun; wait");
    let agent = legion.hire("work", "sh agent.sh");
    legion.until("it works", || legion.work().join("begun").exists().then_some(()));
    let person = std::fs::read_to_string(legion.data().join("token")).expect("the token").trim().to_owned();
    let stream = |path: &str| {
        let service = legion.service();
        let address = service["url"].as_str().expect("a url").trim_start_matches("http://").to_owned();
        let mut stream = std::net::TcpStream::connect(&address).expect("it listens");
        let asked = Instant::now();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {person}\r\nConnection: close\r\n\r\n"
        )
        .expect("sent");
        let mut answer = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut answer).expect("answered");
        assert!(text(&answer).contains("200 OK"), "{}", text(&answer));
        asked.elapsed()
    };
    // The keeper answers it, for a person whose token is looked at.
    let path = format!("/v1/org/agents/{agent}");
    let mut times: Vec<Duration> = (0..200).map(|_| stream(&path)).collect();
    times.sort();
    // Tests run beside it: a bound that only a service without a turn of its own would miss.
    assert!(times[197] < Duration::from_secs(2), "{:?}", times[197]);
    // Busy is no offence: it works until it is told to end, and is told what became of it.
    assert_eq!(legion.status_of(&agent), "working");
    legion.ok(&["interrupt", &agent]);
    let run = ended(&legion, &agent, "60s");
    assert_eq!(run["outcome"], "interrupted", "{run}");
    legion.ok(&["fire", &agent]);
}

/// What a service of one agent may have in memory at the most: a quarter of the line.
const SERVICE_KIB_MAX: u64 = 256 * 1024;

#[test]
fn a_line_without_an_end_is_bounded() {
    let legion = full(&[]);
    let mut legion = legion;
    let file = legion.dir.file("legion.toml", "[limits]\noutput_bytes = 8388608\n");
    legion.env.insert("LEGION_CONFIG".to_owned(), file.display().to_string());
    legion.start();
    let run = bomb(&legion, "head -c 1000000000 /dev/zero | tr '\\0' x");
    ended_by(&run, "wrote more than it may");
    // The most that the service ever had in memory.
    let status = std::fs::read_to_string(format!("/proc/{}/status", legion.service_pid())).expect("it lives");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a figure");
    let kib: u64 = peak.trim().trim_end_matches("kB").trim().parse().expect("a number");
    assert!(kib < SERVICE_KIB_MAX, "the service had {kib} KiB in memory for a line of a gigabyte");
}
