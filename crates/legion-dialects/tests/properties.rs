//! What holds for every stream: however its bytes are cut, however its calls are interleaved, whatever it holds.

use legion_dialects::count;
use legion_dialects::first_frame::Peek;
use legion_dialects::scan::Head;
use legion_dialects::sse::{Splitter, TooLarge};
use legion_dialects::translate::{self, Memory, Stream, Target};
use legion_dialects::usage::Reader;
use legion_dialects::{Dialect, Usage, error};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

const LIVE: [Dialect; 3] = Dialect::ALL;

fn memory() -> Memory {
    Memory {
        provider: "up".into(),
        model: "asked".into(),
        seed: "5eed".into(),
        stream_usage: true,
        ..Memory::default()
    }
}

/// The bytes in pieces of these lengths, over and over.
fn pieces<'b>(bytes: &'b [u8], lengths: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn translated(from: Dialect, to: Dialect, pieces: &[&[u8]]) -> (Vec<u8>, legion_dialects::usage::Seen) {
    let mut stream = Stream::new(from, to, memory());
    let mut out = Vec::new();
    for piece in pieces {
        out.extend(stream.push(piece));
    }
    out.extend(stream.finish());
    (out, stream.seen().clone())
}

/// One thing that a Chat upstream may send.
#[derive(Clone, Debug)]
enum Said {
    Text(String),
    Thought(String),
    /// A fragment of the call with this number.
    Fragment(usize),
    Ping,
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        "[a-zäß€😀\"\\\\{}\\[\\]\n ]{1,8}".prop_map(Said::Text),
        "[a-z😀 ]{1,8}".prop_map(Said::Thought),
        (0_usize..4).prop_map(Said::Fragment),
        (0_usize..4).prop_map(Said::Fragment),
        Just(Said::Ping),
    ]
}

/// The arguments of four calls, cut into fragments.
fn arguments() -> impl Strategy<Value = Vec<Vec<String>>> {
    let call = (vec(("[a-z]{1,3}", "[a-z\"\\\\{}\\[\\]€😀 ]{0,9}"), 0..4), vec(1_usize..6, 1..5)).prop_map(
        |(fields, cuts)| {
            let object: Value = fields
                .into_iter()
                .map(|(key, value)| (key, json!({"v": [value]})))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let text: Vec<char> = object.to_string().chars().collect();
            let mut fragments = Vec::new();
            let mut at = 0;
            for cut in cuts.iter().cycle() {
                if at >= text.len() {
                    break;
                }
                let end = (at + cut).min(text.len());
                fragments.push(text[at..end].iter().collect());
                at = end;
            }
            fragments
        },
    );
    vec(call, 4)
}

/// A Chat stream that says these things, the calls' fragments in the order in which they are asked for.
fn chat_stream(said: &[Said], calls: &[Vec<String>], line_end: &str) -> Vec<u8> {
    let mut chunks: Vec<String> = Vec::new();
    let mut next = vec![0; calls.len()];
    let fragment = |call: usize, next: &mut Vec<usize>| -> Option<Value> {
        let position = next[call];
        let text = calls[call].get(position)?;
        next[call] += 1;
        let mut delta = json!({"index": call, "function": {"arguments": text}});
        if position == 0 {
            delta["id"] = json!(format!("c{call}"));
            delta["function"]["name"] = json!(format!("f{call}"));
        }
        Some(json!({"tool_calls": [delta]}))
    };
    for what in said {
        let delta = match what {
            Said::Text(text) => Some(json!({"content": text})),
            Said::Thought(text) => Some(json!({"reasoning_content": text})),
            Said::Fragment(call) => fragment(*call, &mut next),
            Said::Ping => {
                chunks.push(": ping".to_owned());
                None
            }
        };
        chunks.extend(delta.map(|delta| {
            format!("data: {}", json!({"id": "chatcmpl-1", "model": "up", "choices": [{"index": 0, "delta": delta}]}))
        }));
    }
    // What was begun is ended.
    for call in 0..calls.len() {
        if next[call] > 0 {
            while let Some(delta) = fragment(call, &mut next) {
                chunks.push(format!("data: {}", json!({"choices": [{"index": 0, "delta": delta}]})));
            }
        }
    }
    chunks.push(format!("data: {}", json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})));
    chunks.push(format!("data: {}", json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})));
    chunks.push("data: [DONE]".to_owned());
    chunks.iter().flat_map(|chunk| format!("{chunk}{line_end}{line_end}").into_bytes()).collect()
}

