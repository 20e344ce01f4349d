//! Reads an answer.

use crate::anthropic::{stop, usage};
use crate::error::{Class, Refused, UpstreamError};
use crate::json::{Fields, Path, objects, text_lossy};
use crate::neutral::{Block, Origin, Response, Signature, Thinking, ToolCall};
use crate::usage::Usage;
use crate::warning::{Loss, Warning};

/// Reads the body of an answer to `POST /v1/messages`.
pub fn decode(body: &[u8]) -> Result<Response, UpstreamError> {
    if let Some(error) = crate::error::parse(body) {
        return Err(error);
    }
    read(body)
        .map_err(|refused| UpstreamError::new(Class::Server, format!("the provider's answer is wrong: {refused}")))
}

fn read(body: &[u8]) -> Result<Response, Refused> {
    let root = Path::Root;
    let mut fields = Fields::body(body)?;
    let path = root.key("content");
    let content = fields.take("content").ok_or_else(|| Refused::new(&path, "is needed"))?;
    let mut response = Response {
        id: fields.take("id").map(text_lossy),
        model: fields.take("model").map(text_lossy),
        ..Response::default()
    };
    for (index, block) in objects(content, &path)?.into_iter().enumerate() {
        read_block(block, &path.index(index), &mut response)?;
    }
    let sequence = fields.take("stop_sequence").map(text_lossy);
    response.stop = fields.take("stop_reason").map(|raw| stop::read(&text_lossy(raw), sequence));
    response.usage = fields.take("usage").map(|raw| {
        let mut numbers = Usage::default();
        usage::merge(raw, &mut numbers);
        numbers
    });
    Ok(response)
}

fn read_block(mut block: Fields<'_>, path: &Path<'_>, response: &mut Response) -> Result<(), Refused> {
    let kind = block.string_needed("type", path)?;
    let mut text = |name: &str| block.take(name).map(text_lossy).unwrap_or_default();
    let signed = |native: String| (!native.is_empty()).then_some(Signature { origin: Origin::Unmarked, native });
    let read = match kind.as_str() {
        "text" => {
            let text = text("text");
            if block.take("citations").is_some_and(|raw| raw.get() != "[]") {
                response.warnings.push(Warning::new(Loss::CitationsDropped, path.to_string()));
            }
            Block::text(text)
        }
        "thinking" => {
            Block::Thinking(Thinking { text: text("thinking"), signature: signed(text("signature")), redacted: false })
        }
        "redacted_thinking" => {
            Block::Thinking(Thinking { text: String::new(), signature: signed(text("data")), redacted: true })
        }
        "tool_use" => Block::ToolCall(ToolCall {
            id: text("id"),
            name: text("name"),
            arguments: block.take("input").map_or_else(|| "{}".to_owned(), |raw| raw.get().to_owned()),
            custom: false,
            cache: None,
        }),
        _ => {
            response.warnings.push(Warning::new(Loss::BlockDropped, format!("{path} ({kind})")));
            return Ok(());
        }
    };
    response.blocks.push(read);
    Ok(())
}
