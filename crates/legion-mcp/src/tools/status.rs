//! `legion-status`.

use legion_api::{StatusReport, TreeNode};
use legion_client::TreeFilter;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, agent_id, object};
use crate::Caller;
use crate::answer::{ANSWER_BYTES_MAX, ToolError, compact, cut, size};
use crate::arguments::read;

pub(super) const NAME: &str = "legion-status";

/// How much of a message is shown here; legion-inbox shows the rest.
const TEXT_BYTES_MAX: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    agent: Option<String>,
    #[serde(default)]
    tree: bool,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Look at your agents",
        description: "See who you are, your limits, the messages you have not acknowledged and your direct reports with their state \
             (`working` or `idle`, run, queued messages, cost), and the count of tickets by status; with `tree`, everything below you. Fields that say nothing are left out, long \
             messages are cut. Look once when you need an overview, such as after you were resumed. Do not call it in a loop to wait for \
             agents: you are told when one ends.",
        schema: object(
            json!({
                "agent": agent_id("Look at this agent below you instead of yourself."),
                "tree": {"type": "boolean", "default": false, "description": "Show everything below, not only direct reports."}
            }),
            &[],
        ),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { agent, tree } = read(arguments)?;
    if !tree {
        return Ok(show_status(&caller.client.status(agent.as_deref()).await?));
    }
    let whole = caller.client.tree(&TreeFilter::default()).await?;
    let Some(id) = agent else { return Ok(show_tree(&whole)) };
    match find(&whole, &id) {
        Some(node) => Ok(show_tree(node)),
        // The service knows why: no such agent, or not one of the caller's.
        None => Ok(compact(&caller.client.agent(&id).await?)),
    }
}

fn find<'a>(node: &'a TreeNode, id: &str) -> Option<&'a TreeNode> {
    if node.id == id { Some(node) } else { node.reports.iter().find_map(|report| find(report, id)) }
}

fn show_status(status: &StatusReport) -> Value {
    let mut value = compact(status);
    if let Some(counts) = value["tickets"].as_object_mut() {
        counts.retain(|_, count| *count != 0);
    }
    if status.tickets.total == 0 {
        value.as_object_mut().expect("a status is an object").remove("tickets");
    }
    let messages = value["inbox"].as_array_mut().into_iter().flatten();
    for (message, whole) in messages.zip(&status.inbox) {
        let shown = cut(&whole.text, TEXT_BYTES_MAX);
        if shown.len() < whole.text.len() {
            message["text"] = format!("{shown} […]").into();
        }
    }
    // The newest messages and the last reports give way, and the answer says how many.
    for list in ["inbox", "reports"] {
        let mut left_out = 0;
        while size(&value) > ANSWER_BYTES_MAX && value[list].as_array().is_some_and(|items| !items.is_empty()) {
            let items = value[list].as_array_mut().expect("checked to be a list");
            let kept = items.len() / 2;
            left_out += items.len() - kept;
            items.truncate(kept);
        }
        if left_out > 0 {
            value[format!("{list}_left_out")] = left_out.into();
        }
    }
    value
}

fn show_tree(tree: &TreeNode) -> Value {
    let mut depth = height(tree);
    loop {
        let shown = node(tree, depth);
        if depth == 0 || size(&shown) <= ANSWER_BYTES_MAX {
            return shown;
        }
        depth -= 1;
    }
}

fn height(tree: &TreeNode) -> usize {
    tree.reports.iter().map(|report| 1 + height(report)).max().unwrap_or(0)
}

fn count(tree: &TreeNode) -> usize {
    tree.reports.iter().map(|report| 1 + count(report)).sum()
}

/// A node with `depth` levels below it; of what lies deeper, the number.
fn node(tree: &TreeNode, depth: usize) -> Value {
    let mut shown = compact(&TreeNode { reports: Vec::new(), ..tree.clone() });
    let fields = shown.as_object_mut().expect("a node is an object");
    fields.remove("matched");
    fields.remove("reports");
    if depth > 0 {
        if !tree.reports.is_empty() {
            fields.insert("reports".to_owned(), tree.reports.iter().map(|report| node(report, depth - 1)).collect());
        }
    } else if !tree.reports.is_empty() {
        fields.insert("agents_below".to_owned(), count(tree).into());
    }
    shown
}
