//! The way of an agent without a network to its provider, where no gateway is set up: a tunnel to one address. Whoever asks it for another
//! is refused, and that is told.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Legion, id};

/// Refusals of one caller that are entered in a window.
const ENTERED_MAX: usize = 10;
/// Addresses that are no provider's, and that the agent asks for.
const ELSEWHERE: usize = 14;

/// Stands for Claude Code: asks the proxy that it was given for other addresses, and for its provider's.
const ASK: &str = r#"#!/bin/sh
ask() { curl -s --max-time 60 --noproxy '' -x "$HTTPS_PROXY" -o /dev/null -w '%{http_connect}\n' "https://$1/?key=canary" >> answers.part; }
i=1
while [ $i -le ELSEWHERE ]; do ask "host-$i.example:443"; i=$((i + 1)); done
ask PROVIDER
mv answers.part answers
exec sleep 1000
"#;

fn audit(legion: &Legion, agent: &str) -> Vec<Value> {
    let told = legion.json(&["audit", "--agent", agent]);
    let events = told["events"].as_array().expect("events").clone();
    events
        .into_iter()
        .filter(|event| event["kind"] == "access-refused" || event["kind"] == "refusals-omitted")
        .collect()
}

#[test]
fn an_agent_that_wants_to_be_led_elsewhere_is_refused_and_that_is_told_of_it() {
    let provider = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = provider.local_addr().expect("bound").to_string();
    // The control: whoever is let through comes here, and finds nobody who speaks TLS.
    let reached = std::thread::spawn(move || provider.accept().is_ok());
    let base = format!("https://{address}");
    let mut legion = Legion::with(&[
        ("LEGION_TIER", "full"),
        ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"),
        ("ANTHROPIC_BASE_URL", &base),
        ("ANTHROPIC_API_KEY", "dummy-key"),
    ]);
    let script = ASK.replace("ELSEWHERE", &ELSEWHERE.to_string()).replace("PROVIDER", &address);
    let program = legion.dir.file("scripts/claude", script);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    legion.env.insert("LEGION_CLAUDE".to_owned(), program.display().to_string());
    legion.start();
    let other = legion.hire("work", "sleep 1000");
    let agent = id(&legion.json(&["hire", "work", "--driver", "claude", "--model", "claude-sonnet-4-5"]));
    let answers = legion.until("it has asked", || std::fs::read_to_string(legion.work().join("answers")).ok());
    let wanted = format!("{}200\n", "403\n".repeat(ELSEWHERE));
    assert_eq!(answers, wanted, "{}", legion.service_log());
    assert!(reached.join().expect("no panic"), "the provider itself is reached");

    let told = audit(&legion, &agent);
    assert_eq!(told.len(), ENTERED_MAX, "{told:?}");
    for (number, event) in told.iter().enumerate() {
        assert_eq!(event["body"]["request"], format!("CONNECT host-{}.example:443", number + 1), "{event}");
        assert!(event["body"]["why"].as_str().is_some_and(|why| why.contains(&address)), "{event}");
    }
    assert_eq!(audit(&legion, &other), [Value::Null; 0], "nobody else is blamed");
    // The others were counted, and the count outlives the service.
    legion.ok(&["down"]);
    legion.start();
    let told = audit(&legion, &agent);
    let counted = told.iter().find(|event| event["kind"] == "refusals-omitted").expect("a count");
    assert_eq!(counted["body"]["count"], ELSEWHERE - ENTERED_MAX, "{told:?}");
}
