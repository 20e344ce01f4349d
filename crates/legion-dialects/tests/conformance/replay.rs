//! Thoughts come back to their own provider byte for byte, and to no other.

use crate::clients::{Block, anthropic, chat, delta, finish, read_anthropic, read_chat, run};
use legion_dialects::Dialect::{Anthropic, Chat};
use legion_dialects::translate::{self, Memory, Target};
use serde_json::{Value, json};

fn target(provider: &str) -> Target {
    Target { provider: provider.into(), model: "up".into(), ..Target::default() }
}

fn memory(provider: &str) -> Memory {
    Memory { provider: provider.into(), ..Memory::default() }
}

#[test]
fn rule_06_a_signature_of_anthropic_survives_a_chat_client() {
    let signature = "EqQBCkgIBBABGAIiQL+/=:legion:%3A";
    let (out, _) = run(
        Anthropic,
        Chat,
        memory("an:thropic"),
        &anthropic(&[
            r#"{"type":"message_start","message":{"id":"m","model":"c"}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            &format!(
                r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"signature_delta","signature":"{signature}"}}}}"#
            ),
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"QUFB"}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
            r#"{"type":"content_block_stop","index":2}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}"#,
            r#"{"type":"message_stop"}"#,
        ]),
    );
    let message = read_chat(&out);
    let Block::Thinking { text, signature: carried } = &message.blocks[0] else { panic!("{message:?}") };
    let Block::Redacted(data) = &message.blocks[1] else { panic!("{message:?}") };
    let history = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": null,
         "reasoning_details": [{"type": "reasoning.text", "text": text, "signature": carried, "index": 0},
            {"type": "reasoning.encrypted", "data": data, "index": 1}],
         "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "t", "content": "r"}]});
    let sent = send(Chat, Anthropic, &history, "an:thropic");
    assert_eq!(
        sent["messages"][1]["content"][0],
        json!({"type": "thinking", "thinking": "hm", "signature": signature})
    );
    assert_eq!(sent["messages"][1]["content"][1], json!({"type": "redacted_thinking", "data": "QUFB"}));
    let elsewhere = send(Chat, Anthropic, &history, "other");
    assert_eq!(elsewhere["messages"][1]["content"][0]["type"], "tool_use");
}

#[test]
fn rule_06_details_of_a_chat_provider_survive_an_anthropic_client() {
    let (out, _) = run(
        Chat,
        Anthropic,
        memory("router"),
        &chat(&[
            &delta(
                r#"{"reasoning":"h","reasoning_details":[{"type":"reasoning.text","text":"h","format":"anthropic-claude-v1","index":0}]}"#,
            ),
            &delta(
                r#"{"reasoning":"m","reasoning_details":[{"type":"reasoning.text","text":"m","format":"anthropic-claude-v1","index":0}]}"#,
            ),
            &delta(
                r#"{"reasoning_details":[{"type":"reasoning.text","signature":"SIG==","format":"anthropic-claude-v1","index":0}]}"#,
            ),
            &delta(
                r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"ENC","id":"rs_1","format":"openai-responses-v1","index":1}]}"#,
            ),
            &delta(r#"{"content":"yes"}"#),
            &finish("stop"),
        ]),
    );
    let message = read_anthropic(&out);
    let [Block::Thinking { text, signature }, Block::Redacted(data), Block::Text(_)] = message.blocks.as_slice() else {
        panic!("{message:?}")
    };
    assert_eq!(text, "hm");
    let history = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": text, "signature": signature},
            {"type": "redacted_thinking", "data": data}, {"type": "text", "text": "yes"}]},
        {"role": "user", "content": "more"}]});
    let sent = send(Anthropic, Chat, &history, "router");
    let details = &sent["messages"][1]["reasoning_details"];
    assert_eq!(
        details[0],
        json!({"type": "reasoning.text", "text": "hm", "signature": "SIG==", "format": "anthropic-claude-v1", "index": 0})
    );
    assert_eq!(
        details[1],
        json!({"type": "reasoning.encrypted", "data": "ENC", "id": "rs_1", "format": "openai-responses-v1", "index": 1})
    );
    let elsewhere = send(Anthropic, Chat, &history, "other");
    assert!(elsewhere["messages"][1].get("reasoning_details").is_none(), "{elsewhere}");
    assert!(!elsewhere.to_string().contains("SIG"));
}

#[test]
fn rule_06_an_untouched_signature_of_anthropic_is_dropped_for_another_dialect() {
    let history = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "EqQB"}, {"type": "text", "text": "yes"}]}]});
    let translated = translate::request(Anthropic, Chat, history.to_string().as_bytes(), &target("router")).unwrap();
    let names: Vec<_> = translated.warnings.iter().map(|warning| warning.loss.name()).collect();
    assert_eq!(names, ["signature-dropped", "thinking-dropped"]);
}

fn send(from: legion_dialects::Dialect, to: legion_dialects::Dialect, body: &Value, provider: &str) -> Value {
    let translated = translate::request(from, to, body.to_string().as_bytes(), &target(provider)).unwrap();
    serde_json::from_slice(&translated.body).unwrap()
}
