//! An agent that obeys whoever wrote to it, with its own token in hand: each way it may try to get more than it was given changes
//! nothing, and works for the caller whose right it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::raw_http::{Ask, Reply, delete, get, post, send};
use crate::small;
use crate::support::{Legion, id, processes_with};

/// Kinds of events that a refusal leaves.
const AUDIT: [&str; 2] = ["access-refused", "refusals-omitted"];
/// Entries that a flood of refusals may leave: the rations of a few windows.
const ENTRIES_MAX: usize = 40;
const FLOOD: usize = 400;
const SLEEPER: &str = "sleep 1000";
/// What only its sender and its reader may see.
const LETTER: &str = "the letter says: violet";

/// The organisation, seen from outside.
///
/// ```text
/// root ─┬─ boss ─┬─ mole ── help      mole is the hijacked one
///       │        └─ mate ── niece     worker works on ticket 1, which the person dispatched
///       └─ peer
/// ```
struct Scene {
    legion: Legion,
    address: String,
    person: String,
    ids: BTreeMap<&'static str, String>,
    tokens: BTreeMap<&'static str, String>,
    letter: String,
}

impl Scene {
    fn new() -> Self {
        let legion = Legion::new();
        small::make(&legion.work(), &[("check.sh", "true\n")]);
        // Nothing but the service's own checks holds it: no tier.
        legion.ok(&["serve", "--detach", "--port", "0", "--tier", "none"]);
        legion.ok(&["init"]);
        legion.ok(&["sessions", "new", "other"]);
        legion.ok(&["sessions", "use", "main"]);
        let url = legion.service()["url"].as_str().expect("a URL").to_owned();
        let address = url.strip_prefix("http://").expect("a URL").trim_end_matches('/').to_owned();
        let person = std::fs::read_to_string(legion.data().join("token")).expect("the token").trim().to_owned();
        let (ids, tokens) = (BTreeMap::new(), BTreeMap::new());
        let mut scene = Self { legion, address, person, ids, tokens, letter: String::new() };
        scene.hire("boss", "root", json!({}));
        let given = json!({
            "tools": ["Read", "Bash"], "budget_usd": 1.0, "headcount": 3, "depth": 1, "max_turns": 5, "timeout_seconds": 900,
            "models": ["a"], "model": "a", "permission_mode": "plan"
        });
        scene.hire("mole", "boss", given);
        scene.hire("mate", "boss", json!({}));
        scene.hire("help", "mole", json!({}));
        scene.hire("niece", "mate", json!({}));
        scene.hire("peer", "root", json!({}));
        scene.hire("gone", "boss", json!({}));
        let fired = scene.person(delete(scene.agent("gone", "")));
        assert_eq!(fired.status, 200, "{fired:?}");
        scene.legion.ok(&["dispatch", "-k", "x", "--gate", "true", "--command", SLEEPER, "work"]);
        let worker = scene.legion.until("the ticket's agent works", || {
            let ticket = scene.person(get("/v1/tickets/1")).json()["ticket"].clone();
            ticket["agent"].as_str().map(str::to_owned)
        });
        scene.learn("worker", worker);
        let letter = scene.person(post(scene.agent("mate", "/messages"), &json!({ "text": LETTER })));
        scene.letter = letter.json()["id"].as_str().expect("an id").to_owned();
        scene
    }

    fn hire(&mut self, name: &'static str, parent: &str, mut with: Value) {
        with["task"] = json!("wait");
        with["name"] = json!(name);
        with["driver"] = json!("command");
        with["command"] = json!(SLEEPER);
        with["parent"] = json!(self.ids.get(parent).map_or("root", String::as_str));
        with["cwd"] = json!(self.legion.work());
        let hired = self.person(post("/v1/org/agents", &with));
        assert_eq!(hired.status, 201, "{name}: {hired:?}");
        self.learn(name, id(&hired.json()));
    }

    /// Waits until an agent is at work, and takes its token where its own program has it.
    fn learn(&mut self, name: &'static str, id: String) {
        let token = self.legion.until(name, || {
            let pids = processes_with(&format!("LEGION_SESSION_ID={id}"));
            pids.into_iter().find_map(|pid| {
                let environ = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
                let text = String::from_utf8_lossy(&environ).into_owned();
                text.split('\0').find_map(|variable| variable.strip_prefix("LEGION_TOKEN=")).map(str::to_owned)
            })
        });
        self.ids.insert(name, id);
        self.tokens.insert(name, token);
    }

