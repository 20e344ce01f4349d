//! Streams cut into pieces anywhere say what they say in one piece.

use super::support::{
    added, anthropic, call, completed, created, done, read_anthropic, read_responses, request_to, sse, target,
};
use legion_dialects::Dialect;
use legion_dialects::translate::{Memory, Stream};
use proptest::prelude::*;
use serde_json::{Value, json};

const A: Dialect = Dialect::Anthropic;
const C: Dialect = Dialect::Chat;
const R: Dialect = Dialect::Responses;

/// A thought, text with letters of several bytes, and calls whose fragments come in the order of `order`.
fn upstream(order: &[usize]) -> Vec<u8> {
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm 🤔"}],
        "encrypted_content": "enc"});
    let text = json!({"type": "message", "id": "m", "role": "assistant",
        "content": [{"type": "output_text", "text": "I — call\n", "annotations": []}]});
    let inputs = [r#"{"a":"ä {]"}"#, r#"{"b":[1,2,{"c":"}"}]}"#, "{}"];
    let calls: Vec<Value> = (0..3).map(|n| call(&format!("call_{n}"), &format!("tool_{n}"), inputs[n])).collect();
    let mut events = vec![
        created(),
        added(0, json!({"type": "reasoning", "id": "rs_1", "summary": []})),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "hm 🤔"}),
        done(0, reasoning.clone()),
        added(1, json!({"type": "message", "id": "m", "role": "assistant", "content": []})),
        json!({"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "I — "}),
        json!({"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "call\n"}),
        done(1, text.clone()),
    ];
    for (n, _) in calls.iter().enumerate() {
        events.push(added(n as u64 + 2, call(&format!("call_{n}"), &format!("tool_{n}"), "")));
    }
    let mut left: Vec<Vec<char>> = inputs.iter().map(|input| input.chars().rev().collect()).collect();
    let all = order.iter().copied().chain((0..3).flat_map(|n| std::iter::repeat_n(n, 40)));
    for n in all {
        let fragment: String = (0..4).filter_map(|_| left[n].pop()).collect();
        if !fragment.is_empty() {
            events.push(json!({"type": "response.function_call_arguments.delta", "output_index": n + 2,
                "item_id": format!("fc_call_{n}"), "delta": fragment}));
        }
    }
    events.extend(calls.iter().enumerate().map(|(n, call)| done(n as u64 + 2, call.clone())));
    let output: Vec<Value> = [reasoning, text].into_iter().chain(calls).collect();
    events.push(completed(&output));
    sse(&events)
}

fn memory(client: Dialect) -> Memory {
    let body = match client {
        A => json!({"model": "c", "max_tokens": 100, "messages": [{"role": "user", "content": "go"}]}),
        _ => json!({"model": "c", "messages": [{"role": "user", "content": "go"}], "stream": true,
            "stream_options": {"include_usage": true}}),
    };
    request_to(client, R, &body, &target()).memory
}

/// The stream for the client, when the provider's comes in these pieces.
fn in_pieces(from: Dialect, to: Dialect, memory: &Memory, bytes: &[u8], sizes: &[usize]) -> String {
    let mut stream = Stream::new(from, to, memory.clone());
    let mut out = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        out.extend(stream.push(piece));
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    out.extend(stream.finish());
    assert_eq!(stream.failed(), None);
    String::from_utf8(out).expect("is text")
}

proptest! {
    #[test]
    fn pieces_of_any_size_and_line_ends_of_any_kind_give_the_same_bytes(
        sizes in proptest::collection::vec(1_usize..60, 1..20), returns in any::<bool>(),
    ) {
        let mut bytes = upstream(&[]);
        if returns {
            bytes = String::from_utf8(bytes).expect("is text").replace('\n', "\r\n").into_bytes();
        }
        for client in [A, C] {
            let memory = memory(client);
            let whole = in_pieces(R, client, &memory, &upstream(&[]), &[usize::MAX]);
            prop_assert_eq!(in_pieces(R, client, &memory, &bytes, &sizes), whole);
        }
    }

    #[test]
    fn calls_interleaved_in_any_order_come_out_whole(order in proptest::collection::vec(0_usize..3, 0..30)) {
        let memory = memory(A);
        let expected = read_anthropic(&in_pieces(R, A, &memory, &upstream(&[]), &[usize::MAX]));
        let message = read_anthropic(&in_pieces(R, A, &memory, &upstream(&order), &[11]));
        prop_assert_eq!(message["content"].as_array().map(Vec::len), Some(5));
        prop_assert_eq!(&message["content"], &expected["content"]);
    }

    #[test]
    fn a_client_of_responses_gets_the_same_from_pieces(sizes in proptest::collection::vec(1_usize..60, 1..20)) {
        // What another provider says is made here from what this one says.
        let claude = in_pieces(R, A, &memory(A), &upstream(&[0, 1, 2]), &[usize::MAX]);
        let codex = json!({"model": "gpt", "input": "go", "stream": true});
        let back = request_to(R, A, &codex, &anthropic()).memory;
        let whole = in_pieces(A, R, &back, claude.as_bytes(), &[usize::MAX]);
        prop_assert_eq!(&in_pieces(A, R, &back, claude.as_bytes(), &sizes), &whole);
        let output = read_responses(&whole)["output"].clone();
        prop_assert_eq!(output[1]["content"][0]["text"].as_str(), Some("I — call\n"));
        prop_assert_eq!(output[3]["arguments"].as_str(), Some(r#"{"b":[1,2,{"c":"}"}]}"#));
    }
}
