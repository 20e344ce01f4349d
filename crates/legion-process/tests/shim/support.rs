//! A bench for one conversation.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use legion_process::{
    Bytes, Content, Entry, Exit, FirstInput, LINE_BYTES_MAX, LineFollower, Position, Shim, ShimEvent, ShimEvents,
    ShimSpec, SocketDirectory, TranscriptReader, sweep, transcript_path,
};
use uuid::Uuid;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A throw-away data directory with its sockets. What was started on it is swept at the end.
pub struct Bench {
    root: tempfile::TempDir,
    sockets: SocketDirectory,
    processes: std::sync::Mutex<Vec<Uuid>>,
}

impl Bench {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let sockets = SocketDirectory::open(root.path(), Some(root.path())).unwrap();
        Self { root, sockets, processes: std::sync::Mutex::default() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A new process of the one conversation, running `script` in a shell.
    pub fn shell(&self, script: &str) -> ShimSpec {
        let process = Uuid::new_v4();
        let dir = self.path(&process.to_string());
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
        self.processes.lock().unwrap().push(process);
        ShimSpec {
            process,
            dir,
            conversation_lock: self.path("conversation.lock"),
            socket: self.sockets.socket(process),
            secret: "open sesame".to_owned(),
            program: "/bin/sh".to_owned(),
            args: vec!["-c".to_owned(), script.to_owned()],
            env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            cwd: self.root.path().to_owned(),
            stdin: None,
            keep_stdin_open: true,
            output_bytes_max: 1 << 30,
            orphan_after: 120,
            grace: 500,
            cgroup: None,
            groups: Vec::new(),
            leave_group: false,
            inside: false,
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for process in self.processes.lock().unwrap().iter() {
            sweep(*process);
        }
    }
}

pub fn shim_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_legion-test-shim"))
}

pub fn start(spec: &ShimSpec) -> (Shim, ShimEvents) {
    Shim::start(shim_program(), spec).unwrap()
}

/// Starts a shim that no service looks after.
pub fn start_alone(spec: &ShimSpec) -> Child {
    let mut child = Command::new(shim_program()).arg("shim").stdin(Stdio::piped()).spawn().unwrap();
    let text = serde_json::to_vec(spec).unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    child
}

pub fn first_input(text: &str, close_after: bool) -> Option<FirstInput> {
    Some(FirstInput { id: Uuid::new_v4(), bytes: Bytes::Inline(text.as_bytes().to_vec()), close_after })
}

/// Waits for the end and returns all events.
pub async fn to_the_end(events: &mut ShimEvents) -> Vec<ShimEvent> {
    let mut seen = Vec::new();
    let all = async {
        while let Some(event) = events.next().await {
            seen.push(event);
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the shim ends");
    assert_eq!(seen.last(), Some(&ShimEvent::Gone));
    seen
}

/// Waits for an event that `wanted` accepts.
pub async fn wait_for_event(events: &mut ShimEvents, wanted: impl Fn(&ShimEvent) -> bool) -> ShimEvent {
    let found = async {
        loop {
            let event = events.next().await.expect("the shim lives");
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the event comes")
}

/// Waits until `state` is there.
pub async fn until<T>(what: &str, mut state: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = state() {
            return found;
        }
        assert!(Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the program has written this line.
pub async fn until_line(spec: &ShimSpec, line: &str) {
    until(line, || lines(spec).iter().any(|found| found == line).then_some(())).await;
}

pub fn frames(spec: &ShimSpec) -> Vec<Content> {
    let Ok(mut reader) = TranscriptReader::open(&transcript_path(&spec.dir), 0) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    while let Some((_, frame)) = reader.next_frame().unwrap() {
        found.push(frame.content);
    }
    found
}

pub fn lines(spec: &ShimSpec) -> Vec<String> {
    let path = transcript_path(&spec.dir);
    let Ok(mut follower) = LineFollower::open(&path, Position::default(), LINE_BYTES_MAX) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    while let Some((_, entry)) = follower.next_entry().unwrap() {
        if let Entry::Line(line) = entry {
            found.push(line.text());
        }
    }
    found
}

/// How it ended; the transcript must say so.
pub fn exit(spec: &ShimSpec) -> Exit {
    match frames(spec).last() {
        Some(Content::Exited(exit)) => *exit,
        other => panic!("no exit but {other:?}"),
    }
}

/// All bytes of standard output.
pub fn stdout(spec: &ShimSpec) -> Vec<u8> {
    let frames = frames(spec).into_iter();
    let chunks = frames.filter_map(|content| match content {
        Content::Stdout(bytes) => Some(bytes),
        _ => None,
    });
    chunks.flatten().collect()
}

/// Live processes with the id anywhere in their environment, also those that shed the variable
/// by which a sweep would find them.
pub fn holders(process: Uuid) -> Vec<u32> {
    let wanted = format!("={process}\0");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let pid: Option<u32> = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.windows(wanted.len()).any(|window| window == wanted.as_bytes()) {
            found.extend(pid);
        }
    }
    found
}

/// A number of kilobytes in `/proc/<pid>/smaps_rollup`.
pub fn memory_kb(pid: u32, field: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.split_whitespace().find_map(|word| word.parse().ok()).unwrap()
}

/// For what this machine may not be able to do: says so, and fails where all must run.
pub fn skip(reason: &str) {
    legion_testkit::npm::Skip::new(reason.to_owned());
}
