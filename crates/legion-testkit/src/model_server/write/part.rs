//! What happens on the way of an answer, one thing after the other.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::model_server::answer::Message;

/// One thing that happens on the way of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::model_server) enum Part {
    Send(Bytes),
    Pause(Duration),
    Gate(String),
    /// Cut the connection.
    Cut,
    /// Send nothing more and keep the connection.
    Hang,
    /// Nothing: the first of these is where an answer breaks that is to break.
    Middle,
}

/// Returns what comes before an answer.
pub(super) fn lead(message: &Message) -> Vec<Part> {
    let pause = (!message.delay.is_zero()).then_some(Part::Pause(message.delay));
    pause.into_iter().chain(message.gate.clone().map(Part::Gate)).collect()
}

/// Returns an answer that is one JSON document.
pub(super) fn whole(message: &Message, body: &Value) -> Vec<Part> {
    let chunks = u32::try_from(message.chunks).unwrap_or(u32::MAX);
    let mut parts = lead(message);
    parts.push(Part::Pause(message.before_chunk * chunks));
    parts.extend(message.hold.clone().map(Part::Gate));
    parts.push(Part::Middle);
    parts.push(Part::Send(body.to_string().into()));
    parts
}

/// Adds the text of a message, chunk by chunk, each as `event` makes it.
pub(super) fn text(parts: &mut Vec<Part>, text: &str, message: &Message, mut event: impl FnMut(&str) -> Part) {
    for (number, chunk) in pieces(text, message.chunks).into_iter().enumerate() {
        if number == 1 {
            parts.extend(message.hold.clone().map(Part::Gate));
            parts.push(Part::Middle);
        }
        if !message.before_chunk.is_zero() {
            parts.push(Part::Pause(message.before_chunk));
        }
        parts.push(event(&chunk));
    }
}

/// Returns an event with its name, as Anthropic and the Responses API write it.
pub(super) fn named_event(data: &Value) -> Part {
    let kind = data["type"].as_str().unwrap_or_default();
    Part::Send(format!("event: {kind}\ndata: {data}\n\n").into())
}

/// Returns an event without a name, as the Chat Completions API writes it.
pub(super) fn bare_event(data: &Value) -> Part {
    Part::Send(format!("data: {data}\n\n").into())
}

/// Returns the fragments of the arguments of all calls, with the number of the call, in the order to send them in.
pub(super) fn fragments(message: &Message, arguments: &[String]) -> Vec<(usize, String)> {
    let pieces: Vec<Vec<String>> = arguments.iter().map(|arguments| pieces(arguments, message.fragments)).collect();
    let all = pieces
        .iter()
        .enumerate()
        .flat_map(|(call, pieces)| pieces.iter().enumerate().map(move |(number, piece)| (number, call, piece.clone())));
    let mut all: Vec<(usize, usize, String)> = all.collect();
    if message.interleave {
        all.sort_by_key(|(number, call, _)| (*number, *call));
    }
    all.into_iter().map(|(_, call, piece)| (call, piece)).collect()
}

/// Splits `text` into at most `count` pieces of nearly the same number of characters.
pub(super) fn pieces(text: &str, count: usize) -> Vec<String> {
    if count == 1 && !text.is_empty() {
        return vec![text.to_owned()];
    }
    let characters: Vec<char> = text.chars().collect();
    let size = characters.len().div_ceil(count).max(1);
    characters.chunks(size).map(|chunk| chunk.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_the_whole_text() {
        assert_eq!(pieces("abcdeé", 4).concat(), "abcdeé");
        assert_eq!(pieces("abcdeé", 4).len(), 3);
        assert_eq!(pieces("", 4), Vec::<String>::new());
    }

    #[test]
    fn fragments_come_call_by_call_or_in_turn() {
        let arguments = ["abcd".to_owned(), "ef".to_owned()];
        let mut message = Message { fragments: 2, ..Message::default() };
        let order = |message: &Message| fragments(message, &arguments).into_iter().map(|(call, _)| call).collect();
        let calls: Vec<usize> = order(&message);
        assert_eq!(calls, [0, 0, 1, 1]);
        message.interleave = true;
        let calls: Vec<usize> = order(&message);
        assert_eq!(calls, [0, 1, 0, 1]);
    }
}
