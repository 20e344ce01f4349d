//! Gates and set-up commands execute what agents wrote: what they try to reach outside of their directory, what they leave behind,
//! and what is said when they cannot be held.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use legion_testkit::npm::Skip;

use crate::small;
use crate::support::{Legion, alive, kill, shims_below, text};

/// The name of the files that a held command tries to leave everywhere.
const MARK: &str = "left-by-a-command";
/// Executes whatever an agent put into `checks`.
const GATE: &str = "for check in checks/*; do sh \"$check\" || exit 1; done";
/// Beside the relay's ports inside of an agent: no gate has one.
const RELAYS: [u16; 3] = [6666, 6667, 18080];

fn service(tier: &str) -> Legion {
    let legion = Legion::with(&[("LEGION_TIER", tier)]);
    legion.dir.file("home/secret", "canary");
    legion.dir.file("outside/secret", "canary");
    legion.dir.file("scripts/shared", "for everybody");
    legion
}

/// What a command tries; each of it is possible for a process that is not held.
fn tries(legion: &Legion) -> Vec<(&'static str, String)> {
    let root = legion.dir.path().display();
    let data = legion.data().display().to_string();
    let url = legion.service()["url"].as_str().expect("a URL").to_owned();
    let port = url.rsplit(':').next().expect("a port").to_owned();
    // Clones of others: a set-up command stands in one of its own.
    let clones = |action: &str| {
        format!(
            "(found=1; for clone in {data}/work/*/*/*/*/; do test \"$clone\" -ef . || {{ {action} && found=0; }}; done; exit $found)"
        )
    };
    let tries = [
        ("read-outside", format!("cat {root}/outside/secret")),
        ("write-outside", format!("touch {root}/outside/{MARK}")),
        ("read-home", format!("cat {root}/home/secret")),
        ("write-home", format!("touch {root}/home/{MARK}")),
        ("read-token", format!("cat {data}/token")),
        ("read-log", format!("cat {data}/legion.db")),
        ("write-data", format!("touch {data}/{MARK}")),
        ("read-control", format!("cat {data}/projects/*/control.git/HEAD")),
        ("write-control", format!("(cd {data}/projects/*/control.git && touch {MARK})")),
        ("read-clone", clones("ls \"$clone/.git\"")),
        ("write-clone", clones(&format!("touch \"$clone/{MARK}\""))),
        ("write-person", format!("touch {root}/work/{MARK}")),
        ("write-shared", format!("touch {root}/scripts/{MARK}")),
        ("connect-service", format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'")),
        ("sockets", format!("find {root}/run -type s | grep -q .")),
        ("signal", format!("kill -0 {}", std::process::id())),
        // Who may send nothing may send everything.
        ("kill-service", format!("kill -0 {}", legion.service_pid())),
        ("read-service", format!("cat /proc/{}/environ", legion.service_pid())),
        ("root", "test $(id -u) = 0".to_owned()),
    ];
    tries.into_iter().filter(|(name, _)| *name != "root" || is_root()).collect()
}

/// The script that tries it all and writes down what it could do.
fn attack(legion: &Legion) -> String {
    let mut script = String::from("{\n");
    for (name, line) in tries(legion) {
        script.push_str(&format!("if {line} > /dev/null 2>&1; then echo {name}=open; else echo {name}=shut; fi\n"));
    }
    for port in RELAYS {
        script.push_str(&format!(
            "bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2> /dev/null && echo relay=open || echo relay=shut\n"
        ));
    }
    script.push_str("env | grep -q TOKEN && echo token=open || echo token=shut\n");
    let shared = legion.dir.path().join("scripts/shared");
    // What it is given works.
    script.push_str(&format!("cat {} > /dev/null && echo shared=given\n", shared.display()));
    script.push_str("touch \"$HOME/kept\" \"$TMPDIR/x\" && echo home=given\necho uid=$(id -u)\n} > record.txt 2>&1\n");
    script
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// What was written down, by name. What was tried more than once is open when it was open once.
fn record(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()));
    let mut found = BTreeMap::new();
    for (name, word) in text.lines().filter_map(|line| line.split_once('=')) {
        let known: &mut String = found.entry(name.to_owned()).or_default();
        if known != "open" {
            *known = word.to_owned();
        }
    }
    found
}

