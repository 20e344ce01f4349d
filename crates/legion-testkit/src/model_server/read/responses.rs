//! Reads a request of the Responses API.

use serde_json::{Value, json};

use super::Conversation;
use super::tools;

/// Reads the body. What is not understood is left out: the server must not judge agent programs.
pub(super) fn read(body: &Value) -> Conversation {
    let mut messages: Vec<Value> = Vec::new();
    match &body["input"] {
        Value::String(text) => messages.push(json!({"role": "user", "content": text})),
        Value::Array(items) => {
            for item in items {
                if let Some((role, blocks)) = blocks(item) {
                    add(&mut messages, role, blocks);
                }
            }
        }
        _ => {}
    }
    Conversation { system: body["instructions"].clone(), messages, tools: tools::of_responses(body) }
}

/// Returns whose an item is and what it says.
fn blocks(item: &Value) -> Option<(&'static str, Vec<Value>)> {
    match item["type"].as_str().unwrap_or("message") {
        "message" => {
            let role = match item["role"].as_str()? {
                "assistant" => "assistant",
                "user" => "user",
                _ => "system",
            };
            Some((role, texts(&item["content"])))
        }
        "reasoning" => {
            let summary = item["summary"].as_array().into_iter().flatten();
            let text: String = summary.filter_map(|part| part["text"].as_str()).collect();
            let signature = &item["encrypted_content"];
            Some(("assistant", vec![json!({"type": "thinking", "thinking": text, "signature": signature})]))
        }
        "function_call" => {
            let arguments = item["arguments"].as_str().unwrap_or_default();
            let input = serde_json::from_str(arguments).unwrap_or_else(|_| json!(arguments));
            Some(("assistant", vec![call(item, input)]))
        }
        "custom_tool_call" => Some(("assistant", vec![call(item, json!({"input": item["input"]}))])),
        "function_call_output" | "custom_tool_call_output" => {
            let content = match &item["output"] {
                Value::Array(_) => json!(texts(&item["output"])),
                // Codex wraps some outputs as an object with the text in `content`.
                Value::Object(output) => output.get("content").cloned().unwrap_or_default(),
                other => other.clone(),
            };
            let result = json!({"type": "tool_result", "tool_use_id": item["call_id"], "content": content});
            Some(("user", vec![result]))
        }
        _ => None,
    }
}

fn call(item: &Value, input: Value) -> Value {
    let name = tools::find(&[], item["name"].as_str().unwrap_or_default());
    let namespace = item["namespace"].as_str().map(str::to_owned);
    let name = tools::Tool { namespace, ..name }.full_name();
    json!({"type": "tool_use", "id": item["call_id"], "name": name, "input": input})
}

fn texts(content: &Value) -> Vec<Value> {
    let parts = match content {
        Value::String(text) => return vec![json!({"type": "text", "text": text})],
        Value::Array(parts) => parts,
        _ => return Vec::new(),
    };
    let text = |part: &Value| match part["type"].as_str() {
        Some("input_text" | "output_text" | "text") => json!({"type": "text", "text": part["text"]}),
        _ => part.clone(),
    };
    parts.iter().map(text).collect()
}

/// Items of the assistant that follow each other are one turn; the items of the user stay apart.
fn add(messages: &mut Vec<Value>, role: &str, blocks: Vec<Value>) {
    if let Some(last) = messages.last_mut().filter(|last| role == "assistant" && last["role"] == "assistant")
        && let Some(content) = last["content"].as_array_mut()
    {
        content.extend(blocks);
        return;
    }
    messages.push(json!({"role": role, "content": blocks}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_turn_are_one_message() {
        let body = json!({
            "instructions": "be kind",
            "input": [
                {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "rules"}]},
                {"role": "user", "content": "go"},
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "e"},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I do"}]},
                {"type": "function_call", "call_id": "c1", "namespace": "mcp__a", "name": "b", "arguments": "{}"},
                {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** Begin"},
                {"type": "function_call_output", "call_id": "c1", "output": "one"},
                {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
            ],
        });
        assert_eq!(
            read(&body).messages,
            [
                json!({"role": "system", "content": [{"type": "text", "text": "rules"}]}),
                json!({"role": "user", "content": [{"type": "text", "text": "go"}]}),
                json!({"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "e"},
                    {"type": "text", "text": "I do"},
                    {"type": "tool_use", "id": "c1", "name": "mcp__a__b", "input": {}},
                    {"type": "tool_use", "id": "c2", "name": "apply_patch", "input": {"input": "*** Begin"}}]}),
                json!({"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": "one"}]}),
                json!({"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "two"}]}]}),
            ]
        );
    }

    #[test]
    fn input_may_be_one_text() {
        assert_eq!(read(&json!({"input": "hi"})).messages, [json!({"role": "user", "content": "hi"})]);
    }
}
