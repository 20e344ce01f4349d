//! How real Claude Code is logged in: which credential reaches the provider, and what becomes of the person's own configuration.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use legion_testkit::{ModelServer, npm};
use serde_json::json;

use crate::support::{Legion, id, kill, text};

const KEY: &str = "key-that-nobody-may-use";
const SETUP_TOKEN: &str = "sk-ant-oat01-made-once";
const PERSON_TOKEN: &str = "sk-ant-oat01-of-the-person";
const REFRESH_TOKEN: &str = "sk-ant-ort01-of-the-person";
/// In the year 2100, in milliseconds: nothing has to be renewed.
const EXPIRES_AT: u64 = 4_102_444_800_000;
/// What newer versions ask their maker for, beside the model, when a person is logged in.
const PROFILE: &str = "CONNECT api.anthropic.com:443 HTTP/1.1";

/// A proxy that lets nothing through and remembers what was asked for: all that does not go to the loopback.
struct Trap {
    url: String,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Trap {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let asked: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let mut line = String::new();
                let _ = BufReader::new(&connection).read_line(&mut line);
                heard.lock().expect("not poisoned").insert(line.trim_end().to_owned());
                let _ = (&connection).write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").iter().cloned().collect()
    }
}

/// A service whose agents are logged in so, with every credential in its environment; the model; and what leaves the machine.
async fn logged_in(version: &str, auth: &str, rest: &[(&str, &str)]) -> Option<(Legion, ModelServer, Trap)> {
    let program = npm::claude(version).ok()?;
    let model = ModelServer::start().await;
    let trap = Trap::new();
    let url = model.url();
    let mut variables = vec![
        ("LEGION_AUTH", auth),
        ("ANTHROPIC_BASE_URL", url.as_str()),
        ("ANTHROPIC_API_KEY", KEY),
        ("CLAUDE_CODE_OAUTH_TOKEN", SETUP_TOKEN),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", &trap.url),
        ("HTTP_PROXY", &trap.url),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ];
    variables.extend(rest);
    let legion = Legion::with(&variables);
    Some((legion, model, trap))
}

/// A run of an agent, which is looked at while it works, and another one in a process of its own; then who the model was asked by.
fn work(legion: &Legion, model: &ModelServer) {
    let steps = json!([{"text": "apple", "gate": "looked"}, {"text": "it was apple"}]);
    let task = format!("Remember a word. @@{steps}@@");
    let agent = id(&legion.json(&["hire", &task, "--driver", "claude", "--model", "claude-sonnet-4-5"]));
    legion.until("the model is asked", || (!model.conversation(&agent).is_empty()).then_some(()));
    let processes = legion.agent_processes();
    assert!(!processes.is_empty());
    for pid in processes {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(secrets_in(&words).is_empty(), "the arguments of {pid} hold a credential: {}", text(&words));
    }
    model.open("looked");
    let run = legion.json(&["wait", &agent, "--timeout", "60s"]);
    assert_eq!((&run["outcome"], &run["result"]), (&"completed".into(), &"apple".into()), "{run}");

    // The conversation is found again by a new process.
    for pid in legion.agent_processes() {
        kill(pid, "KILL");
    }
    legion.until("its process is gone", || legion.agent_processes().is_empty().then_some(()));
    legion.ok(&["tell", &agent, "what was the word?"]);
    legion.until("the conversation goes on", || {
        let requests = model.conversation(&agent);
        let last = requests.last()?;
        (last.holds("what was the word?") && last.holds("Remember a word.")).then_some(())
    });
    legion.until("its second report", || (legion.reports_of(&agent).len() >= 2).then_some(()));
}

/// Every request came with this credential and with no other.
fn assert_asked_with(model: &ModelServer, token: &str) {
    let requests = model.requests();
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(request.authorization.as_deref(), Some(format!("Bearer {token}").as_str()));
        assert_eq!(request.api_key, None);
    }
}

fn secrets_in(bytes: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    [KEY, SETUP_TOKEN, PERSON_TOKEN, REFRESH_TOKEN].into_iter().filter(|secret| text.contains(secret)).collect()
}

fn files_below(root: &Path) -> Vec<PathBuf> {
    crate::small::files_ending(root, "")
}

/// No file of the service holds a credential.
fn assert_not_written(legion: &Legion) {
    for file in files_below(&legion.data()) {
        let found = secrets_in(&std::fs::read(&file).unwrap_or_default());
        assert!(found.is_empty(), "`{}` holds {found:?}", file.display());
    }
}

