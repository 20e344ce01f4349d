//! Reads a request of the Chat Completions API.

use serde_json::{Value, json};

use super::Conversation;
use super::tools;

/// Reads the body. What is not understood is left out: the server must not judge agent programs.
pub(super) fn read(body: &Value) -> Conversation {
    let mut system = Vec::new();
    let mut messages = Vec::new();
    for message in body["messages"].as_array().into_iter().flatten() {
        match message["role"].as_str().unwrap_or_default() {
            "system" | "developer" if messages.is_empty() => system.push(message["content"].clone()),
            "system" | "developer" => messages.push(json!({"role": "system", "content": message["content"]})),
            "assistant" => messages.push(assistant(message)),
            "tool" => messages.push(result(message)),
            role => messages.push(json!({"role": role, "content": message["content"]})),
        }
    }
    let system = match system.len() {
        0 => Value::Null,
        1 => system.remove(0),
        _ => Value::Array(system),
    };
    Conversation { system, messages, tools: tools::of_chat(body) }
}

fn assistant(message: &Value) -> Value {
    let mut content = Vec::new();
    if let Some(thinking) = message["reasoning_content"].as_str() {
        content.push(json!({"type": "thinking", "thinking": thinking}));
    }
    match &message["content"] {
        Value::String(text) if !text.is_empty() => content.push(json!({"type": "text", "text": text})),
        Value::Array(parts) => content.extend(parts.iter().cloned()),
        _ => {}
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        let input = serde_json::from_str(arguments).unwrap_or_else(|_| json!(arguments));
        let name = &call["function"]["name"];
        content.push(json!({"type": "tool_use", "id": call["id"], "name": name, "input": input}));
    }
    json!({"role": "assistant", "content": content})
}

fn result(message: &Value) -> Value {
    let block = json!({
        "type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"],
    });
    json!({"role": "user", "content": [block]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_results_become_blocks_and_a_later_system_message_stays_in_its_place() {
        let body = json!({
            "messages": [
                {"role": "system", "content": "be kind"},
                {"role": "user", "content": [{"type": "text", "text": "go"}]},
                {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": "{\"a\":1}"}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "one"},
                {"role": "developer", "content": "hurry"},
            ],
            "tools": [{"type": "function", "function": {"name": "bash"}}],
        });
        let conversation = read(&body);
        assert_eq!(conversation.system, json!("be kind"));
        assert_eq!(conversation.tools[0].name, "bash");
        assert_eq!(
            conversation.messages,
            [
                json!({"role": "user", "content": [{"type": "text", "text": "go"}]}),
                json!({"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "tool_use", "id": "call_1", "name": "bash", "input": {"a": 1}}]}),
                json!({"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "one"}]}),
                json!({"role": "system", "content": "hurry"}),
            ]
        );
    }
}
