//! Answers in one piece, and the bytes of schemas.

use legion_dialects::Dialect::{Anthropic, Chat};
use legion_dialects::translate::{self, Memory, Target};
use legion_dialects::{Class, Usage};
use serde_json::{Value, json};

fn memory() -> Memory {
    Memory { provider: "up".into(), model: "asked".into(), seed: "5eed".into(), ..Memory::default() }
}

#[test]
fn rule_10_an_answer_of_chat_as_one_of_anthropic() {
    let body = json!({"id": "chatcmpl-1", "model": "up", "choices": [{"index": 0, "finish_reason": "stop", "message": {
        "role": "assistant", "content": "hi", "reasoning_content": "hm",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "a", "arguments": ""}},
            {"id": "c2", "type": "function", "function": {"name": "b", "arguments": "not json"}}]}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 10}}});
    let answered = translate::response(Chat, Anthropic, body.to_string().as_bytes(), &memory()).unwrap();
    let sent: Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(
        sent["content"],
        json!([
            {"type": "thinking", "thinking": "hm", "signature": "legion:up:"},
            {"type": "text", "text": "hi"},
            {"type": "tool_use", "id": "c1", "name": "a", "input": {}},
            {"type": "tool_use", "id": "c2", "name": "b", "input": {"raw_arguments": "not json"}},
        ])
    );
    assert_eq!(sent["stop_reason"], "tool_use");
    assert_eq!(sent["usage"]["input_tokens"], 2);
    assert_eq!(answered.usage, Some(Usage { input: 2, cache_read: 10, output: 3, ..Usage::default() }));
    assert_eq!(answered.model.as_deref(), Some("up"));
}

#[test]
fn rule_10_an_answer_of_anthropic_as_one_of_chat() {
    let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [
        {"type": "thinking", "thinking": "", "signature": "EqQB"},
        {"type": "text", "text": "a"}, {"type": "text", "text": "b"},
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": [1, 2.50]}}],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 3, "output_tokens": 4}});
    let answered = translate::response(Anthropic, Chat, body.to_string().as_bytes(), &memory()).unwrap();
    let sent: Value = serde_json::from_slice(&answered.body).unwrap();
    let message = &sent["choices"][0]["message"];
    assert_eq!(message["content"], "ab");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"x":[1,2.5]}"#);
    assert_eq!(message["reasoning_details"][0]["signature"], "legion:up:EqQB");
    assert_eq!(sent["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(sent["usage"]["prompt_tokens"], 6);
    assert_eq!(answered.warnings.iter().map(|warning| warning.loss.name()).collect::<Vec<_>>(), ["block-dropped"]);
}

#[test]
fn rule_13_an_error_or_nonsense_as_an_answer_is_an_error() {
    let error =
        translate::response(Chat, Anthropic, br#"{"error":{"message":"busy","code":503}}"#, &memory()).unwrap_err();
    assert_eq!(error.class, Class::Overloaded);
    for body in [&b"{}"[..], b"[]", b"", b"<html>", br#"{"choices":[]}"#] {
        let error = translate::response(Chat, Anthropic, body, &memory()).unwrap_err();
        assert_eq!(error.class, Class::Server);
    }
}

#[test]
fn rule_15_schemas_and_inputs_keep_every_byte() {
    let schema = r#"{"type":"object","properties":{"zeta":{"type":"number","default":1.50},"alpha":{"type":"string"}},"required":["zeta"]}"#;
    let input = r#"{"zeta": 1.50,  "alpha":"\u00e4"}"#;
    let body = format!(
        r#"{{"model":"m","max_tokens":9,"tools":[{{"name":"a","input_schema":{schema}}}],"messages":[{{"role":"assistant","content":[{{"type":"tool_use","id":"t","name":"a","input":{input}}}]}}]}}"#
    );
    let translated = translate::request(Anthropic, Chat, body.as_bytes(), &Target::default()).unwrap();
    let sent = String::from_utf8(translated.body).unwrap();
    assert!(sent.contains(schema), "{sent}");
    let parsed: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(parsed["messages"][0]["tool_calls"][0]["function"]["arguments"], input);
    // The same request gives the same bytes.
    let again = translate::request(Anthropic, Chat, body.as_bytes(), &Target::default()).unwrap();
    assert_eq!(String::from_utf8(again.body).unwrap(), sent);
}

#[test]
fn rule_19_a_shortened_name_comes_back_whole() {
    let name = "mcp__a-very-long-server-name-of-some-company__a_very_long_tool_name_that_says_all";
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}],
        "tools": [{"name": name, "input_schema": {"type": "object"}}]});
    let translated = translate::request(Anthropic, Chat, body.to_string().as_bytes(), &Target::default()).unwrap();
    let sent: Value = serde_json::from_slice(&translated.body).unwrap();
    let short = sent["tools"][0]["function"]["name"].as_str().unwrap();
    assert!(short.len() <= 64 && short != name);
    let answer = json!({"choices": [{"finish_reason": "tool_calls", "message": {"tool_calls": [
        {"id": "c", "function": {"name": short, "arguments": "{}"}}]}}]});
    let answered = translate::response(Chat, Anthropic, answer.to_string().as_bytes(), &translated.memory).unwrap();
    let read: Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(read["content"][0]["name"], name);
}

#[test]
fn rule_22_a_tool_of_free_text_is_bridged_to_a_function_and_back() {
    let request = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [{"id": "c0", "type": "custom", "custom": {"name": "apply_patch", "input": "*** \"Begin\""}}]},
        {"role": "tool", "tool_call_id": "c0", "content": "done"}],
        "tools": [{"type": "custom", "custom": {"name": "apply_patch", "description": "patch", "format": {"type": "text"}}}]});
    let translated = translate::request(Chat, Anthropic, request.to_string().as_bytes(), &Target::default()).unwrap();
    let sent: Value = serde_json::from_slice(&translated.body).unwrap();
    assert_eq!(sent["tools"][0]["input_schema"]["required"], json!(["input"]));
    assert_eq!(sent["messages"][1]["content"][0]["input"], json!({"input": "*** \"Begin\""}));
    let answer = json!({"content": [{"type": "tool_use", "id": "c1", "name": "apply_patch", "input": {"input": "a\nb"}}],
        "stop_reason": "tool_use"});
    let answered = translate::response(Anthropic, Chat, answer.to_string().as_bytes(), &translated.memory).unwrap();
    let read: Value = serde_json::from_slice(&answered.body).unwrap();
    let call = &read["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call, &json!({"id": "c1", "type": "custom", "custom": {"name": "apply_patch", "input": "a\nb"}}));
    // In a stream the text comes whole, however its wrapping was cut.
    let mut stream = translate::Stream::new(Anthropic, Chat, translated.memory);
    let mut out = Vec::new();
    for event in [
        r#"{"type":"message_start","message":{"id":"m","model":"c"}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c1","name":"apply_patch","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"inp"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"ut\":\"a\\nb\"}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}"#,
        r#"{"type":"message_stop"}"#,
    ] {
        out.extend(stream.push(format!("data: {event}\n\n").as_bytes()));
    }
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(r#""custom":{"input":"a\nb"}"#), "{text}");
}
