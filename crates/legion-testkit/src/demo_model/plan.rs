//! The plan of the second act, from the words of the prompt.

use serde_json::{Value, json};

use super::turn::quoted;

/// Returns the plan that the list in the prompt asks for: a line for each ticket, as
/// "- `help`, after `filters`: add … Gates: `a`, `b`. Files: bin/text".
pub(super) fn of(prompt: &str) -> Result<Value, String> {
    let mut entries: Vec<String> = Vec::new();
    for line in prompt.lines() {
        match (line.strip_prefix("- "), entries.last_mut()) {
            (Some(begin), _) => entries.push(begin.to_owned()),
            (None, Some(entry)) if line.starts_with("  ") => entry.push_str(&format!(" {}", line.trim())),
            _ => {}
        }
    }
    let tickets = entries.iter().map(|entry| ticket(entry)).collect::<Result<Vec<Value>, String>>()?;
    Ok(json!({"ticket": tickets}))
}

fn ticket(entry: &str) -> Result<Value, String> {
    let (head, body) = entry.split_once(": ").ok_or_else(|| format!("what is to be done in `{entry}`?"))?;
    let heads = quoted(head);
    let id = heads.first().ok_or_else(|| format!("no id in `{entry}`"))?;
    let (what, rest) = match body.split_once("Gates: ").or_else(|| body.split_once("Gate: ")) {
        Some(parts) => parts,
        None => return Err(format!("no gate in `{entry}`")),
    };
    let gates: Vec<&str> = quoted(rest).into_iter().filter(|gate| gate.starts_with("sh tests/")).collect();
    let mut ticket = json!({"id": id, "gate": gates});
    if head.contains("after") {
        ticket["after"] = json!(heads[1..]);
    } else if body.contains("after these three") {
        ticket["after"] = json!(["text", "wrap", "frequency"]);
    } else if body.contains("after these two") {
        ticket["after"] = json!(["help", "chain"]);
    }
    if body.contains("checkpoint") {
        ticket["checkpoint"] = json!(true);
        ticket["title"] = json!(format!("Checkpoint {id}"));
        return Ok(ticket);
    }
    let files = rest.split_once("Files: ").map_or("", |(_, files)| files).split_whitespace().next().unwrap_or_default();
    ticket["files"] = json!([files.trim_end_matches('.')]);
    ticket["title"] = json!(capital(what.trim().trim_end_matches('.')));
    let hint = match rest.split_once("Put into its prompt that ") {
        Some((_, hint)) => format!(" {}", capital(hint)),
        None => String::new(),
    };
    ticket["prompt"] = json!(format!("{} README.md says what it does.{hint}", capital(what.trim())));
    Ok(ticket)
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + characters.as_str())
}
