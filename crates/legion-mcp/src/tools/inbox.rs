//! `legion-inbox`.

use legion_api::{AckRequest, Message, MessageKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ANSWER_BYTES_MAX, ToolError, compact, cut, size};
use crate::arguments::read;
use crate::key::Key;
use crate::resources::message_uri;

pub(super) const NAME: &str = "legion-inbox";

const ACK_MAX: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    #[serde(default)]
    ack: bool,
    messages: Option<Vec<String>>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Read your inbox",
        description: "Read the messages you have not acknowledged, oldest first: results of your agents (`report`), what you were told \
             (`tell`), and things you should know (`notice`). Messages also come to you by themselves as you work, so there is no need to \
             look here again and again. A message stays until it is acknowledged: pass its id in `messages` once you have dealt with it, or \
             `ack` to acknowledge all that this call shows.",
        schema: object(
            json!({
                "ack": {"type": "boolean", "default": false, "description": "Acknowledge everything this call shows."},
                "messages": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 64}, "maxItems": ACK_MAX, "description": "Ids of messages to acknowledge. The answer shows what is left."}
            }),
            &[],
        ),
        effect: Effect::Marks,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { ack, messages } = read(arguments)?;
    let mut acked = None;
    if let Some(ids) = messages.filter(|ids| !ids.is_empty()) {
        if ids.len() > ACK_MAX {
            return Err(ToolError::Arguments(format!("`messages` holds more than {ACK_MAX} ids")));
        }
        let request = AckRequest { messages: Some(ids) };
        acked = Some(caller.client.ack(&request, Some(&key.text())).await?.acked);
    }
    let inbox = caller.client.inbox().await?.messages;
    let shown = show(&inbox);
    if ack {
        // Only what is shown: a message that came meanwhile would be lost unread. Permission requests are decided, not acknowledged.
        let ids: Vec<String> = inbox[..shown.len()]
            .iter()
            .filter(|message| message.kind != MessageKind::Approval)
            .map(|message| message.id.clone())
            .collect();
        if !ids.is_empty() {
            let key = key.step(&ids).text();
            let now = caller.client.ack(&AckRequest { messages: Some(ids) }, Some(&key)).await?.acked;
            acked = Some(acked.unwrap_or(0) + now);
        }
    }
    let left_out = inbox.len() - shown.len();
    let mut answer = json!({ "messages": shown });
    if let Some(acked) = acked {
        answer["acked"] = acked.into();
    }
    if left_out > 0 {
        answer["left_out"] = left_out.into();
        answer["hint"] = "acknowledge these to see the rest".into();
    }
    Ok(answer)
}

/// The oldest messages, as many as fit. One that is too long for itself is cut and says where the whole is.
fn show(inbox: &[Message]) -> Vec<Value> {
    let mut shown: Vec<Value> = Vec::new();
    let mut bytes = 0;
    for message in inbox {
        let mut value = compact(message);
        // JSON may write a byte as six.
        if size(&value) > ANSWER_BYTES_MAX {
            value["text"] = cut(&message.text, ANSWER_BYTES_MAX / 6 - 1024).into();
            value["cut"] = format!(
                "{} of {} bytes shown; the whole is the resource {}",
                value["text"].as_str().map_or(0, str::len),
                message.text.len(),
                message_uri(&message.id)
            )
            .into();
        }
        bytes += size(&value);
        if bytes > ANSWER_BYTES_MAX && !shown.is_empty() {
            break;
        }
        shown.push(value);
    }
    shown
}
