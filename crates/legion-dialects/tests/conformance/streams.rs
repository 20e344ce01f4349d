//! Streams: interleaving, missing indices, stop reasons, order, numbers, errors.

use crate::clients::{Block, anthropic, chat, delta, finish, read_anthropic, read_chat, run};
use legion_dialects::Dialect::{Anthropic, Chat};
use legion_dialects::translate::{self, Memory, Stream, Target};
use legion_dialects::{Class, UpstreamError};
use serde_json::json;

fn memory() -> Memory {
    Memory {
        provider: "up".into(),
        model: "asked".into(),
        seed: "5eed".into(),
        stream_usage: true,
        ..Memory::default()
    }
}

fn to_anthropic(chunks: &[&str]) -> crate::clients::Message {
    read_anthropic(&run(Chat, Anthropic, memory(), &chat(chunks)).0)
}

fn to_chat(events: &[&str]) -> crate::clients::Message {
    read_chat(&run(Anthropic, Chat, memory(), &anthropic(events)).0)
}

#[test]
fn rule_03_interleaved_parallel_calls_come_out_whole() {
    let message = to_anthropic(&[
        &delta(
            r#"{"role":"assistant","tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":""}},{"index":1,"id":"c2","function":{"name":"b","arguments":""}}]}"#,
        ),
        &delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"p0\":"}}]}"#),
        &delta(r#"{"tool_calls":[{"index":1,"function":{"arguments":"{\"q\":"}}]}"#),
        &delta(
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"A\"}"}},{"index":1,"function":{"arguments":"\"B\"}"}}]}"#,
        ),
        &finish("tool_calls"),
        "[DONE]",
    ]);
    assert_eq!(message.tools(), [("a".into(), json!({"p0": "A"})), ("b".into(), json!({"q": "B"}))]);
    assert_eq!(message.stop.as_deref(), Some("tool_use"));
}

