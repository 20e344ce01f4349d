//! The escape suite through the engine's own confinement: every probe as an agent that the service hires, as a gate, and as a set-up
//! command, in each tier, and outside beside it, where it must succeed. In tier `none` most of them get out in the same way.
//!
//! The binary is prober and neighbour, as in its self-test. What is tried lies outside of `/tmp`, which tier `full` replaces: a probe
//! shall not fail for want of something to try.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use legion_sandbox::{PROBES, Probe, Tier, landlock_version};
use legion_testkit::npm::Skip;
use serde_json::{Value, json};

use crate::small;
use crate::support::{Legion, text};

/// What the neighbour puts up, by name and content as the probes know it; its control would fail with another.
const SECRET: &str = "the neighbour's secret";
const VARIABLE: &str = "LEGION_PROBE_SECRET";
/// Where its things lie: a directory of all users that is not `/tmp`.
const GROUND: &str = "/var/tmp";
/// Descriptors of a secret file and its directory that whoever started the service left open.
const LEFT_OPEN: [i32; 2] = [200, 201];
/// What is granted, and must work: a prober that is refused everything shows nothing.
const GRANTED: [&str; 2] = ["own-file", "own-tool"];
/// As what stands in the ground until the prober knows where it is.
const OWN: &str = "@OWN@";
/// How many of the probes must be possible outside.
const SHOWN_MIN: usize = 40;

/// As what the service executes the probes.
#[derive(Clone, Copy, Debug)]
enum Place {
    Agent,
    Gate,
    SetUp,
}

/// A user id, its group the same: of agents, and of gates and set-up commands. `None` is the service's own user, which is not root.
fn users() -> Option<(u32, u32)> {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    // Nobody else's: tests run side by side, and some probes are on all processes of a user.
    let first = 1_910_000_000 + 2 * std::process::id();
    is_root.then_some((first, first + 1))
}

/// What is tried, and the neighbour whose it is: another process of the very user that the prober has.
struct Ground {
    base: tempfile::TempDir,
    user: Option<u32>,
    neighbour: Option<Child>,
}

impl Ground {
    /// A place for it, with what has to be there before the service starts.
    fn new(place: Place) -> Self {
        let base = tempfile::tempdir_in(GROUND).expect("all users may write there");
        let user = users().map(|(agent, command)| if matches!(place, Place::Agent) { agent } else { command });
        let ground = Self { base, user, neighbour: None };
        std::fs::create_dir(ground.outside()).expect("it is ours");
        std::fs::write(ground.secret(), SECRET).expect("it is ours");
        if user.is_some() {
            for path in [ground.base.path(), &ground.outside(), &ground.secret()] {
                std::os::unix::fs::chown(path, user, user).expect("root may");
            }
        }
        ground
    }

    fn outside(&self) -> PathBuf {
        self.base.path().join("outside")
    }

    fn secret(&self) -> PathBuf {
        self.outside().join("secret")
    }

    /// A program that leaves descriptors open to the one that it becomes.
    fn careless(&self, legion: &Legion) -> PathBuf {
        let ([file, directory], [secret, outside]) = (LEFT_OPEN, [self.secret(), self.outside()]);
        let (secret, outside) = (secret.display(), outside.display());
        let binary = env!("CARGO_BIN_EXE_legion");
        let script = format!("#!/bin/bash\nexec {file}<{secret} {directory}<{outside}\nexec {binary} \"$@\"\n");
        let program = legion.dir.file("careless", script);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        program
    }

    /// Starts the neighbour, and gives what it has put up, for a prober that stands in [`OWN`].
    fn put_up(&mut self, legion: &Legion) -> Value {
        let account = self.user.map(|user| json!({"uid": user, "gid": user}));
        let mut neighbour = Command::new(env!("CARGO_BIN_EXE_legion"));
        neighbour.arg("confine-neighbour").arg(self.base.path()).arg(json!(account).to_string());
        neighbour.env_clear().env(VARIABLE, SECRET).env("TMPDIR", GROUND).stdin(Stdio::null());
        self.neighbour = Some(neighbour.spawn().expect("it is there"));
        let file = self.base.path().join("ground.json");
        let found = legion.until("the neighbour has put everything up", || std::fs::read(&file).ok());
        serde_json::from_slice(&found).expect("it is JSON")
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // It clears up what it shares, and ends.
        let _ = std::fs::write(self.base.path().join("stop"), "");
        if let Some(mut neighbour) = self.neighbour.take() {
            let _ = neighbour.wait();
        }
    }
}

