//! Items of an answer's output.

use crate::json::{Fields, Path, objects, text_lossy};
use crate::responses::namespace::full_name;
use crate::responses::reasoning::{self, BETWEEN_PARTS};

/// A complete item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Its texts, and whether one of them was a refusal.
    Message {
        texts: Vec<String>,
        refused: bool,
    },
    /// The thought and its native signature.
    Reasoning {
        text: String,
        native: Option<String>,
    },
    Call {
        id: String,
        name: String,
        arguments: String,
        custom: bool,
    },
    /// Of this kind.
    Other(String),
}

/// Reads an item of an upstream, leniently: what is missing is empty.
pub fn read_item(mut item: Fields<'_>) -> Item {
    let mut text = |name: &str| item.take(name).map(text_lossy).unwrap_or_default();
    match text("type").as_str() {
        "message" => message(item),
        "reasoning" => {
            let (id, content) = (text("id"), text("encrypted_content"));
            let id = Some(id.as_str()).filter(|id| !id.is_empty());
            let native = reasoning::native(id, Some(&content));
            let shown = texts(&mut item, "summary");
            let shown = if shown.is_empty() { texts(&mut item, "content") } else { shown };
            Item::Reasoning { text: shown.join(BETWEEN_PARTS), native }
        }
        kind @ ("function_call" | "custom_tool_call") => {
            let custom = kind == "custom_tool_call";
            let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
            let (id, own) = (text("call_id"), text("id"));
            let name = full_name(namespace.as_deref(), text("name"));
            let arguments = text(if custom { "input" } else { "arguments" });
            Item::Call { id: if id.is_empty() { own } else { id }, name, arguments, custom }
        }
        kind => Item::Other(kind.to_owned()),
    }
}

fn message(mut item: Fields<'_>) -> Item {
    let parts = item.take("content").and_then(|raw| objects(raw, &Path::Root).ok()).unwrap_or_default();
    let mut texts = Vec::with_capacity(parts.len());
    let mut refused = false;
    for mut part in parts {
        if let Some(text) = part.take("text") {
            texts.push(text_lossy(text));
        } else if let Some(refusal) = part.take("refusal") {
            texts.push(text_lossy(refusal));
            refused = true;
        }
    }
    Item::Message { texts, refused }
}

fn texts(item: &mut Fields<'_>, name: &str) -> Vec<String> {
    let parts = item.take(name).and_then(|raw| objects(raw, &Path::Root).ok()).unwrap_or_default();
    parts.into_iter().filter_map(|mut part| part.take("text")).map(text_lossy).collect()
}
