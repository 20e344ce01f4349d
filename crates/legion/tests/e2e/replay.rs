//! An agent whose provider is a cassette that was recorded long ago: the whole way from its program through the gateway, and no
//! provider at the end of it.

use serde_json::Value;

use crate::support::{Legion, id};

/// What a program of Chat asks, what a provider of Messages was recorded to answer, and what the program gets for it.
const ASKED: &str = include_str!("../../../legion-gateway/tests/cassettes/asked-chat.json");
const TAPE: &str = include_str!("../../../legion-gateway/tests/cassettes/chat-at-messages.jsonl");
const ANSWERS: &str = include_str!("../../../legion-gateway/tests/cassettes/chat-at-messages.answers");

/// Asks one thing after the other, as its variables say.
const AGENT: &str = r#"
for asked in asked-*.json; do
    curl -s --max-time 30 "$OPENAI_BASE_URL/chat/completions" -H "authorization: Bearer $OPENAI_API_KEY" \
        -H 'content-type: application/json' --data-binary "@$asked" > "${asked%.json}.answer"
done
echo all is told
"#;

/// The bodies of the golden answers.
fn golden() -> Vec<String> {
    let calls = ANSWERS.strip_prefix("=== ").expect("it begins with a call").split("\n=== ");
    let body = |call: &str| call.split_once("\n\n").expect("a head and a body").1.trim_end().to_owned();
    calls.map(body).collect()
}

#[test]
fn an_agent_works_on_a_strict_replay_at_full_speed_and_no_provider_is_asked() {
    let legion = Legion::with(&[("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"), ("KEY", "k")]);
    legion.start();
    // Nobody listens there.
    let add = ["provider", "add", "scripted", "--format", "anthropic", "--url", "http://127.0.0.1:9"];
    legion.ok(&[&add[..], &["--key-env", "KEY", "--betas", "forward"]].concat());
    legion.ok(&["route", "set", "--default", "scripted/claude-opus-4-5"]);
    let cassettes = legion.data().join("gateway/cassettes");
    std::fs::create_dir_all(&cassettes).expect("it is made");
    std::fs::write(cassettes.join("tape.jsonl"), TAPE).expect("it is written");
    legion.ok(&["cassette", "replay", "tape", "--full-speed"]);

    let asked: Vec<Value> = serde_json::from_str(ASKED).expect("JSON");
    for (number, call) in asked.iter().enumerate() {
        legion.dir.file(format!("work/asked-{number}.json"), call["body"].to_string());
    }
    legion.dir.file("work/agent.sh", AGENT);
    let agent = id(&legion.json(&["hire", "ask", "--driver", "command", "--command", "sh agent.sh"]));
    let report = legion.until("its report", || legion.reports_of(&agent).into_iter().next());
    assert!(report.contains("all is told"), "{report}");
    let told = (0..asked.len()).map(|number| legion.dir.read(format!("work/asked-{number}.answer")));
    for (number, (told, golden)) in told.zip(golden()).enumerate() {
        assert_eq!(told.trim_end(), golden, "{}", asked[number]["name"]);
    }
    let total = legion.json(&["cost"])["total"].clone();
    assert_eq!((&total["calls"], &total["cost_nanos"]), (&asked.len().into(), &0.into()), "{total}");
}