#[test]
fn rule_03_calls_without_index_are_kept_apart() {
    let message = to_anthropic(&[
        &delta(r#"{"tool_calls":[{"function":{"name":"a","arguments":"{\"p0\":\"A\"}"}}]}"#),
        &delta(r#"{"tool_calls":[{"function":{"name":"b","arguments":"{\"q\":"}}]}"#),
        &delta(r#"{"tool_calls":[{"function":{"arguments":"\"B\"}"}}]}"#),
        &finish("stop"),
    ]);
    assert_eq!(message.tools(), [("a".into(), json!({"p0": "A"})), ("b".into(), json!({"q": "B"}))]);
    // Ids are made where there are none, and differ.
    let ids: Vec<_> = message
        .blocks
        .iter()
        .map(|block| match block {
            Block::Tool { id, .. } => id.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["call_5eed_0", "call_5eed_1"]);
}

#[test]
fn rule_03_calls_with_ids_and_the_same_index_are_kept_apart() {
    let message = to_anthropic(&[
        &delta(r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"{}"}}]}"#),
        &delta(r#"{"tool_calls":[{"index":0,"id":"y","function":{"name":"a","arguments":"{\"n\":2}"}}]}"#),
        &delta(
            r#"{"tool_calls":[{"id":"z","function":{"name":"a"}},{"id":"z","function":{"arguments":"{\"n\":3}"}}]}"#,
        ),
        &finish("tool_calls"),
    ]);
    assert_eq!(
        message.tools().iter().map(|(_, input)| input.clone()).collect::<Vec<_>>(),
        [json!({}), json!({"n": 2}), json!({"n": 3})]
    );
}

#[test]
fn rule_03_a_call_without_arguments_yields_an_empty_object() {
    let message = to_anthropic(&[
        &delta(r#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"a"}}]}"#),
        &delta(r#"{"tool_calls":[{"index":1,"id":"c2","function":{"name":"b","arguments":""}}]}"#),
        &finish("tool_calls"),
        "[DONE]",
    ]);
    assert_eq!(message.tools(), [("a".into(), json!({})), ("b".into(), json!({}))]);
    let message = to_chat(&[
        r#"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":1,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"a","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":""}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    assert_eq!(message.tools(), [("a".into(), json!({}))]);
}

#[test]
fn rule_03_arguments_before_the_name_and_as_an_object_are_not_lost() {
    let message = to_anthropic(&[
        &delta(r#"{"tool_calls":[{"index":0,"id":"c1","function":{"arguments":"{\"a\":"}}]}"#),
        &delta(r#"{"tool_calls":[{"index":0,"function":{"name":"late","arguments":"1}"}}]}"#),
        &delta(r#"{"tool_calls":[{"index":1,"id":"c2","function":{"name":"whole","arguments":{"b":2}}}]}"#),
        &finish("tool_calls"),
    ]);
    assert_eq!(message.tools(), [("late".into(), json!({"a": 1})), ("whole".into(), json!({"b": 2}))]);
}

#[test]
fn rule_03_a_whole_input_at_the_start_of_a_block_is_taken() {
    let message = to_chat(&[
        r#"{"type":"message_start","message":{"id":"m","model":"c"}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"a","input":{"x":1}}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    assert_eq!(message.tools(), [("a".into(), json!({"x": 1}))]);
}

#[test]
fn rule_06_reasoning_text_becomes_a_thinking_block_that_is_marked() {
    for field in ["reasoning_content", "reasoning"] {
        let message = to_anthropic(&[
            &delta(&format!(r#"{{"{field}":"hm "}}"#)),
            &delta(&format!(r#"{{"{field}":"well"}}"#)),
            &delta(r#"{"content":"yes"}"#),
            &finish("stop"),
        ]);
        assert_eq!(
            message.blocks,
            [Block::Thinking { text: "hm well".into(), signature: "legion:up:".into() }, Block::Text("yes".into()),]
        );
    }
}

#[test]
fn rule_06_inline_thoughts_are_parted_from_the_text() {
    let memory = Memory { inline_thinking: true, ..memory() };
    let chunks = [r#"{"content":"<th"}"#, r#"{"content":"ink>\nhm</thi"}"#, r#"{"content":"nk>\n\nyes <b>"}"#];
    let chunks: Vec<String> = chunks.iter().map(|chunk| delta(chunk)).chain([finish("stop")]).collect();
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let message = read_anthropic(&run(Chat, Anthropic, memory, &chat(&chunks)).0);
    assert_eq!(
        message.blocks,
        [Block::Thinking { text: "hm".into(), signature: "legion:up:".into() }, Block::Text("yes <b>".into()),]
    );
}

#[test]
fn rule_10_stop_reasons() {
    for (said, becomes) in [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("tool_calls", "end_turn"),
        ("odd", "end_turn"),
    ] {
        let message = to_anthropic(&[&delta(r#"{"content":"x"}"#), &finish(said), "[DONE]"]);
        assert_eq!(message.stop.as_deref(), Some(becomes), "{said}");
    }
    for (said, becomes) in [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "stop"),
        ("stop_sequence", "stop"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "stop"),
    ] {
        let delta =
            format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{said}"}},"usage":{{"output_tokens":5}}}}"#);
        let message = to_chat(&[
            r#"{"type":"message_start","message":{"id":"m","model":"c"}}"#,
            &delta,
            r#"{"type":"message_stop"}"#,
        ]);
        assert_eq!(message.stop.as_deref(), Some(becomes), "{said}");
    }
}

#[test]
fn rule_10_tools_were_called_though_the_reason_is_stop() {
    let message = to_anthropic(&[
        &delta(r#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":"{}"}}]}"#),
        &finish("stop"),
        "[DONE]",
    ]);
    assert_eq!(message.stop.as_deref(), Some("tool_use"));
}

#[test]
fn rule_10_a_call_without_a_name_is_no_call() {
    let (out, stream) = run(
        Chat,
        Anthropic,
        memory(),
        &chat(&[
            &delta(r#"{"tool_calls":[{"index":0,"id":"c1","function":{"arguments":"{}"}}]}"#),
            &finish("tool_calls"),
            "[DONE]",
        ]),
    );
    let message = read_anthropic(&out);
    assert_eq!(message.stop.as_deref(), Some("end_turn"));
    assert!(stream.warnings().iter().any(|warning| warning.loss.name() == "call-dropped"));
}

#[test]
fn rule_10_cut_arguments_stay_max_tokens() {
    let message = read_anthropic(
        &run(
            Chat,
            Anthropic,
            memory(),
            &chat(&[
                &delta(r#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":"{\"x"}}]}"#),
                &finish("length"),
            ]),
        )
        .0,
    );
    assert_eq!(message.stop.as_deref(), Some("max_tokens"));
}

#[test]
fn rule_11_one_block_at_a_time_and_the_first_delta_after_a_switch_is_kept() {
    // The strict client checks the order; text, thought and calls come mixed.
    let message = to_anthropic(&[
        &delta(r#"{"reasoning_content":"t","content":"a"}"#),
        &delta(r#"{"content":"b","tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"x\":"}}]}"#),
        &delta(r#"{"content":"c"}"#),
        &delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}"#),
        &delta(r#"{"content":"d"}"#),
        &finish("stop"),
        "[DONE]",
    ]);
    assert_eq!(message.text(), "abcd");
    assert_eq!(message.tools(), [("f".into(), json!({"x": 1}))]);
    assert!(message.complete);
}

#[test]
fn rule_11_what_can_be_written_is_written_at_once() {
    let mut stream = Stream::new(Chat, Anthropic, memory());
    let first = stream.push(&chat(&[&delta(r#"{"content":"now"}"#)]));
    assert!(String::from_utf8_lossy(&first).contains("now"), "the first text waits for nothing");
    let opened = stream
        .push(&chat(&[&delta(r#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"x"}}]}"#)]));
    assert!(String::from_utf8_lossy(&opened).contains("{\\\"x"), "so do the first bytes of a call");
    let next = stream.push(&chat(&[&delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"\":1}"}},{"index":1,"id":"d","function":{"name":"g","arguments":"{"}}]}"#)]));
    assert!(String::from_utf8_lossy(&next).contains("\"name\":\"g\""), "and the next call, once the first is complete");
}

#[test]
fn rule_11_pings_and_unknown_events_are_no_content() {
    let message = to_chat(&[
        r#"{"type":"message_start","message":{"id":"m","model":"c"}}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"something_new","x":1}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    assert_eq!((message.text().as_str(), message.complete), ("hi", true));
}

#[test]
fn rule_12_an_estimate_at_the_start_and_the_numbers_at_the_end() {
    let request = json!({"model": "m", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "word ".repeat(400)}]});
    let target = Target { provider: "up".into(), model: "up".into(), ..Target::default() };
    let translated = translate::request(Anthropic, Chat, &serde_json::to_vec(&request).unwrap(), &target).unwrap();
    let (out, stream) = run(
        Chat,
        Anthropic,
        translated.memory,
        &chat(&[
            &delta(r#"{"content":"x"}"#),
            &finish("stop"),
            r#"{"id":"chatcmpl-1","model":"up","choices":[],"usage":{"prompt_tokens":1200,"completion_tokens":30,"prompt_tokens_details":{"cached_tokens":1000},"completion_tokens_details":{"reasoning_tokens":20}}}"#,
            "[DONE]",
        ]),
    );
    let message = read_anthropic(&out);
    let estimate = message.start_usage["input_tokens"].as_u64().unwrap();
    assert!((400..1200).contains(&estimate), "{estimate}");
    assert_eq!(message.usage["input_tokens"], 200);
    assert_eq!(message.usage["cache_read_input_tokens"], 1000);
    assert_eq!(message.usage["output_tokens"], 30);
    let usage = stream.seen().usage.unwrap();
    assert_eq!((usage.input, usage.cache_read, usage.output, usage.reasoning), (200, 1000, 10, 20));
}

#[test]
fn rule_12_numbers_come_after_the_finish_reason_when_asked_for() {
    let events = [
        r#"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":1000,"output_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let message = to_chat(&events);
    assert_eq!(message.usage["prompt_tokens"], 1110);
    assert_eq!(message.usage["completion_tokens"], 7);
    assert_eq!(message.usage["total_tokens"], 1117);
    assert_eq!(message.usage["prompt_tokens_details"]["cached_tokens"], 100);
    let memory = Memory { stream_usage: false, ..memory() };
    let silent = read_chat(&run(Anthropic, Chat, memory, &anthropic(&events)).0);
    assert!(silent.usage.is_null() && silent.complete);
}

#[test]
fn rule_12_without_numbers_the_estimate_stays() {
    let memory = Memory { prompt_estimate: 77, ..memory() };
    let upstream = chat(&[&delta(r#"{"content":"twelve bytes"}"#), &finish("stop"), "[DONE]"]);
    let (out, stream) = run(Chat, Anthropic, memory, &upstream);
    let message = read_anthropic(&out);
    assert_eq!(message.start_usage["input_tokens"], 77);
    assert_eq!(message.usage, json!({"output_tokens": 3}));
    assert_eq!(stream.seen().usage, None, "an estimate is not the provider's number");
}

#[test]
fn rule_12_numbers_within_the_choice_are_found() {
    let last = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":9,"completion_tokens":4}}]}"#;
    let (_, stream) = run(Chat, Anthropic, memory(), &chat(&[&delta(r#"{"content":"x"}"#), last, "[DONE]"]));
    assert_eq!(stream.seen().usage.unwrap().total(), 13);
}

#[test]
fn halves_of_surrogate_pairs_are_replaced_and_end_nothing() {
    let message = to_anthropic(&[&delta(r#"{"content":"a\ud83d"}"#), &delta(r#"{"content":"b"}"#), &finish("stop")]);
    assert!(message.text().starts_with('a') && message.text().ends_with('b'), "{}", message.text());
    assert!(message.complete);
}

#[test]
fn rule_14_an_error_as_the_first_frame_is_an_error_and_nothing_else() {
    let (out, stream) = run(Chat, Anthropic, memory(), &chat(&[r#"{"error":{"message":"Overloaded","code":529}}"#]));
    let message = read_anthropic_error(&out);
    assert_eq!(message["type"], "overloaded_error");
    assert_eq!(stream.failed().unwrap().class, Class::Overloaded);
}

#[test]
fn rule_14_an_error_after_content_is_an_error_event_and_no_end() {
    let (out, stream) = run(
        Chat,
        Anthropic,
        memory(),
        &chat(&[
            &delta(r#"{"content":"x"}"#),
            r#"{"error":{"message":"Rate limit reached","type":"rate_limit_error"}}"#,
            &finish("stop"),
        ]),
    );
    let message = read_anthropic(&out);
    assert_eq!(message.error.unwrap()["type"], "rate_limit_error");
    assert!(!message.complete);
    assert!(!stream.seen().terminal);
    let (out, _) = run(
        Anthropic,
        Chat,
        memory(),
        &anthropic(&[
            r#"{"type":"message_start","message":{"id":"m","model":"c"}}"#,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        ]),
    );
    let message = read_chat(&out);
    assert_eq!(message.error.unwrap()["code"], "server_is_overloaded");
}

#[test]
fn rule_14_empty_cut_and_malformed_streams_are_said_to_be() {
    for (upstream, class) in [
        (Vec::new(), Class::Overloaded),
        (chat(&["[DONE]"]), Class::Overloaded),
        (chat(&[&delta(r#"{"content":"x"}"#)]), Class::Server),
        (chat(&[&delta(r#"{"content":"x"}"#), "{\"broken"]), Class::Server),
        (
            b"data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"choi".to_vec(),
            Class::Server,
        ),
    ] {
        let (out, stream) = run(Chat, Anthropic, memory(), &upstream);
        assert_eq!(stream.failed().map(|error| error.class), Some(class), "{}", String::from_utf8_lossy(&upstream));
        assert!(String::from_utf8_lossy(&out).ends_with("}}\n\n"), "{}", String::from_utf8_lossy(&out));
        assert!(stream.is_over());
    }
}

#[test]
fn rule_23_a_finish_reason_already_seen_is_success_even_when_the_stream_is_cut() {
    let (out, stream) = run(Chat, Anthropic, memory(), &chat(&[&delta(r#"{"content":"x"}"#), &finish("stop")]));
    assert!(read_anthropic(&out).complete);
    assert!(stream.seen().terminal && stream.failed().is_none());
}

#[test]
fn an_own_error_ends_the_stream_in_the_clients_words_once() {
    let mut stream = Stream::new(Chat, Anthropic, memory());
    let mut out = stream.push(&chat(&[&delta(r#"{"content":"x"}"#)]));
    out.extend(stream.abort(UpstreamError::new(Class::SpendLimit, "over budget")));
    out.extend(stream.abort(UpstreamError::new(Class::Server, "again")));
    out.extend(stream.push(&chat(&[&delta(r#"{"content":"y"}"#)])));
    out.extend(stream.finish());
    let message = read_anthropic(&out);
    assert_eq!(message.error.as_ref().unwrap()["message"], "over budget");
    assert_eq!(message.text(), "x");
}

#[test]
fn the_same_dialect_passes_byte_for_byte_and_a_cut_is_told() {
    let bytes = chat(&[&delta(r#"{"content":"x"}"#), &finish("stop"), "[DONE]"]);
    let (out, stream) = run(Chat, Chat, memory(), &bytes);
    assert_eq!(out, bytes);
    assert!(stream.seen().terminal);
    let (out, stream) = run(Chat, Chat, memory(), &bytes[..40]);
    assert!(out.starts_with(&bytes[..40]) && stream.failed().is_some());
}

fn read_anthropic_error(bytes: &[u8]) -> serde_json::Value {
    let events = crate::clients::events(bytes);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].0, "error");
    serde_json::from_str::<serde_json::Value>(&events[0].1).unwrap()["error"].clone()
}
