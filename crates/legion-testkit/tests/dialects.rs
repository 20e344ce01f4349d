//! One script plays in every dialect, streamed and not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use legion_testkit::ModelServer;
use legion_testkit::model_server::Dialect;
use serde_json::{Value, json};

/// Longer than the biggest answer takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to listen to a stream that hangs.
const SILENCE: Duration = Duration::from_secs(2);

/// An answer as it came over the wire.
struct Answer {
    status: u16,
    head: String,
    body: String,
    /// Whether the body came to its end.
    complete: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The data of all events, without the mark of the end.
    fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

fn path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "/v1/messages",
        Dialect::Chat => "/v1/chat/completions",
        Dialect::Responses => "/v1/responses",
    }
}

fn body(dialect: Dialect, script: &Value, stream: bool) -> Value {
    let prompt = format!("go @@{script}@@");
    let schema = json!({"type": "object"});
    match dialect {
        Dialect::Anthropic => json!({
            "model": "m", "stream": stream, "max_tokens": 10, "messages": [{"role": "user", "content": prompt}],
            "tools": [{"name": "one", "input_schema": schema}],
        }),
        Dialect::Chat => json!({
            "model": "m", "stream": stream, "messages": [{"role": "user", "content": prompt}],
            "tools": [{"type": "function", "function": {"name": "one", "parameters": schema}}],
            "stream_options": {"include_usage": true},
        }),
        Dialect::Responses => json!({
            "model": "m", "stream": stream, "input": prompt,
            "tools": [
                {"type": "function", "name": "one", "parameters": schema},
                {"type": "custom", "name": "apply_patch"},
            ],
        }),
    }
}

/// Asks by hand, so that broken answers are seen as they are.
fn ask(server: &ModelServer, dialect: Dialect, body: &Value) -> Answer {
    ask_for(PATIENCE, server, dialect, body)
}

fn ask_for(patience: Duration, server: &ModelServer, dialect: Dialect, body: &Value) -> Answer {
    let address = server.url().strip_prefix("http://").unwrap().to_owned();
    let mut connection = TcpStream::connect(&address).unwrap();
    connection.set_read_timeout(Some(patience)).unwrap();
    let (path, body) = (path(dialect), body.to_string());
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer k\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(body.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let read = connection.read_to_end(&mut bytes);
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap().to_ascii_lowercase();
    let rest = &bytes[split + 4..];
    let (body, ended) = if head.contains("transfer-encoding: chunked") { dechunk(rest) } else { (rest.to_vec(), true) };
    Answer {
        status: head[9..12].parse().unwrap(),
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
        complete: read.is_ok() && ended,
    }
}

fn dechunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        bytes = &bytes[line + 2 + size + 2..];
    }
    (body, false)
}

/// What an answer says in the end: thought, text, calls (name and arguments), input and output tokens as counted there.
type Said = (String, String, Vec<(String, Value)>, u64, u64);

