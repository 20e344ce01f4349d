//! What an agent does at the moment, from the last lines that it wrote.

use legion_api::LogPage;
use serde_json::Value;

use crate::text::{first_line, fit};

/// Columns of an activity.
const COLUMNS: usize = 80;
/// Fields of a tool's input that say what it is used for, the most telling one first.
const TELLING: [&str; 7] = ["command", "file_path", "path", "pattern", "url", "description", "prompt"];

/// The last thing that an agent wrote and that says something.
pub(crate) fn activity(log: &LogPage) -> Option<String> {
    let said = log.lines.iter().rev().filter_map(|line| of_line(&line.text)).next()?;
    Some(fit(&said, COLUMNS))
}

fn of_line(line: &str) -> Option<String> {
    let line = line.trim();
    match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(event)) => of_event(&Value::Object(event)),
        _ => Some(first_line(line)).filter(|said| !said.is_empty()),
    }
}

/// A line of Claude Code: the tool that it uses, or what it says.
fn of_event(event: &Value) -> Option<String> {
    if event.get("type")?.as_str()? != "assistant" {
        return None;
    }
    let parts = event.get("message")?.get("content")?.as_array()?;
    parts.iter().rev().find_map(|part| match part.get("type")?.as_str()? {
        "tool_use" => {
            let name = first_line(part.get("name")?.as_str()?);
            let input = part.get("input");
            let telling = TELLING.iter().find_map(|field| input?.get(field)?.as_str());
            Some(telling.map_or(name.clone(), |telling| format!("{name}: {}", first_line(telling))))
        }
        "text" => Some(first_line(part.get("text")?.as_str()?)).filter(|said| !said.is_empty()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_it_in_words() {
        assert_eq!(of_line("  wrote lib/wrap.sh "), Some("wrote lib/wrap.sh".to_owned()));
        assert_eq!(of_line("   "), None);
        assert_eq!(of_line("a\u{1b}[2J"), Some("a\\u{1b}[2J".to_owned()));
    }

    #[test]
    fn claude_code_says_it_with_the_tool_it_uses() {
        let tool = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"I run it"},{"type":"tool_use","name":"Bash","input":{"command":"sh tests/wrap.sh\n","description":"x"}}]}}"#;
        assert_eq!(of_line(tool), Some("Bash: sh tests/wrap.sh".to_owned()));
        let text = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"\nI see why\nmore"}]}}"#;
        assert_eq!(of_line(text), Some("I see why".to_owned()));
        assert_eq!(of_line(r#"{"type":"user","message":{"content":[]}}"#), None);
        assert_eq!(of_line(r#"{"odd": 1}"#), None);
    }
}