/// A service in this tier, and beside it, where everything that it starts may execute it, the program of the probes.
fn service(tier: Tier) -> Legion {
    let legion = Legion::with(&[("LEGION_TIER", tier.name())]);
    let scripts = legion.dir.path().join("scripts");
    let users = users().map_or(String::new(), |(agent, command)| format!("user_ids = [{agent}, {command}]\n"));
    legion.dir.file("config.toml", format!("[containment]\nshared = [{scripts:?}]\n{users}"));
    let (binary, prober) = (env!("CARGO_BIN_EXE_legion"), scripts.join("prober"));
    // A gate is not given the way to the service, and so no `legion` either.
    if std::fs::hard_link(binary, &prober).is_err() {
        std::fs::copy(binary, &prober).expect("there is room");
    }
    let names: Vec<&str> = PROBES.iter().map(|probe| probe.name).chain(GRANTED).collect();
    let (names, scripts) = (names.join(" "), scripts.display());
    // In a terminal of its own where it may open one, for a probe that types into it. Run again it has nothing to do.
    let script = format!(
        "cat > /dev/null; [ -e {scripts}/go ] && exit 0\n\
         mkdir -p probes; cd probes; cp /bin/true tool; : > begun\n\
         until [ -e {scripts}/ground ]; do sleep 0.05; done\n\
         terminal=\"{scripts}/prober confine-terminal\"; $terminal /bin/true 2> /dev/null || terminal=\n\
         $terminal {scripts}/prober confine-probe \"$(sed \"s|{OWN}|$PWD|\" {scripts}/ground)\" {names} > attempts 2> errors\n\
         : > tried\n\
         until [ -e {scripts}/go ]; do sleep 0.05; done\n"
    );
    legion.dir.file("scripts/probe", script);
    legion
}

/// How each attempt ended, by its probe.
fn attempts(lines: &str) -> BTreeMap<String, Value> {
    let read = |line: &str| -> Option<(String, Value)> {
        let attempt: Value = serde_json::from_str(line).ok()?;
        Some((attempt["probe"].as_str()?.to_owned(), attempt["outcome"].clone()))
    };
    lines.lines().filter_map(read).collect()
}

/// Has the service execute the probes, and gives how they ended.
fn inside(legion: &Legion, place: Place, ground: &mut Ground) -> (BTreeMap<String, Value>, Value) {
    let probe = format!("sh {}", legion.dir.path().join("scripts/probe").display());
    let (gate, setup) = match place {
        Place::Gate => (probe.as_str(), "true"),
        _ => ("true", probe.as_str()),
    };
    let started = match place {
        Place::Agent => legion.hire("try", &probe),
        Place::Gate | Place::SetUp => {
            let configuration = format!("[setup]\ncommand = {setup:?}\n");
            let files = [("README", "hello\n"), (".gitignore", "probes/\n"), ("legion.toml", configuration.as_str())];
            small::make(&legion.work(), &files);
            legion.ok(&["init"]);
            let worker = small::program(legion, "worker", "cat > /dev/null; mkdir -p checks; echo x > checks/x");
            let args = ["dispatch", "-k", "x", "--max-attempts", "1", "--files", "checks/**", "--gate", gate];
            legion.ok(&[&args[..], &["--command", &worker, "work"]].concat()).trim().to_owned()
        }
    };
    let root = match place {
        Place::Agent => legion.work(),
        Place::Gate => legion.data().join("gates"),
        Place::SetUp => legion.data().join("work"),
    };
    let begun = legion.until("it is executed", || small::files_ending(&root, "begun").pop());
    let own = begun.parent().expect("it lies somewhere").to_owned();
    let mut found = ground.put_up(legion);
    for (field, descriptor) in ["file_descriptor", "directory_descriptor"].into_iter().zip(LEFT_OPEN) {
        found[field] = descriptor.into();
    }
    let mut told = found.clone();
    told["own"] = OWN.into();
    let draft = legion.dir.file("scripts/ground.new", told.to_string());
    std::fs::rename(&draft, draft.with_extension("")).expect("it is ours");
    legion.until("all was tried", || own.join("tried").exists().then_some(()));
    let read = |name: &str| std::fs::read_to_string(own.join(name)).unwrap_or_default();
    let tried = attempts(&read("attempts"));
    assert!(!tried.is_empty(), "{place:?}: nothing was tried: {}", read("errors"));
    legion.dir.file("scripts/go", "");
    legion.until("its end", || match place {
        Place::Agent => (legion.status_of(&started) == "idle").then_some(()),
        Place::Gate | Place::SetUp => {
            let tickets = small::tickets(&legion.json(&["check"]));
            tickets.values().all(|ticket| ticket["status"] == "done").then_some(())
        }
    });
    (tried, found)
}

