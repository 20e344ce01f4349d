//! Requests, in both directions.

use super::support::{request_to, target, to_anthropic, to_responses};
use legion_dialects::translate::{self, Target};
use legion_dialects::{Class, Dialect, Loss};
use serde_json::{Value, json};

const PIXEL: &str = "iVBORw0KGgo=";

fn claude(messages: Value) -> Value {
    json!({"model": "claude", "max_tokens": 1000, "messages": messages})
}

fn items(body: &Value, kind: &str) -> Vec<Value> {
    let all = body["input"].as_array().expect("is a list");
    all.iter().filter(|item| item["type"] == kind).cloned().collect()
}

#[test]
fn rule_01_every_call_is_followed_by_its_result_before_any_text() {
    let body = claude(json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "a", "input": {}},
            {"type": "tool_use", "id": "toolu_2", "name": "a", "input": {}}]},
        {"role": "user", "content": [
            {"type": "text", "text": "and hurry"},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": "two"}]},
    ]));
    let request = to_responses(&body);
    let kinds: Vec<&str> =
        request.body["input"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    let output = "function_call_output";
    assert_eq!(kinds, ["message", "function_call", "function_call", output, output, "message"]);
    assert!(request.lost(Loss::ResultSynthesised));
}

#[test]
fn rule_02_ids_of_calls_pass_unchanged_in_both_directions() {
    let body = claude(json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_01AbC", "name": "a", "input": {"b": 1}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_01AbC", "content": "one"}]},
    ]));
    let request = to_responses(&body).body;
    assert_eq!(items(&request, "function_call")[0]["call_id"], "toolu_01AbC");
    assert_eq!(items(&request, "function_call_output")[0]["call_id"], "toolu_01AbC");
    let back = to_anthropic(&json!({"model": "m", "input": [
        {"role": "user", "content": "go"},
        {"type": "function_call", "id": "fc_9", "call_id": "call_9", "name": "a", "arguments": "{\"b\":1}"},
        {"type": "function_call_output", "call_id": "call_9", "output": "one"},
    ]}));
    assert_eq!(back.body["messages"][1]["content"][0]["id"], "call_9");
    assert_eq!(back.body["messages"][2]["content"][0]["tool_use_id"], "call_9");
}

#[test]
fn rule_03_one_call_at_a_time_is_said_in_both_dialects() {
    let tools = json!([{"name": "a", "input_schema": {"type": "object", "properties": {}}}]);
    let mut body = claude(json!([{"role": "user", "content": "go"}]));
    body["tools"] = tools;
    body["tool_choice"] = json!({"type": "auto", "disable_parallel_tool_use": true});
    assert_eq!(to_responses(&body).body["parallel_tool_calls"], false);
    let codex = json!({"model": "m", "input": "go", "parallel_tool_calls": false, "tool_choice": "auto",
        "tools": [{"type": "function", "name": "a", "parameters": {"type": "object", "properties": {}}}]});
    assert_eq!(to_anthropic(&codex).body["tool_choice"]["disable_parallel_tool_use"], true);
}

#[test]
fn rule_04_system_prompts_become_instructions_and_back_in_their_order() {
    let mut body = claude(json!([{"role": "user", "content": "go"}, {"role": "system", "content": "now quick"}]));
    body["system"] = json!([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]);
    let request = to_responses(&body).body;
    assert_eq!(request["instructions"], "one\n\ntwo");
    assert_eq!(request["input"][1]["role"], "developer");
    let codex = json!({"model": "m", "instructions": "one", "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "two"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]},
    ]});
    let back = to_anthropic(&codex).body;
    assert_eq!((&back["system"][0]["text"], &back["system"][1]["text"]), (&json!("one"), &json!("two")));
    assert_eq!(back["messages"].as_array().map(Vec::len), Some(1));
}

#[test]
fn rule_05_the_attribution_block_is_not_in_the_instructions() {
    let mut body = claude(json!([{"role": "user", "content": "go"}]));
    body["system"] = json!([
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cch=abcde;"},
        {"type": "text", "text": "be kind"},
    ]);
    let request = to_responses(&body);
    assert_eq!(request.body["instructions"], "be kind");
    assert!(request.lost(Loss::BillingBlockStripped));
}

