//! Numbers that pass by, hints in headers, betas, estimates, and the head of a request.

use crate::clients::{anthropic, chat, delta, finish};
use legion_dialects::hints::Hints;
use legion_dialects::scan::{Head, splice_model};
use legion_dialects::translate::Target;
use legion_dialects::usage::{Reader, Seen};
use legion_dialects::{Class, Dialect, Usage, beta, count};
use serde_json::json;

fn read(dialect: Dialect, streaming: bool, bytes: &[u8]) -> Seen {
    let mut reader = Reader::new(dialect, streaming);
    for piece in bytes.chunks(7) {
        reader.push(piece);
    }
    reader.finish()
}

#[test]
fn rule_12_numbers_of_anthropic_are_read_as_they_pass() {
    let start = r#"{"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{"input_tokens":10,"cache_creation_input_tokens":300,"cache_read_input_tokens":200,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":1}}}"#;
    let seen = read(
        Dialect::Anthropic,
        true,
        &anthropic(&[
            start,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\"usage\" message_stop"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":20}}"#,
            r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":25,"server_tool_use":{"web_search_requests":2}}}"#,
            r#"{"type":"message_stop"}"#,
        ]),
    );
    let expected = Usage {
        input: 10,
        cache_read: 200,
        cache_write_5m: 100,
        cache_write_1h: 200,
        output: 25,
        web_searches: 2,
        ..Usage::default()
    };
    assert_eq!(seen.usage, Some(expected), "the numbers at the end are totals, not additions");
    assert_eq!(
        (seen.model.as_deref(), seen.response_id.as_deref(), seen.terminal),
        (Some("claude-x"), Some("msg_1"), true)
    );
    // Cut after the start: what is known is not nothing.
    let cut = read(Dialect::Anthropic, true, &anthropic(&[start]));
    assert_eq!(cut.usage.unwrap().prompt(), 510);
    assert!(!cut.terminal);
}

#[test]
fn rule_12_numbers_of_chat_are_read_as_they_pass() {
    let usage = r#"{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":1212,"completion_tokens":40,"total_tokens":1252,"prompt_tokens_details":{"cached_tokens":1000},"completion_tokens_details":{"reasoning_tokens":15},"cost":0.00123}}"#;
    let seen = read(Dialect::Chat, true, &chat(&[&delta(r#"{"content":"x"}"#), &finish("stop"), usage, "[DONE]"]));
    let expected = Usage {
        input: 212,
        cache_read: 1000,
        output: 25,
        reasoning: 15,
        provider_cost_nanos: Some(1_230_000),
        ..Usage::default()
    };
    assert_eq!(seen.usage, Some(expected));
    assert_eq!((seen.model.as_deref(), seen.terminal), (Some("up"), true));
    let answer = br#"{"id":"c","model":"m","choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_cache_hit_tokens":3}}"#;
    let seen = read(Dialect::Chat, false, answer);
    assert_eq!(seen.usage, Some(Usage { input: 2, cache_read: 3, output: 2, ..Usage::default() }));
    assert!(seen.terminal);
}

#[test]
fn rule_23_errors_within_a_stream_are_seen_as_they_pass() {
    let seen = read(
        Dialect::Anthropic,
        true,
        &anthropic(&[r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#]),
    );
    assert_eq!(seen.error.map(|error| error.class), Some(Class::Overloaded));
    let seen = read(Dialect::Chat, true, &chat(&[r#"{"error":{"message":"no","code":"insufficient_quota"}}"#]));
    assert_eq!((seen.error.map(|error| error.class), seen.terminal), (Some(Class::SpendLimit), false));
}

#[test]
fn rule_16_beta_flags_go_to_anthropic_as_they_are_and_are_filtered_for_others() {
    let flags = "claude-code-20250219, fine-grained-tool-streaming-2025-05-14,later-2030";
    let itself = Target { anthropic_itself: true, ..Target::default() };
    assert_eq!(beta::header(flags, &itself), (Some(flags.to_owned()), Vec::new()));
    let other = Target { betas: vec!["fine-grained-tool-streaming-2025-05-14".into()], ..Target::default() };
    let (header, warnings) = beta::header(flags, &other);
    assert_eq!(header.as_deref(), Some("fine-grained-tool-streaming-2025-05-14"));
    assert_eq!(warnings.len(), 2);
    assert_eq!(beta::header(flags, &Target::default()).0, None);
}

#[test]
fn rule_17_the_estimate_counts_everything_and_never_too_little() {
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(40);
    let base = |extra: serde_json::Value| {
        let mut body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]});
        for (name, value) in extra.as_object().unwrap() {
            body[name] = value.clone();
        }
        count::estimate(Dialect::Anthropic, &serde_json::to_vec(&body).unwrap())
    };
    let empty = base(json!({}));
    // 45 letters and 10 tokens a sentence, by every tokenizer of these providers.
    let most = [
        ("system", base(json!({"system": text}))),
        ("messages", base(json!({"messages": [{"role": "user", "content": text}]}))),
        (
            "tool_use",
            base(
                json!({"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "a", "input": {"text": text}}]}]}),
            ),
        ),
        (
            "tool_result",
            base(
                json!({"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": text}]}]}]}),
            ),
        ),
        (
            "thinking",
            base(
                json!({"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": text, "signature": "s"}]}]}),
            ),
        ),
        ("tools", base(json!({"tools": [{"name": "a", "description": text, "input_schema": {"type": "object"}}]}))),
    ];
    for (what, tokens) in most {
        assert!(tokens >= empty + 400, "{what}: {tokens} of at least {}", empty + 400);
        assert!(tokens <= empty + 1400, "{what}: {tokens}");
    }
}

