//! What Claude Code 2.1.197 and 2.1.329 really send, replayed on both faces. The recordings hold the client's lines.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;

use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::support::{self, Fake, Session, caller};

const OLD: &str = include_str!("../recordings/claude-code-2.1.197.jsonl");
const NEW: &str = include_str!("../recordings/claude-code-2.1.329.jsonl");

fn lines(recording: &str) -> Vec<Value> {
    recording.lines().map(|line| serde_json::from_str(line).expect("a recording is JSON")).collect()
}

/// What every answer of a replay must be.
fn check(request: &Value, answer: &Value) {
    let result = &answer["result"];
    assert!(result.is_object(), "{request} was answered with {answer}");
    match request["method"].as_str().expect("a method") {
        "initialize" => {
            assert_eq!(result["protocolVersion"], "2025-11-25");
            assert_eq!(result["serverInfo"]["name"], "legion");
            assert!(result["instructions"].as_str().is_some_and(|text| text.contains("Never poll")));
        }
        "server/discover" => {
            assert!(
                result["supportedVersions"].as_array().is_some_and(|all| all.iter().any(|one| one == "2026-07-28"))
            );
        }
        "tools/list" => assert_eq!(result["tools"].as_array().map(Vec::len), Some(22)),
        "prompts/list" => assert_eq!(result["prompts"].as_array().map(Vec::len), Some(3)),
        "resources/list" => assert_eq!(result["resources"][2]["uri"], "legion://agents/a-1"),
        "tools/call" => {
            // The recorded tell leaves out the text.
            let is_error = request["params"]["name"] == "legion-tell";
            assert_eq!(result["isError"], is_error, "{answer}");
        }
        other => panic!("`{other}` was not in the recording when this test was written"),
    }
}

fn check_service(fake: &Fake) {
    let hires: Vec<_> = fake.seen().into_iter().filter(|seen| seen.call == "POST /v1/org/agents").collect();
    assert_eq!(hires.len(), 1);
    assert_eq!(hires[0].body["task"], "write tests");
    assert_eq!(hires[0].token.as_deref(), Some("Bearer t-7"));
    assert!(hires[0].key.is_some());
}

#[tokio::test]
async fn both_versions_are_served_on_standard_input_and_output() {
    for recording in [OLD, NEW] {
        let fake = Fake::organisation();
        let mut session = Session::start(caller(&fake, "t-7"));
        for request in lines(recording) {
            session.send(&request.to_string()).await;
            if request.get("id").is_some() {
                let answer = session.receive().await;
                assert_eq!(answer["id"], request["id"]);
                check(&request, &answer);
            }
        }
        check_service(&fake);
        session.close().await;
    }
}

