//! Thoughts and their signatures: what a provider gave comes back to it byte for byte, and to nobody else.

use super::support::{
    added, anthropic, completed, created, done, read_anthropic, read_responses, request_to, sse, stream, target,
    to_anthropic, to_responses,
};
use legion_dialects::translate::{self, Target};
use legion_dialects::{Dialect, Loss};
use proptest::prelude::*;
use serde_json::{Value, json};

const A: Dialect = Dialect::Anthropic;
const R: Dialect = Dialect::Responses;

fn claude() -> Value {
    json!({"model": "claude", "max_tokens": 60_000, "messages": [{"role": "user", "content": "go"}],
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tools": [{"name": "read", "input_schema": {"type": "object", "properties": {}}}]})
}

fn codex() -> Value {
    json!({"model": "gpt", "stream": true, "store": false, "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "high"}, "max_output_tokens": 60_000, "input": [{"role": "user", "content": "go"}],
        "tools": [{"type": "function", "name": "read", "parameters": {"type": "object", "properties": {}}}]})
}

/// What OpenAI says: a sealed thought, and a call.
fn sealed(id: &str, summary: &[&str], content: &str) -> Vec<Value> {
    let parts: Vec<Value> = summary.iter().map(|text| json!({"type": "summary_text", "text": text})).collect();
    let item = json!({"type": "reasoning", "id": id, "summary": parts, "encrypted_content": content});
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "read", "arguments": "{}"});
    let mut events = vec![created(), added(0, json!({"type": "reasoning", "id": id, "summary": []}))];
    for (index, text) in summary.iter().enumerate() {
        events.push(json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": index,
            "delta": text}));
    }
    events.extend([done(0, item.clone()), done(1, call.clone()), completed(&[item, call])]);
    events
}

/// The next request of Claude Code, with the answer in its history.
fn claude_again(answer: &Value) -> Value {
    let mut body = claude();
    let messages = body["messages"].as_array_mut().expect("is a list");
    messages.push(json!({"role": "assistant", "content": answer["content"]}));
    messages
        .push(json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "x"}]}));
    body
}

#[test]
fn rule_06_encrypted_reasoning_is_asked_for_and_nothing_is_stored() {
    let body = to_responses(&claude()).body;
    assert_eq!((&body["include"], &body["store"]), (&json!(["reasoning.encrypted_content"]), &json!(false)));
}

#[test]
fn rule_06_a_sealed_thought_without_a_summary_is_not_empty() {
    let memory = to_responses(&claude()).memory;
    let answer = read_anthropic(&stream(R, A, &memory, &sse(&sealed("rs_1", &[], "gAAAA+/="))));
    assert_eq!((&answer["content"][0]["type"], &answer["content"][0]["thinking"]), (&json!("thinking"), &json!("")));
    let again = to_responses(&claude_again(&answer)).body;
    let expected = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA+/="});
    assert_eq!(again["input"][1], expected, "{again}");
}

#[test]
fn rule_06_parts_of_a_summary_are_told_apart() {
    let memory = to_responses(&claude()).memory;
    let answer = read_anthropic(&stream(R, A, &memory, &sse(&sealed("rs_1", &["one", "two"], "e"))));
    assert_eq!(answer["content"][0]["thinking"], "one\n\ntwo");
}

#[test]
fn rule_06_a_foreign_thought_goes_to_nobody_else() {
    let memory = to_responses(&claude()).memory;
    let answer = read_anthropic(&stream(R, A, &memory, &sse(&sealed("rs_1", &["hm"], "sealed-by-openai"))));
    let other = Target { provider: "azure".to_owned(), ..target() };
    for (to, target) in [(R, other), (A, anthropic())] {
        let again = request_to(A, to, &claude_again(&answer), &target);
        assert!(!again.body.to_string().contains("sealed-by-openai"), "{}", again.body);
        assert!(again.lost(Loss::SignatureDropped), "{:?}", again.warnings);
    }
    // A thought that OpenAI cannot know: unsigned.
    let mut unsigned = claude_again(&answer);
    unsigned["messages"][1]["content"][0] = json!({"type": "thinking", "thinking": "mine", "signature": ""});
    let again = to_responses(&unsigned);
    assert!(!again.body.to_string().contains("mine") && again.lost(Loss::ThinkingDropped));
}

#[test]
fn rule_06_a_thought_that_nothing_follows_is_left_out() {
    let memory = to_responses(&claude()).memory;
    let answer = read_anthropic(&stream(R, A, &memory, &sse(&sealed("rs_1", &["hm"], "e"))));
    let mut body = claude_again(&answer);
    body["messages"][1]["content"].as_array_mut().expect("is a list").truncate(1);
    body["messages"][2]["content"] = json!("go on");
    let again = to_responses(&body);
    assert!(
        again.lost(Loss::ThinkingDropped) && !again.body.to_string().contains("reasoning\",\"id"),
        "{}",
        again.body
    );
}

/// What Claude says, as events: thoughts of these kinds, and a call.
fn claude_thinks(blocks: &[Value]) -> String {
    let mut out = String::new();
    let mut event = |data: Value| out += &format!("event: {}\ndata: {data}\n\n", data["type"].as_str().expect("typed"));
    event(json!({"type": "message_start", "message": {"id": "msg_9", "type": "message", "role": "assistant",
        "model": "claude-x", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}}));
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}});
    for (index, block) in blocks.iter().chain([&call]).enumerate() {
        let mut start = block.clone();
        let deltas = match start["type"].as_str() {
            Some("thinking") => {
                let (text, signature) = (start["thinking"].take(), start["signature"].take());
                start["thinking"] = json!("");
                start["signature"] = json!("");
                vec![
                    json!({"type": "thinking_delta", "thinking": text}),
                    json!({"type": "signature_delta", "signature": signature}),
                ]
            }
            _ => Vec::new(),
        };
        event(json!({"type": "content_block_start", "index": index, "content_block": start}));
        for delta in deltas {
            event(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        event(json!({"type": "content_block_stop", "index": index}));
    }
    event(json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}}));
    event(json!({"type": "message_stop"}));
    out
}

