//! Secrets are where they must be and nowhere else: five kinds, four encodings, looked for in every file of the service, in its log, its
//! events, and the environments and arguments of its processes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::raw_http::{get, post};
use crate::support::{Legion, processes_with};

/// The provider's key and the login's credential, as the person has them in the environment of the service.
const PROVIDER_KEY: &str = "sk-canary/AbC+dEf=0123456789?&\"ghIjk";
const LOGIN: &str = "oat01-canary_ZyX/987+654=321 \\wvu";

/// A secret, and where it must be: a file of the data directory, or the environment of agents.
struct Canary {
    kind: &'static str,
    secret: String,
    /// Files below the data directory that hold it.
    files: &'static [&'static str],
    /// Whether agents' programs are given it.
    handed_to_agents: bool,
}

/// The table: whoever adds a place says here why.
fn canaries(legion: &Legion, agent_token: &str) -> Vec<Canary> {
    let read = |name: &str| std::fs::read_to_string(legion.data().join(name)).expect(name).trim().to_owned();
    let of = |kind, secret, files, handed_to_agents| Canary { kind, secret, files, handed_to_agents };
    vec![
        // The person's own clients read it there.
        of("the person's token", read("token"), &["token"], false),
        // Agents' tokens are made from it.
        of("the service's key", read("key"), &["key"], false),
        // Its own program calls Legion with it; it is made from the key, and stored nowhere.
        of("an agent's token", agent_token.to_owned(), &[], true),
        // The person chose `auth = env`: only a program that talks to that provider is given it, and none runs here.
        of("the provider's key", PROVIDER_KEY.to_owned(), &[], false),
        of("the login's credential", LOGIN.to_owned(), &[], false),
    ]
}

/// The four encodings.
fn encodings(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = secret
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let json = serde_json::to_string(secret).expect("a string").trim_matches('"').to_owned();
    let mut found = vec![("plain", secret.to_owned()), ("hex", hex), ("percent", percent), ("JSON", json)];
    // Base64 has three forms of a text, by where it stands; the middle of each says enough.
    for shift in 0..3 {
        let padded: Vec<u8> = std::iter::repeat_n(b'x', shift).chain(secret.bytes()).collect();
        let coded = base64(&padded);
        let (from, to) = (shift.div_ceil(3) * 4, coded.len().saturating_sub(4));
        found.push(("base64", coded[from..to].to_owned()));
    }
    found.into_iter().map(|(name, text)| (name, text.into_bytes())).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_owned()]);
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn encodings_are_what_they_are_called() {
    assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
    assert_eq!(base64(b"any carnal pleasu"), "YW55IGNhcm5hbCBwbGVhc3U=");
    for shift in 0..3 {
        let text: Vec<u8> =
            std::iter::repeat_n(b'-', shift).chain(b"a secret of some length".iter().copied()).collect();
        let coded = base64(&[&text[..], b"---"].concat()).into_bytes();
        let known = encodings("a secret of some length");
        assert!(known.iter().any(|(name, form)| *name == "base64" && contains(&coded, form)), "{shift}");
    }
}

