//! Prices from the command line: known ones with their source, unknown ones, new ones, one's own; and that they are the person's.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::raw_http::{get, post};
use crate::support::{Legion, processes_with};

const MODEL: &str = "claude-sonnet-4-5";
/// Wrong usage, or a request that is not valid.
const NOT_VALID: i32 = 2;
/// The present state does not allow it.
const CONFLICT: i32 = 13;

fn list(input: f64) -> String {
    let row = json!({"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": input, "output_cost_per_token": 1e-5});
    json!({ MODEL: row }).to_string()
}

/// Serves an answer once, on this machine.
fn serve(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/list.json", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a call");
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).expect("a request");
        stream.write_all(answer.as_bytes()).expect("somebody reads");
    });
    url
}

/// The one line of the provider that is set up.
fn line(legion: &Legion, model: &str) -> Value {
    let list = legion.json(&["prices", "--provider", "mine", "--model", model]);
    let lines = list["prices"].as_array().expect("lines").clone();
    assert_eq!(lines.len(), 1, "{list}");
    lines[0].clone()
}

#[test]
fn prices_are_known_with_their_source_fetched_overlaid_and_the_persons_alone() {
    let legion = Legion::not_held();
    legion.start();
    legion.ok(&["provider", "add", "mine", "--template", "anthropic-login", "--model", MODEL, "--model", "strange"]);

    // What is known, and what is not: that is no zero.
    let known = line(&legion, MODEL);
    assert_eq!((&known["origin"], &known["price"]["input_nanos"]), (&json!("built-in"), &json!(3_000_000_000_u64)));
    let unknown = line(&legion, "strange");
    assert_eq!((&unknown["origin"], &unknown["price"]), (&Value::Null, &Value::Null));
    let shown = legion.ok(&["prices", "--provider", "mine"]);
    assert!(shown.contains("$3.00") && shown.contains("not known"), "{shown}");
    assert!(shown.contains("built-in: PyPI litellm") && shown.contains("prices.toml"), "{shown}");

    // From a file, then from an address; and neither when it is wrong.
    let file = legion.dir.file("list.json", list(4e-6)).display().to_string();
    let updated = legion.json(&["prices", "update", "--from", &file]);
    assert_eq!((&updated["models"], &updated["changed"], &updated["source"]), (&json!(1), &json!(1), &json!(file)));
    assert_eq!(line(&legion, MODEL)["price"]["input_nanos"], 4_000_000_000_u64);
    let body = list(5e-6);
    let url = serve(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    let said = legion.ok(&["prices", "update", "--from", &url]);
    assert!(said.contains(&url) && said.contains("0 new, 1 changed"), "{said}");
    let wrong = legion.dir.file("wrong.json", list(-5e-6)).display().to_string();
    let error = legion.fails(NOT_VALID, &["prices", "update", "--from", &wrong]);
    assert!(error.contains("input_cost_per_token") && error.contains("negative"), "{error}");
    let cut = serve(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", body.len(), &body[..20]));
    let error = legion.fails(CONFLICT, &["prices", "update", "--from", &cut]);
    assert!(error.contains("could not be fetched"), "{error}");
    legion.ok(&["down"]);
    legion.start();
    let kept = line(&legion, MODEL);
    assert_eq!((&kept["origin"], &kept["price"]["input_nanos"]), (&json!("update"), &json!(5_000_000_000_u64)));

    // One's own win; a key that is not known is named.
    let own = legion.data().join("gateway/prices.toml");
    std::fs::write(&own, format!("[providers.mine.\"{MODEL}\"]\ninput = \"0.10\"\noutput = 1\n")).expect("written");
    assert_eq!(line_of_set_up(&legion)["origin"], "overlay");
    std::fs::write(&own, "[providers.mine.\"x\"]\ninput = 1\noutput = 1\ncost = 1\n").expect("written");
    let list = legion.json(&["prices", "--provider", "mine"]);
    assert!(list["problems"][0].as_str().is_some_and(|problem| problem.contains("`cost`")), "{list}");

    // An agent neither sees nor changes them.
    let agent = legion.hire("work", "sh -c 'sleep 1000'");
    let pid = legion.until("it works", || processes_with(&format!("LEGION_SESSION_ID={agent}")).first().copied());
    let environ =
        String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/environ")).expect("it lives")).into_owned();
    let token = environ.split('\0').find_map(|variable| variable.strip_prefix("LEGION_TOKEN=")).expect("a token");
    let address = legion.service()["url"].as_str().expect("a URL").replace("http://", "");
    assert_eq!(get("/v1/prices").by(token).to(&address).status, 403);
    assert_eq!(post("/v1/prices/update", &json!({})).by(token).to(&address).status, 403);
}

/// As `line`, where the overlay has a line of its own.
fn line_of_set_up(legion: &Legion) -> Value {
    let list = legion.json(&["prices", "--provider", "mine", "--model", MODEL]);
    let lines = list["prices"].as_array().expect("lines").clone();
    lines.into_iter().find(|line| line["set_up"] == true).unwrap_or_else(|| panic!("no line: {list}"))
}
