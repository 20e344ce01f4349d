//! What works inside of a tier: the weaker one that can be asked for, the service's tools over HTTP, and real Claude Code.

use legion_testkit::{ModelServer, TestDir, npm};
use serde_json::{Value, json};

use crate::containment::{full, run, said};
use crate::support::{Legion, id, kill, text};

#[test]
fn an_agent_in_tier_landlock_works_in_its_directory_reaches_the_service_and_ends_with_a_fire() {
    let legion = full(&[]);
    legion.start();
    let secret = legion.dir.file("outside/secret.txt", "canary").display().to_string();
    let token = legion.data().join("token").display().to_string();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let tries = [
        ("outside", format!("cat {secret}")),
        ("token", format!("cat {token}")),
        ("write", format!("touch {secret}.new")),
        ("network", format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'")),
    ];
    let mut script = String::new();
    for (name, line) in &tries {
        script.push_str(&format!("if {line} > /dev/null 2>&1; then echo {name}=open; else echo {name}=shut; fi\n"));
        let control = std::process::Command::new("bash").args(["-c", line]).output().expect("bash runs");
        assert!(control.status.success(), "{name} is not possible outside either: {}", text(&control.stderr));
    }
    script.push_str("echo kept > kept.txt; test $(id -u) != 0 && echo unprivileged\n");
    script.push_str("legion status > /dev/null && echo service=reached\n");
    script.push_str(&over_http());
    let held = run(&legion, "landlock", &script);
    let said = said(&held);
    for (name, _) in &tries {
        assert!(said.contains(&format!("{name}=shut")), "{name}: {held}");
    }
    assert!(said.contains("unprivileged") && said.contains("service=reached"), "{held}");
    assert_eq!(std::fs::read_to_string(legion.work().join("kept.txt")).expect("it wrote").trim(), "kept");
    speaks_mcp(&legion, &held);

    let tree = "for i in 1 2 3; do setsid sleep 600 & done; echo begun > begun; sleep 600";
    legion.dir.file("work/agent.sh", tree);
    let words =
        ["hire", "work", "--driver", "command", "--command", "sh agent.sh", "--tier", "landlock", "--name", "tree"];
    assert_eq!(legion.json(&words)["tier"], "landlock");
    legion.until("it works", || legion.work().join("begun").exists().then_some(()));
    legion.until("its tree is there", || (legion.agent_processes().len() >= 4).then_some(()));
    legion.ok(&["fire", "tree"]);
    legion.until("all of its tree is gone", || legion.agent_processes().is_empty().then_some(()));
}

/// Lines of a shell script that speak MCP to the service as any client of streamable HTTP does: one request for each connection.
fn over_http() -> String {
    let requests = [
        json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "sh", "version": "1" } }
        }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }),
        json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": { "name": "legion-status", "arguments": {} } }),
    ];
    let mut script = String::from("cat > mcp.bash <<'END'\nhost=${LEGION_URL#http://}\n");
    for request in requests {
        let body = request.to_string();
        script.push_str(&format!(
            "exec 3<>/dev/tcp/${{host%:*}}/${{host#*:}}\n\
             printf 'POST /mcp HTTP/1.1\\r\\nHost: %s\\r\\nAuthorization: Bearer %s\\r\\nContent-Type: application/json\\r\\n\
             Accept: application/json, text/event-stream\\r\\nMCP-Protocol-Version: 2025-06-18\\r\\nContent-Length: {}\\r\\n\
             Connection: close\\r\\n\\r\\n%s' \"$host\" \"$LEGION_TOKEN\" '{body}' >&3\ncat <&3; echo; exec 3>&-\n",
            body.len()
        ));
    }
    script.push_str("END\nbash mcp.bash > replies; rm mcp.bash\n");
    script
}

fn speaks_mcp(legion: &Legion, run: &Value) {
    let said = std::fs::read_to_string(legion.work().join("replies")).unwrap_or_else(|error| panic!("{error}: {run}"));
    for wanted in ["\"serverInfo\"", "202 Accepted", "\"legion-hire\"", "\"legion-status\"", "\"content\""] {
        assert!(said.contains(wanted), "{wanted} is missing: {said}");
    }
    assert_eq!(said.matches(" 200 OK").count(), 3, "{said}");
    assert!(!said.contains("\"isError\":true"), "{said}");
}