#[test]
fn rule_08_effort_and_budget_are_mapped_both_ways() {
    let effort = |thinking: Value, config: Value| {
        let mut body = claude(json!([{"role": "user", "content": "go"}]));
        body["max_tokens"] = json!(60_000);
        body["thinking"] = thinking;
        body["output_config"] = config;
        to_responses(&body).body["reasoning"].clone()
    };
    let budget = json!({"type": "enabled", "budget_tokens": 30_000});
    assert_eq!(effort(budget, Value::Null), json!({"effort": "high", "summary": "auto"}));
    let adaptive = json!({"type": "adaptive"});
    assert_eq!(effort(adaptive.clone(), json!({"effort": "max"}))["effort"], "xhigh");
    assert_eq!(effort(adaptive, Value::Null), json!({"summary": "auto"}));
    let disabled = effort(json!({"type": "disabled"}), Value::Null);
    assert_eq!(disabled, json!({"effort": "low"}));
    // Of a model that does not reason nothing is asked.
    let plain = Target { model: "gpt-4.1".to_owned(), ..target() };
    let mut body = claude(json!([{"role": "user", "content": "go"}]));
    body["temperature"] = json!(0.5);
    let request = request_to(Dialect::Anthropic, Dialect::Responses, &body, &plain).body;
    assert!(request.get("reasoning").is_none() && request.get("include").is_none(), "{request}");
    assert_eq!(request["temperature"], 0.5);
    let codex = json!({"model": "m", "input": "go", "reasoning": {"effort": "high"}, "max_output_tokens": 50_000});
    let back = to_anthropic(&codex).body;
    assert!(back["thinking"]["type"] == "adaptive" && back["output_config"]["effort"] == "high", "{back}");
}

#[test]
fn rule_09_images_and_files_pass_also_within_results() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}});
    let file = json!({"type": "document", "title": "a.pdf",
        "source": {"type": "base64", "media_type": "application/pdf", "data": PIXEL}});
    let body = claude(json!([
        {"role": "user", "content": [image, file]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "a", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "is_error": true, "content": [
            {"type": "text", "text": "seen"}, image]}]},
    ]));
    let request = to_responses(&body);
    let uri = format!("data:image/png;base64,{PIXEL}");
    let content = &request.body["input"][0]["content"];
    assert_eq!((&content[0]["type"], &content[0]["image_url"]), (&json!("input_image"), &json!(uri)));
    assert_eq!((&content[1]["type"], &content[1]["filename"]), (&json!("input_file"), &json!("a.pdf")));
    let output = &items(&request.body, "function_call_output")[0]["output"];
    assert_eq!((&output[0]["text"], &output[2]["image_url"]), (&json!("Error:"), &json!(uri)));
    assert!(request.lost(Loss::ToolErrorAsText));
    let codex = json!({"model": "m", "input": [
        {"role": "user", "content": [{"type": "input_image", "image_url": uri}]},
        {"type": "function_call", "call_id": "c", "name": "view_image", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [
            {"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": uri}]},
    ]});
    let back = to_anthropic(&codex).body;
    assert_eq!(back["messages"][0]["content"][0]["source"]["data"], PIXEL);
    assert_eq!(back["messages"][2]["content"][0]["content"][1]["source"]["media_type"], "image/png");
    // Chat takes no images in results: they follow in the user's message.
    let chat = request_to(Dialect::Responses, Dialect::Chat, &codex, &target());
    assert_eq!(
        (&chat.body["messages"][2]["role"], &chat.body["messages"][2]["content"]),
        (&json!("tool"), &json!("seen"))
    );
    assert!(chat.body["messages"][3].to_string().contains(&uri) && chat.lost(Loss::ImageMoved));
}