/// The next request of Codex, with the answer in its history.
fn codex_again(response: &Value) -> Value {
    let mut body = codex();
    let input = body["input"].as_array_mut().expect("is a list");
    for item in response["output"].as_array().expect("is a list") {
        let mut item = item.clone();
        // Codex leaves the ids and the states out when nothing is stored.
        let fields = item.as_object_mut().expect("is an object");
        fields.remove("id");
        fields.remove("status");
        input.push(item);
    }
    input.push(json!({"type": "function_call_output", "call_id": "toolu_1", "output": "x"}));
    body
}

#[test]
fn rule_06_redacted_thoughts_come_back_as_redacted() {
    let blocks = [
        json!({"type": "thinking", "thinking": "hm", "signature": "sig=="}),
        json!({"type": "redacted_thinking", "data": "opaque+/="}),
    ];
    let memory = to_anthropic(&codex()).memory;
    let response = read_responses(&stream(A, R, &memory, claude_thinks(&blocks).as_bytes()));
    let again = to_anthropic(&codex_again(&response)).body;
    let content = again["messages"][1]["content"].as_array().expect("is a list");
    assert_eq!(content[..2], blocks, "{again}");
}

#[test]
fn rule_06_between_clients_and_providers_of_this_dialect_foreign_thoughts_are_taken_out_too() {
    let memory = to_anthropic(&codex()).memory;
    let blocks = [json!({"type": "thinking", "thinking": "hm", "signature": "sig=="})];
    let response = read_responses(&stream(A, R, &memory, claude_thinks(&blocks).as_bytes()));
    let again = codex_again(&response);
    let switched = request_to(R, R, &again, &target());
    assert!(!switched.body.to_string().contains("sig=="), "{}", switched.body);
    assert!(switched.lost(Loss::SignatureDropped));
    assert_eq!(switched.body["input"][1]["type"], "function_call");
    // Its own, unmarked ones stay, byte for byte.
    let own = json!({"model": "gpt", "input": [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}, {"role": "user", "content": "go"}]});
    let body = own.to_string();
    let kept = translate::request(R, R, body.as_bytes(), &target()).expect("is fine");
    assert_eq!(String::from_utf8(kept.body).expect("is text"), body.replace("\"gpt\"", "\"gpt-5.2\""));
    let dropped = request_to(R, R, &own, &Target { foreign_turns: 2, ..target() });
    assert_eq!(dropped.body["input"].as_array().map(Vec::len), Some(1));
    // What this upstream made since the change stays.
    let mut since = own.clone();
    since["input"].as_array_mut().expect("a list").rotate_left(1);
    let kept = request_to(R, R, &since, &Target { foreign_turns: 1, ..target() });
    assert_eq!(kept.body["input"].as_array().map(Vec::len), Some(2));
}

proptest! {
    #[test]
    fn rule_06_what_openai_sealed_comes_back_to_it_unchanged(
        id in "rs_[a-z0-9]{1,20}", content in "[ -~é]{1,80}", text in "[ -~ä\n]{0,40}",
    ) {
        let memory = to_responses(&claude()).memory;
        let summary: Vec<&str> = (!text.is_empty()).then_some(text.as_str()).into_iter().collect();
        let answer = read_anthropic(&stream(R, A, &memory, &sse(&sealed(&id, &summary, &content))));
        let again = to_responses(&claude_again(&answer)).body;
        let parts: Vec<Value> = summary.iter().map(|text| json!({"type": "summary_text", "text": text})).collect();
        let expected = json!({"type": "reasoning", "id": id, "summary": parts, "encrypted_content": content});
        prop_assert_eq!(&again["input"][1], &expected);
    }

    #[test]
    fn rule_06_what_claude_signed_comes_back_to_it_unchanged(
        signature in "[A-Za-z0-9+/=]{1,80}", text in "[ -~ä\n]{0,40}",
    ) {
        let blocks = [json!({"type": "thinking", "thinking": text, "signature": signature})];
        let memory = to_anthropic(&codex()).memory;
        let response = read_responses(&stream(A, R, &memory, claude_thinks(&blocks).as_bytes()));
        let again = to_anthropic(&codex_again(&response)).body;
        prop_assert_eq!(&again["messages"][1]["content"][0], &blocks[0]);
    }
}

#[test]
fn rule_06_claude_code_is_told_the_model_that_it_asked_for() {
    // It sends no thoughts back to another model than the one that it speaks to.
    let memory = to_responses(&claude()).memory;
    let answer = read_anthropic(&stream(R, A, &memory, &sse(&sealed("rs_1", &["hm"], "e"))));
    assert_eq!(answer["model"], "claude");
    let whole = completed(&[])["response"].to_string();
    let answered = translate::response(R, A, whole.as_bytes(), &memory).expect("is fine");
    assert_eq!(answered.model.as_deref(), Some("gpt-5.2-2026"));
    let body: Value = serde_json::from_slice(&answered.body).expect("is JSON");
    assert_eq!(body["model"], "claude");
}