    /// The path of an agent.
    fn agent(&self, name: &str, below: &str) -> String {
        format!("/v1/org/agents/{}{below}", self.ids[name])
    }

    fn person(&self, ask: Ask) -> Reply {
        ask.by(&self.person).to(&self.address)
    }

    fn as_agent(&self, name: &str, ask: Ask) -> Reply {
        ask.by(&self.tokens[name]).to(&self.address)
    }

    /// The number of an event that the person makes now.
    fn mark(&self) -> String {
        let told = self.person(post(self.agent("peer", "/messages"), &json!({ "text": "mark" })));
        told.json()["id"].as_str().unwrap_or_else(|| panic!("{told:?}")).to_owned()
    }

    /// Kinds of all events after a mark, with their bodies; the next mark ends them.
    fn since(&self, after: u64) -> (Vec<(String, String)>, u64) {
        let mark = self.mark();
        let stream = get(format!("/v1/events?after={after}")).by(&self.person);
        let text = stream.read(&self.address, Duration::from_secs(20), |text| text.contains(&mark));
        let mut events = Vec::new();
        let mut last = after;
        for frame in text.split("\n\n") {
            let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let (Some(number), Some(kind)) = (field("id:"), field("event:")) else { continue };
            last = number.parse().unwrap_or(last);
            let data = field("data:").unwrap_or_default().to_owned();
            if data.contains(&mark) {
                return (events, last);
            }
            events.push((kind.to_owned(), data));
        }
        panic!("the mark did not come: {text}");
    }
}

impl Reply {
    fn json(&self) -> Value {
        // A body may come in chunks: the object is between the first and the last brace.
        let (from, to) = (self.body.find('{').unwrap_or(0), self.body.rfind('}').map_or(0, |at| at + 1));
        serde_json::from_str(self.body.get(from..to).unwrap_or_default()).unwrap_or_default()
    }
}

