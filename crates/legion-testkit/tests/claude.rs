//! The real Claude Code, in each pinned version, on the scripted model server.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use legion_testkit::{ModelServer, TestDir, agent_env, npm, until};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use uuid::Uuid;

/// Enough for a program that needs a second, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(60);

struct Claude {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Claude {
    fn start(program: &Path, arguments: &[&str], directory: &TestDir, server: &ModelServer) -> Self {
        let mut child = Command::new(program)
            .args(["-p", "--input-format", "stream-json", "--output-format", "stream-json"])
            .args(["--verbose", "--model", "claude-sonnet-4-5", "--permission-mode", "acceptEdits"])
            .args(["--strict-mcp-config", "--setting-sources", ""])
            .args(arguments)
            .env_clear()
            .envs(agent_env(&directory.dir("home"), &server.url()))
            .current_dir(directory.dir("work"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdin, lines }
    }

    async fn say(&mut self, text: &str) {
        let line = json!({"type": "user", "message": {"role": "user", "content": text}});
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Returns the next result, and leaves the lines before it unread.
    async fn result(&mut self) -> Value {
        let mut seen = Vec::new();
        let result = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                let value: Value = serde_json::from_str(&line).unwrap();
                if value["type"] == "result" {
                    return value;
                }
                seen.push(line);
            }
            panic!("no result before the end");
        };
        match tokio::time::timeout(DEADLINE, result).await {
            Ok(value) => value,
            Err(_) => panic!("no result in {DEADLINE:?}: {}", seen.join("\n")),
        }
    }

