//! Events on one line each.

use std::collections::HashMap;

use legion_api::{Event, TreeNode};
use serde_json::Value;

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::text::{escape_line, first_line, fit};

/// Columns of a quoted text when no terminal bounds the line.
const TEXT_COLUMNS: usize = 100;

/// Names of agents by id, as far as they are known.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// Remembers the name of an agent.
    pub(crate) fn learn(&mut self, id: &str, name: &str) {
        self.0.insert(id.to_owned(), name.to_owned());
    }

    /// Remembers everybody of a tree.
    pub(crate) fn learn_tree(&mut self, node: &TreeNode) {
        self.learn(&node.id, &node.name);
        node.reports.iter().for_each(|report| self.learn_tree(report));
    }

    /// Remembers the agent that the event hired.
    pub(crate) fn learn_from(&mut self, event: &Event) {
        if let (Some(agent), Some(name)) = (&event.agent, event.body.get("name").and_then(Value::as_str)) {
            self.learn(agent, name);
        }
    }

    /// True when the agent's name is known.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// The name, else the id as it is.
    pub(crate) fn of<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}

/// Number, time of day (UTC), kind, agent, and the gist of the fact.
pub(crate) fn event(event: &Event, names: &Names, look: &Look) -> String {
    let cells = vec![
        Cell::styled(Style::Faint, format!("{:>6}", event.number)),
        Cell::styled(Style::Faint, event.at.strftime("%H:%M:%SZ").to_string()),
        Cell::new(format!("{:<16}", escape_line(&event.kind))),
        Cell::new(format!(
            "{:<12}",
            event.agent.as_deref().map(|agent| escape_line(names.of(agent))).unwrap_or_default()
        )),
        Cell::new(gist(event, names).unwrap_or_default()),
    ];
    table(&[], &[cells], look).trim_end().to_owned()
}

/// What happened to which agent, in plain words; none for what is no news to a person.
pub(crate) fn story(event: &Event, names: &Names, look: &Look) -> Option<String> {
    let agent = escape_line(names.of(event.agent.as_deref()?));
    let text = match event.kind.as_str() {
        "agent-hired" | "agent-fired" | "run-opened" | "run-resumed" | "run-suspected" | "run-ended"
        | "approval-asked" => {
            format!("{agent}: {}", gist(event, names)?)
        }
        "message-accepted" if word(event, "message_kind") == Some("tell") => gist(event, names)?,
        _ => return None,
    };
    Some(look.columns.map_or_else(|| text.clone(), |columns| fit(&text, columns)))
}

/// The gist of a fact in a few words. Bodies may grow fields and kinds: what is not understood is left out.
fn gist(event: &Event, names: &Names) -> Option<String> {
    let named = |field: &str| word(event, field).map(|id| escape_line(names.of(id)));
    let said = |field: &str| word(event, field).map(escape_line);
    match event.kind.as_str() {
        "agent-hired" => {
            let role = said("role").map(|role| format!(" as {role}")).unwrap_or_default();
            Some(format!("hired by {}{role}", named("by").or_else(|| named("parent"))?))
        }
        "agent-fired" => Some(format!("fired by {}", named("by")?)),
        "agent-reparented" => Some(format!("reports to {}", named("parent")?)),
        "run-opened" => Some(format!("run {} begins", event.body.get("number")?)),
        "run-resumed" => Some("run goes on in a new process".to_owned()),
        "run-suspected" => Some(format!("suspect: {}", said("why")?)),
        "run-ended" => {
            let outcome = said("outcome")?;
            let last = match said("error") {
                Some(error) => Some(error),
                None => text(event, "result").map(|result| quoted(last_line(result))),
            };
            Some(last.filter(|last| !last.is_empty()).map_or(outcome.clone(), |last| format!("{outcome}  {last}")))
        }
        "message-accepted" => {
            let from = said("from_name").or_else(|| named("from"))?;
            let kind = said("message_kind")?;
            Some(format!("{from} to {}: {kind}  {}", named("to")?, quoted(text(event, "body")?)))
        }
        "message-expired" => said("reason"),
        "approval-asked" => Some(format!("asks for permission to use {}", said("tool")?)),
        "approval-decided" => said("verdict"),
        "access-refused" => Some(format!("refused {}: {}", said("request")?, said("why")?)),
        "refusals-omitted" => Some(format!("refused {} times more", event.body.get("count")?)),
        "secrets-handed" => {
            let names = event.body.get("secrets")?.as_array()?.iter().filter_map(Value::as_str).map(escape_line);
            Some(format!("was handed {}", names.collect::<Vec<_>>().join(", ")))
        }
        "provider-key-used" => {
            let calls = match event.body.get("calls")?.as_u64()? {
                1 => "a call".to_owned(),
                calls => format!("{calls} calls"),
            };
            Some(format!("used the key of provider {} for {calls}", said("provider")?))
        }
        "trust-set" => {
            let contents = event.body.get("contents")?.as_array()?.iter().filter_map(Value::as_str);
            let names: Vec<&str> = contents.map(|content| content.split(' ').next().unwrap_or(content)).collect();
            let verb = if event.body.get("trusted")?.as_bool()? { "trusted" } else { "no longer trusted" };
            Some(format!("{verb}: {} at {}", escape_line(&names.join(", ")), said("path")?))
        }
        "process-started" => Some(format!("pid {}", event.body.get("pid")?)),
        _ => None,
    }
}