/// The same attempts by the same user beside the same neighbour, held by nothing.
fn outside(legion: &Legion, ground: &Ground, found: &Value) -> BTreeMap<String, Value> {
    let mut control = Command::new(ground.careless(legion));
    control.args(["confine-terminal", env!("CARGO_BIN_EXE_legion"), "confine-probe", &found.to_string()]);
    let output = control.args(PROBES.iter().map(|probe| probe.name)).env_clear().output().expect("it is there");
    assert!(output.status.success(), "{}", text(&output.stderr));
    attempts(&text(&output.stdout))
}

/// Whether the service holds something in this tier here.
fn has(legion: &Legion, tier: Tier) -> bool {
    let output = legion.run(&["hire", "x", "--driver", "command", "--command", "true", "--tier", tier.name()]);
    let refused = text(&output.stderr).contains("cannot be held in tier");
    if refused {
        let _ = Skip::new(format!("tier `{tier}` does not work here: {}", text(&output.stderr)));
    }
    !refused
}

fn nothing_escapes(place: Place) {
    for tier in Tier::ALL {
        let mut legion = service(tier);
        let mut ground = Ground::new(place);
        legion.use_binary(ground.careless(&legion));
        legion.start();
        legion.use_binary(env!("CARGO_BIN_EXE_legion").into());
        let left_open =
            Path::new("/proc").join(legion.service_pid().to_string()).join("fd").join(LEFT_OPEN[0].to_string());
        assert_eq!(
            std::fs::read_link(left_open).ok(),
            Some(ground.secret()),
            "the service itself has what was left open"
        );
        if !has(&legion, tier) {
            continue;
        }
        let (tried, found) = inside(&legion, place, &mut ground);
        if tier == Tier::None {
            // The other control: nothing but the tier holds what is executed in this way.
            let open = PROBES.iter().filter(|probe| done(&tried, probe)).count();
            println!("as {place:?} in tier none: {open} of {} attempts succeed", PROBES.len());
            assert!(open >= SHOWN_MIN, "only {open}: {tried:?}");
            continue;
        }
        judge(place, tier, &tried, &outside(&legion, &ground, &found));
    }
}

fn done(attempts: &BTreeMap<String, Value>, probe: &Probe) -> bool {
    attempts.get(probe.name) == Some(&json!("done"))
}

fn judge(place: Place, tier: Tier, tried: &BTreeMap<String, Value>, control: &BTreeMap<String, Value>) {
    for name in GRANTED {
        assert_eq!(tried.get(name), Some(&json!("done")), "{name} as {place:?} in tier {tier}");
    }
    let shows =
        |probe: &&Probe| done(control, probe) || control.get(probe.name).is_some_and(|it| it["impossible"].is_string());
    let vacuous: Vec<_> = PROBES.iter().filter(|probe| !shows(probe)).map(|probe| probe.name).collect();
    assert_eq!(vacuous, Vec::<&str>::new(), "these fail outside too and show nothing: {control:?}");
    let untried: Vec<_> = PROBES.iter().map(|probe| probe.name).filter(|name| !tried.contains_key(*name)).collect();
    assert_eq!(untried, Vec::<&str>::new(), "as {place:?} in tier {tier}");
    // No directory of sockets is given but that of the service, and to none of them in tier `landlock`.
    let promised = |probe: &&Probe| probe.is_promised(tier, landlock_version(), false);
    let escaped: Vec<_> =
        PROBES.iter().filter(promised).filter(|probe| done(tried, probe)).map(|probe| probe.what).collect();
    assert_eq!(escaped, Vec::<&str>::new(), "as {place:?} in tier {tier}");
    let open: Vec<_> = PROBES.iter().filter(|probe| done(tried, probe)).map(|probe| probe.name).collect();
    let shown = PROBES.iter().filter(promised).filter(|probe| done(control, probe)).count();
    println!(
        "as {place:?} in tier {tier}: 0 escapes in {shown} attempts that succeed outside; not promised and open: {open:?}"
    );
    assert!(shown >= SHOWN_MIN, "only {shown}");
}

#[test]
fn no_probe_gets_out_of_an_agent_that_the_service_holds() {
    nothing_escapes(Place::Agent);
}

#[test]
fn no_probe_gets_out_of_a_gate() {
    nothing_escapes(Place::Gate);
}

#[test]
fn no_probe_gets_out_of_a_set_up_command() {
    nothing_escapes(Place::SetUp);
}
