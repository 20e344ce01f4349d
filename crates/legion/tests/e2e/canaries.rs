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
