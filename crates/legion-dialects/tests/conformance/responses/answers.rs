//! Answers, streamed and whole.

use super::support::{
    added, call, completed, created, done, events, read_anthropic, read_responses, sse, stream, text_of, to_anthropic,
    to_responses,
};
use legion_dialects::first_frame::{Peek, Verdict};
use legion_dialects::translate::{self, Memory, Stream};
use legion_dialects::usage::Reader;
use legion_dialects::{Class, Dialect, Loss, Usage};
use serde_json::{Value, json};

const A: Dialect = Dialect::Anthropic;
const C: Dialect = Dialect::Chat;
const R: Dialect = Dialect::Responses;

fn memory() -> Memory {
    to_responses(&json!({"model": "claude", "max_tokens": 100, "messages": [{"role": "user", "content": "go"}]})).memory
}

fn delta(index: u64, fragment: &str) -> Value {
    json!({"type": "response.function_call_arguments.delta", "output_index": index, "delta": fragment})
}

fn opened(index: u64, id: &str, name: &str) -> Value {
    added(index, call(id, name, ""))
}

/// Interleaved, as no client of Anthropic may see it.
fn two_calls() -> Vec<Value> {
    let (one, two) = (call("call_1", "read", r#"{"a":"A"}"#), call("call_2", "write", r#"{"b":"B"}"#));
    vec![
        created(),
        opened(0, "call_1", "read"),
        opened(1, "call_2", "write"),
        delta(0, r#"{"a":"#),
        delta(1, r#"{"b""#),
        delta(0, r#""A"}"#),
        delta(1, r#":"B"}"#),
        done(0, one.clone()),
        done(1, two.clone()),
        completed(&[one, two]),
    ]
}

fn calls_of(message: &Value) -> Vec<Value> {
    let blocks = message["content"].as_array().expect("is a list").iter();
    blocks.filter(|block| block["type"] == "tool_use").cloned().collect()
}

fn expected_calls() -> Vec<Value> {
    vec![
        json!({"type": "tool_use", "id": "call_1", "name": "read", "input": {"a": "A"}}),
        json!({"type": "tool_use", "id": "call_2", "name": "write", "input": {"b": "B"}}),
    ]
}

#[test]
fn rule_03_interleaved_calls_come_apart() {
    let message = read_anthropic(&stream(R, A, &memory(), &sse(&two_calls())));
    assert_eq!(calls_of(&message), expected_calls());
    assert_eq!(message["stop_reason"], "tool_use");
}

#[test]
fn rule_03_calls_are_told_apart_by_their_ids_where_places_are_missing() {
    let mut events = two_calls();
    for event in &mut events {
        let place = event["output_index"].take();
        if let Some(index) = place.as_u64().filter(|_| event["delta"].is_string()) {
            event["item_id"] = json!(format!("fc_call_{}", index + 1));
        }
        event.as_object_mut().expect("is an object").remove("output_index");
    }
    let message = read_anthropic(&stream(R, A, &memory(), &sse(&events)));
    assert_eq!(calls_of(&message), expected_calls());
}

#[test]
fn rule_03_arguments_that_come_only_at_the_end_are_not_lost() {
    let late = json!({"type": "response.function_call_arguments.done", "output_index": 0, "arguments": r#"{"a":"A"}"#});
    let whole = call("call_1", "read", r#"{"a":"A"}"#);
    for middle in [vec![late], vec![]] {
        let mut events = vec![created(), opened(0, "call_1", "read")];
        events.extend(middle);
        events.extend([done(0, whole.clone()), completed(std::slice::from_ref(&whole))]);
        let message = read_anthropic(&stream(R, A, &memory(), &sse(&events)));
        assert_eq!(calls_of(&message), expected_calls()[..1]);
    }
    // Some say nothing until the last event.
    let events = [created(), completed(std::slice::from_ref(&whole))];
    let message = read_anthropic(&stream(R, A, &memory(), &sse(&events)));
    assert_eq!(calls_of(&message), expected_calls()[..1]);
}

#[test]
fn rule_03_a_call_without_arguments_has_an_empty_object() {
    let whole = call("call_1", "list", "");
    let events = [created(), opened(0, "call_1", "list"), done(0, whole.clone()), completed(&[whole])];
    assert_eq!(calls_of(&read_anthropic(&stream(R, A, &memory(), &sse(&events))))[0]["input"], json!({}));
}

#[test]
fn rule_10_reasons_of_the_end_are_mapped_and_calls_force_theirs() {
    let end = |reason: &str| {
        let mut event = completed(&[]);
        event["type"] = json!("response.incomplete");
        event["response"]["status"] = json!("incomplete");
        event["response"]["incomplete_details"] = json!({"reason": reason});
        let events = [vec![created()], text_of("so far").to_vec(), vec![event]].concat();
        read_anthropic(&stream(R, A, &memory(), &sse(&events)))["stop_reason"].clone()
    };
    assert_eq!((end("max_output_tokens"), end("content_filter")), (json!("max_tokens"), json!("refusal")));
    let mut events = two_calls();
    *events.last_mut().expect("has one") = completed(&[]);
    assert_eq!(read_anthropic(&stream(R, A, &memory(), &sse(&events)))["stop_reason"], "tool_use");
    let refusal = json!({"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "no"});
    let item =
        json!({"type": "message", "id": "m", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]});
    let events = [created(), added(0, item.clone()), refusal, done(0, item.clone()), completed(&[item])];
    let message = read_anthropic(&stream(R, A, &memory(), &sse(&events)));
    assert_eq!((&message["stop_reason"], &message["content"][0]["text"]), (&json!("refusal"), &json!("no")));
}

/// A stream of Anthropic for Codex: a thought, text, and two calls.
fn claude_stream(stop: &str) -> String {
    let mut out = String::new();
    let mut event = |data: Value| out += &format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
    event(json!({"type": "message_start", "message": {"id": "msg_9", "type": "message", "role": "assistant",
        "model": "claude-x", "content": [], "usage": {"input_tokens": 100, "cache_read_input_tokens": 40,
        "cache_creation_input_tokens": 10, "output_tokens": 1}}}));
    let blocks = [
        (
            json!({"type": "thinking", "thinking": ""}),
            vec![
                json!({"type": "thinking_delta", "thinking": "h"}),
                json!({"type": "thinking_delta", "thinking": "m"}),
                json!({"type": "signature_delta", "signature": "sig=="}),
            ],
        ),
        (
            json!({"type": "text", "text": ""}),
            vec![json!({"type": "text_delta", "text": "I "}), json!({"type": "text_delta", "text": "call ä"})],
        ),
        (
            json!({"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}}),
            vec![
                json!({"type": "input_json_delta", "partial_json": "{\"a\":"}),
                json!({"type": "input_json_delta", "partial_json": "\"A\"}"}),
            ],
        ),
        (json!({"type": "tool_use", "id": "toolu_2", "name": "list", "input": {}}), vec![]),
    ];
    for (index, (block, deltas)) in blocks.into_iter().enumerate() {
        event(json!({"type": "content_block_start", "index": index, "content_block": block}));
        event(json!({"type": "ping"}));
        for delta in deltas {
            event(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        event(json!({"type": "content_block_stop", "index": index}));
    }
    event(json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"input_tokens": 100,
        "cache_read_input_tokens": 40, "cache_creation_input_tokens": 10, "output_tokens": 20}}));
    event(json!({"type": "message_stop"}));
    out
}

fn codex_memory() -> Memory {
    to_anthropic(&json!({"model": "gpt", "input": "go", "stream": true})).memory
}

#[test]
fn rule_11_a_client_of_responses_gets_every_item_added_filled_and_done() {
    let response = read_responses(&stream(A, R, &codex_memory(), claude_stream("tool_use").as_bytes()));
    let output = response["output"].as_array().expect("is a list");
    let kinds: Vec<&str> = output.iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call", "function_call"]);
    assert_eq!(output[0]["summary"][0]["text"], "hm");
    assert_eq!(output[1]["content"][0]["text"], "I call ä");
    assert_eq!((&output[2]["call_id"], &output[2]["arguments"]), (&json!("toolu_1"), &json!(r#"{"a":"A"}"#)));
    assert_eq!(output[3]["arguments"], "{}");
    assert_eq!((&response["status"], &response["model"]), (&json!("completed"), &json!("claude-x")));
    let whole = translate::response(
        A,
        R,
        json!({
            "id": "msg_9", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "max_tokens",
            "content": [{"type": "text", "text": "I "}], "usage": {"input_tokens": 1, "output_tokens": 2},
        })
        .to_string()
        .as_bytes(),
        &codex_memory(),
    )
    .expect("is fine");
    let whole: Value = serde_json::from_slice(&whole.body).expect("is JSON");
    assert_eq!(whole["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(whole["output"][0]["content"][0]["text"], "I ");
}

#[test]
fn rule_11_text_before_and_after_calls_keeps_its_place() {
    let mut events = two_calls();
    let last = events.pop().expect("has one");
    let item =
        json!({"type": "message", "id": "m2", "role": "assistant", "content": [{"type": "output_text", "text": "so"}]});
    events.extend([
        added(2, item.clone()),
        json!({"type": "response.output_text.delta", "output_index": 2, "content_index": 0, "delta": "s"}),
        json!({"type": "response.output_text.delta", "output_index": 2, "content_index": 0, "delta": "o"}),
        done(2, item),
        last,
    ]);
    let message = read_anthropic(&stream(R, A, &memory(), &sse(&events)));
    assert_eq!(message["content"][2]["text"], "so", "{message}");
}

#[test]
fn rule_12_usage_is_disjoint_here_and_whole_there() {
    let expected = Usage { input: 110, cache_read: 40, output: 15, reasoning: 5, ..Usage::default() };
    let bytes = sse(&[vec![created()], text_of("hi").to_vec(), vec![completed(&[])]].concat());
    let mut reader = Reader::new(R, true);
    bytes.chunks(7).for_each(|chunk| reader.push(chunk));
    let seen = reader.finish();
    assert_eq!((seen.usage, seen.terminal), (Some(expected), true));
    assert_eq!((seen.model.as_deref(), seen.response_id.as_deref()), (Some("gpt-5.2-2026"), Some("resp_1")));
    let message = read_anthropic(&stream(R, A, &memory(), &bytes));
    assert_eq!(
        (
            &message["usage"]["input_tokens"],
            &message["usage"]["cache_read_input_tokens"],
            &message["usage"]["output_tokens"]
        ),
        (&json!(110), &json!(40), &json!(20))
    );
    let usage = &read_responses(&stream(A, R, &codex_memory(), claude_stream("tool_use").as_bytes()))["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["output_tokens"], &usage["total_tokens"]),
        (&json!(150), &json!(20), &json!(170))
    );
    assert_eq!(usage["input_tokens_details"]["cached_tokens"], 40);
    let start = &events(&stream(R, A, &memory(), &bytes))[0]["message"]["usage"]["input_tokens"];
    assert!(start.as_u64().is_some_and(|tokens| tokens > 0), "an estimate stands at the start: {start}");
}

#[test]
fn rule_13_failures_keep_their_class_in_both_directions() {
    for (code, class, kind) in [
        ("rate_limit_exceeded", Class::RateLimited { retry_after: None }, "rate_limit_error"),
        ("server_is_overloaded", Class::Overloaded, "overloaded_error"),
        ("context_length_exceeded", Class::TooLarge, "request_too_large"),
        ("server_error", Class::Server, "api_error"),
    ] {
        let failed = json!({"type": "response.failed", "response": {"id": "r", "status": "failed",
            "error": {"code": code, "message": "no"}}});
        let mut translation = Stream::new(R, A, memory());
        let out = translation.push(&sse(&[created(), failed.clone()]));
        let error = events(std::str::from_utf8(&out).expect("is text")).pop().expect("has one");
        assert_eq!((&error["type"], &error["error"]["type"]), (&json!("error"), &json!(kind)));
        assert_eq!(translation.failed().map(|error| error.class), Some(class));
        let mut reader = Reader::new(R, true);
        reader.push(&sse(&[created(), failed]));
        assert_eq!(reader.finish().error.map(|error| error.class), Some(class));
    }
    let overloaded =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n";
    let failed = read_responses(&stream(A, R, &codex_memory(), overloaded.as_bytes()));
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("server_is_overloaded")));
}

#[test]
fn rule_14_an_error_or_nothing_in_the_first_frame_is_seen_before_the_client_sees_anything() {
    let verdict = |bytes: &[u8]| {
        let mut peek = Peek::new(R);
        match peek.push(bytes) {
            Verdict::Waiting => peek.finish(),
            other => other,
        }
    };
    let nested =
        json!({"type": "error", "error": {"type": "server_error", "code": "server_is_overloaded", "message": "no"}});
    let flat = json!({"type": "error", "code": "server_is_overloaded", "message": "no", "param": null});
    for error in [nested, flat] {
        for events in [vec![error.clone()], vec![created(), error]] {
            let Verdict::Failed(error) = verdict(&sse(&events)) else { panic!("not seen: {events:?}") };
            assert_eq!(error.class, Class::Overloaded);
        }
    }
    assert_eq!(verdict(b""), Verdict::Empty);
    assert_eq!(verdict(&sse(&[created()])), Verdict::Empty);
    assert_eq!(verdict(&sse(&[vec![created()], text_of("hi").to_vec()].concat())), Verdict::Content);
}

#[test]
fn rule_21_what_the_providers_tools_did_is_named_and_dropped() {
    let search = json!({"type": "web_search_call", "id": "ws_1", "status": "completed"});
    let events =
        [vec![created(), added(5, search.clone()), done(5, search)], text_of("found").to_vec(), vec![completed(&[])]];
    let mut translation = Stream::new(R, A, memory());
    let out = translation.push(&sse(&events.concat()));
    assert_eq!(read_anthropic(std::str::from_utf8(&out).expect("is text"))["content"][0]["text"], "found");
    assert!(translation.warnings().iter().any(|warning| warning.loss == Loss::BlockDropped));
    assert_eq!(translation.seen().usage.map(|usage| usage.web_searches), Some(1));
}

#[test]
fn rule_23_an_end_that_was_seen_is_a_success_and_a_cut_is_told() {
    let bytes = sse(&[vec![created()], text_of("hi").to_vec(), vec![completed(&[])]].concat());
    for to in [A, C] {
        let mut translation = Stream::new(R, to, memory());
        translation.push(&bytes);
        assert!(translation.is_over() && translation.failed().is_none() && translation.seen().terminal);
        let mut translation = Stream::new(R, to, memory());
        translation.push(&bytes[..bytes.len() / 2]);
        assert!(!translation.is_over());
        translation.finish();
        assert_eq!(translation.failed().map(|error| error.class), Some(Class::Server));
    }
    let half = claude_stream("end_turn");
    let failed = read_responses(&stream(A, R, &codex_memory(), &half.as_bytes()[..half.len() / 2]));
    assert_eq!(failed["status"], "failed");
}

#[test]
fn answers_in_one_piece_say_the_same_as_streams() {
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "enc"});
    let message = json!({"type": "message", "id": "m", "role": "assistant",
        "content": [{"type": "output_text", "text": "I call", "annotations": []}]});
    let items = [reasoning, message, call("call_1", "read", r#"{"a":"A"}"#), call("call_2", "write", r#"{"b":"B"}"#)];
    let end = completed(&items);
    let streamed = read_anthropic(&stream(R, A, &memory(), &sse(&[created(), end.clone()])));
    let whole = translate::response(R, A, end["response"].to_string().as_bytes(), &memory()).expect("is fine");
    let mut whole: Value = serde_json::from_slice(&whole.body).expect("is JSON");
    for field in ["content", "stop_reason"] {
        assert_eq!(whole[field].take(), streamed[field], "{field}");
    }
    for field in ["input_tokens", "output_tokens", "cache_read_input_tokens"] {
        assert_eq!(whole["usage"][field], streamed["usage"][field], "{field}");
    }
    let error = translate::response(R, A, br#"{"error":{"message":"no","code":"insufficient_quota"}}"#, &memory());
    assert_eq!(error.expect_err("failed").class, Class::SpendLimit);
}
