//! Tools that only this dialect has: free text, and names in namespaces.

use super::support::{
    added, anthropic, completed, created, done, events, read_responses, request_to, sse, stream, target,
};
use legion_dialects::Dialect;
use legion_dialects::translate;
use serde_json::{Value, json};

const A: Dialect = Dialect::Anthropic;
const C: Dialect = Dialect::Chat;
const R: Dialect = Dialect::Responses;
const PATCH: &str = "*** Begin Patch\n*** Add File: \"ä.txt\"\n+\thi \\ \n*** End Patch\n";

fn codex() -> Value {
    json!({"model": "gpt", "stream": true, "max_output_tokens": 1000,
    "input": [
        {"role": "user", "content": "go"},
        {"type": "custom_tool_call", "call_id": "call_0", "name": "apply_patch", "input": PATCH},
        {"type": "function_call", "call_id": "call_1", "namespace": "mcp__legion", "name": "send", "arguments": "{}"},
        {"type": "custom_tool_call_output", "call_id": "call_0", "output": "done"},
        {"type": "function_call_output", "call_id": "call_1", "output": "sent"},
    ],
    "tools": [
        {"type": "custom", "name": "apply_patch", "description": "patches",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}},
        {"type": "namespace", "name": "mcp__legion", "description": "mail",
            "tools": [{"type": "function", "name": "send", "parameters": {"type": "object", "properties": {}}}]},
    ]})
}

fn chat_stream(name: &str, arguments: &str) -> String {
    let chunk = |delta: Value, reason: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        format!(
            "data: {}\n\n",
            json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]})
        )
    };
    let half = arguments.len() / 2;
    let half = (0..=half).rev().find(|at| arguments.is_char_boundary(*at)).unwrap_or(0);
    let call = |call: Value| chunk(json!({"tool_calls": [call]}), Value::Null);
    [
        call(json!({"index": 0, "id": "call_7", "type": "function", "function": {"name": name, "arguments": ""}})),
        call(json!({"index": 0, "function": {"arguments": arguments[..half]}})),
        call(json!({"index": 0, "function": {"arguments": arguments[half..]}})),
        chunk(json!({}), json!("tool_calls")),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat()
}

#[test]
fn rule_22_a_custom_tool_is_a_function_with_one_string_elsewhere() {
    let to_a = request_to(R, A, &codex(), &anthropic()).body;
    assert_eq!(to_a["tools"][0]["input_schema"]["required"], json!(["input"]));
    assert_eq!(to_a["messages"][1]["content"][0]["input"], json!({"input": PATCH}));
    assert_eq!(to_a["messages"][2]["content"][0]["tool_use_id"], "call_0");
    let to_c = request_to(R, C, &codex(), &target()).body;
    let call = &to_c["messages"][1]["tool_calls"][0]["function"];
    assert_eq!(serde_json::from_str::<Value>(call["arguments"].as_str().unwrap()).unwrap(), json!({"input": PATCH}));
    assert_eq!(to_c["tools"][0]["function"]["parameters"]["properties"]["input"]["type"], "string");
}

#[test]
fn rule_22_the_free_text_comes_back_as_free_text() {
    let request = request_to(R, C, &codex(), &target());
    let arguments = json!({"input": PATCH}).to_string();
    let response = read_responses(&stream(C, R, &request.memory, chat_stream("apply_patch", &arguments).as_bytes()));
    let item = &response["output"][0];
    assert_eq!((&item["type"], &item["input"]), (&json!("custom_tool_call"), &json!(PATCH)));
    assert_eq!((&item["call_id"], &item["name"]), (&json!("call_7"), &json!("apply_patch")));
    let request = request_to(R, A, &codex(), &anthropic());
    let whole = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "stop_reason": "tool_use",
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "apply_patch", "input": {"input": PATCH}}],
        "usage": {"input_tokens": 1, "output_tokens": 1}});
    let answered = translate::response(A, R, whole.to_string().as_bytes(), &request.memory).expect("is fine");
    let answered: Value = serde_json::from_slice(&answered.body).expect("is JSON");
    assert_eq!(
        (&answered["output"][0]["type"], &answered["output"][0]["input"]),
        (&json!("custom_tool_call"), &json!(PATCH))
    );
}

#[test]
fn rule_22_a_custom_tool_of_chat_is_one_here_too() {
    let body = json!({"model": "m", "messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "tool_calls": [{"id": "call_0", "type": "custom", "custom": {"name": "p", "input": PATCH}}]},
            {"role": "tool", "tool_call_id": "call_0", "content": "done"},
        ],
        "tools": [{"type": "custom", "custom": {"name": "p", "format": {"type": "text"}}}], "stream": true});
    let request = request_to(C, R, &body, &target());
    assert_eq!(request.body["tools"][0], json!({"type": "custom", "name": "p", "format": {"type": "text"}}));
    let kinds: Vec<&str> =
        request.body["input"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "custom_tool_call", "custom_tool_call_output"]);
    let item = json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_9", "name": "p", "input": PATCH});
    let mut begun = item.clone();
    begun["input"] = json!("");
    let delta = |text: &str| json!({"type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": text});
    let bytes = sse(&[
        created(),
        added(0, begun),
        delta(&PATCH[..10]),
        delta(&PATCH[10..]),
        done(0, item.clone()),
        completed(&[item]),
    ]);
    let out = stream(R, C, &request.memory, &bytes);
    let deltas: Vec<Value> =
        events(&out).iter().map(|event| event["choices"][0]["delta"]["tool_calls"][0].clone()).collect();
    let opened = deltas.iter().find(|call| call["id"] == "call_9").expect("opened");
    assert_eq!((&opened["type"], &opened["custom"]["name"]), (&json!("custom"), &json!("p")), "{out}");
    let text: String = deltas.iter().filter_map(|call| call["custom"]["input"].as_str()).collect();
    assert_eq!(text, PATCH);
}

#[test]
fn rule_22_names_in_namespaces_are_joined_and_split_again() {
    let request = request_to(R, A, &codex(), &anthropic());
    assert_eq!(request.body["tools"][1]["name"], "mcp__legion__send");
    assert_eq!(request.body["messages"][1]["content"][1]["name"], "mcp__legion__send");
    let request = request_to(R, C, &codex(), &target());
    let response = read_responses(&stream(C, R, &request.memory, chat_stream("mcp__legion__send", "{}").as_bytes()));
    let item = &response["output"][0];
    assert_eq!((&item["namespace"], &item["name"]), (&json!("mcp__legion"), &json!("send")));
}

#[test]
fn rule_22_a_long_name_in_a_namespace_survives_being_cut() {
    let mut body = codex();
    let long = "send_".repeat(14);
    body["tools"][1]["tools"][0]["name"] = json!(long);
    let request = request_to(R, C, &body, &target());
    let short = request.body["tools"][1]["function"]["name"].as_str().unwrap().to_owned();
    assert!(short.len() <= 64);
    let response = read_responses(&stream(C, R, &request.memory, chat_stream(&short, "{}").as_bytes()));
    assert_eq!(
        (&response["output"][0]["namespace"], &response["output"][0]["name"]),
        (&json!("mcp__legion"), &json!(long))
    );
}