    async fn end(mut self) -> Option<i32> {
        drop(self.stdin);
        let status = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        status.expect("ends when its input does").unwrap().code()
    }
}

/// Looks for a written record with `text` in the session's file.
fn session_file(directory: &TestDir, session: &str, text: &str) -> Result<(), String> {
    let work = directory.path().join("work").display().to_string();
    let name = work.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let file = directory.path().join(format!("home/.claude/projects/{name}/{session}.jsonl"));
    let content = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut records = content.lines().filter(|line| line.contains(r#""type":"user""#));
    records.any(|line| line.contains(text)).then_some(()).ok_or(content)
}

fn programs() -> Vec<PathBuf> {
    npm::CLAUDE_VERSIONS.iter().filter_map(|version| npm::claude(version).ok()).collect()
}

#[tokio::test]
async fn a_tool_loop_writes_files_and_uses_results() {
    for program in programs() {
        let (server, directory) = (ModelServer::start().await, TestDir::new());
        let mut claude = Claude::start(&program, &["--allowedTools", "Bash"], &directory, &server);
        let file = directory.path().join("work/hello.txt");
        let script = json!([
            {"thinking": "hm", "text": "I write", "tool": "Write", "input": {"file_path": file, "content": "hello"}},
            {"tools": [
                {"tool": "Bash", "input": {"command": "echo '{\"id\":\"a-1\"}'"}},
                {"tool": "Bash", "input": {"command": "cat hello.txt"}},
            ]},
            {"tool": "Bash", "input": {"command": "echo {{json:1:/id}} {{result:2}} > both.txt"}},
            {"text": "done with {{result:2}}", "chunks": 3},
        ]);
        claude.say(&format!("go @@{script}@@")).await;
        let result = claude.result().await;
        assert_eq!(result["result"], "done with hello", "{result}\n{}", server.dump());
        assert_eq!(result["usage"]["output_tokens"], 80, "{result}");
        assert_eq!(directory.read("work/both.txt"), "a-1 hello\n");
        assert_eq!(claude.end().await, Some(0));
    }
}

#[tokio::test]
async fn two_turns_go_on_in_one_script_and_errors_are_retried() {
    for program in programs() {
        let (server, directory) = (ModelServer::start().await, TestDir::new());
        let session = Uuid::new_v4().to_string();
        let mut claude = Claude::start(&program, &["--session-id", &session], &directory, &server);
        let script = json!([{"text": "first"}, {"text": "second", "error": 529, "times": 2, "retry-after": 0}]);
        claude.say(&format!("go @@{script}@@")).await;
        assert_eq!(claude.result().await["result"], "first");
        claude.say("and on").await;
        assert_eq!(claude.result().await["result"], "second", "{}", server.dump());
        claude.say("and on").await;
        assert_eq!(claude.result().await["result"], "ok");
        assert_eq!(server.conversation(&session).len(), 5, "{}", server.dump());
        assert!(server.user_texts(&session).iter().any(|text| text == "and on"));
        assert!(server.conversation(&session).iter().all(|request| request.api_key.as_deref() == Some("dummy-key")));
        assert_eq!(claude.end().await, Some(0));
    }
}

#[tokio::test]
async fn a_cut_stream_is_asked_for_again() {
    for program in programs() {
        let (server, directory) = (ModelServer::start().await, TestDir::new());
        let mut claude = Claude::start(&program, &[], &directory, &server);
        claude.say(r#"go @@[{"text": "a long answer", "drop": true, "times": 1}]@@"#).await;
        assert_eq!(claude.result().await["result"], "a long answer", "{}", server.dump());
        assert_eq!(claude.end().await, Some(0));
    }
}

#[tokio::test]
async fn after_kill_9_a_resumed_session_goes_on_in_its_script() {
    for program in programs() {
        let (server, directory) = (ModelServer::start().await, TestDir::new());
        let session = Uuid::new_v4().to_string();
        let mut claude = Claude::start(&program, &["--session-id", &session], &directory, &server);
        let script =
            json!([{"text": "first"}, {"text": "never to be finished", "hold": "for ever"}, {"text": "third"}]);
        claude.say(&format!("remember the word apple @@{script}@@")).await;
        assert_eq!(claude.result().await["result"], "first");
        claude.say("and on").await;
        server.until(DEADLINE, "the second turn", |_| (server.conversation(&session).len() == 2).then_some(())).await;
        // The session file comes up to a tenth of a second after what it records.
        until(DEADLINE, "the second prompt in the session file", async || session_file(&directory, &session, "and on"))
            .await;
        claude.child.kill().await.unwrap();
        server.open("for ever");
        let mut claude = Claude::start(&program, &["--resume", &session], &directory, &server);
        claude.say("where were we?").await;
        let result = claude.result().await;
        assert_eq!(result["result"], "never to be finished", "{}", server.dump());
        let texts = server.user_texts(&session).join("\n");
        assert!(texts.contains("apple") && texts.contains("where were we?"), "{texts}");
        assert_eq!(claude.end().await, Some(0));
    }
}

#[tokio::test]
async fn a_steered_script_takes_over() {
    for program in programs() {
        let (server, directory) = (ModelServer::start().await, TestDir::new());
        let session = Uuid::new_v4().to_string();
        let arguments = ["--session-id", &session, "--allowedTools", "Bash"];
        let mut claude = Claude::start(&program, &arguments, &directory, &server);
        let wait = "while ! [ -e go ]; do sleep 0.05; done; echo went";
        let script = json!([{"tool": "Bash", "input": {"command": wait}}, {"text": "old"}, {"text": "older"}]);
        claude.say(&format!("wait @@{script}@@")).await;
        let calls = |line: &str| line.contains("tool_use");
        while !calls(&claude.lines.next_line().await.unwrap().unwrap()) {}
        claude.say(r#"be quick @@[{"text": "new"}]@@"#).await;
        // Lines are read in order: the answer to a later one proves that the message was taken in.
        let probe = json!({"type": "control_request", "request_id": "p", "request": {"subtype": "mcp_status"}});
        claude.stdin.write_all(format!("{probe}\n").as_bytes()).await.unwrap();
        while !claude.lines.next_line().await.unwrap().unwrap().contains("control_response") {}
        directory.file("work/go", "");
        assert_eq!(claude.result().await["result"], "new", "{}", server.dump());
        assert!(server.user_texts(&session).iter().any(|text| text.contains("be quick")), "{}", server.dump());
        assert_eq!(claude.end().await, Some(0));
    }
}