fn word<'a>(event: &'a Event, field: &str) -> Option<&'a str> {
    event.body.get(field).and_then(Value::as_str)
}

/// A text that is in the event, or the beginning of one that lies elsewhere.
fn text<'a>(event: &'a Event, field: &str) -> Option<&'a str> {
    let body = event.body.get(field)?;
    body.as_str()
        .or_else(|| body.get("text").and_then(Value::as_str))
        .or_else(|| body.get("blob").and_then(|blob| blob.get("head")).and_then(Value::as_str))
}

fn quoted(text: &str) -> String {
    fit(&first_line(text), TEXT_COLUMNS)
}

fn last_line(text: &str) -> &str {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::view::samples;

    fn sample(number: u64, kind: &str, agent: Option<&str>, body: Value) -> Event {
        Event {
            number,
            at: samples::moment("11:59:59"),
            kind: kind.to_owned(),
            stream: "project".to_owned(),
            agent: agent.map(str::to_owned),
            ticket: None,
            body,
        }
    }

    fn history() -> Vec<Event> {
        let worker = Some(samples::WORKER);
        vec![
            sample(
                1,
                "agent-hired",
                Some(samples::MANAGER),
                json!({"name": "shaping", "role": "manager", "by": "root", "parent": "root"}),
            ),
            sample(2, "agent-hired", worker, json!({"name": "slugify", "role": null, "by": samples::MANAGER})),
            sample(3, "run-opened", worker, json!({"number": 1})),
            sample(4, "process-started", None, json!({"pid": 12})),
            sample(
                5,
                "run-ended",
                worker,
                json!({"outcome": "failed", "result": {"text": "a\nnot ok"}, "error": "exit code 1"}),
            ),
            sample(
                6,
                "message-accepted",
                worker,
                json!({"from": samples::MANAGER, "from_name": "shaping", "to": samples::WORKER, "message_kind": "tell",
                    "body": {"text": "mend it\nplease"}}),
            ),
            sample(
                7,
                "run-ended",
                worker,
                json!({"outcome": "completed", "result": {"text": "a\nok 3\n"}, "error": null}),
            ),
            sample(8, "something-new", None, json!({"x": 1})),
        ]
    }

    fn told(render: impl Fn(&Event, &Names) -> Option<String>) -> String {
        let mut names = Names::default();
        let mut lines = Vec::new();
        for event in history() {
            names.learn_from(&event);
            lines.extend(render(&event, &names));
        }
        lines.join("\n")
    }

    #[test]
    fn every_event_has_a_line() {
        insta::assert_snapshot!(told(|given, names| Some(event(given, names, &samples::look()))), @r"
        1  11:59:59Z  agent-hired       shaping       hired by root as manager
        2  11:59:59Z  agent-hired       slugify       hired by shaping
        3  11:59:59Z  run-opened        slugify       run 1 begins
        4  11:59:59Z  process-started                 pid 12
        5  11:59:59Z  run-ended         slugify       failed  exit code 1
        6  11:59:59Z  message-accepted  slugify       shaping to slugify: tell  mend it
        7  11:59:59Z  run-ended         slugify       completed  ok 3
        8  11:59:59Z  something-new
        ");
    }

    #[test]
    fn the_story_leaves_out_what_is_no_news() {
        insta::assert_snapshot!(told(|given, names| story(given, names, &samples::look())), @r"
        shaping: hired by root as manager
        slugify: hired by shaping
        slugify: run 1 begins
        slugify: failed  exit code 1
        shaping to slugify: tell  mend it
        slugify: completed  ok 3
        ");
    }

    #[test]
    fn a_body_that_is_not_understood_harms_nothing() {
        for body in [json!(null), json!([]), json!({"name": 1, "outcome": {}}), json!("text")] {
            for kind in ["agent-hired", "run-ended", "message-accepted", "run-opened"] {
                let odd = sample(1, kind, Some("x"), body.clone());
                assert!(event(&odd, &Names::default(), &samples::look()).contains(kind));
                assert_eq!(story(&odd, &Names::default(), &samples::look()), None);
            }
        }
    }
}
