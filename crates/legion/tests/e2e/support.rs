//! A service of its own for each test: its own data directory, home and port; everything that it started ends with it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use legion_testkit::TestDir;
use serde_json::Value;

pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Legion {
    pub dir: TestDir,
    pub env: BTreeMap<String, String>,
    binary: PathBuf,
}

impl Legion {
    /// A service that starts with the first command.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// For tests that are about something else than how agents are held, and whose agents reach beyond their directory.
    pub fn not_held() -> Self {
        Self::with(&[("LEGION_TIER", "none")])
    }

    /// With further variables in the service's environment.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let dir = TestDir::new();
        // A root service's agents have a user of their own; those that are not held leave their traces here.
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).expect("it is ours");
        dir.dir("work");
        let home = dir.dir("home").display().to_string();
        let data = dir.path().join("data").display().to_string();
        let run = dir.dir("run").display().to_string();
        // What agents are told to execute lies beside their directory.
        let scripts = dir.dir("scripts");
        let config = dir.file("config.toml", format!("[containment]\nshared = [{scripts:?}]\n")).display().to_string();
        let path = std::env::var("PATH").expect("PATH is set");
        let own = [
            ("PATH", path.as_str()),
            ("HOME", &home),
            ("LEGION_DATA_DIR", &data),
            ("XDG_RUNTIME_DIR", &run),
            ("LANG", "C.UTF-8"),
            ("LEGION_CONFIG", &config),
        ];
        let env = own.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { dir, env, binary: PathBuf::from(env!("CARGO_BIN_EXE_legion")) }
    }

    /// Finds programs in this directory first, from now on.
    pub fn prepend_path(&mut self, dir: &std::path::Path) {
        let path = format!("{}:{}", dir.display(), self.env["PATH"]);
        self.env.insert("PATH".to_owned(), path);
    }

    /// Uses another copy of the binary from now on.
    pub fn use_binary(&mut self, binary: PathBuf) {
        self.binary = binary;
    }

    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// The service's data directory.
    pub fn data(&self) -> PathBuf {
        PathBuf::from(&self.env["LEGION_DATA_DIR"])
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).env_clear().envs(&self.env).current_dir(self.work()).stdin(Stdio::null());
        command
    }

    /// Starts the service on a free port.
    pub fn start(&self) {
        let output = self.run(&["serve", "--detach", "--port", "0"]);
        assert!(output.status.success(), "serve: {}\n{}", text(&output.stderr), self.service_log());
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap_or_else(|error| panic!("failed to run legion {args:?}: {error}"))
    }

    /// Runs a command that must succeed, and gives its standard output.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "legion {args:?} ended with {:?}: {}{}\n{}",
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
            self.service_log()
        );
        text(&output.stdout)
    }

    /// As `ok`, with `--json`.
    pub fn json(&self, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.push("--json");
        let out = self.ok(&args);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("legion {args:?} printed no JSON ({error}): {out}"))
    }

    /// Runs a command that must fail with this exit code, and gives its standard error.
    pub fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "legion {args:?}: {}{error}", text(&output.stdout));
        error
    }

    /// Hires a `command` agent below the person, and gives its id.
    pub fn hire(&self, task: &str, command: &str) -> String {
        id(&self.json(&["hire", task, "--driver", "command", "--command", command]))
    }

    pub fn service(&self) -> Value {
        let path = self.data().join("service.json");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("`{}`: {error}\n{}", path.display(), self.service_log()));
        serde_json::from_str(&text).expect("service.json is JSON")
    }

    pub fn service_pid(&self) -> u32 {
        u32::try_from(self.service()["pid"].as_u64().expect("a pid")).expect("a pid")
    }

    /// Ends the service as a crash would.
    pub fn kill_service(&self) {
        let pid = self.service_pid();
        kill(pid, "KILL");
        self.until("the service is gone", || (!alive(pid)).then_some(()));
    }

    /// Looks until something is found.
    pub fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        self.until_within(PATIENCE, what, look)
    }

    /// Whether something comes to be true.
    pub fn eventually(&self, mut look: impl FnMut() -> bool) -> bool {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if look() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// As `until`, for what takes minutes on a slow machine: many builds, many agents.
    pub fn until_long<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        self.until_within(PATIENCE * 15, what, look)
    }

    fn until_within<T>(&self, patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(started.elapsed() < patience, "waited {patience:?} for: {what}\n{}", self.state());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn status_of(&self, agent: &str) -> String {
        self.json(&["status", agent])["agent"]["status"].as_str().expect("a status").to_owned()
    }

    pub fn inbox(&self) -> Vec<Value> {
        self.json(&["inbox"])["messages"].as_array().expect("messages").clone()
    }

    /// Reports in the person's inbox that came from this agent.
    pub fn reports_of(&self, agent: &str) -> Vec<String> {
        let inbox = self.inbox();
        let from = inbox.iter().filter(|message| message["from"] == agent && message["kind"] == "report");
        from.map(|message| message["text"].as_str().expect("text").to_owned()).collect()
    }

    pub fn service_log(&self) -> String {
        let logs = self.data().join("logs");
        let read = |name: &str| std::fs::read_to_string(logs.join(name)).unwrap_or_default();
        let (start, log) = (read("start.log"), read("legion.log"));
        format!("--- start.log\n{start}--- legion.log\n{}", tail(&log, 4_000))
    }

    fn state(&self) -> String {
        let tree = self.run(&["tree"]);
        let inbox = self.run(&["inbox"]);
        format!("{}{}{}\n{}", text(&tree.stdout), text(&tree.stderr), text(&inbox.stdout), self.service_log())
    }

    /// Processes of this service's agents that live.
    pub fn agent_processes(&self) -> Vec<u32> {
        let data = self.env["LEGION_DATA_DIR"].clone();
        processes_with(&format!("LEGION_SERVICE_FILE={data}/service.json"))
    }
}

impl Drop for Legion {
    fn drop(&mut self) {
        let _ = self.run(&["down"]);
        if let Ok(text) = std::fs::read_to_string(self.data().join("service.json"))
            && let Ok(service) = serde_json::from_str::<Value>(&text)
            && let Some(pid) = service["pid"].as_u64()
        {
            kill(pid as u32, "KILL");
        }
        for pid in self.agent_processes() {
            kill(pid, "KILL");
        }
    }
}

pub fn id(hired: &Value) -> String {
    hired["id"].as_str().unwrap_or_else(|| panic!("no id in {hired}")).to_owned()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn tail(text: &str, bytes: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

pub fn kill(pid: u32, signal: &str) {
    let _ = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).stderr(Stdio::null()).status();
}

/// Whether a process is there and no zombie.
pub fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

/// The numbers of all processes, zombies among them.
pub fn pids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
}

/// Live processes whose environment holds an entry.
pub fn processes_with(entry: &str) -> Vec<u32> {
    let holds = |pid: &u32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes()) && alive(*pid)
    };
    pids().filter(holds).collect()
}

/// Live processes whose first argument this is: those that sleep for exactly this long.
pub fn processes_sleeping(nap: &str) -> Vec<u32> {
    let sleeps = |pid: &u32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).nth(1) == Some(nap.as_bytes()) && alive(*pid)
    };
    pids().filter(sleeps).collect()
}

/// Shims and other direct children of a process, by their arguments.
pub fn shims_below(data_dir: &Path) -> Vec<u32> {
    let wanted = data_dir.display().to_string();
    let is_shim = |pid: &u32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).nth(1) == Some(b"shim")
            && std::fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|fds| {
                fds.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok()).any(|file| file.starts_with(&wanted))
            })
    };
    pids().filter(is_shim).collect()
}