#[test]
fn secrets_are_where_they_must_be_and_nowhere_else() {
    let legion = Legion::with(&[("ANTHROPIC_API_KEY", PROVIDER_KEY), ("CLAUDE_CODE_OAUTH_TOKEN", LOGIN)]);
    legion.ok(&["serve", "--detach", "--port", "0", "--tier", "none"]);
    let boss = legion.hire("lead", "sh -c 'env | cut -d= -f1; sleep 1000'");
    let quick = legion.hire("be quick", "sh -c 'echo done'");
    legion.run(&["wait", &quick, "--timeout", "60s"]);
    let pid = legion.until("it works", || processes_with(&format!("LEGION_SESSION_ID={boss}")).first().copied());
    let environ =
        String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/environ")).expect("it lives")).into_owned();
    let token = environ.split('\0').find_map(|variable| variable.strip_prefix("LEGION_TOKEN=")).expect("a token");
    let address = legion.service()["url"].as_str().expect("a URL").replace("http://", "");
    let person = std::fs::read_to_string(legion.data().join("token")).expect("the token").trim().to_owned();
    // Used in every way in which one gets into a log: right, wrong, in the address, in a body that is refused.
    let told = post(format!("/v1/org/agents/{boss}/messages"), &json!({ "text": "hello" })).by(&person).to(&address);
    assert_eq!(told.status, 201);
    assert_eq!(get("/v1/org/inbox").by(token).to(&address).status, 200);
    assert_eq!(get(format!("/v1/org/status?token={token}")).by(&format!("{token}x")).to(&address).status, 401);
    assert_eq!(post("/v1/service/down", &json!({})).by(token).to(&address).status, 403);
    legion.ok(&["tell", &boss, "more"]);

    let canaries = canaries(&legion, token);
    let (mut hits, mut looked, mut needed) = (Vec::new(), 0_usize, BTreeSet::new());
    let mut look = |place: &str, content: &[u8], allowed: &dyn Fn(&Canary) -> bool| {
        looked += 1;
        for canary in &canaries {
            for (encoding, form) in encodings(&canary.secret) {
                if !contains(content, &form) {
                    continue;
                }
                if allowed(canary) && matches!(encoding, "plain" | "JSON" | "percent") {
                    needed.insert((canary.kind, place.to_owned()));
                } else {
                    hits.push(format!("{} ({encoding}) in {place}", canary.kind));
                }
            }
        }
    };
    for file in files(&legion.data()) {
        let name = file.strip_prefix(legion.data()).expect("below").display().to_string();
        look(&name, &std::fs::read(&file).unwrap_or_default(), &|canary| canary.files.contains(&name.as_str()));
    }
    let stream = get("/v1/events?after=0").by(&person);
    let events = stream.read(&address, Duration::from_secs(2), |_| false);
    assert!(events.contains("agent-hired") && events.contains("secrets-handed"), "{events}");
    look("the events", events.as_bytes(), &|_| false);
    look("the logs of agents", legion.ok(&["logs", &boss]).as_bytes(), &|_| false);
    look("the audit", legion.ok(&["audit", "--json"]).as_bytes(), &|_| false);
    // The service has the person's environment; its shims and agents do not.
    let service = legion.service_pid();
    let data = legion.data().display().to_string();
    let agents: BTreeSet<u32> = legion.agent_processes().into_iter().collect();
    let mut processes: BTreeSet<u32> =
        agents.iter().copied().chain(crate::support::shims_below(&legion.data())).collect();
    processes.insert(service);
    assert!(!agents.is_empty() && processes.len() >= 3, "{processes:?} below {data}");
    for pid in processes {
        let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        look("the arguments of a process", &read("cmdline"), &|_| false);
        let of_agent = agents.contains(&pid);
        let place = if of_agent { "the environment of an agent" } else { "the environment of the service" };
        look(place, &read("environ"), &|canary| {
            let persons = matches!(canary.kind, "the provider's key" | "the login's credential");
            (of_agent && canary.handed_to_agents) || (pid == service && persons)
        });
    }
    assert!(hits.is_empty(), "{}", hits.join("\n"));
    let kinds: BTreeSet<&str> = needed.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds.len(), canaries.len(), "each was found where it must be, so the look sees it: {needed:?}");
    println!("{} canaries in 4 encodings, {looked} places: 0 hits beside {needed:?}", canaries.len());
}

/// Keys of five shapes for the gateway: Anthropic's, OpenAI's, Google's, a token of three parts, one without any shape.
const GATEWAY_KEYS: [&str; 5] = [
    "sk-ant-api03-Canary_AbCdEf-0123456789AA",
    "sk-proj-Canary0123456789abcdefABCDEF",
    "AIzaCanary0123456789abcdefABCDEF01234567",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDYW5hcnkifQ.c2lnbmF0dXJlLW9m-Canary_00",
    "Canary/AbC+dEf=0123?&\"ghI'jk{}~%41",
];

/// A provider that turns everybody away and quotes the key that it was sent, in each encoding. Gives its address, and those keys.
fn quoting_provider() -> (String, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let sent = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let keys = sent.clone();
    // It ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = Vec::new();
            while !contains(&head, b"\r\n\r\n") {
                let mut buffer = [0; 4096];
                let read = stream.read(&mut buffer).expect("a request");
                assert!(read > 0, "half a request");
                head.extend_from_slice(&buffer[..read]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let key = head.lines().find_map(|line| line.strip_prefix("x-api-key: ")).expect("a key").to_owned();
            // Base64 whole, wherever it stands; its middle is what is looked for.
            let whole = ["", "x", "xy"].map(|before| base64(format!("{before}{key}").as_bytes()));
            let others = encodings(&key).into_iter().filter(|(encoding, _)| *encoding != "base64");
            let others = others.map(|(_, form)| String::from_utf8(form).expect("text"));
            let quoted: Vec<String> = others.chain(whole).collect();
            let error = json!({"type": "authentication_error", "message": quoted.join(" and ")});
            let body = json!({"type": "error", "error": error}).to_string();
            keys.lock().expect("whole").push(key);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 401 X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).expect("somebody reads");
        }
    });
    (url, sent)
}

