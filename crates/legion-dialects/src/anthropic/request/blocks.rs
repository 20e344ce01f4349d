//! Content blocks of requests.

use crate::anthropic::blocks::{write_call, write_thinking};
use crate::anthropic::media;
use crate::error::Refused;
use crate::json::{Fields, Path, Writer, objects, string_or};
use crate::names;
use crate::neutral::{Block, Cache, Thinking, ToolCall, ToolResult};
use crate::signature;
use crate::translate::Memory;
use crate::warning::{Loss, Warning};
use serde_json::value::RawValue;

pub fn read_all(content: Vec<Fields<'_>>, path: &Path<'_>, warnings: &mut Vec<Warning>) -> Result<Vec<Block>, Refused> {
    content.into_iter().enumerate().map(|(index, fields)| read(fields, &path.index(index), false, warnings)).collect()
}

/// Reads a block. Within a result there are no calls and no further results: nesting ends there.
fn read(
    mut fields: Fields<'_>,
    path: &Path<'_>,
    within_result: bool,
    warnings: &mut Vec<Warning>,
) -> Result<Block, Refused> {
    let kind = fields.string_needed("type", path)?;
    let cache = media::cache(&mut fields, path)?;
    Ok(match kind.as_str() {
        "text" => {
            if fields.take("citations").is_some_and(|raw| raw.get() != "[]") {
                warnings.push(Warning::new(Loss::CitationsDropped, path.to_string()));
            }
            Block::Text { text: fields.string_needed("text", path)?, cache }
        }
        "image" | "document" => {
            let source_path = path.key("source");
            let mut source = fields.object("source", path)?.ok_or_else(|| Refused::new(&source_path, "is needed"))?;
            let name = fields.string("title", path)?;
            match media::read(&mut source, &source_path)? {
                Some(media) if kind == "image" => Block::Image { media, cache },
                Some(media) => Block::Document { media, name, cache },
                None => Block::Unknown { kind, raw: empty() },
            }
        }
        "thinking" => Block::Thinking(Thinking {
            text: fields.string("thinking", path)?.unwrap_or_default(),
            signature: fields
                .string("signature", path)?
                .filter(|text| !text.is_empty())
                .map(|text| signature::read(&text)),
            redacted: false,
        }),
        "redacted_thinking" => Block::Thinking(Thinking {
            text: String::new(),
            signature: Some(signature::read(&fields.string_needed("data", path)?)),
            redacted: true,
        }),
        "tool_use" | "tool_result" if within_result => Block::Unknown { kind, raw: empty() },
        "tool_use" => Block::ToolCall(ToolCall {
            id: fields.string_needed("id", path)?,
            name: fields.string_needed("name", path)?,
            arguments: fields.take("input").map_or_else(|| "{}".to_owned(), |raw| raw.get().to_owned()),
            custom: false,
            cache,
        }),
        "tool_result" => Block::ToolResult(ToolResult {
            call: fields.string_needed("tool_use_id", path)?,
            is_error: fields.boolean("is_error", path)?.unwrap_or(false),
            content: result(fields.take("content"), &path.key("content"), warnings)?,
            cache,
        }),
        _ => Block::Unknown { kind, raw: empty() },
    })
}

fn result(content: Option<&RawValue>, path: &Path<'_>, warnings: &mut Vec<Warning>) -> Result<Vec<Block>, Refused> {
    let Some(content) = content else { return Ok(Vec::new()) };
    string_or(
        content,
        path,
        |text| vec![Block::text(text)],
        || {
            let blocks = objects(content, path)?.into_iter().enumerate();
            blocks.map(|(index, fields)| read(fields, &path.index(index), true, warnings)).collect()
        },
    )
}

/// What stands for the content of a block that will be dropped.
fn empty() -> Box<RawValue> {
    RawValue::from_string("null".to_owned()).expect("null is JSON")
}

/// Writes blocks into an open array; what has no place here is named.
pub fn write_all(
    writer: &mut Writer,
    blocks: &[Block],
    path: &Path<'_>,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) {
    for (index, block) in blocks.iter().enumerate() {
        write(writer, block, &path.index(index), memory, warnings);
    }
}

fn write(writer: &mut Writer, block: &Block, path: &Path<'_>, memory: &mut Memory, warnings: &mut Vec<Warning>) {
    match block {
        // The provider refuses empty text.
        Block::Text { text, .. } if text.is_empty() => {}
        Block::Text { text, cache } => {
            writer.open().text_field("type", "text").text_field("text", text);
            finish(writer, cache.as_ref());
        }
        Block::Image { media, cache } => {
            writer.open().text_field("type", "image").key("source");
            media::write(writer, media);
            finish(writer, cache.as_ref());
        }
        Block::Document { media, name, cache } => {
            writer.open().text_field("type", "document").key("source");
            media::write(writer, media);
            if let Some(name) = name {
                writer.text_field("title", name);
            }
            finish(writer, cache.as_ref());
        }
        Block::Thinking(thinking) => match &thinking.signature {
            Some(signature) if !signature.native.is_empty() => write_thinking(writer, thinking, &signature.native),
            // Without a signature the provider refuses it.
            _ => warnings.push(Warning::new(Loss::ThinkingDropped, path.to_string())),
        },
        Block::ToolCall(call) => {
            let name = memory.names.shorten(&call.name, names::ANTHROPIC_MAX);
            write_call(writer, call, &name, warnings);
            finish(writer, call.cache.as_ref());
        }
        Block::ToolResult(result) => write_result(writer, result, path, memory, warnings),
        Block::Unknown { kind, .. } => {
            warnings.push(Warning::new(Loss::BlockDropped, format!("{path} ({kind})")));
        }
    }
}

fn write_result(
    writer: &mut Writer,
    result: &ToolResult,
    path: &Path<'_>,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) {
    writer.open().text_field("type", "tool_result").text_field("tool_use_id", &result.call);
    match result.content.as_slice() {
        [] => {}
        [Block::Text { text, cache: None }] => {
            writer.text_field("content", text);
        }
        content => {
            writer.key("content").open_array();
            write_all(writer, content, &path.key("content"), memory, warnings);
            writer.close_array();
        }
    }
    if result.is_error {
        writer.boolean_field("is_error", true);
    }
    finish(writer, result.cache.as_ref());
}

fn finish(writer: &mut Writer, cache: Option<&Cache>) {
    media::write_cache(writer, cache);
    writer.close();
}