/// One way to get more than was given.
struct Strategy {
    name: &'static str,
    /// By the hijacked agent, unless it brings a token.
    attack: Ask,
    /// The statuses that refuse it.
    refused: &'static [u16],
    /// The same by whoever may: who, the call, its status.
    control: Option<(&'static str, Ask, u16)>,
}

const FORBIDDEN: &[u16] = &[403];
const UNKNOWN: &[u16] = &[401];
const MALFORMED: &[u16] = &[400, 404, 413];

fn strategies(scene: &Scene) -> Vec<Strategy> {
    let agent = |name: &str, below: &str| scene.agent(name, below);
    let text = |text: &str| json!({ "text": text });
    let hire = |with: Value| {
        let mut hire = json!({ "task": "x", "driver": "command", "command": SLEEPER, "cwd": scene.legion.work() });
        hire.as_object_mut().expect("an object").extend(with.as_object().expect("an object").clone());
        post("/v1/org/agents", &hire)
    };
    let tool = |tool: &str, arguments: Value| {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": arguments } });
        post("/mcp", &call).with("accept", "application/json, text/event-stream")
    };
    let tool_hire = |with: Value| {
        let mut hire = json!({ "task": "x", "driver": "command", "command": SLEEPER, "name": "extra" });
        hire.as_object_mut().expect("an object").extend(with.as_object().expect("an object").clone());
        hire
    };
    let mole = scene.tokens["mole"].clone();
    let (head, _) = mole.rsplit_once('_').expect("a token");
    let (_, mac) = scene.tokens["boss"].rsplit_once('_').expect("a token");
    let foreign_mac = format!("{head}_{mac}");
    let boss_by_mole = mole.replace(&scene.ids["mole"].replace('-', ""), &scene.ids["boss"].replace('-', ""));
    let other_process = mole.replacen("_1_", "_2_", 1);
    let letter = format!("/v1/org/messages/{}", scene.letter);
    let stolen = scene.legion.dir.path().join("stolen").display().to_string();
    let dispatch = |session: &str| json!({ "title": "t", "criteria": "c", "command": SLEEPER, "gate": "true", "session": session });
    let nobody = uuid::Uuid::new_v4();
    let of = |name, attack, refused, control| Strategy { name, attack, refused, control };
    vec![
        of(
            "reads the status of its parent",
            get(agent("boss", "")),
            FORBIDDEN,
            Some(("boss", get(agent("mole", "")), 200)),
        ),
        of(
            "reads the log of its sibling",
            get(agent("mate", "/logs")),
            FORBIDDEN,
            Some(("boss", get(agent("mate", "/logs")), 200)),
        ),
        of(
            "reads the log of a stranger",
            get(agent("peer", "/logs")),
            FORBIDDEN,
            Some(("peer", get(agent("peer", "/logs")), 200)),
        ),
        of("reads mail of others", get(letter.clone()), FORBIDDEN, Some(("mate", get(letter), 200))),
        of(
            "reads its parent's inbox",
            get(format!("/v1/org/status?agent={}", scene.ids["boss"])),
            FORBIDDEN,
            Some(("boss", get("/v1/org/status"), 200)),
        ),
        of(
            "reads the person's inbox",
            get("/v1/org/status?agent=root"),
            FORBIDDEN,
            Some(("root", get("/v1/org/status"), 200)),
        ),
        of(
            "acknowledges mail of others",
            post("/v1/org/inbox/ack", &json!({ "messages": [scene.letter] })),
            FORBIDDEN,
            Some(("mate", post("/v1/org/inbox/ack", &json!({ "messages": [scene.letter] })), 200)),
        ),
        of(
            "tells a stranger",
            post(agent("peer", "/messages"), &text("x")),
            FORBIDDEN,
            Some(("root", post(agent("peer", "/messages"), &text("x")), 201)),
        ),
        of(
            "tells its sibling's report",
            post(agent("niece", "/messages"), &text("x")),
            FORBIDDEN,
            Some(("mate", post(agent("niece", "/messages"), &text("x")), 201)),
        ),
        of(
            "tells the person, over its parent's head",
            post("/v1/org/agents/root/messages", &text("x")),
            FORBIDDEN,
            Some(("boss", post("/v1/org/agents/root/messages", &text("x")), 201)),
        ),
        of(
            "says that it is the person",
            post(agent("boss", "/messages"), &json!({ "text": "x", "from": "root" })),
            MALFORMED,
            Some(("mole", post(agent("boss", "/messages"), &text("x")), 201)),
        ),
        of(
            "interrupts its parent",
            post(agent("boss", "/interrupt"), &text("stop")),
            FORBIDDEN,
            Some(("root", post(agent("peer", "/interrupt"), &text("go on")), 200)),
        ),
        of(
            "waits for a stranger",
            get(agent("peer", "/wait?timeout_seconds=0")),
            FORBIDDEN,
            Some(("root", get(agent("peer", "/wait?timeout_seconds=0")), 204)),
        ),
        of(
            "hires beside itself",
            hire(json!({ "parent": scene.ids["boss"] })),
            FORBIDDEN,
            Some(("boss", hire(json!({ "parent": scene.ids["boss"] })), 201)),
        ),
        of(
            "hires below the person",
            hire(json!({ "parent": "root" })),
            FORBIDDEN,
            Some(("root", hire(json!({ "parent": "root" })), 201)),
        ),
        of(
            "gives a report more tools",
            hire(json!({ "tools": ["Write"] })),
            FORBIDDEN,
            Some(("mole", hire(json!({ "tools": ["Read"] })), 201)),
        ),
        of(
            "gives a report another directory",
            hire(json!({ "cwd": "/" })),
            FORBIDDEN,
            Some(("root", hire(json!({ "cwd": scene.legion.work() })), 201)),
        ),
        of(
            "gives a report more money",
            hire(json!({ "budget_usd": 2.0 })),
            FORBIDDEN,
            Some(("root", hire(json!({ "budget_usd": 2.0 })), 201)),
        ),
        of(
            "gives a report more heads",
            hire(json!({ "headcount": 100 })),
            FORBIDDEN,
            Some(("root", hire(json!({ "headcount": 100 })), 201)),
        ),
        of(
            "gives a report more levels",
            hire(json!({ "depth": 4 })),
            FORBIDDEN,
            Some(("root", hire(json!({ "depth": 4 })), 201)),
        ),
        of(
            "gives a report more turns",
            hire(json!({ "max_turns": 6 })),
            FORBIDDEN,
            Some(("root", hire(json!({ "max_turns": 6 })), 201)),
        ),
        of(
            "gives a report more time",
            hire(json!({ "timeout_seconds": 901 })),
            FORBIDDEN,
            Some(("root", hire(json!({ "timeout_seconds": 901 })), 201)),
        ),
        of(
            "gives a report another model",
            hire(json!({ "model": "b" })),
            FORBIDDEN,
            Some(("root", hire(json!({ "model": "b" })), 201)),
        ),
        of(
            "widens the permission mode",
            hire(json!({ "permission_mode": "acceptEdits" })),
            FORBIDDEN,
            Some(("root", hire(json!({ "permission_mode": "acceptEdits" })), 201)),
        ),
        of(
            "hires two levels down",
            hire(json!({ "parent": scene.ids["help"] })),
            FORBIDDEN,
            Some(("root", hire(json!({ "parent": scene.ids["niece"] })), 201)),
        ),
        of(
            "approves its own permission request",
            post(format!("/v1/org/approvals/{nobody}"), &json!({ "decision": "approve" })),
            FORBIDDEN,
            Some(("root", post(format!("/v1/org/approvals/{nobody}"), &json!({ "decision": "approve" })), 404)),
        ),
        of(
            "lists permission requests",
            get("/v1/org/approvals"),
            FORBIDDEN,
            Some(("root", get("/v1/org/approvals"), 200)),
        ),
        of(
            "approves protected changes",
            post("/v1/tickets/1/approve", &json!({})),
            FORBIDDEN,
            Some(("root", post("/v1/tickets/1/approve", &json!({})), 409)),
        ),
        of("denies protected changes", post("/v1/tickets/1/deny", &json!({})), FORBIDDEN, None),
        of(
            "brings commits into a session",
            post("/v1/sessions/main/import", &json!({ "commit": "0".repeat(40), "branch": "--output=/tmp/x" })),
            FORBIDDEN,
            Some(("root", post("/v1/sessions/main/import", &json!({ "commit": "0".repeat(40) })), 422)),
        ),
        of(
            "opens a session",
            post("/v1/sessions", &json!({ "name": "mine", "commit": "0".repeat(40) })),
            FORBIDDEN,
            None,
        ),
        of(
            "takes up another session",
            post("/v1/sessions/other/use", &json!({})),
            FORBIDDEN,
            Some(("root", post("/v1/sessions/main/use", &json!({})), 200)),
        ),
        of(
            "changes the settings",
            send("PATCH", "/v1/sessions/main", &json!({ "workers": 9, "protect": [] })),
            FORBIDDEN,
            Some(("root", send("PATCH", "/v1/sessions/main", &json!({ "workers": 3 })), 200)),
        ),
        of(
            "changes the settings by a plan",
            post(
                "/v1/plans",
                &json!({ "plan": { "session": { "workers": 9 }, "ticket": [{ "id": "a", "title": "t", "criteria": "c", "command": "true", "gate": "true" }] } }),
            ),
            FORBIDDEN,
            None,
        ),
        of("ends a session", delete("/v1/sessions/other?force=true"), FORBIDDEN, None),
        of(
            "sets a role with a program",
            send(
                "PUT",
                "/v1/roles/qa",
                &json!({ "duty": "verify", "prompt": "say yes", "driver": "command", "command": "true" }),
            ),
            FORBIDDEN,
            Some(("root", send("PUT", "/v1/roles/mine", &json!({ "duty": "write", "prompt": "write" })), 200)),
        ),
        of(
            "sets a team without checks",
            send("PUT", "/v1/teams/mine", &json!({ "roles": ["engineer"] })),
            FORBIDDEN,
            Some(("root", send("PUT", "/v1/teams/mine", &json!({ "roles": ["engineer"] })), 200)),
        ),
        of(
            "leaves its session",
            post("/v1/tickets", &dispatch("other")).by(&scene.tokens["worker"]),
            FORBIDDEN,
            Some(("mole", post("/v1/tickets", &dispatch("main")), 201)),
        ),
        of("stops another's ticket", post("/v1/tickets/1/stop", &json!({})), FORBIDDEN, None),
        of("stops its own ticket", post("/v1/tickets/1/stop", &json!({})).by(&scene.tokens["worker"]), FORBIDDEN, None),
        of(
            "retries another's ticket",
            post("/v1/tickets/1/retry", &json!({ "gate": "true", "feedback": "x" })),
            FORBIDDEN,
            Some(("root", post("/v1/tickets/1/retry", &json!({})), 409)),
        ),
        of("deletes another's ticket", delete("/v1/tickets/1?dependents=true"), FORBIDDEN, None),
        of(
            "reports on a ticket that is not its own",
            post("/v1/report", &json!({ "status": "done" })),
            MALFORMED,
            Some(("worker", post("/v1/report", &json!({ "status": "done", "summary": "x" })), 200)),
        ),
        of(
            "brings back files to a place of its own",
            post("/v1/tickets/1/undelete", &json!({ "into": stolen })),
            FORBIDDEN,
            None,
        ),
        of(
            "clears away clones",
            post("/v1/repository/gc", &json!({})),
            FORBIDDEN,
            Some(("root", post("/v1/repository/gc", &json!({})), 200)),
        ),
        of("looks for the repository", get("/v1/repository"), FORBIDDEN, Some(("root", get("/v1/repository"), 200))),
        of(
            "takes a backup",
            post("/v1/service/backup", &json!({ "path": stolen })),
            FORBIDDEN,
            Some(("root", post("/v1/service/backup", &json!({ "path": format!("{stolen}-not") })), 200)),
        ),
        of("ends the service", post("/v1/service/down", &json!({})), FORBIDDEN, None),
        of("asks what runs here", get("/v1/service"), FORBIDDEN, Some(("root", get("/v1/service"), 200))),
        of("lists the projects", get("/v1/projects"), FORBIDDEN, Some(("root", get("/v1/projects"), 200))),
        of("reads the audit", get("/v1/audit"), FORBIDDEN, Some(("root", get("/v1/audit"), 200))),
        of("follows a stranger's events", get(format!("/v1/events?agent={}", scene.ids["peer"])), FORBIDDEN, None),
        of("has a token with another's proof", get("/v1/org/status").by(&foreign_mac), UNKNOWN, None),
        of(
            "has a token with another's name",
            get("/v1/org/status").by(&boss_by_mole),
            UNKNOWN,
            Some(("boss", get("/v1/org/status"), 200)),
        ),
        of("has the token of a process to come", get("/v1/org/status").by(&other_process), UNKNOWN, None),
        of(
            "guesses the person's token",
            get("/v1/org/status").by("lgn_root_0000000000000000000000000000000000000000"),
            UNKNOWN,
            None,
        ),
        of(
            "has no token but in the address",
            get(format!("/v1/org/status?token={}", scene.person)).with("authorization", "Bearer "),
            UNKNOWN,
            None,
        ),
        of("has two tokens", get("/v1/org/status").by(&mole).by(&scene.tokens["boss"]), UNKNOWN, None),
        of("uses its token after it was fired", get("/v1/org/status").by(&scene.tokens["gone"]), UNKNOWN, None),
        of(
            "reports after it was fired",
            post("/v1/report", &json!({ "status": "done" })).by(&scene.tokens["gone"]),
            UNKNOWN,
            None,
        ),
        of(
            "replays the person's call under its key",
            post(agent("peer", "/messages"), &text("once")).with("idempotency-key", "the-persons"),
            FORBIDDEN,
            Some(("root", post(agent("peer", "/messages"), &text("once")).with("idempotency-key", "the-persons"), 201)),
        ),
        of("comes by another host", get("/v1/org/status").with("host", "evil.example").by(&mole), FORBIDDEN, None),
        of("comes from a web page", get("/v1/org/status").with("origin", "http://evil.example"), FORBIDDEN, None),
        of("comes from another site", get("/v1/org/status").with("sec-fetch-site", "cross-site"), FORBIDDEN, None),
        of("climbs by its path", get("/v1/org/agents/../../service"), MALFORMED, None),
        of("climbs by an id", get("/v1/org/agents/..%2f..%2fservice"), MALFORMED, None),
        of("asks for a file", get("/v1/tickets/%2e%2e%2f%2e%2e%2ftoken"), MALFORMED, None),
        of("says another method", get(agent("boss", "")).with("x-http-method-override", "DELETE"), FORBIDDEN, None),
        of("gives a report a name like a flag", hire(json!({ "name": "--help\n\u{202e}" })), MALFORMED, None),
        of("names a session like a flag", post("/v1/tickets", &dispatch("--upload-pack=x")), MALFORMED, None),
        of("names a model like a flag", hire(json!({ "model": "--dangerously-skip-permissions" })), &[400, 403], None),
        of(
            "sends nine megabytes",
            Ask { body: Some(vec![b' '; 9 * 1024 * 1024]), ..post("/v1/org/agents", &json!({})) },
            MALFORMED,
            None,
        ),
        of(
            "sends half a body",
            Ask { body: Some(b"{\"task\":".to_vec()), ..post("/v1/org/agents", &json!({})) },
            MALFORMED,
            None,
        ),
        of("sends a list", post("/v1/org/agents", &json!(["x", "y"])), MALFORMED, None),
        of(
            "sends a form",
            Ask {
                headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
                ..post("/v1/org/agents", &json!({ "task": "x" }))
            },
            MALFORMED,
            None,
        ),
        of(
            "sends a deep body",
            Ask { body: Some("[".repeat(200_000).into_bytes()), ..post("/v1/org/agents", &json!({})) },
            MALFORMED,
            None,
        ),
        // The protocol of tools answers 200, and the refusal stands in the result.
        of(
            "fires its parent with a tool",
            tool("legion-fire", json!({ "agent": scene.ids["boss"] })).with("mcp-session-id", "another"),
            &[200],
            None,
        ),
        of(
            "tells a stranger with a tool",
            tool("legion-tell", json!({ "agent": scene.ids["peer"], "text": "x" })),
            &[200],
            None,
        ),
        of(
            "reads a sibling's log with a tool",
            tool("legion-logs", json!({ "agent": scene.ids["mate"] })),
            &[200],
            None,
        ),
        of("stops a ticket with a tool", tool("legion-stop", json!({ "ticket": 1 })), &[200], None),
        of("tries a ticket again with a tool", tool("legion-retry", json!({ "ticket": 1 })), &[200], None),
        of(
            "interrupts its parent with a tool",
            tool("legion-interrupt", json!({ "agent": scene.ids["boss"], "text": "stop" })),
            &[200],
            None,
        ),
        of(
            "waits for a stranger with a tool",
            tool("legion-wait", json!({ "agent": scene.ids["peer"], "timeout_seconds": 0 })),
            &[200],
            None,
        ),
        of(
            "looks at its parent with a tool",
            tool("legion-status", json!({ "agent": scene.ids["boss"] })),
            &[200],
            None,
        ),
        of(
            "hires below a stranger with a tool",
            tool("legion-hire", tool_hire(json!({ "parent": scene.ids["peer"] }))),
            &[200],
            None,
        ),
        of(
            "hires for another model with a tool",
            tool("legion-hire", tool_hire(json!({ "model": "b", "models": ["b"] }))),
            &[200],
            None,
        ),
        of("hires elsewhere with a tool", tool("legion-hire", tool_hire(json!({ "cwd": "/etc" }))), &[200], None),
        of(
            "acknowledges mail of others with a tool",
            tool("legion-inbox", json!({ "messages": [scene.letter] })),
            &[200],
            None,
        ),
        of("fires its sibling", delete(agent("mate", "")), FORBIDDEN, Some(("boss", delete(agent("mate", "")), 200))),
        of("fires itself", delete(agent("mole", "")), FORBIDDEN, None),
        of("fires its parent", delete(agent("boss", "")), FORBIDDEN, Some(("root", delete(agent("boss", "")), 200))),
    ]
}

#[test]
fn a_hijacked_agent_gets_nothing_that_it_was_not_given() {
    let scene = Scene::new();
    let first = scene.person(
        post(scene.agent("peer", "/messages"), &json!({ "text": "once" })).with("idempotency-key", "the-persons"),
    );
    assert_eq!(first.status, 201, "{first:?}");
    let (_, mut after) = scene.since(0);
    let strategies = strategies(&scene);
    let mut faults = Vec::new();
    for strategy in &strategies {
        let has_token = strategy.attack.headers.iter().any(|(name, _)| name == "authorization");
        let ask = strategy.attack.clone();
        let reply = if has_token { ask.to(&scene.address) } else { scene.as_agent("mole", ask) };
        let (events, last) = scene.since(after);
        after = last;
        let effects: Vec<&str> =
            events.iter().filter(|(kind, data)| !is_audit(kind, data)).map(|(kind, _)| kind.as_str()).collect();
        let by_tool = reply.status == 200;
        let refused = strategy.refused.contains(&reply.status) && (!by_tool || reply.body.contains("isError\":true"));
        println!("{:<45} {} {effects:?}", strategy.name, reply.status);
        if !refused || !effects.is_empty() {
            faults.push(format!("{}: {} {} {effects:?}", strategy.name, reply.status, reply.body));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(!scene.legion.dir.path().join("stolen").exists(), "a file was written");
    sees_nothing_of_others(&scene);
    let entries = flood(&scene, &mut after);
    let (count, mut controls) = (strategies.len(), 0);
    for (name, (who, ask, status)) in
        strategies.into_iter().filter_map(|strategy| Some((strategy.name, strategy.control?)))
    {
        let reply = if who == "root" { scene.person(ask) } else { scene.as_agent(who, ask) };
        controls += 1;
        if reply.status != status {
            faults.push(format!(
                "the control of `{name}` by {who}: {} instead of {status}: {}",
                reply.status, reply.body
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let told = scene.legion.json(&["audit", "--agent", &scene.ids["mole"]]);
    assert!(told["events"].as_array().is_some_and(|events| events.len() >= 10), "{told}");
    println!("{count} strategies: 0 effects, {controls} controls; {FLOOD} refusals left {entries} entries");
}

/// A refusal, or the beginning of the stream of those that nobody's token came with.
fn is_audit(kind: &str, data: &str) -> bool {
    AUDIT.contains(&kind) || data.contains("\"stream\":\"audit\"")
}

/// What it may list and follow shows nobody but itself and those below it.
fn sees_nothing_of_others(scene: &Scene) {
    let stream = get("/v1/events?after=0").by(&scene.tokens["mole"]);
    let events = stream.read(&scene.address, Duration::from_secs(3), |_| false);
    assert!(events.contains(&scene.ids["help"]), "it sees its own report");
    // Its own refusals repeat what it asked for itself.
    let events: String = events.split("\n\n").filter(|frame| !frame.contains("access-refused")).collect();
    for path in ["/v1/org/agents", "/v1/org/tree", "/v1/org/inbox", "/v1/org/status"] {
        let seen = scene.as_agent("mole", get(path)).body;
        for other in ["mate", "niece", "peer"] {
            assert!(!seen.contains(&scene.ids[other]), "{path} shows {other}: {seen}");
        }
    }
    for secret in [LETTER, &scene.ids["niece"], &scene.ids["peer"], &scene.person] {
        assert!(!events.contains(secret), "the events show {secret}");
    }
}

/// Refused again and again, it does not fill the log, and the service goes on answering.
fn flood(scene: &Scene, after: &mut u64) -> usize {
    let mut slowest = Duration::ZERO;
    for round in 0..FLOOD {
        let reply = scene.as_agent("mole", delete(scene.agent("boss", "")));
        assert!(matches!(reply.status, 403 | 429), "{reply:?}");
        if round % 20 == 0 {
            let began = Instant::now();
            assert_eq!(scene.person(get("/v1/org/status")).status, 200);
            slowest = slowest.max(began.elapsed());
        }
    }
    let (events, last) = scene.since(*after);
    *after = last;
    assert!(events.iter().all(|(kind, data)| is_audit(kind, data)), "{events:?}");
    assert!(events.len() <= ENTRIES_MAX, "{} entries", events.len());
    assert!(slowest < Duration::from_secs(5), "the person waited {slowest:?}");
    events.len()
}