#[test]
fn rule_09_images_are_never_counted_as_text() {
    let image = |data: String| {
        let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}]}]});
        count::estimate(Dialect::Anthropic, &serde_json::to_vec(&body).unwrap())
    };
    assert!(image("A".repeat(1_000_000)) < 2_000);
    // The head of a PNG of 300 by 250 points: 100 tokens.
    let small = image("iVBORw0KGgoAAAANSUhEUgAAASwAAAD6CAYAAAC".into());
    assert!((100..160).contains(&small), "{small}");
}

#[test]
fn rule_24_agents_say_in_headers_whose_call_it_is() {
    let head = |body: serde_json::Value| Head::read(&serde_json::to_vec(&body).unwrap()).unwrap();
    let header = |name: &str| match name {
        "x-claude-code-session-id" => Some("s1".to_owned()),
        "x-claude-code-agent-id" => Some("a1".to_owned()),
        "x-claude-code-parent-agent-id" => Some("p1".to_owned()),
        _ => None,
    };
    let hints = Hints::read(&header, &head(json!({"model": "m"})));
    assert_eq!(
        (hints.session.as_deref(), hints.agent.as_deref(), hints.parent.as_deref()),
        (Some("s1"), Some("a1"), Some("p1"))
    );
    for (name, value, parent, kind) in [
        ("x-claude-code-agent-type", "Explore", None, Some("Explore")),
        ("x-openai-subagent", "review", None, Some("review")),
        ("x-codex-parent-thread-id", "t1", Some("t1"), None),
        ("x-parent-session-id", "ses_1", Some("ses_1"), None),
        ("x-parent-session-id", "", None, None),
    ] {
        let header = |asked: &str| (asked == name).then(|| value.to_owned());
        let hints = Hints::read(&header, &head(json!({"model": "m"})));
        assert_eq!((hints.parent.as_deref(), hints.kind.as_deref()), (parent, kind), "{name}");
    }
    let none = |_: &str| None;
    for (body, session) in [
        (json!({"model": "m", "metadata": {"user_id": "user_ab_account_cd_session_11-22"}}), Some("11-22")),
        (json!({"model": "m", "metadata": {"user_id": "{\"session_id\":\"33-44\"}"}}), Some("33-44")),
        (json!({"model": "m", "prompt_cache_key": "55"}), Some("55")),
        (json!({"model": "m", "metadata": 7}), None),
    ] {
        assert_eq!(Hints::read(&none, &head(body)).session.as_deref(), session);
    }
}

#[test]
fn rule_15_only_the_models_name_changes_in_the_same_dialect() {
    let body = br#" { "stream" : true,  "zeta":1.0e3, "model" : "claude-x" , "messages":[ {"role":"user","content":"model\u00e4 \"model\":\"no\""} ] }"#;
    let spliced = splice_model(body, "up\"stream").unwrap();
    let expected = String::from_utf8_lossy(body).replacen(r#""claude-x""#, r#""up\"stream""#, 1);
    assert_eq!(String::from_utf8(spliced).unwrap(), expected);
    let head = Head::read(body).unwrap();
    assert_eq!((head.model.as_str(), head.stream, head.bytes), ("claude-x", true, body.len()));
    assert_eq!(splice_model(b"{}", "m").unwrap_err().to_string(), "model: is needed");
}