/// Files of the mark below the test's directory.
fn marks(legion: &Legion) -> Vec<PathBuf> {
    small::files_ending(legion.dir.path(), MARK)
}

/// Dispatches a ticket that fails in the end, and waits for that: its clone stays.
fn failed(legion: &Legion, gate: &str, worker: &str) -> String {
    let args = ["dispatch", "-k", "x", "--max-attempts", "1", "--files", "checks/**", "--gate", gate];
    let ticket = legion.ok(&[&args[..], &["--command", worker, "work"]].concat()).trim().to_owned();
    legion.until("it has failed", || {
        let why = legion.ok(&["why", &ticket]);
        let tickets = small::tickets(&legion.json(&["check"]));
        let found = tickets.values().find(|found| found["id"] == number(&ticket)).expect("it is known");
        assert_ne!(found["status"], "done", "{why}");
        small::is_closed(found).then_some(())
    });
    ticket
}

/// Looks at what a command in this tier could do.
fn judge(legion: &Legion, tier: &str, found: &BTreeMap<String, String>) {
    println!("{tier}: {found:?}");
    let named = tries(legion);
    if tier == "none" {
        // The control: the very same is possible where nothing holds it, and leaves its marks. A service that is root gives gates
        // another user id even here, so that the control is the script itself.
        let by_hand = is_root().then(|| {
            assert_eq!(found["root"], "shut", "it ran as root");
            run_by_hand(legion)
        });
        let found = by_hand.as_ref().unwrap_or(found);
        for (name, _) in &named {
            assert_eq!(found[*name], "open", "{name} is not possible outside either");
        }
        let paths = marks(legion);
        assert!(paths.len() >= 6, "{paths:?}");
        return;
    }
    // What was written is judged by what is there: this directory lies in `/tmp`, of which it has one of its own.
    for (name, _) in named.iter().filter(|(name, _)| !name.starts_with("write-")) {
        assert_eq!(found[*name], "shut", "{name} in tier {tier}");
    }
    assert_eq!(found["relay"], "shut", "a way to the service in tier {tier}");
    assert_eq!(found["token"], "shut");
    assert_eq!((found["shared"].as_str(), found["home"].as_str()), ("given", "given"), "in tier {tier}");
    assert_eq!(marks(legion), Vec::<PathBuf>::new(), "left outside in tier {tier}");
}

/// What the script can do as the service's own user.
fn run_by_hand(legion: &Legion) -> BTreeMap<String, String> {
    let directory = legion.dir.dir("by-hand");
    let mut shell = std::process::Command::new("sh");
    shell.arg(legion.dir.path().join("scripts/attack")).current_dir(&directory);
    // Its last word is not about what it could do.
    let _ = shell.env("HOME", &directory).env("TMPDIR", &directory).output().expect("a shell");
    record(&directory.join("record.txt"))
}

/// Whether this machine has a tier.
fn has(legion: &Legion, tier: &str) -> bool {
    let hired = legion.run(&["hire", "x", "--driver", "command", "--command", "true", "--tier", tier]);
    !text(&hired.stderr).contains("cannot be held in tier")
}