#[test]
fn mcp_over_http_works_from_inside_of_tier_full() {
    let legion = full(&[]);
    legion.start();
    let held = run(&legion, "full", &over_http());
    speaks_mcp(&legion, &held);
}

/// How the person has configured the way to the model.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Url,
    Socket,
}

/// Claude Code in a tier: files, its shell, a report that it hires through MCP; no network but what was opened.
async fn claude_in(tier: &str, version: &str, way: Way) {
    let Ok(program) = npm::claude(version) else { return };
    let model = ModelServer::start().await;
    let sockets = TestDir::new();
    let socket = sockets.path().join("model");
    let url = match way {
        Way::Url => model.url(),
        // Nobody listens there: whoever asks it and not the socket gets no answer.
        Way::Socket => "http://127.0.0.1:9".to_owned(),
    };
    model.listen_at(&socket).expect("a socket");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let socket = socket.display().to_string();
    let by_socket = [("ANTHROPIC_UNIX_SOCKET", socket.as_str())];
    let mut variables = vec![
        ("LEGION_TIER", tier),
        ("ANTHROPIC_BASE_URL", url.as_str()),
        ("ANTHROPIC_API_KEY", "dummy-key"),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ];
    variables.extend(by_socket.iter().filter(|_| way == Way::Socket));
    let legion = Legion::with(&variables);
    legion.start();
    let file = legion.work().join("a.txt");
    let shell =
        format!("cat a.txt > b.txt; (exec 3<>/dev/tcp/127.0.0.1/{port}) && echo open > net.txt || echo shut > net.txt");
    let below = json!({"task": "below @@[{\"text\": \"below is done\"}]@@", "name": "below"});
    let steps = json!([
        {"tool": "Write", "input": {"file_path": file, "content": "one"}},
        {"tool": "Bash", "input": {"command": shell, "description": "look"}},
        {"tool": "mcp__legion__legion-hire", "input": below},
        {"text": "hired: {{result:2}}"}, {"text": "heard"}, {"text": "heard"},
    ]);
    let task = format!("Work. @@{steps}@@");
    let leader = id(&legion.json(&["hire", &task, "--driver", "claude", "--model", "claude-sonnet-4-5"]));
    assert_eq!(legion.json(&["status", &leader])["agent"]["tier"], tier);
    let run = legion.json(&["wait", &leader, "--timeout", "120s"]);
    assert_eq!(run["outcome"], "completed", "{run}\n{}", legion.ok(&["logs", &leader, "--lines", "50"]));
    let read = |name: &str| std::fs::read_to_string(legion.work().join(name)).unwrap_or_default();
    assert_eq!((read("b.txt").as_str(), read("net.txt").trim()), ("one", "shut"));
    legion.until("the report reached its leader", || model.saw(&leader, "below is done").then_some(()));
    legion.until("nobody has anything to do", || {
        let busy = |name: &str| legion.json(&["tree", "--status", name])["reports"] != json!([]);
        let waiting = legion.json(&["status", &leader])["inbox"].as_array().is_none_or(|inbox| !inbox.is_empty());
        (!busy("working") && !waiting).then_some(())
    });
    // What is killed leaves nothing.
    for pid in legion.agent_processes() {
        kill(pid, "KILL");
    }
    legion.until("nothing is left", || legion.agent_processes().is_empty().then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_in_full_197() {
    claude_in("full", "2.1.197", Way::Url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_in_full_329() {
    claude_in("full", "2.1.329", Way::Url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_in_full_by_a_socket_197() {
    claude_in("full", "2.1.197", Way::Socket).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_in_full_by_a_socket_329() {
    claude_in("full", "2.1.329", Way::Socket).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_in_landlock_197() {
    claude_in("landlock", "2.1.197", Way::Url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_in_landlock_329() {
    claude_in("landlock", "2.1.329", Way::Url).await;
}
