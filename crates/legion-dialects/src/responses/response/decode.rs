//! Reads an answer.

use super::item::{Item, read_item};
use crate::error::{Class, UpstreamError};
use crate::json::{Fields, Path, objects, text_lossy};
use crate::neutral::{Block, Origin, Response, Signature, Thinking, ToolCall};
use crate::responses::{failure, stop, usage};
use crate::warning::{Loss, Warning};

/// Reads the body of an answer.
pub fn decode(body: &[u8]) -> Result<Response, UpstreamError> {
    let broken = |why: &str| UpstreamError::new(Class::Server, format!("the provider's answer is wrong: {why}"));
    let mut fields = Fields::body(body).map_err(|error| broken(&error.to_string()))?;
    if let Some(error) = fields.take("error") {
        return Err(failure::read(error));
    }
    let output = fields.take("output").ok_or_else(|| broken("it has no output"))?;
    let items = objects(output, &Path::Root.key("output")).map_err(|error| broken(&error.to_string()))?;
    let mut response = Response {
        id: fields.take("id").map(text_lossy),
        model: fields.take("model").map(text_lossy),
        usage: fields.take("usage").and_then(usage::read),
        ..Response::default()
    };
    let mut was_refused = false;
    let mut searches = 0;
    for (index, item) in items.into_iter().enumerate() {
        match read_item(item) {
            Item::Message { texts, refused } => {
                was_refused |= refused;
                response.blocks.extend(texts.into_iter().map(Block::text));
            }
            Item::Reasoning { text, native } => {
                let signature = native.map(|native| Signature { origin: Origin::Unmarked, native });
                if !text.is_empty() || signature.is_some() {
                    response.blocks.push(Block::Thinking(Thinking { text, signature, redacted: false }));
                }
            }
            Item::Call { id, name, arguments, custom } => {
                response.blocks.push(Block::ToolCall(ToolCall { id, name, arguments, custom, cache: None }));
            }
            Item::Other(kind) => {
                searches += u64::from(kind == "web_search_call");
                response.warnings.push(Warning::new(Loss::BlockDropped, format!("output[{index}] ({kind})")));
            }
        }
    }
    if let Some(usage) = &mut response.usage {
        usage.web_searches = searches;
    }
    let details = fields.object("incomplete_details", &Path::Root).ok().flatten();
    let reason = details.and_then(|mut details| details.take("reason")).map(text_lossy);
    let has_calls = response.blocks.iter().any(|block| matches!(block, Block::ToolCall(_)));
    response.stop = Some(stop::read(reason.as_deref(), has_calls, was_refused));
    Ok(response)
}