#[test]
fn what_a_gate_executes_reaches_nothing_but_its_checkout() {
    for tier in ["full", "landlock", "none"] {
        let legion = service(tier);
        small::make(&legion.work(), &[("README", "hello\n"), (".gitignore", "record.txt\n")]);
        legion.start();
        legion.ok(&["init"]);
        if tier == "landlock" && !has(&legion, tier) {
            continue;
        }
        // The agent writes what the gate will execute, and who it is itself.
        legion.dir.file("scripts/attack", format!("{}exit 1\n", attack(&legion)));
        let scripts = legion.dir.path().join("scripts");
        let worker =
            format!("cat > /dev/null; mkdir checks; cp {}/attack checks/attack; id -u > agent", scripts.display());
        let worker = small::program(&legion, "worker", &worker);
        let ticket = failed(&legion, GATE, &worker);
        let why = legion.ok(&["why", &ticket]);
        assert!(why.contains("failed with exit code 1"), "the gate ran: {why}");
        let checkout = gates(&legion).join("checkout");
        let record_file = checkout.join("record.txt");
        let found = record(&record_file);
        judge(&legion, tier, &found);
        // What it left is the service's, who clears it away.
        let owner = |path: &Path| std::fs::metadata(path).expect("it is there").uid();
        assert_eq!(owner(&record_file), owner(&legion.data()));
        if is_root() {
            let clone = small::clones(&legion).pop().expect("the clone of what failed stays");
            let agent = std::fs::read_to_string(clone.join("agent")).expect("the agent said who it is");
            assert_ne!(found["uid"], agent.trim(), "a gate has a user id of its own");
        }
        assert!(gates(&legion).join("home/kept").exists(), "it has a home to write to");
    }
}

/// The directory of the gates of the only project.
fn gates(legion: &Legion) -> PathBuf {
    let mut all = std::fs::read_dir(legion.data().join("gates")).expect("gates ran").flatten();
    all.next().expect("of one project").path()
}

#[test]
fn what_a_set_up_command_executes_reaches_nothing_but_its_clone() {
    for tier in ["full", "none"] {
        let legion = service(tier);
        legion.dir.file("scripts/attack", "true\n");
        let attack_file = legion.dir.path().join("scripts/attack");
        let configuration = format!("[setup]\ncommand = \"sh {} && git status\"\n", attack_file.display());
        let ignored = (".gitignore", "record.txt\n");
        small::make(&legion.work(), &[("README", "hello\n"), ignored, ("legion.toml", &configuration)]);
        legion.start();
        legion.ok(&["init"]);
        // A clone that is another's.
        let idle = small::program(&legion, "idle", "cat > /dev/null; date +%N > made");
        failed(&legion, "false", &idle);
        legion.dir.file("scripts/attack", attack(&legion));
        failed(&legion, "false", &idle);
        let records = small::files_ending(&legion.data().join("work"), "record.txt");
        assert_eq!(records.len(), 1, "{records:?}");
        judge(&legion, tier, &record(&records[0]));
        // Nothing of it is kept but its home.
        let mut left = std::fs::read_dir(gates(&legion).join("setups")).expect("it ran").flatten();
        assert!(left.all(|entry| entry.file_name() == "home"));
    }
}

#[test]
fn a_set_up_command_has_a_network_when_the_person_says_so_and_a_gate_never() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    for (tier, given) in [("full", true), ("full", false), ("landlock", true), ("landlock", false)] {
        let legion = service(tier);
        let shared = legion.dir.path().join("scripts");
        legion.dir.file("config.toml", format!("[containment]\nshared = [{shared:?}]\nsetup_network = {given}\n"));
        legion.dir.file("scripts/attack", "true\n");
        let connect = legion.dir.file(
            "scripts/connect",
            format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2> /dev/null && echo net=open || echo net=shut\n"),
        );
        let attack_file = legion.dir.path().join("scripts/attack");
        let command = format!(
            "sh {} && cat /etc/hosts > /dev/null && sh {} >> record.txt",
            attack_file.display(),
            connect.display()
        );
        let configuration = format!("[setup]\ncommand = {command:?}\n");
        let ignored = (".gitignore", "record.txt\n");
        small::make(&legion.work(), &[("README", "hello\n"), ignored, ("legion.toml", &configuration)]);
        legion.start();
        legion.ok(&["init"]);
        if !has(&legion, tier) {
            continue;
        }
        // All else is shut to it as before.
        legion.dir.file("scripts/attack", attack(&legion));
        let idle = small::program(&legion, "idle", "cat > /dev/null; date +%N > made");
        failed(&legion, &format!("sh {} > record.txt; false", connect.display()), &idle);
        let of_setup = small::files_ending(&legion.data().join("work"), "record.txt");
        let found = record(of_setup.first().expect("the set-up command ran"));
        println!("{tier}, given {given}: {found:?}");
        assert_eq!(found["net"], if given { "open" } else { "shut" }, "in tier {tier}, given {given}");
        for name in ["read-outside", "read-home", "read-token", "read-log", "read-control", "signal", "kill-service"] {
            assert_eq!(found[name], "shut", "{name} in tier {tier}, given {given}");
        }
        assert_eq!(marks(&legion), Vec::<PathBuf>::new(), "left outside in tier {tier}");
        assert_eq!(record(&gates(&legion).join("checkout/record.txt"))["net"], "shut", "a gate in tier {tier}");
    }
}

