//! Requests and answers of the dialects.

/// The token of the agent `a1`.
pub const AGENT: &str = "lgn_agent_a1";

/// An Anthropic request; odd spaces and unknown fields, which must arrive as they are.
pub fn request(model: &str, stream: bool) -> String {
    format!(
        "{{ \"model\" : \"{model}\",\"max_tokens\":100,  \"stream\": {stream},\"zz_unknown\":{{\"b\":1,\"a\":[1.50,2e3]}},\"messages\":[{{\"role\":\"user\",\"content\":\"hi \\u00e9 é\"}}]}}"
    )
}

/// The events of an Anthropic answer of 11 prompt and 7 output tokens.
pub fn events() -> Vec<String> {
    let event = |name: &str, data: &str| format!("event: {name}\ndata: {data}\n\n");
    vec![
        event(
            "message_start",
            r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}}"#,
        ),
        event(
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        ),
        event(
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#,
        ),
        event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        event(
            "message_delta",
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}"#,
        ),
        event("message_stop", r#"{"type":"message_stop"}"#),
    ]
}

/// An Anthropic answer in one piece, of 11 prompt and 7 output tokens.
pub const MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":7}}"#;

/// An error in Anthropic's form.
pub fn error(kind: &str, message: &str) -> String {
    format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
}
