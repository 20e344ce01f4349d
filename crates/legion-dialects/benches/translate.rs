//! What translation costs, beside parsing and writing the same bytes as `serde_json::Value` in the same run.
//!
//! `cargo bench -p legion-dialects --bench translate` prints a line for each: `name: microseconds (baseline) ratio`.

use legion_dialects::Dialect::{self, Anthropic, Chat, Responses};
use legion_dialects::scan::{Head, splice_model};
use legion_dialects::translate::{self, Memory, Stream, Target};
use legion_dialects::usage::Reader;
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;

const TOOLS: usize = 20;
const MESSAGES: usize = 40;
const SYSTEM_BYTES: usize = 12_000;
const MESSAGE_BYTES: usize = 2_050;
const EVENTS: usize = 53;
const ROUNDS: usize = 30;
const REPETITIONS: usize = 20;

fn main() {
    let body = agent_body().to_string().into_bytes();
    println!("agent body: {} bytes, {TOOLS} tools, {MESSAGES} messages", body.len());
    let baseline = best(|| {
        let value: Value = serde_json::from_slice(black_box(&body)).expect("is JSON");
        black_box(serde_json::to_vec(&value).expect("is JSON"));
    });
    println!("serde_json::Value parse and write: {baseline:.0} µs");
    let target = Target { provider: "up".into(), model: "gpt-x".into(), ..Target::default() };
    let report =
        |name: &str, micros: f64| println!("{name}: {micros:.0} µs ({:.2} of the baseline)", micros / baseline);
    for to in [Chat, Responses] {
        let micros = best(|| {
            black_box(translate::request(Anthropic, to, black_box(&body), &target).expect("is a request"));
        });
        report(&format!("request anthropic to {to}"), micros);
    }
    let chat = translate::request(Anthropic, Chat, &body, &target).expect("is a request").body;
    report(
        "request openai-chat to anthropic",
        best(|| {
            black_box(translate::request(Chat, Anthropic, black_box(&chat), &target).expect("is a request"));
        }),
    );
    for (dialect, body) in [(Anthropic, &body), (Chat, &chat)] {
        let micros = best(|| {
            black_box(legion_dialects::count::estimate(dialect, black_box(body)));
        });
        report(&format!("estimate of tokens, {dialect}"), micros);
    }
    report(
        "head and splice (byte lane)",
        best(|| {
            black_box(Head::read(black_box(&body)).expect("is a request"));
            black_box(splice_model(black_box(&body), "claude-x").expect("is a request"));
        }),
    );
    let itself = Target { anthropic_itself: true, ..target.clone() };
    report(
        "request in the same dialect",
        best(|| {
            black_box(translate::request(Anthropic, Anthropic, black_box(&body), &itself).expect("is a request"));
        }),
    );
    streams();
}

fn streams() {
    let chat = chat_stream();
    let anthropic = pass(Chat, Anthropic, &chat);
    let values = best(|| {
        for line in chat.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data: {")) {
            let whole = [b"{", line].concat();
            let value: Value = serde_json::from_slice(black_box(&whole)).expect("is JSON");
            black_box(serde_json::to_vec(&value).expect("is JSON"));
        }
    }) / EVENTS as f64;
    println!("serde_json::Value parse and write: {values:.2} µs an event");
    let report = |name: &str, micros: f64| {
        let each = micros / EVENTS as f64;
        println!("{name}: {each:.2} µs an event ({:.2} of the baseline)", each / values);
    };
    report("stream openai-chat to anthropic", best(|| drop(black_box(pass(Chat, Anthropic, &chat)))));
    report("stream openai-chat to openai-responses", best(|| drop(black_box(pass(Chat, Responses, &chat)))));
    report("stream anthropic to openai-chat", best(|| drop(black_box(pass(Anthropic, Chat, &anthropic)))));
    report("usage reader, anthropic (byte lane)", best(|| drop(black_box(read(Anthropic, &anthropic)))));
    report("usage reader, openai-chat (byte lane)", best(|| drop(black_box(read(Chat, &chat)))));
}

fn pass(from: Dialect, to: Dialect, bytes: &[u8]) -> Vec<u8> {
    let mut stream = Stream::new(from, to, Memory::default());
    let mut out = Vec::new();
    // As a network gives them: an event at a time.
    for event in bytes.split_inclusive(|byte| *byte == b'\n') {
        out.extend(stream.push(event));
    }
    out.extend(stream.finish());
    out
}

fn read(dialect: Dialect, bytes: &[u8]) -> legion_dialects::usage::Seen {
    let mut reader = Reader::new(dialect, true);
    for event in bytes.split_inclusive(|byte| *byte == b'\n') {
        reader.push(event);
    }
    reader.finish()
}

/// Microseconds of one call: the best of some rounds, which other work on the machine disturbs least.
fn best(mut run: impl FnMut()) -> f64 {
    (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..REPETITIONS {
                run();
            }
            began.elapsed().as_secs_f64() * 1e6 / REPETITIONS as f64
        })
        .fold(f64::INFINITY, f64::min)
}

fn text(bytes: usize) -> String {
    "fn main() { println!(\"{}\", 42); }\nThe quick brown fox jumps over the lazy dog.\n".repeat(bytes / 70 + 1)
        [..bytes]
        .to_owned()
}

/// A request as an agent sends it in the middle of its work.
fn agent_body() -> Value {
    let tools: Vec<Value> = (0..TOOLS)
        .map(|number| {
            json!({"name": format!("tool_{number}"), "description": text(700), "input_schema": {"type": "object",
                "properties": {"path": {"type": "string", "description": "Where"}, "limit": {"type": "integer"}}, "required": ["path"]}})
        })
        .collect();
    let messages: Vec<Value> = (0..MESSAGES)
        .map(|number| match number % 2 {
            0 if number > 0 => json!({"role": "user", "content": [{"type": "tool_result",
                "tool_use_id": format!("toolu_{}", number - 1), "content": [{"type": "text", "text": text(MESSAGE_BYTES)}]}]}),
            0 => json!({"role": "user", "content": text(MESSAGE_BYTES)}),
            _ => json!({"role": "assistant", "content": [{"type": "text", "text": text(200)}, {"type": "tool_use",
                "id": format!("toolu_{number}"), "name": "tool_1", "input": {"path": text(MESSAGE_BYTES), "limit": 7}}]}),
        })
        .chain([json!({"role": "user", "content": "go on"})])
        .collect();
    json!({"model": "claude-x", "max_tokens": 32000, "stream": true, "tools": tools, "messages": messages,
        "system": [{"type": "text", "text": text(SYSTEM_BYTES), "cache_control": {"type": "ephemeral"}}]})
}

fn chat_stream() -> Vec<u8> {
    let chunk = |delta: Value, reason: Value| {
        let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
        format!("data: {chunk}\n\n")
    };
    let mut out: String = (0..EVENTS - 2).map(|_| chunk(json!({"content": "some words "}), Value::Null)).collect();
    out.push_str(&chunk(json!({}), json!("stop")));
    out.push_str("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":9}}\n\ndata: [DONE]\n\n");
    out.into_bytes()
}