async fn setup_token(version: &str) {
    let Some((legion, model, trap)) = logged_in(version, "setup-token", &[]).await else { return };
    legion.start();
    work(&legion, &model);
    assert_asked_with(&model, SETUP_TOKEN);
    assert_eq!(trap.asked(), Vec::<String>::new(), "nothing but the model is asked for anything");
    assert_not_written(&legion);
    let home = legion.dir.path().join("home");
    assert_eq!(files_below(&home), Vec::<PathBuf>::new(), "agents have homes of their own");
    let doctor = legion.ok(&["doctor"]);
    assert!(doctor.contains("setup-token: CLAUDE_CODE_OAUTH_TOKEN is handed to agents"), "{doctor}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_token_197() {
    setup_token("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_token_329() {
    setup_token("2.1.329").await;
}

/// A person who is logged in, with settings and a hook of their own, in this configuration directory.
fn person(legion: &Legion, directory: &str) -> Vec<(PathBuf, String)> {
    let credentials = json!({"claudeAiOauth": {"accessToken": PERSON_TOKEN, "refreshToken": REFRESH_TOKEN, "expiresAt": EXPIRES_AT,
        "scopes": ["user:inference", "user:profile"], "subscriptionType": "max"}});
    let hook = json!({"type": "command", "command": format!("touch {}", legion.dir.path().join("hooked").display())});
    let settings = json!({"hooks": {"SessionStart": [{"hooks": [hook]}]}, "model": "of-the-person"});
    let files = [
        (".credentials.json", credentials.to_string()),
        ("settings.json", settings.to_string()),
        ("CLAUDE.md", "Be kind.".to_owned()),
        ("agents/reviewer.md", "---\nname: reviewer\ndescription: reviews\n---\nReview.".to_owned()),
    ];
    files.map(|(name, content)| (legion.dir.file(format!("{directory}/{name}"), &content), content)).into()
}

async fn login(version: &str) {
    let Some((legion, model, trap)) = logged_in(version, "login", &[]).await else { return };
    let files = person(&legion, "home/.claude");
    legion.start();
    let said = legion.ok(&["doctor"]);
    assert!(said.contains("agents use your own configuration directory") && said.contains("uncontained"), "{said}");
    assert!(!said.contains("nobody is logged in"), "{said}");
    work(&legion, &model);
    assert_asked_with(&model, PERSON_TOKEN);
    // No renewal, and no telemetry.
    assert!(trap.asked().iter().all(|line| line == PROFILE), "{:?}", trap.asked());
    assert_not_written(&legion);
    for (file, content) in files {
        assert_eq!(std::fs::read_to_string(&file).expect("there"), content, "`{}` is as it was", file.display());
    }
    assert!(!legion.dir.path().join("hooked").exists(), "no hook of the person ran");
    // What came there is the program's own: its state, its caches, the conversation.
    let home = legion.dir.path().join("home");
    for file in files_below(&home) {
        let place = file.strip_prefix(&home).expect("below it");
        let own = [".claude", ".claude.json", ".cache/claude", ".cache/claude-cli-nodejs"];
        let is_own =
            own.iter().any(|own| place.starts_with(own)) || place.to_string_lossy().starts_with(".claude.json");
        assert!(is_own, "`{}` was made", file.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_197() {
    login("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_329() {
    login("2.1.329").await;
}

/// Without a provider a program that is logged in finds its own way, and the screens say so; with one, the same login goes through the
/// gateway untouched, and what it costs is in the books.
async fn through_the_gateway(version: &str, auth: &str, token: &str) {
    let Some((legion, model, _trap)) = logged_in(version, auth, &[("LEGION_GATEWAY_LISTEN", "127.0.0.1:0")]).await
    else {
        return;
    };
    person(&legion, "home/.claude");
    legion.start();
    let run = || {
        let task = format!("Say it. @@{}@@", json!([{"text": "said"}]));
        let agent = id(&legion.json(&["hire", &task, "--driver", "claude", "--model", "claude-sonnet-4-5"]));
        let ended = legion.json(&["wait", &agent, "--timeout", "60s"]);
        assert_eq!(ended["outcome"], "completed", "{ended}");
        agent
    };
    let shown = |agent: &str| legion.json(&["status", agent])["agent"].clone();
    let beside = run();
    let agent = shown(&beside);
    assert!(agent["cost_usd"].as_f64().is_some_and(|dollars| dollars > 0.0), "{agent}");
    assert_eq!(agent["beside_gateway_usd"], agent["cost_usd"], "{agent}");
    for screen in [&["tree"][..], &["status"], &["cost"], &["top", "--once"]] {
        let said = legion.ok(screen);
        assert!(said.contains("beside the gateway"), "{screen:?}: {said}");
    }
    let doctor = || String::from_utf8_lossy(&legion.run(&["doctor"]).stdout).into_owned();
    let named = |said: &str| said.lines().any(|line| line.contains("gateway") && line.contains("past it"));
    assert!(named(&doctor()), "{}", doctor());
    assert_eq!(legion.json(&["cost"])["total"]["calls"], 0);

    legion.ok(&["provider", "add", "native", "--format", "anthropic", "--url", &model.url(), "--login"]);
    let before = model.requests().len();
    let agent = run();
    assert_asked_with(&model, token);
    let sent = model.requests().len() - before;
    let cost = legion.json(&["cost", "--by", "agent"]);
    let line = cost["lines"].as_array().and_then(|lines| lines.iter().find(|line| line["id"] == agent.as_str()));
    let line = line.unwrap_or_else(|| panic!("no line of {agent}: {cost}"));
    assert_eq!((&line["calls"], &line["unknown_calls"]), (&json!(sent), &json!(0)), "{cost}");
    assert!(line["cost_nanos"].as_u64().is_some_and(|nanos| nanos > 0), "{cost}");
    let through = shown(&agent);
    assert!(through["cost_usd"].as_f64().is_some_and(|dollars| dollars > 0.0), "{through}");
    assert!(through["beside_gateway_usd"].is_null(), "{through}");
    // The token in the address did not go on.
    for request in model.requests() {
        let text = format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.raw));
        assert!(!text.contains("lgn_"), "a token of ours went to the provider");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setup_token_through_the_gateway_197() {
    through_the_gateway("2.1.197", "setup-token", SETUP_TOKEN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setup_token_through_the_gateway_329() {
    through_the_gateway("2.1.329", "setup-token", SETUP_TOKEN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_login_through_the_gateway_197() {
    through_the_gateway("2.1.197", "login", PERSON_TOKEN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_login_through_the_gateway_329() {
    through_the_gateway("2.1.329", "login", PERSON_TOKEN).await;
}

/// A person may keep the configuration elsewhere.
async fn login_elsewhere(version: &str) {
    let kept = legion_testkit::TestDir::new();
    let directory = kept.dir("kept").display().to_string();
    let Some((legion, model, _trap)) = logged_in(version, "login", &[("CLAUDE_CONFIG_DIR", &directory)]).await else {
        return;
    };
    for (file, content) in person(&legion, "prepared") {
        let name = file.strip_prefix(legion.dir.path().join("prepared")).expect("below it");
        kept.file(Path::new("kept").join(name), content);
    }
    legion.start();
    work(&legion, &model);
    assert_asked_with(&model, PERSON_TOKEN);
    assert!(!legion.dir.path().join("home/.claude").exists());
    let said = legion.ok(&["doctor"]);
    assert!(said.contains(&directory), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_elsewhere_197() {
    login_elsewhere("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_elsewhere_329() {
    login_elsewhere("2.1.329").await;
}

/// Nobody is logged in: that is said before, and the run says what to do.
async fn nobody_is_logged_in(version: &str) {
    let Some((legion, _model, _trap)) = logged_in(version, "login", &[]).await else { return };
    let home = legion.dir.path().join("home");
    let said = legion.ok(&["doctor"]);
    assert!(said.contains("nobody is logged in there") && said.contains("`/login`"), "{said}");
    assert_eq!(files_below(&home), Vec::<PathBuf>::new(), "a look makes no files");
    // The program was used, and nobody is logged in any more.
    legion.dir.file("home/.claude/settings.json", "{}");
    // On a busy machine it does not answer in time, which is said; then it is asked again.
    let said = legion.until("the program said who is logged in", || {
        let said = legion.ok(&["doctor"]);
        (!said.contains("is not known")).then_some(said)
    });
    assert!(said.contains("nobody is logged in there"), "{said}");
    legion.start();
    let agent = id(&legion.json(&["hire", "work", "--driver", "claude", "--model", "claude-sonnet-4-5"]));
    let output = legion.run(&["wait", &agent, "--timeout", "60s", "--json"]);
    assert!(text(&output.stdout).contains("/login"), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_logged_in_197() {
    nobody_is_logged_in("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_logged_in_329() {
    nobody_is_logged_in("2.1.329").await;
}
