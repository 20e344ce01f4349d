//! An agent that obeys whoever wrote to it, at the gateway's door: from inside of tier `full`, with its own token, with tokens of others
//! that it found, and with made-up ones. Nothing that it tries reaches a provider; each works for whoever may.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use legion_testkit::ModelServer;

use crate::support::{Legion, id};

/// The one model that the hijacked agent was hired for, and one that it was not.
const OWN: &str = "claude-sonnet-4-5";
/// The key of both providers.
const KEY: &str = "upstream-key-canary";
const OTHER: &str = "claude-opus-4-1";

/// Asks as `curl` does: a name for the result, then the address, then what else it takes; writes down the status and keeps the answer.
const ASK: &str = r#"
token=$ANTHROPIC_AUTH_TOKEN; door=${ANTHROPIC_BASE_URL%/gateway/*}; base=$door/gateway/anthropic
printf %s "$token" > token.part; mv token.part token
until [ -f go ]; do sleep 0.05; done
body() { printf '{"model": "%s", "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]%s}' "$1" "$2"; }
ask() {
    name=$1; shift
    status=$(curl -s --path-as-is --max-time 30 -o answer -w '%{http_code}' -H 'content-type: application/json' \
        -H 'anthropic-version: 2023-06-01' "$@")
    echo "$name=$status" >> results.part
}
by() { echo "x-api-key: $1"; }
"#;
const END: &str = "mv results.part results; exec sleep 1000\n";

/// What the hijacked agent tries, with the statuses that refuse it. `$…` are the shell's: its token, the parts of those it found.
const ATTACKS: &[(&str, &str, u16)] = &[
    ("another model", r#"-H "$(by $token)" -d "$(body $other)" $base/v1/messages"#, 403),
    ("a provider by its name", r#"-H "$(by $token)" -d "$(body upstream/$own)" $base/v1/messages"#, 403),
    ("another provider", r#"-H "$(by $token)" -d "$(body spare/$own)" $base/v1/messages"#, 403),
    ("two models", r#"-H "$(by $token)" -d "$(body $other ", \"model\": \"$own\"")" $base/v1/messages"#, 403),
    ("a list of models", r#"-H "$(by $token)" -d "$(body $own ", \"models\": [\"$other\"]")" $base/v1/messages"#, 403),
    ("counting for another model", r#"-H "$(by $token)" -d "$(body $other)" $base/v1/messages/count_tokens"#, 403),
    (
        "another dialect",
        r#"-H "authorization: Bearer $token" -d "$(body $other)" $door/gateway/openai/v1/chat/completions"#,
        403,
    ),
    ("its token in the path", r#"-d "$(body $other)" $door/gateway/$token/anthropic/v1/messages"#, 403),
    (
        "a header that names its parent",
        r#"-H "$(by $token)" -H "x-legion-agent: $boss_id" -H "x-claude-code-agent-id: $boss_id" -d "$(body $other)" $base/v1/messages"#,
        403,
    ),
    ("no token", r#"-d "$(body $own)" $base/v1/messages"#, 401),
    ("the token of one that was fired", r#"-H "$(by $gone)" -d "$(body $own)" $base/v1/messages"#, 401),
    (
        "its token with the seal of its parent",
        r#"-H "$(by ${token%_*}_${boss##*_})" -d "$(body $own)" $base/v1/messages"#,
        401,
    ),
    (
        "the token of its parent with its own seal",
        r#"-H "$(by ${boss%_*}_${token##*_})" -d "$(body $own)" $base/v1/messages"#,
        401,
    ),
    (
        "a made-up token in the path",
        r#"-H "$(by $token)" -d "$(body $own)" $door/gateway/lgn_root_1/anthropic/v1/messages"#,
        401,
    ),
    ("a way up in the path", r#"-H "$(by $token)" $base/v1/messages/../../../../v1/org/agents"#, 404),
    ("an encoded way up", r#"-H "$(by $token)" $base/v1/%2e%2e/%2e%2e/v1/org/agents"#, 404),
    ("the API at the door of the gateway", r#"-H "authorization: Bearer $token" $door/v1/org/agents"#, 404),
    ("a provider of its own", r#"-H "authorization: Bearer $token" -X PUT -d '{}' $LEGION_URL/v1/providers/mine"#, 403),
    ("a route of its own", r#"-H "authorization: Bearer $token" -X PUT -d '{}' $LEGION_URL/v1/routes"#, 403),
    ("a budget of its own", r#"-H "authorization: Bearer $token" -X PUT -d '{}' $LEGION_URL/v1/budgets"#, 403),
];

struct Scene {
    legion: Legion,
    model: ModelServer,
    spare: ModelServer,
}

impl Scene {
    async fn new() -> Self {
        let (model, spare) = (ModelServer::start().await, ModelServer::start().await);
        let legion = Legion::with(&[
            ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
            ("UPSTREAM_KEY", KEY),
            ("LEGION_TIER", "full"),
            ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"),
        ]);
        legion.start();
        for (name, server) in [("upstream", &model), ("spare", &spare)] {
            let (url, key) = (server.url(), "UPSTREAM_KEY");
            legion.ok(&["provider", "add", name, "--format", "anthropic", "--url", &url, "--key-env", key]);
        }
        legion.ok(&["route", "set", "--default", "upstream"]);
        Self { legion, model, spare }
    }

    fn place(&self, name: &str, file: &str) -> PathBuf {
        self.legion.work().join(name).join(file)
    }

    /// Hires one that works in a directory of its own, and waits until it has written down its token.
    fn hire(&self, name: &str, script: &str, more: &[&str]) -> (String, String) {
        self.legion.dir.file(format!("work/{name}/agent.sh"), format!("{ASK}{script}{END}"));
        let cwd = self.place(name, "").display().to_string();
        let words = ["hire", "work", "--driver", "command", "--command", "sh agent.sh", "--name", name, "--cwd", &cwd];
        let agent = id(&self.legion.json(&[&words[..], more].concat()));
        let token = self.legion.until(name, || std::fs::read_to_string(self.place(name, "token")).ok());
        (agent, token)
    }

    /// Lets it begin, and gives its statuses by what it asked for.
    fn results(&self, name: &str) -> BTreeMap<String, u16> {
        self.legion.dir.file(format!("work/{name}/go"), "");
        let text = self.legion.until_long(name, || std::fs::read_to_string(self.place(name, "results")).ok());
        let line = |line: &str| {
            let (name, status) = line.rsplit_once('=').unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), status.parse().unwrap_or_else(|error| panic!("{line}: {error}")))
        };
        text.lines().map(line).collect()
    }

    fn calls(&self) -> (usize, usize) {
        (self.model.requests().len(), self.spare.requests().len())
    }

    fn set_up(&self) -> String {
        ["provider", "route", "budget"].map(|noun| self.legion.json(&[noun, "list"]).to_string()).join("\n")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hijacked_agent_gets_no_call_that_it_was_not_given() {
    let scene = Scene::new().await;
    let (boss_id, boss) = scene.hire(
        "boss",
        &format!(
            "ask own -H \"$(by $token)\" -d \"$(body {OTHER})\" $base/v1/messages\n\
             ask named -H \"$(by $token)\" -d \"$(body spare/{OWN})\" $base/v1/messages\n"
        ),
        &[],
    );
    let (gone_id, gone) = scene.hire("gone", "", &[]);
    scene.legion.ok(&["fire", &gone_id]);
    let mut script = format!("own={OWN} other={OTHER} boss={boss} boss_id={boss_id} gone={gone}\n");
    for (name, line, _) in ATTACKS {
        script.push_str(&format!("ask '{name}' {line}\n"));
    }
    let limits = ["--models", OWN, "--model", OWN];
    let (mole, _) = scene.hire("mole", &script, &limits);
    let before = scene.set_up();
    let found = scene.results("mole");
    let answer = || std::fs::read_to_string(scene.place("mole", "answer")).unwrap_or_default();
    for (name, _, refused) in ATTACKS {
        assert_eq!(found.get(*name), Some(refused), "{name}: {found:?}; the last answer: {}", answer());
    }
    assert_eq!(scene.calls(), (0, 0), "a provider was asked: {}", scene.model.dump());
    assert_eq!(scene.legion.json(&["cost"])["total"]["calls"], 0, "something was counted");
    assert_eq!(scene.set_up(), before, "something was set up");

    // What was refused is told, of whom it was, and no token with it.
    let told = scene.legion.json(&["audit", "--agent", &mole]);
    let refusals = told["events"].as_array().expect("events").len();
    assert!(refusals >= 9 && told.to_string().contains("is not among those that you may use"), "{told}");
    let gone_told = scene.legion.json(&["audit", "--agent", &gone_id]).to_string();
    assert!(gone_told.contains("opens nothing here"), "{gone_told}");
    assert!(!scene.legion.json(&["audit"]).to_string().contains("lgn_"), "a token is in the audit");

    // The controls: one whose models are not limited may ask so, and the mole for its own.
    assert_eq!(scene.results("boss"), BTreeMap::from([("named".to_owned(), 200), ("own".to_owned(), 200)]));
    assert_eq!(scene.calls(), (1, 1));
    // The key was used for these, and that is told without it.
    let used = |agent: &str| {
        let told = scene.legion.json(&["audit", "--agent", agent]);
        assert!(!told.to_string().contains(KEY), "{told}");
        let events = told["events"].as_array().expect("events").clone();
        let used = events.into_iter().filter(|event| event["kind"] == "provider-key-used");
        used.map(|event| event["body"]["provider"].as_str().expect("a name").to_owned()).collect::<BTreeSet<_>>()
    };
    let both: BTreeSet<String> = ["spare", "upstream"].map(str::to_owned).into();
    assert_eq!(used(&boss_id), both, "it is told before");
    assert_eq!(used(&mole), BTreeSet::new(), "no call of it had the key");
    let own = format!("ask own -H \"$(by $token)\" -d \"$(body {OWN})\" $base/v1/messages\n");
    let (_, _) = scene.hire("tame", &own, &limits);
    assert_eq!(scene.results("tame")["own"], 200);

    // A budget that is spent opens nothing more, whatever is asked.
    let thrice = format!("{own}{}{own}", own.replace("ask own", "ask again"));
    let (poor, _) = scene.hire("poor", &thrice, &[&limits[..], &["--budget", "0.000001"]].concat());
    let calls = scene.calls();
    scene.legion.dir.file("work/poor/go", "");
    scene.legion.until_long("its run is ended", || (scene.legion.status_of(&poor) == "idle").then_some(()));
    let report = scene.legion.reports_of(&poor).join("\n");
    assert!(report.contains("budget") && report.contains("used up"), "{report}");
    assert_eq!(scene.calls(), (calls.0 + 1, calls.1), "more was asked than the budget had");
    // That is money, and no refusal of access: the end of its run tells it, the audit only the use of the key.
    let run = scene.legion.run(&["wait", &poor, "--timeout", "5s", "--json"]);
    assert!(String::from_utf8_lossy(&run.stdout).contains("\"limit\""), "{run:?}");
    let told = scene.legion.json(&["audit", "--agent", &poor]);
    let kinds: BTreeSet<&str> =
        told["events"].as_array().expect("events").iter().filter_map(|event| event["kind"].as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["provider-key-used", "secrets-handed"]), "{told}");
    println!("{} strategies from inside of tier full: 0 calls; {refusals} refusals told", ATTACKS.len());
}
