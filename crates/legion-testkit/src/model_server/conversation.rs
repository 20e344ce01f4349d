//! Which step of which script a request asks for. Pure.

use serde_json::Value;

use super::script::{self, Step};

/// What a resumed Claude Code writes itself into the history for a turn that never got an answer.
const SYNTHETIC_ASSISTANT: &str = "No response requested.";

const REMINDER_OPEN: &str = "<system-reminder>";
const REMINDER_CLOSE: &str = "</system-reminder>";

/// Where a conversation stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Position {
    pub steps: Vec<Step>,
    /// The step to answer; may lie past the end.
    pub step: usize,
    /// The index of the message that holds the script.
    pub message: usize,
    /// The texts of the tool results since the script began.
    pub results: Vec<String>,
}

/// Returns where the conversation in `messages` stands, or `None` when it holds no script.
pub(super) fn position(messages: &[Value]) -> Result<Option<Position>, String> {
    let Some((message, steps)) = last_script(messages)? else {
        return Ok(None);
    };
    let mut step = 0;
    let mut in_turn = false;
    for entry in &messages[message + 1..] {
        match role(entry) {
            "assistant" => {
                let text = texts(entry).concat();
                if !in_turn && text.trim() != SYNTHETIC_ASSISTANT {
                    step += 1;
                    in_turn = true;
                }
            }
            "user" => in_turn = false,
            _ => {}
        }
    }
    let results = tool_results(&messages[message + 1..]);
    Ok(Some(Position { steps, step, message, results }))
}

fn last_script(messages: &[Value]) -> Result<Option<(usize, Vec<Step>)>, String> {
    for (index, entry) in messages.iter().enumerate().rev() {
        // Newer models get reminders, and with them steered messages, as `system` messages.
        if role(entry) == "assistant" {
            continue;
        }
        for text in texts(entry).into_iter().rev() {
            if let Some(place) = script::places(text).last() {
                return Ok(Some((index, script::parse(text, *place)?)));
            }
        }
    }
    Ok(None)
}

fn role(message: &Value) -> &str {
    message["role"].as_str().unwrap_or_default()
}

/// Returns what the user's side says in a message: its texts, and the reminders that the agent program has put
/// into tool results (that is how a steered message arrives), but not the tool results themselves.
pub(super) fn texts(message: &Value) -> Vec<&str> {
    let mut texts = block_texts(&message["content"]);
    for block in tool_result_blocks(message) {
        for text in block_texts(&block["content"]) {
            texts.extend(reminders(text).map(|(start, end)| &text[start..end]));
        }
    }
    texts
}

/// Returns the texts of the tool results in `messages`, without the reminders in them.
///
/// They are in the order of the calls: agent programs send parallel results in the order in which they ended.
pub(super) fn tool_results(messages: &[Value]) -> Vec<String> {
    let calls: Vec<&str> = messages
        .iter()
        .filter_map(|message| message["content"].as_array())
        .flatten()
        .filter(|block| block["type"] == "tool_use")
        .filter_map(|block| block["id"].as_str())
        .collect();
    let mut results: Vec<(Option<usize>, String)> = messages
        .iter()
        .flat_map(tool_result_blocks)
        .map(|block| {
            let call = calls.iter().position(|call| block["tool_use_id"] == **call);
            (call, without_reminders(&block_texts(&block["content"]).join("\n")))
        })
        .collect();
    results.sort_by_key(|(call, _)| *call);
    results.into_iter().map(|(_, text)| text).collect()
}

fn tool_result_blocks(message: &Value) -> impl Iterator<Item = &Value> {
    let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
    blocks.iter().filter(|block| block["type"] == "tool_result")
}

fn block_texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        Value::Array(blocks) => {
            blocks.iter().filter(|block| block["type"] == "text").filter_map(|block| block["text"].as_str()).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the bytes of each reminder in `text`, with its tags.
fn reminders(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(REMINDER_OPEN)?;
        let end = start + text[start..].find(REMINDER_CLOSE)? + REMINDER_CLOSE.len();
        from = end;
        Some((start, end))
    })
}

fn without_reminders(text: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in reminders(text) {
        rest.push_str(&text[from..start]);
        from = end;
    }
    if from == 0 {
        return text.to_owned();
    }
    rest.push_str(&text[from..]);
    rest.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn script() -> Value {
        json!({"role": "user", "content": [
            {"type": "text", "text": "<system-reminder>x</system-reminder>"},
            {"type": "text", "text": r#"go @@[{"text":"a"},{"text":"b"}]@@"#, "cache_control": {}},
        ]})
    }

    fn call(id: &str) -> Value {
        json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "t", "input": {}}]})
    }

    fn result(text: &str) -> Value {
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": text}]})
    }

    #[test]
    fn tool_results_reminders_and_plain_texts_do_not_reset() {
        let mut steered = result("one");
        steered["content"].as_array_mut().unwrap().push(json!({
            "type": "text", "text": "<system-reminder>The user sent a new message: hurry</system-reminder>"
        }));
        let messages = [
            script(),
            call("1"),
            steered,
            json!({"role": "system", "content": "a note"}),
            call("2"),
            json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "2", "content": [{"type": "text", "text": "two"}]}]}),
            json!({"role": "user", "content": "Continue from where you left off."}),
            json!({"role": "assistant", "content": [{"type": "text", "text": "No response requested."}]}),
            json!({"role": "user", "content": "and now?"}),
        ];
        let position = position(&messages).unwrap().unwrap();
        assert_eq!((position.message, position.step), (0, 2));
        assert_eq!(position.results, ["one", "two"]);
    }

    #[test]
    fn a_script_in_a_steered_message_takes_over() {
        let steered = result(
            "one\n\n<system-reminder>\nnew: @@[{\"text\":\"c\"}]@@\n</system-reminder>\n<system-reminder>x</system-reminder>",
        );
        assert_eq!(tool_results(std::slice::from_ref(&steered)), ["one"]);
        let position = position(&[script(), call("1"), steered]).unwrap().unwrap();
        assert_eq!((position.message, position.step), (2, 0));
        assert_eq!(position.results, Vec::<String>::new());
        assert_eq!(position.steps, [Step::says("c")]);
    }

    #[test]
    fn parallel_results_come_in_the_order_of_their_calls() {
        let both = json!({"role": "assistant", "content": [
            {"type": "tool_use", "id": "1", "name": "t", "input": {}},
            {"type": "tool_use", "id": "2", "name": "t", "input": {}},
        ]});
        let results = json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "2", "content": "two"},
            {"type": "tool_result", "tool_use_id": "1", "content": "one"},
        ]});
        assert_eq!(tool_results(&[both, results]), ["one", "two"]);
    }

    #[test]
    fn a_script_in_a_tool_call_or_a_tool_result_is_not_ours() {
        let messages = [call("1"), result(r#"@@[{"text":"no"}]@@"#)];
        assert_eq!(position(&messages), Ok(None));
    }
}