/// Name and arguments of each call in a stream of Anthropic, and its whole text.
fn read_anthropic(bytes: &[u8]) -> (Vec<(String, String)>, String, String) {
    let mut splitter = Splitter::default();
    splitter.push(bytes);
    let (mut calls, mut text, mut thoughts) = (Vec::new(), String::new(), String::new());
    while let Some(event) = splitter.next() {
        let event: Value = serde_json::from_str(&event.unwrap().data).unwrap();
        match event["type"].as_str().unwrap() {
            "content_block_start" if event["content_block"]["type"] == "tool_use" => {
                calls.push((event["content_block"]["name"].as_str().unwrap().to_owned(), String::new()));
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                if let Some(piece) = delta["partial_json"].as_str() {
                    calls.last_mut().unwrap().1.push_str(piece);
                }
                text.push_str(delta["text"].as_str().unwrap_or_default());
                thoughts.push_str(delta["thinking"].as_str().unwrap_or_default());
            }
            "error" => panic!("{event}"),
            _ => {}
        }
    }
    (calls, text, thoughts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_cutting_of_the_same_bytes_gives_the_same_output(
        said in vec(said(), 0..24),
        calls in arguments(),
        lengths in vec(1_usize..40, 1..8),
        line_end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
    ) {
        let chat = chat_stream(&said, &calls, line_end);
        for to in LIVE {
            let whole = translated(Dialect::Chat, to, &[&chat]);
            prop_assert_eq!(&whole, &translated(Dialect::Chat, to, &pieces(&chat, &lengths)));
            prop_assert_eq!(&whole, &translated(Dialect::Chat, to, &pieces(&chat, &[1])));
        }
        // And back again from the other dialect.
        let (anthropic, _) = translated(Dialect::Chat, Dialect::Anthropic, &[&chat]);
        let whole = translated(Dialect::Anthropic, Dialect::Chat, &[&anthropic]);
        prop_assert_eq!(&whole, &translated(Dialect::Anthropic, Dialect::Chat, &pieces(&anthropic, &lengths)));
    }

    #[test]
    fn any_interleaving_gives_whole_calls_and_loses_no_text(said in vec(said(), 0..40), calls in arguments()) {
        let chat = chat_stream(&said, &calls, "\n");
        let (out, seen) = translated(Dialect::Chat, Dialect::Anthropic, &[&chat]);
        let (read, text, thoughts) = read_anthropic(&out);
        let mut expected = Vec::new();
        for what in &said {
            let Said::Fragment(call) = what else { continue };
            let name = format!("f{call}");
            if !expected.iter().any(|(known, _)| *known == name) {
                expected.push((name, calls[*call].concat()));
            }
        }
        prop_assert_eq!(&read, &expected);
        let wrote = |pick: &dyn Fn(&Said) -> Option<String>| said.iter().filter_map(pick).collect::<String>();
        prop_assert_eq!(text, wrote(&|what| match what { Said::Text(text) => Some(text.clone()), _ => None }));
        prop_assert_eq!(thoughts, wrote(&|what| match what { Said::Thought(text) => Some(text.clone()), _ => None }));
        prop_assert!(seen.terminal);
        prop_assert_eq!(seen.usage.unwrap().total(), 10);
    }

    #[test]
    fn events_keep_their_bytes_however_they_are_cut(
        bytes in vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), Just(b'd'), any::<u8>()], 0..200),
        lengths in vec(1_usize..9, 1..6),
    ) {
        let read = |pieces: &[&[u8]]| {
            let mut splitter = Splitter::default();
            let (mut raw, mut events) = (Vec::new(), Vec::new());
            for piece in pieces {
                splitter.push(piece);
                while let Some(event) = splitter.next() {
                    let event = event.unwrap();
                    raw.extend_from_slice(event.raw);
                    events.push((event.name.clone(), event.data.clone()));
                }
            }
            if let Some(event) = splitter.finish() {
                let event = event.unwrap();
                raw.extend_from_slice(event.raw);
                // A line feed that belongs to a return before it is no event.
                if !event.raw.iter().all(|byte| matches!(byte, b'\n' | b'\r')) {
                    events.push((event.name.clone(), event.data.clone()));
                }
            }
            (raw, events)
        };
        let whole = read(&[&bytes]);
        prop_assert_eq!(&whole.0, &bytes);
        prop_assert_eq!(whole, read(&pieces(&bytes, &lengths)));
    }

    #[test]
    fn every_decoder_survives_any_bytes(
        bytes in vec(any::<u8>(), 0..400),
        fields in vec(("data: |event: |\\{\"|choices|delta|tool_calls|index|error|content_block|type|usage|:|,|\\[|\\{|\\}|\\]|\"|null|1e400|-1|\n\n|[a-z]{1,4}", 0_u8..1), 0..60),
    ) {
        let text: String = fields.iter().map(|(text, _)| text.as_str()).collect();
        for input in [&bytes[..], text.as_bytes()] {
            survive(input);
        }
    }

    #[test]
    fn every_decoder_survives_valid_json_of_any_shape(value in json_value()) {
        let mut body = value.clone();
        survive(body.to_string().as_bytes());
        if let Some(object) = body.as_object_mut() {
            object.insert("model".into(), json!("m"));
        }
        survive(body.to_string().as_bytes());
        survive(format!("data: {body}\n\n").as_bytes());
    }

    #[test]
    fn buckets_of_usage_sum_to_the_providers_totals(
        input in 0_u64..1_000_000, read in 0_u64..1_000_000, short in 0_u64..100_000, long in 0_u64..100_000,
        output in 0_u64..100_000, reasoning in 0_u64..100_000,
    ) {
        let body = json!({"content": [], "usage": {"input_tokens": input, "cache_read_input_tokens": read,
            "cache_creation_input_tokens": short + long,
            "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}, "output_tokens": output}});
        let usage = numbers(Dialect::Anthropic, &body);
        prop_assert_eq!(usage, Usage { input, cache_read: read, cache_write_5m: short, cache_write_1h: long, output, ..Usage::default() });
        prop_assert_eq!(usage.total(), input + read + short + long + output);

        // Chat's totals include what is cached and what was reasoned; parts that are larger than the total are a server's mistake.
        let body = json!({"choices": [], "usage": {"prompt_tokens": input, "completion_tokens": output,
            "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": short},
            "completion_tokens_details": {"reasoning_tokens": reasoning}}});
        let usage = numbers(Dialect::Chat, &body);
        prop_assert_eq!(usage.prompt(), input);
        prop_assert_eq!(usage.completion(), output);
        prop_assert_eq!(usage.cache_read, read.min(input));
        prop_assert_eq!(usage.reasoning, reasoning.min(output));
    }

    #[test]
    fn replay_is_identity_for_signatures(
        native in "[A-Za-z0-9+/=:%]{1,60}",
        provider in "[a-z:%][a-z0-9:%._-]{0,12}",
        other in "[a-z:%][a-z0-9:%._-]{0,12}",
        text in "[a-z ]{0,12}",
    ) {
        prop_assume!(provider != other);
        // From Anthropic to a Chat client and back.
        let answer = json!({"id": "m", "model": "c", "content": [{"type": "thinking", "thinking": text, "signature": native},
            {"type": "text", "text": "x"}], "stop_reason": "end_turn"});
        let there = Memory { provider: provider.clone(), ..Memory::default() };
        let answered = translate::response(Dialect::Anthropic, Dialect::Chat, answer.to_string().as_bytes(), &there).unwrap();
        let answer: Value = serde_json::from_slice(&answered.body).unwrap();
        let history = json!({"model": "m", "messages": [{"role": "user", "content": "x"}, answer["choices"][0]["message"], {"role": "user", "content": "y"}]});
        let sent = |provider: &str| {
            let target = Target { provider: provider.to_owned(), model: "c".into(), ..Target::default() };
            translate::request(Dialect::Chat, Dialect::Anthropic, history.to_string().as_bytes(), &target).unwrap().body
        };
        let own: Value = serde_json::from_slice(&sent(&provider)).unwrap();
        prop_assert_eq!(&own["messages"][1]["content"][0], &json!({"type": "thinking", "thinking": text, "signature": native}));
        let foreign: Value = serde_json::from_slice(&sent(&other)).unwrap();
        for block in foreign["messages"][1]["content"].as_array().unwrap() {
            prop_assert_eq!(&block["type"], "text");
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,5}|text|user|assistant|tool_use|tool_result|thinking|image|base64|function|auto".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let name = "[a-z]{1,3}|type|role|content|messages|tools|function|name|id|input|arguments|tool_calls|choices|message|delta|index|usage|error|code|source|data|system|thinking|signature|reasoning_details|tool_use_id|tool_call_id|input_schema|parameters|anyOf|properties";
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::hash_map(name, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Runs every door over these bytes. None may panic; what comes out of a stream ends in whole events.
fn survive(bytes: &[u8]) {
    for from in LIVE {
        let _ = count::estimate(from, bytes);
        let _ = error::classify(from, 500, &|_| None, bytes);
        for streaming in [true, false] {
            let mut reader = Reader::new(from, streaming);
            reader.push(bytes);
            let _ = reader.finish();
        }
        let mut peek = Peek::new(from);
        peek.push(bytes);
        peek.finish();
        for to in LIVE {
            let _ = translate::request(from, to, bytes, &Target { cache_markers: true, ..Target::default() });
            let _ = translate::response(from, to, bytes, &memory());
            let (out, _) = translated(from, to, &[bytes]);
            assert!(from == to || out.is_empty() || out.ends_with(b"\n\n"));
        }
    }
    let _ = Head::read(bytes);
}

fn numbers(dialect: Dialect, body: &Value) -> Usage {
    let mut reader = Reader::new(dialect, false);
    reader.push(body.to_string().as_bytes());
    reader.finish().usage.unwrap()
}

#[test]
fn an_event_over_the_bound_is_an_error_and_memory_stays_bounded() {
    let mut splitter = Splitter::with_bound(1000);
    splitter.push(b"data: ok\n\ndata: ");
    assert_eq!(splitter.next().unwrap().unwrap().data, "ok");
    assert!(splitter.next().is_none());
    for _ in 0..1000 {
        splitter.push(&[b'x'; 100]);
        match splitter.next() {
            None => {}
            Some(result) => {
                assert_eq!(result, Err(TooLarge { bytes_max: 1000 }));
                splitter.push(b"\n\ndata: more\n\n");
                assert!(splitter.next().is_none(), "nothing comes after an error");
                return;
            }
        }
    }
    panic!("a megabyte without an end was taken");
}

#[test]
fn events_have_names_data_and_bytes() {
    let mut splitter = Splitter::default();
    splitter.push(b"\xEF\xBB\xBF: hello\n\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\ndata\n\nid: 7\n\ndata: last");
    let mut read = Vec::new();
    while let Some(event) = splitter.next() {
        let event = event.unwrap();
        read.push((event.name, event.data));
    }
    let event = splitter.finish().unwrap().unwrap();
    read.push((event.name, event.data));
    let expected = [("", ""), ("a", "1\n2"), ("", ""), ("", ""), ("", "last")];
    assert_eq!(read, expected.map(|(name, data)| (name.to_owned(), data.to_owned())));
}

#[test]
fn calls_that_wait_without_end_are_an_error_and_memory_stays_bounded() {
    let mut stream = Stream::new(Dialect::Chat, Dialect::Anthropic, memory());
    let chunk = |index: usize, name: &str, arguments: &str| {
        let call =
            json!({"index": index, "id": format!("c{index}"), "function": {"name": name, "arguments": arguments}});
        format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})).into_bytes()
    };
    stream.push(&chunk(0, "first", "{\"never\": "));
    stream.push(&chunk(1, "second", "{"));
    let megabyte = "x".repeat(1024 * 1024);
    let mut pushed = 0;
    while !stream.is_over() {
        pushed += 1;
        assert!(pushed <= 17, "what waits grows without end");
        stream.push(&chunk(1, "second", &megabyte));
    }
    assert!(stream.failed().is_some());
    assert!(stream.push(&chunk(1, "second", "}")).is_empty());
}
