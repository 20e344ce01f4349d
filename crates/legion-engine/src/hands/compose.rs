//! The text of a letter, with bodies fetched from where they lie.

use std::collections::HashMap;
use std::sync::Arc;

use legion_model::prompt::{self, Content};
use legion_model::{DriverKind, MessageId};

use super::order::Letter;
use crate::engine::Inner;
use crate::error::EngineError;

pub(super) async fn compose(inner: &Arc<Inner>, driver: DriverKind, letter: &Letter) -> Result<String, EngineError> {
    let mut texts: HashMap<MessageId, String> = HashMap::new();
    for message in &letter.messages {
        texts.insert(message.id, crate::bodies::fetch(inner.clone(), message.body.clone()).await?);
    }
    let messages = letter.messages.iter().collect();
    let content = if letter.continues { Content::Continue(messages) } else { Content::Messages(messages) };
    prompt::text(driver, &content, |message| Ok(texts.remove(&message.id).unwrap_or_default()))
}