/// A ticket whose agent changes nothing else than the checks, and its number.
fn dispatched(legion: &Legion, checks: &str, gate: &str) -> String {
    let worker = small::program(legion, "worker", &format!("cat > /dev/null; mkdir -p checks; cp {checks} checks/x"));
    let args = ["dispatch", "-k", "x", "--max-attempts", "1", "--files", "checks/**", "--gate", gate];
    legion.ok(&[&args[..], &["--command", &worker, "work"]].concat()).trim().to_owned()
}

fn merged(legion: &Legion, ticket: &str) {
    legion.until("it is merged", || {
        let tickets = small::tickets(&legion.json(&["check"]));
        let found = tickets.values().find(|found| found["id"] == number(ticket)).expect("it is known");
        let is_closed = small::is_closed(found);
        if is_closed {
            assert_eq!(found["status"], "done", "{}", legion.ok(&["why", ticket]));
        }
        is_closed.then_some(())
    });
}

fn number(ticket: &str) -> u64 {
    ticket.parse().unwrap_or_else(|error| panic!("`{ticket}` is no ticket: {error}"))
}

#[test]
fn what_a_gate_plants_in_its_home_is_executed_by_nobody_after_it() {
    for tier in ["full", "none"] {
        let legion = service(tier);
        small::make(&legion.work(), &[("README", "hello\n")]);
        legion.start();
        legion.ok(&["init"]);
        // Open to every user: what keeps it shut is the tier alone.
        let outside = legion.dir.path().join("outside");
        std::fs::set_permissions(&outside, std::fs::Permissions::from_mode(0o777)).expect("it is ours");
        let outside = outside.join(MARK);
        // Whoever calls git with this home executes it.
        let planted = format!(
            "cat > \"$HOME/monitor\" <<'EOF'\n#!/bin/sh\necho x >> \"$HOME/executed\"\ntouch {}\nEOF\n\
             chmod +x \"$HOME/monitor\"; git config --file \"$HOME/.gitconfig\" core.fsmonitor \"$HOME/monitor\"\n",
            outside.display()
        );
        let status = "git init --quiet \"$TMPDIR/r\" && cd \"$TMPDIR/r\" && touch x && git add x && git status";
        // In the very run that plants it, it is executed: this is what is tried.
        let both = legion.dir.file("scripts/both", format!("{planted}({status})\nrm \"$HOME/executed\" || exit 1\n"));
        let first = dispatched(&legion, &both.display().to_string(), GATE);
        merged(&legion, &first);
        let home = gates(&legion).join("home");
        assert!(home.join("monitor").exists() && home.join(".gitconfig").exists(), "it is planted");
        assert_eq!(outside.exists(), tier == "none", "what was planted reached out of tier {tier}");
        let _ = std::fs::remove_file(&outside);
        // Merged or not, the next gate finds nothing of it.
        let harmless = legion.dir.file("scripts/harmless", "true\n").display().to_string();
        let second = dispatched(&legion, &harmless, status);
        merged(&legion, &second);
        for name in ["monitor", ".gitconfig", "executed"] {
            assert!(!home.join(name).exists(), "{name} is there in tier {tier}");
        }
        legion.ok(&["land", "--into", "landed"]);
        legion.ok(&["down"]);
        legion.start();
        merged(&legion, &second);
        assert!(!outside.exists(), "it was executed in tier {tier}");
    }
}

