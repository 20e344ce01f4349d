//! Parts of content: text, images and files.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer, objects, string_or};
use crate::neutral::{Block, Media};
use crate::warning::{Loss, Warning};
use serde_json::value::RawValue;

/// What a document is called that came without a name.
const DOCUMENT: &str = "document.pdf";

/// Reads content: a string or parts.
pub fn read(content: &RawValue, path: &Path<'_>) -> Result<Vec<Block>, Refused> {
    string_or(
        content,
        path,
        |text| vec![Block::text(text)],
        || {
            let parts = objects(content, path)?;
            parts.into_iter().enumerate().map(|(index, part)| read_part(part, &path.index(index))).collect()
        },
    )
}

fn read_part(mut part: Fields<'_>, path: &Path<'_>) -> Result<Block, Refused> {
    let kind = part.string_needed("type", path)?;
    Ok(match kind.as_str() {
        "input_text" | "output_text" | "text" | "summary_text" => Block::text(part.string_needed("text", path)?),
        "refusal" => Block::text(part.string_needed("refusal", path)?),
        "input_image" => {
            let address = part.string("image_url", path)?.map(media);
            let file = part.string("file_id", path)?.map(Media::File);
            let media = address.or(file).ok_or_else(|| Refused::new(&path.key("image_url"), "is needed"))?;
            Block::Image { media, cache: None }
        }
        "input_file" => {
            let name = part.string("filename", path)?;
            let data = part.string("file_data", path)?.map(media);
            let address = part.string("file_url", path)?.map(Media::Url);
            let file = part.string("file_id", path)?.map(Media::File);
            let media = data.or(address).or(file).ok_or_else(|| Refused::new(&path.key("file_data"), "is needed"))?;
            Block::Document { media, name, cache: None }
        }
        _ => unknown(kind),
    })
}

/// What stands for content that will be dropped.
pub fn unknown(kind: String) -> Block {
    Block::Unknown { kind, raw: RawValue::from_string("null".to_owned()).expect("null is JSON") }
}

/// A data URI is content, anything else an address.
fn media(url: String) -> Media {
    let parts = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match parts {
        Some((media_type, data)) => Media::Base64 {
            media_type: media_type.split(';').next().unwrap_or_default().to_owned(),
            data: data.to_owned(),
        },
        None => Media::Url(url),
    }
}

/// Whether a block is a part of a message's content.
pub fn is_part(block: &Block) -> bool {
    matches!(block, Block::Text { .. } | Block::Image { .. } | Block::Document { .. })
}

/// Writes one part of the user's side; nothing for what is no part.
pub fn write(writer: &mut Writer, block: &Block) {
    match block {
        Block::Text { text, .. } => write_text(writer, text),
        Block::Image { media, .. } => {
            writer.open().text_field("type", "input_image").text_field("detail", "auto");
            match media {
                Media::File(id) => writer.text_field("file_id", id),
                Media::Url(url) | Media::Text(url) => writer.text_field("image_url", url),
                Media::Base64 { media_type, data } => writer.text_field("image_url", &uri(media_type, data)),
            };
            writer.close();
        }
        Block::Document { media: Media::Text(text), name, .. } => {
            let titled = name.as_ref().map(|name| format!("{name}\n\n{text}"));
            write_text(writer, titled.as_ref().unwrap_or(text));
        }
        Block::Document { media, name, .. } => {
            writer.open().text_field("type", "input_file");
            match media {
                Media::File(id) => writer.text_field("file_id", id),
                Media::Url(url) | Media::Text(url) => writer.text_field("file_url", url),
                Media::Base64 { media_type, data } => writer
                    .text_field("filename", name.as_deref().unwrap_or(DOCUMENT))
                    .text_field("file_data", &uri(media_type, data)),
            };
            writer.close();
        }
        Block::Thinking(_) | Block::ToolCall(_) | Block::ToolResult(_) | Block::Unknown { .. } => {}
    }
}

fn write_text(writer: &mut Writer, text: &str) {
    writer.open().text_field("type", "input_text").text_field("text", text).close();
}

fn uri(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// Names what has no place in a message.
pub fn warn(block: &Block, at: &str, warnings: &mut Vec<Warning>) {
    let warning = match block {
        Block::Unknown { kind, .. } => Warning::new(Loss::BlockDropped, format!("{at} ({kind})")),
        Block::Image { .. } => Warning::new(Loss::ImageDropped, at),
        Block::Document { .. } => Warning::new(Loss::DocumentDropped, at),
        Block::ToolResult(_) | Block::ToolCall(_) => Warning::new(Loss::OrphanDropped, at),
        Block::Thinking(_) => Warning::new(Loss::ThinkingDropped, at),
        Block::Text { .. } => return,
    };
    warnings.push(warning);
}