#[test]
fn keys_of_the_gateway_are_in_no_process_no_log_and_no_event() {
    let legion = Legion::with(&[
        ("LEGION_LOG", "trace"),
        ("UPSTREAM_KEY", GATEWAY_KEYS[0]),
        ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"),
    ]);
    legion.ok(&["serve", "--detach", "--port", "0", "--tier", "none"]);
    let (url, sent) = quoting_provider();
    for (number, key) in GATEWAY_KEYS.iter().enumerate() {
        let name = format!("p{number}");
        let mut add = vec!["provider", "add", &name, "--format", "anthropic", "--url", &url];
        if number == 0 {
            add.extend(["--key-env", "UPSTREAM_KEY"]);
        } else {
            add.push("--key-stdin");
        }
        let file = legion.dir.file("key", key);
        let output = legion.command(&add).stdin(std::fs::File::open(file).expect("opened")).output().expect("runs");
        assert!(output.status.success(), "{output:?}");
    }
    let agent = legion.hire("work", "sh -c 'sleep 1000'");
    legion.until("it works", || processes_with(&format!("LEGION_SESSION_ID={agent}")).first().copied());
    let base = legion.json(&["gateway", "url", &agent])["anthropic"].as_str().expect("a URL").to_owned();
    let (address, path) = base.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address");
    let mut told = Vec::new();
    for number in 0..GATEWAY_KEYS.len() {
        let messages = json!([{"role": "user", "content": "hi"}]);
        let call = json!({"model": format!("p{number}/m"), "max_tokens": 10, "messages": messages});
        let reply = post(format!("/{path}/v1/messages"), &call).to(address);
        assert_eq!(reply.status, 401, "{reply:?}");
        told.push(reply.body);
    }
    let keys: Vec<String> = sent.lock().expect("whole").clone();
    assert_eq!(keys, GATEWAY_KEYS, "each provider was sent its key");

    let (mut hits, mut looked, mut kept) = (Vec::new(), 0_usize, 0_usize);
    let mut look = |place: &str, content: &[u8], allowed: &dyn Fn(&str) -> bool| {
        looked += 1;
        for key in GATEWAY_KEYS {
            for (encoding, form) in encodings(key) {
                match (contains(content, &form), allowed(key)) {
                    (true, true) => kept += 1,
                    (true, false) => hits.push(format!("`{key}` ({encoding}) in {place}")),
                    (false, _) => {}
                }
            }
        }
    };
    for file in files(&legion.data()) {
        let name = file.strip_prefix(legion.data()).expect("below").display().to_string();
        look(&name, &std::fs::read(&file).unwrap_or_default(), &|_| name == "gateway/keys.json");
    }
    for body in &told {
        look("an answer", body.as_bytes(), &|_| false);
    }
    let person = std::fs::read_to_string(legion.data().join("token")).expect("the token").trim().to_owned();
    let service = legion.service()["url"].as_str().expect("a URL").replace("http://", "");
    let events = get("/v1/events?after=0").by(&person).read(&service, Duration::from_secs(2), |_| false);
    look("the events", events.as_bytes(), &|_| false);
    for command in [&["provider", "list", "--json"][..], &["audit", "--json"], &["cost", "--json"]] {
        look("what is shown", legion.ok(command).as_bytes(), &|_| false);
    }
    let logs = files(&legion.data().join("logs"));
    let finest = logs.iter().any(|log| contains(&std::fs::read(log).unwrap_or_default(), b"TRACE"));
    assert!(finest, "the service logs all that it can: {logs:?}");
    let children: Vec<u32> =
        legion.agent_processes().into_iter().chain(crate::support::shims_below(&legion.data())).collect();
    assert!(children.len() >= 2, "{children:?}");
    for pid in children {
        for name in ["cmdline", "environ"] {
            let content = std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            look(&format!("{name} of a child"), &content, &|_| false);
        }
    }
    let arguments = std::fs::read(format!("/proc/{}/cmdline", legion.service_pid())).unwrap_or_default();
    look("the arguments of the service", &arguments, &|_| false);
    assert!(hits.is_empty(), "{}", hits.join("\n"));
    assert!(kept >= GATEWAY_KEYS.len() - 1, "those that are kept were found, so the look sees them");
    println!("{} keys in 4 encodings, {looked} places: 0 hits", GATEWAY_KEYS.len());
}