#[test]
fn a_gate_that_is_killed_leaves_nothing_and_is_run_again() {
    for victim in ["shim", "program", "service"] {
        let legion = service("full");
        small::make(&legion.work(), &[("README", "hello\n")]);
        legion.start();
        legion.ok(&["init"]);
        let word = format!("5{}.25", std::process::id());
        // The first time it stays, with children that left their session and have no mark; the next time it passes.
        let begun = legion.dir.path().join("scripts/begun");
        let script = format!(
            "[ ! -e {} ] || exit 0\n(setsid sleep {word} &)\n(env -i /usr/bin/setsid /bin/sleep {word} &)\nsleep {word}\n",
            begun.display()
        );
        let script = legion.dir.file("scripts/stays", script);
        let ticket = dispatched(&legion, &script.display().to_string(), GATE);
        legion.until("it runs with its children", || (processes_of(&word).len() >= 3).then_some(()));
        let before = processes_of(&word);
        std::fs::write(&begun, "").expect("written");
        match victim {
            "shim" => {
                let shims = shims_below(&gates(&legion));
                assert_eq!(shims.len(), 1, "the gate has a shim");
                kill(shims[0], "KILL");
            }
            "program" => before.iter().for_each(|pid| kill(*pid, "KILL")),
            _ => {
                legion.kill_service();
                // Without a service its shim goes on; it is killed too, so that the next service finds neither.
                let shims = shims_below(&gates(&legion));
                assert_eq!(shims.len(), 1, "the gate outlives the service");
                kill(shims[0], "KILL");
                legion.start();
            }
        }
        merged(&legion, &ticket);
        let left = processes_of(&word);
        for pid in &left {
            kill(*pid, "KILL");
        }
        assert_eq!(left, Vec::<u32>::new(), "left of a gate whose {victim} was killed");
        assert_eq!(small::processes_below(&gates(&legion)), Vec::<String>::new());
    }
}

/// Live processes with this word among their arguments.
fn processes_of(word: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|found| found == word.as_bytes()) && alive(*pid)
    })
    .collect()
}

#[test]
fn nothing_of_a_gate_outlives_its_timeout() {
    const DAEMONS: usize = 40;
    let legion = service("full");
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    legion.ok(&["init"]);
    let word = format!("4{}.25", std::process::id());
    // Sessions of their own, some without the mark by which a tree is found, some whose parents are gone.
    let script = format!(
        "for i in $(seq {DAEMONS}); do\n  (setsid sleep {word} > /dev/null 2>&1 &)\n  (env -i /usr/bin/setsid /bin/sleep {word} > /dev/null 2>&1 &)\ndone\nsleep {word}\n"
    );
    legion.dir.file("scripts/daemons", script);
    let copy = legion.dir.path().join("scripts/daemons");
    let worker =
        small::program(&legion, "worker", &format!("cat > /dev/null; mkdir checks; cp {} checks/x", copy.display()));
    let args = ["dispatch", "-k", "x", "--max-attempts", "1", "--files", "checks/**", "--gate", GATE];
    let ticket = legion.ok(&[&args[..], &["--gate-timeout", "5", "--command", &worker, "work"]].concat());
    legion.until("all of them run", || (processes_of(&word).len() > 2 * DAEMONS).then_some(()));
    legion.until("it has failed", || {
        small::tickets(&legion.json(&["check"])).values().all(small::is_closed).then_some(())
    });
    let why = legion.ok(&["why", ticket.trim()]);
    assert!(why.contains("did not end within 5 s"), "{why}");
    let left = processes_of(&word);
    for pid in &left {
        kill(*pid, "KILL");
    }
    assert_eq!(left, Vec::<u32>::new(), "daemons of a gate are left");
}

#[test]
fn a_gate_that_takes_too_much_memory_is_ended_and_told() {
    let legion = service("full");
    let shared = legion.dir.path().join("scripts");
    legion.dir.file("config.toml", format!("[containment]\nshared = [{shared:?}]\nmemory_bytes = 67108864\n"));
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    legion.ok(&["init"]);
    let idle = small::program(&legion, "idle", "cat > /dev/null; date +%N > made");
    let ticket = failed(&legion, "exec python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 20))'", &idle);
    let log = legion.ok(&["log", &ticket]);
    assert!(log.contains("the gate was ended because it took more memory than the 64 MiB that it may"), "{log}");
}