#[test]
fn rule_15_the_cache_key_is_the_session_and_schemas_keep_their_bytes() {
    let schema =
        r#"{"type":"object","zeta":1.50,"properties":{"b":{"type":"string"},"a":{"title":"title"}},"$schema":"x"}"#;
    let body = format!(
        r#"{{"model":"c","max_tokens":100,"messages":[{{"role":"user","content":"go"}}],"tools":[{{"name":"a","input_schema":{schema},"cache_control":{{"type":"ephemeral"}}}}]}}"#
    );
    let with_key = Target { cache_key: Some("session-1".to_owned()), ..target() };
    let once = || {
        let translated = translate::request(Dialect::Anthropic, Dialect::Responses, body.as_bytes(), &with_key);
        String::from_utf8(translated.expect("is fine").body).expect("is text")
    };
    assert!(once().contains(schema), "{}", once());
    assert!(once().contains(r#""prompt_cache_key":"session-1""#));
    assert_eq!(once(), once());
    let codex = json!({"model": "m", "input": "go", "prompt_cache_key": "mine"});
    let chat = request_to(Dialect::Responses, Dialect::Chat, &codex, &with_key).body;
    assert_eq!(chat["prompt_cache_key"], "mine");
}

#[test]
fn rule_18_the_bound_of_output_is_renamed_and_kept_within_the_model() {
    let bound = |tokens: u64| {
        let mut body = claude(json!([{"role": "user", "content": "go"}]));
        body["max_tokens"] = json!(tokens);
        let small = Target { output_tokens_max: Some(8_000), ..target() };
        request_to(Dialect::Anthropic, Dialect::Responses, &body, &small)
    };
    assert_eq!(bound(1_000).body["max_output_tokens"], 1_000);
    assert!(bound(1_000).body.get("max_tokens").is_none());
    assert!(bound(64_000).body["max_output_tokens"] == 8_000 && bound(64_000).lost(Loss::MaxTokensClamped));
    // A probe for one token: the provider takes no less than sixteen.
    assert_eq!(bound(1).body["max_output_tokens"], 16);
    let back = to_anthropic(&json!({"model": "m", "input": "go"}));
    assert!(back.body["max_tokens"].as_u64().is_some_and(|tokens| tokens > 0) && back.lost(Loss::MaxTokensAssumed));
}

#[test]
fn rule_19_long_names_are_cut_alike_in_tools_choice_and_history() {
    let long = format!("mcp__{}__send", "server".repeat(12));
    let mut body = claude(json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": long, "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "one"}]},
    ]));
    body["tools"] = json!([{"name": long, "input_schema": {"type": "object", "properties": {}}}]);
    body["tool_choice"] = json!({"type": "tool", "name": long});
    let request = to_responses(&body);
    let short = request.body["tools"][0]["name"].as_str().unwrap().to_owned();
    assert!(long.len() > 64 && short.len() <= 64);
    assert_eq!(request.body["tool_choice"], json!({"type": "function", "name": short}));
    assert_eq!(items(&request.body, "function_call")[0]["name"], json!(short));
    assert_eq!(request.memory.names.original(&short), long);
    assert_eq!(to_responses(&body).body, request.body);
}

#[test]
fn rule_20_tools_are_not_strict_and_their_objects_have_properties() {
    let mut body = claude(json!([{"role": "user", "content": "go"}]));
    body["tools"] = json!([{"name": "a", "input_schema": {"type": "object"}}]);
    let tool = to_responses(&body).body["tools"][0].clone();
    assert_eq!(tool["strict"], false);
    assert_eq!(tool["parameters"], json!({"type": "object", "properties": {}}));
    // A combination at the top is refused by Anthropic.
    let parts = json!([{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}]);
    let codex = json!({"model": "m", "input": "go", "tools": [
        {"type": "function", "name": "a", "strict": null, "parameters": {"type": "object", "anyOf": parts}}]});
    let back = to_anthropic(&codex);
    let schema = &back.body["tools"][0]["input_schema"];
    assert!(schema.get("anyOf").is_none() && schema["properties"]["b"]["type"] == "string", "{schema}");
    assert!(back.lost(Loss::SchemaRewritten));
}

#[test]
fn rule_21_tools_of_the_provider_are_dropped_by_name() {
    let mut body = claude(json!([{"role": "user", "content": "go"}]));
    body["tools"] = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    let request = to_responses(&body);
    assert!(request.body.get("tools").is_none() && request.lost(Loss::ToolDropped));
    let codex = json!({"model": "m", "tools": [{"type": "web_search"}, {"type": "image_generation"}], "input": [
        {"role": "user", "content": "go"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "found"}]},
        {"role": "user", "content": "on"},
    ]});
    for to in [Dialect::Anthropic, Dialect::Chat] {
        let other = request_to(Dialect::Responses, to, &codex, &target());
        assert!(other.body.get("tools").is_none() && other.lost(Loss::ToolDropped) && other.lost(Loss::BlockDropped));
    }
}

#[test]
fn rule_24_the_session_is_found_in_headers_or_in_the_cache_key() {
    use legion_dialects::hints::Hints;
    use legion_dialects::scan::Head;
    let body = json!({"model": "m", "prompt_cache_key": "thread-1", "stream": true, "input": "go"}).to_string();
    let head = Head::read(body.as_bytes()).expect("is fine");
    let header = |name: &str| (name == "session-id").then(|| "thread-2".to_owned());
    assert_eq!(Hints::read(&header, &head).session.as_deref(), Some("thread-2"));
    assert_eq!(Hints::read(&|_| None, &head).session.as_deref(), Some("thread-1"));
}

#[test]
fn what_points_into_the_providers_store_is_refused_and_says_so() {
    for body in [
        json!({"model": "m", "input": "go", "previous_response_id": "resp_1"}),
        json!({"model": "m", "input": [{"type": "item_reference", "id": "rs_1"}]}),
    ] {
        let refused = translate::request(Dialect::Responses, Dialect::Chat, body.to_string().as_bytes(), &target());
        let refused = refused.expect_err("cannot be served");
        assert!(refused.class == Class::NotSupported && refused.to_string().contains("send the"), "{refused}");
    }
}