fn said(dialect: Dialect, answer: &Answer, stream: bool) -> Said {
    match (dialect, stream) {
        (Dialect::Anthropic, false) => anthropic(&answer.json()),
        (Dialect::Anthropic, true) => anthropic(&anthropic_stream(&answer.events())),
        (Dialect::Chat, false) => chat(&answer.json()),
        (Dialect::Chat, true) => chat(&chat_stream(&answer.events())),
        (Dialect::Responses, false) => responses(&answer.json()),
        (Dialect::Responses, true) => responses(&responses_stream(&answer.events())),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn parsed(value: &Value) -> Value {
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

fn anthropic(message: &Value) -> Said {
    let blocks = message["content"].as_array().unwrap();
    let of = |kind: &'static str| blocks.iter().filter(move |block| block["type"] == kind);
    (
        of("thinking").map(|block| text(&block["thinking"])).collect(),
        of("text").map(|block| text(&block["text"])).collect(),
        of("tool_use").map(|block| (text(&block["name"]), block["input"].clone())).collect(),
        message["usage"]["input_tokens"].as_u64().unwrap(),
        message["usage"]["output_tokens"].as_u64().unwrap(),
    )
}

fn anthropic_stream(events: &[Value]) -> Value {
    let mut message = events[0]["message"].clone();
    let mut arguments = String::new();
    for event in &events[1..] {
        let index = event["index"].as_u64().unwrap_or_default() as usize;
        let delta = &event["delta"];
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(message["content"].as_array().unwrap().len(), index, "blocks come in order");
                message["content"].as_array_mut().unwrap().push(event["content_block"].clone());
                arguments.clear();
            }
            "content_block_delta" => match delta["type"].as_str().unwrap() {
                "input_json_delta" => {
                    arguments += delta["partial_json"].as_str().unwrap();
                    if let Ok(input) = serde_json::from_str(&arguments) {
                        message["content"][index]["input"] = input;
                    }
                }
                kind => {
                    let field = kind.strip_suffix("_delta").unwrap();
                    let old = text(&message["content"][index][field]);
                    message["content"][index][field] = json!(old + delta[field].as_str().unwrap());
                }
            },
            "message_delta" => message["usage"] = event["usage"].clone(),
            _ => {}
        }
    }
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    message
}

fn chat(body: &Value) -> Said {
    let message = &body["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    (
        text(&message["reasoning_content"]),
        text(&message["content"]),
        calls.map(|call| (text(&call["function"]["name"]), parsed(&call["function"]["arguments"]))).collect(),
        body["usage"]["prompt_tokens"].as_u64().unwrap(),
        body["usage"]["completion_tokens"].as_u64().unwrap(),
    )
}

fn chat_stream(events: &[Value]) -> Value {
    let mut calls: Vec<Value> = Vec::new();
    let (mut content, mut reasoning) = (String::new(), String::new());
    for delta in events.iter().map(|event| &event["choices"][0]["delta"]) {
        content += delta["content"].as_str().unwrap_or_default();
        reasoning += delta["reasoning_content"].as_str().unwrap_or_default();
        for part in delta["tool_calls"].as_array().into_iter().flatten() {
            let same =
                |call: &Value| call["index"] == part["index"] && (part["id"].is_null() || call["id"] == part["id"]);
            match calls.iter_mut().find(|call| same(call)) {
                Some(call) => {
                    let old = text(&call["function"]["arguments"]);
                    call["function"]["arguments"] = json!(old + part["function"]["arguments"].as_str().unwrap());
                }
                None => calls.push(part.clone()),
            }
        }
    }
    let message = json!({"content": content, "reasoning_content": reasoning, "tool_calls": calls});
    json!({"choices": [{"message": message}], "usage": events.last().unwrap()["usage"]})
}

fn responses(body: &Value) -> Said {
    let items = body["output"].as_array().unwrap();
    let of = |kind: &'static str| items.iter().filter(move |item| item["type"] == kind);
    (
        of("reasoning").map(|item| text(&item["summary"][0]["text"])).collect(),
        of("message").map(|item| text(&item["content"][0]["text"])).collect(),
        of("function_call").map(|item| (text(&item["name"]), parsed(&item["arguments"]))).collect(),
        body["usage"]["input_tokens"].as_u64().unwrap(),
        body["usage"]["output_tokens"].as_u64().unwrap(),
    )
}

/// Puts the output together from the events alone and checks it against the last one, which holds it too.
fn responses_stream(events: &[Value]) -> Value {
    let mut items: Vec<Value> = Vec::new();
    let mut deltas: Vec<String> = Vec::new();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], json!(number));
        let index = event["output_index"].as_u64().unwrap_or_default() as usize;
        match event["type"].as_str().unwrap() {
            "response.output_item.added" => {
                assert_eq!(items.len(), index);
                items.push(event["item"].clone());
                deltas.push(String::new());
            }
            "response.output_item.done" => {
                assert_eq!(items[index]["id"], event["item"]["id"]);
                items[index] = event["item"].clone();
            }
            kind if kind.ends_with(".delta") => {
                assert_eq!(items[index]["id"], event["item_id"]);
                deltas[index] += event["delta"].as_str().unwrap();
            }
            kind if kind.ends_with("_text.done") => assert_eq!(deltas[index], event["text"]),
            "response.function_call_arguments.done" => {
                assert!(deltas[index].is_empty() || deltas[index] == event["arguments"]);
            }
            _ => {}
        }
    }
    let last = &events.last().unwrap()["response"];
    assert_eq!(last["output"], json!(items));
    last.clone()
}