#[test]
fn a_service_that_is_root_does_not_start_with_user_ids_that_it_cannot_give() {
    if !is_root() {
        return;
    }
    let legion = service("none");
    for range in ["[1900000000, 1900000000]", "[0, 5]", "[7, 6]"] {
        legion.dir.file("config.toml", format!("[containment]\nuser_ids = {range}\n"));
        let output = legion.run(&["serve", "--detach", "--port", "0"]);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(!output.status.success(), "{range}: {said}");
        assert!(said.contains("user_ids") && said.contains("hint:"), "{range}: {said}");
    }
}

#[test]
fn gates_and_set_up_are_never_root_in_tier_none_either() {
    if !is_root() {
        return;
    }
    let legion = service("none");
    let shared = legion.dir.path().join("scripts");
    legion
        .dir
        .file("config.toml", format!("[containment]\nshared = [{shared:?}]\nuser_ids = [1900000000, 1900000003]\n"));
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    legion.ok(&["init"]);
    let harmless = legion.dir.file("scripts/harmless", "true\n").display().to_string();
    // What it is written down as by itself: the file is the service's, whoever made it.
    let ticket = dispatched(&legion, &harmless, "id -u > \"$HOME/user\"; test $(id -u) = 1900000003");
    merged(&legion, &ticket);
    let user = std::fs::read_to_string(gates(&legion).join("home/user")).expect("the gate ran");
    assert_eq!(user.trim(), "1900000003");
}

#[test]
fn no_gate_runs_without_its_tier() {
    const BWRAP: &str = "/usr/bin/bwrap";
    // In a mount namespace of its own a service finds no bubblewrap.
    let hiding = format!("mount --bind /dev/null {BWRAP} && exec \"$0\" \"$@\"");
    let mut hide = std::process::Command::new("unshare");
    let can_hide = hide.args(["-m", "sh", "-c", &hiding, "true"]).output().is_ok_and(|output| output.status.success());
    if !is_root() || !can_hide {
        let _ = Skip::new("nothing can be hidden from a service here: only root mounts".to_owned());
        return;
    }
    let mut legion = service("full");
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    legion.ok(&["init"]);
    // The first time it stays until its service goes down; it writes down that it is run.
    let goes = legion.dir.path().join("scripts/goes");
    let script = format!("echo run >> \"$HOME/runs\"\n[ -e {} ] || exec sleep 1000\n", goes.display());
    let script = legion.dir.file("scripts/stays", script);
    let ticket = dispatched(&legion, &script.display().to_string(), GATE);
    let runs = |legion: &Legion| std::fs::read_to_string(gates(legion).join("home/runs")).unwrap_or_default();
    legion.until("it runs", || {
        legion.data().join("gates").exists().then(|| runs(&legion)).filter(|runs| !runs.is_empty())
    });
    legion.ok(&["down"]);
    std::fs::write(&goes, "").expect("written");
    std::fs::remove_file(gates(&legion).join("home/runs")).expect("removed");
    let real = PathBuf::from(env!("CARGO_BIN_EXE_legion"));
    let without = legion
        .dir
        .file("without-bwrap", format!("#!/bin/sh\nexec unshare -m sh -c '{hiding}' {} \"$@\"\n", real.display()));
    std::fs::set_permissions(&without, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    legion.use_binary(without);
    legion.start();
    let why = legion.until("it is told", || {
        let why = legion.ok(&["why", &ticket]);
        why.contains("could not be run").then_some(why)
    });
    assert!(why.contains("cannot be held in tier `full`") && why.contains("legion doctor"), "{why}");
    assert_eq!(runs(&legion), "", "it ran unheld");
    let tickets = small::tickets(&legion.json(&["check"]));
    assert!(!tickets.values().any(small::is_closed), "the ticket is not blamed: {tickets:?}");
    legion.ok(&["down"]);
    legion.use_binary(real);
    legion.start();
    merged(&legion, &ticket);
    assert_eq!(runs(&legion), "run\n");
}
