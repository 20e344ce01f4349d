//! Messages.

use legion_api as api;
use legion_engine::Engine;
use legion_model::{Body, Message, MessageKind, MessageState};

use crate::fault::Result;

/// Bytes of long texts that one list reads from files; what is over it is shown by its beginning.
const LIST_TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A message whose text is not fetched yet.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    message: api::Message,
    body: Body,
}

pub(crate) fn letter(message: &Message) -> Letter {
    let wire = api::Message {
        id: message.id.to_string(),
        from: message.from.to_string(),
        from_name: message.from_name.clone(),
        to: message.to.to_string(),
        kind: kind(message.kind),
        text: String::new(),
        at: message.at,
        state: state(message.state),
        by: message.by,
        approval: message.approval.map(|id| id.to_string()),
        reason: message.reason.clone(),
    };
    Letter { message: wire, body: message.body.clone() }
}

/// One message with its whole text.
pub(crate) async fn whole(engine: &Engine, letter: Letter) -> Result<api::Message> {
    let text = engine.text(&letter.body).await?;
    Ok(api::Message { text, ..letter.message })
}

/// A list, oldest first.
pub(crate) async fn list(engine: &Engine, mut letters: Vec<Letter>) -> Vec<api::Message> {
    letters.sort_by(|a, b| (a.message.at, &a.message.id).cmp(&(b.message.at, &b.message.id)));
    let mut left = LIST_TEXT_BYTES_MAX;
    let mut messages = Vec::with_capacity(letters.len());
    for Letter { message, body } in letters {
        let text = match &body {
            Body::Text(text) => text.clone(),
            Body::Blob { bytes, head, .. } if *bytes > left => {
                format!("{head}… [{bytes} bytes in all; ask for the message `{}` alone]", message.id)
            }
            Body::Blob { bytes, head, .. } => {
                left -= bytes;
                match engine.text(&body).await {
                    Ok(text) => text,
                    // One damaged file must not hide everything else that waits.
                    Err(error) => format!("{head}… [the rest cannot be read: {error}]"),
                }
            }
        };
        messages.push(api::Message { text, ..message });
    }
    messages
}

fn kind(kind: MessageKind) -> api::MessageKind {
    match kind {
        MessageKind::Task => api::MessageKind::Task,
        MessageKind::Tell => api::MessageKind::Tell,
        MessageKind::Redirect => api::MessageKind::Redirect,
        MessageKind::Report => api::MessageKind::Report,
        MessageKind::Notice => api::MessageKind::Notice,
        MessageKind::Approval => api::MessageKind::Approval,
    }
}

pub(crate) fn state(state: MessageState) -> api::MessageState {
    match state {
        MessageState::Accepted => api::MessageState::Accepted,
        MessageState::Injected => api::MessageState::Injected,
        MessageState::Seen => api::MessageState::Seen,
        MessageState::Acted => api::MessageState::Acted,
        MessageState::Expired => api::MessageState::Expired,
    }
}