/// Sends a line as the recorded client does over HTTP.
async fn post(face: &legion_mcp::HttpFace, line: &Value) -> (u16, Value) {
    let method = line["method"].as_str().expect("a method");
    let version = line["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str();
    let mut request = Request::post("/mcp")
        .header("host", "127.0.0.1:6666")
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header("authorization", "Bearer t-7");
    match version {
        Some(version) => {
            request = request.header("mcp-protocol-version", version).header("mcp-method", method);
            if let Some(name) = line["params"]["name"].as_str() {
                request = request.header("mcp-name", name);
            }
        }
        None if method != "initialize" => request = request.header("mcp-protocol-version", "2025-11-25"),
        None => {}
    }
    let request = request.body(Body::from(line.to_string())).expect("a request");
    let response = face.clone().oneshot(request).await.expect("never fails");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn both_versions_are_served_over_http() {
    for recording in [OLD, NEW] {
        let fake = Fake::organisation();
        let face = {
            let fake = Arc::clone(&fake);
            legion_mcp::http_service(
                move |parts| {
                    let bearer = parts.headers["authorization"].to_str().expect("text");
                    caller(&fake, bearer.strip_prefix("Bearer ").expect("a bearer"))
                },
                CancellationToken::new(),
            )
        };
        for request in lines(recording) {
            let (status, answer) = post(&face, &request).await;
            if request.get("id").is_some() {
                assert_eq!((status, &answer["id"]), (200, &request["id"]), "{answer}");
                check(&request, &answer);
            } else {
                assert_eq!(status, 202);
            }
        }
        check_service(&fake);

        let get = Request::get("/mcp")
            .header("host", "localhost")
            .header("accept", "text/event-stream")
            .body(Body::empty())
            .expect("a request");
        let response = face.clone().oneshot(get).await.expect("never fails");
        assert_eq!(response.status(), 405);
    }
}

#[tokio::test]
async fn the_same_use_of_a_tool_has_the_same_key_however_often_and_wherever_it_arrives() {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let request = lines(NEW).into_iter().find(|line| line["params"]["name"] == "legion-hire").expect("a hire");
    for _ in 0..2 {
        let fake = Fake::organisation();
        let mut session = Session::open(caller(&fake, "t-7")).await;
        session.send(&request.to_string()).await;
        session.receive().await;
        let lent = Arc::clone(&fake);
        let face = legion_mcp::http_service(move |_| caller(&lent, "t-7"), CancellationToken::new());
        assert_eq!(post(&face, &request).await.0, 200);
        keys.lock().expect("no panic").extend(fake.seen().into_iter().filter_map(|seen| seen.key));
        session.close().await;
    }
    let keys = keys.lock().expect("no panic");
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| key == &keys[0]), "{keys:?}");
}

#[tokio::test]
async fn without_a_name_for_the_use_no_two_calls_share_a_key() {
    let fake = Fake::organisation();
    let mut request = lines(OLD).into_iter().find(|line| line["params"]["name"] == "legion-hire").expect("a hire");
    request["params"].as_object_mut().expect("an object").remove("_meta");
    let lent = Arc::clone(&fake);
    let face = legion_mcp::http_service(move |_| caller(&lent, "t-7"), CancellationToken::new());
    for _ in 0..2 {
        assert_eq!(post(&face, &request).await.0, 200);
        let mut session = Session::open(caller(&fake, "t-7")).await;
        session.send(&request.to_string()).await;
        session.receive().await;
        session.close().await;
    }
    let mut keys: Vec<_> = fake.seen().into_iter().filter_map(|seen| seen.key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

#[tokio::test]
async fn a_cancelled_face_ends_what_is_open() {
    let fake = Fake::new(|_, seen| match seen.call.contains("/wait") {
        // Still running: the client asks again and again.
        true => (204, Value::Null),
        false => support::usual(seen),
    });
    let cancel = CancellationToken::new();
    let face = legion_mcp::http_service(move |_| caller(&fake, "t-7"), cancel.clone());
    let mut request = lines(OLD).into_iter().find(|line| line["params"]["name"] == "legion-hire").expect("a hire");
    request["params"]["name"] = "legion-wait".into();
    request["params"]["arguments"] = serde_json::json!({"agent": "a-1", "timeout_seconds": 600});
    let waiting = tokio::spawn(async move { post(&face, &request).await });
    cancel.cancel();
    let (status, _) =
        tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("it ends").expect("no panic");
    assert_ne!(status, 200);
}

#[tokio::test]
async fn a_line_that_is_no_json_is_answered_and_the_session_goes_on() {
    let fake = Fake::organisation();
    let mut session = Session::start(caller(&fake, "t-7"));
    let refused = |answer: Value| {
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&(-32_700).into(), &Value::Null), "{answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains("Parse error")), "{answer}");
    };
    session.send("hello").await;
    refused(session.receive().await);
    let mut broken = 0;
    for request in lines(OLD) {
        session.send(&request.to_string()).await;
        if request.get("id").is_some() {
            check(&request, &session.receive().await);
            session.send(&request.to_string()[1..]).await;
            refused(session.receive().await);
            session.send("").await;
            broken += 1;
        }
    }
    assert!(broken > 2);
    session.close().await;
}