#[tokio::test]
async fn one_script_says_the_same_in_every_dialect() {
    let server = ModelServer::start().await;
    let mut script = json!([{
        "thinking": "hm", "signature": "sig", "text": "I call both", "chunks": 3,
        "tools": [{"tool": "one", "input": {"a": "ä\n", "b": [1]}}, {"tool": "two", "input": {}}],
        "fragments": 4,
    }]);
    let calls = vec![("one".to_owned(), json!({"a": "ä\n", "b": [1]})), ("two".to_owned(), json!({}))];
    for interleave in [false, true] {
        script[0]["interleave"] = json!(interleave);
        script[0]["no-index"] = json!(interleave);
        script[0]["late-arguments"] = json!(interleave);
        for dialect in Dialect::ALL {
            for stream in [false, true] {
                let answer = ask(&server, dialect, &body(dialect, &script, stream));
                let input = if dialect == Dialect::Anthropic { 100 } else { 150 };
                let expected = ("hm".to_owned(), "I call both".to_owned(), calls.clone(), input, 20);
                assert_eq!(said(dialect, &answer, stream), expected, "{dialect:?} {stream}: {}", answer.body);
                assert!(answer.complete, "{dialect:?} {stream}");
            }
        }
    }
    let request = server.requests().pop().unwrap();
    assert_eq!((request.dialect, request.authorization.as_deref()), (Dialect::Responses, Some("Bearer k")));
    assert_eq!(request.body()["input"], body(Dialect::Responses, &script, true)["input"]);
}

#[tokio::test]
async fn a_custom_tool_is_called_with_a_text() {
    let server = ModelServer::start().await;
    let script = json!([{"tool": "apply_patch", "input": {"input": "*** Begin Patch"}, "fragments": 2}]);
    let answer = ask(&server, Dialect::Responses, &body(Dialect::Responses, &script, true));
    let item = responses_stream(&answer.events())["output"][0].clone();
    assert_eq!(
        (text(&item["type"]), text(&item["input"])),
        ("custom_tool_call".to_owned(), "*** Begin Patch".to_owned())
    );
}

#[tokio::test]
async fn errors_are_worded_by_each_dialect() {
    let server = ModelServer::start().await;
    for dialect in Dialect::ALL {
        for (status, retry_after) in [(429, Some(7)), (429, None), (529, None), (402, None), (401, None)] {
            let script = json!([{"error": status, "retry-after": retry_after, "text": "no more"}]);
            let answer = ask(&server, dialect, &body(dialect, &script, true));
            assert_eq!(answer.status, status);
            assert_eq!(answer.head.contains("retry-after: 7"), retry_after.is_some(), "{}", answer.head);
            assert_eq!(answer.json()["error"]["message"], "no more");
        }
        let answer = ask(&server, dialect, &body(dialect, &json!([{"fault": "error-frame"}]), true));
        assert_eq!((answer.status, answer.events().len()), (200, 1));
        assert!(answer.body.contains("overloaded"), "{}", answer.body);
        let answer = ask(&server, dialect, &body(dialect, &json!([{"fault": "empty"}]), true));
        assert_eq!((answer.status, answer.body.as_str(), answer.complete), (200, "", true));
    }
}

#[tokio::test]
async fn an_answer_breaks_in_its_middle() {
    let server = ModelServer::start().await;
    let ask = |dialect: Dialect, step: Value| ask(&server, dialect, &body(dialect, &json!([step]), true));
    for dialect in Dialect::ALL {
        let cut = ask(dialect, json!({"text": "a long text", "drop": true}));
        assert!(!cut.complete && cut.body.ends_with("\n\n"), "{}", cut.body);
        let inside = ask(dialect, json!({"text": "a long text", "fault": "mid-event"}));
        assert!(!inside.complete && !inside.body.ends_with("\n\n"), "{}", inside.body);
        let bad = ask(dialect, json!({"text": "a long text", "fault": "bad-json"}));
        assert!(bad.complete && bad.body.contains("not JSON"), "{}", bad.body);
        let big = ask(dialect, json!({"text": "big", "fault": "big-event"}));
        assert!(
            big.complete && big.body.lines().any(|line| line.len() > legion_testkit::model_server::BIG_EVENT_BYTES)
        );
        let fine = ask(dialect, json!({"text": "fine", "stop": "max_tokens"}));
        let words = ["max_tokens", "length", "max_output_tokens"];
        assert!(words.iter().any(|word| fine.body.contains(word)), "{}", fine.body);
    }
}

#[tokio::test]
async fn a_half_open_stream_stays_open() {
    let server = ModelServer::start().await;
    let script = json!([{"text": "a long text", "fault": "half-open"}]);
    let answer = ask_for(SILENCE, &server, Dialect::Chat, &body(Dialect::Chat, &script, true));
    // The read ran into its limit: there was no end.
    assert!(!answer.complete && answer.body.ends_with("\n\n") && !answer.body.contains("[DONE]"), "{}", answer.body);
}
