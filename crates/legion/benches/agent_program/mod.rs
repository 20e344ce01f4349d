//! A program that speaks as much stream-json as Claude Code's driver needs, and writes down when a message reached it.

use std::fs::OpenOptions;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use legion_agents::claude::{config_dir, session_file};
use serde_json::{Value, json};

use crate::measure::now_ns;

/// Where it writes `NANOSECONDS TEXT`, a line for each message, in its working directory.
pub const ARRIVED: &str = "arrived";
/// The argument by which it is known that this program shall be the agent program.
const MARK: &str = "--input-format=stream-json";

/// Is the agent program, when the arguments say so.
pub fn is_wanted() -> bool {
    std::env::args().any(|argument| argument == MARK)
}

/// The arguments with which a baseline starts it without Legion.
pub fn bare_arguments() -> [String; 2] {
    [MARK.to_owned(), format!("--session-id={}", uuid::Uuid::nil())]
}

/// Answers every message with a turn, until standard input ends.
pub fn run() {
    let given = |name: &str| std::env::args().find_map(|argument| argument.strip_prefix(name).map(str::to_owned));
    let session = given("--session-id=").or_else(|| given("--resume=")).expect("a session is named");
    let session: uuid::Uuid = session.parse().expect("a session's id");
    let cwd = std::env::current_dir().expect("a working directory");
    let home = PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
    let session_path = session_file(&config_dir(&home), &cwd, session);
    std::fs::create_dir_all(session_path.parent().expect("in a directory")).expect("the session's directory");

    let mut line = String::new();
    let mut input = std::io::stdin().lock();
    while input.read_line(&mut line).expect("standard input is readable") > 0 {
        let at = now_ns();
        let message: Value = serde_json::from_str(&line).expect("a JSON line");
        line.clear();
        match message["type"].as_str() {
            Some("user") => {
                let text = message["message"]["content"].as_str().unwrap_or_default().replace('\n', " ");
                append(&cwd.join(ARRIVED), &format!("{at} {text}"));
                turn(session, &session_path, &message);
            }
            Some("control_request") => print(&json!({"type": "control_response", "response": {
                "subtype": "success", "request_id": message["request_id"], "response": {},
            }})),
            _ => {}
        }
    }
}

fn turn(session: uuid::Uuid, session_path: &Path, message: &Value) {
    let (id, content) = (&message["uuid"], &message["message"]);
    print(&json!({
        "type": "system", "subtype": "init", "session_id": session, "claude_code_version": "0.0.0", "mcp_servers": [],
    }));
    append(session_path, &json!({"type": "user", "uuid": id, "message": content}).to_string());
    print(&json!({"type": "user", "isReplay": true, "uuid": id, "message": content, "session_id": session}));
    print(&json!({
        "type": "result", "subtype": "success", "is_error": false, "result": "done", "num_turns": 1,
        "total_cost_usd": 0.0, "usage": {}, "session_id": session, "permission_denials": [],
    }));
}

fn print(value: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}").and_then(|()| out.flush()).expect("standard output is writable");
}

fn append(path: &Path, line: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the file opens");
    file.write_all(format!("{line}\n").as_bytes()).expect("appended");
}
