//! Parts of a message's content.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer, objects, string_or};
use crate::neutral::{Block, Cache, Media};
use crate::warning::{Loss, Warning};
use serde_json::value::RawValue;

/// What a document is called that came without a name.
const DOCUMENT: &str = "document.pdf";

/// Reads content: a string or parts.
pub fn read(content: &RawValue, path: &Path<'_>, warnings: &mut Vec<Warning>) -> Result<Vec<Block>, Refused> {
    string_or(
        content,
        path,
        |text| vec![Block::text(text)],
        || {
            let parts = objects(content, path)?;
            parts.into_iter().enumerate().map(|(index, part)| read_part(part, &path.index(index), warnings)).collect()
        },
    )
}

fn read_part(mut part: Fields<'_>, path: &Path<'_>, warnings: &mut Vec<Warning>) -> Result<Block, Refused> {
    let kind = part.string_needed("type", path)?;
    let cache = match part.object("cache_control", path)? {
        Some(mut control) => Some(Cache { ttl: control.string("ttl", &path.key("cache_control"))? }),
        None => None,
    };
    Ok(match kind.as_str() {
        "text" => Block::Text { text: part.string_needed("text", path)?, cache },
        "refusal" => Block::Text { text: part.string_needed("refusal", path)?, cache },
        "image_url" => {
            let path_url = path.key("image_url");
            let raw = part.take("image_url").ok_or_else(|| Refused::new(&path_url, "is needed"))?;
            let url =
                string_or(raw, &path_url, |url| url, || Fields::read(raw, &path_url)?.string_needed("url", &path_url))?;
            Block::Image { media: media(url), cache }
        }
        "file" => {
            let path_file = path.key("file");
            let mut file = part.object("file", path)?.ok_or_else(|| Refused::new(&path_file, "is needed"))?;
            let name = file.string("filename", &path_file)?;
            let data = file.string("file_data", &path_file)?;
            let id = file.string("file_id", &path_file)?;
            match (data, id) {
                (Some(data), _) => Block::Document { media: media(data), name, cache },
                (None, Some(id)) => {
                    warnings.push(Warning::new(Loss::DocumentDropped, path_file.to_string()));
                    Block::text(format!("[file {id} is not available here]"))
                }
                (None, None) => return Err(Refused::new(&path_file.key("file_data"), "is needed")),
            }
        }
        _ => Block::Unknown { kind, raw: RawValue::from_string("null".to_owned()).expect("null is JSON") },
    })
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

/// Writes content. One text without a marker is a string, which the oldest servers understand; more keep their borders.
pub fn write(writer: &mut Writer, blocks: &[&Block], cache: bool, at: &str, warnings: &mut Vec<Warning>) {
    if let [Block::Text { text, cache: marker }] = blocks
        && (marker.is_none() || !cache)
    {
        writer.string(text);
        return;
    }
    if blocks.is_empty() {
        writer.string("");
        return;
    }
    writer.open_array();
    for block in blocks {
        write_part(writer, block, cache, at, warnings);
    }
    writer.close_array();
}

fn write_part(writer: &mut Writer, block: &Block, with_cache: bool, at: &str, warnings: &mut Vec<Warning>) {
    let marker = match block {
        Block::Text { text, cache } => {
            writer.open().text_field("type", "text").text_field("text", text);
            cache
        }
        Block::Image { media: Media::File(_), .. } => {
            warnings.push(Warning::new(Loss::ImageDropped, at));
            return;
        }
        Block::Image { media, cache } => {
            writer.open().text_field("type", "image_url").key("image_url").open().key("url");
            uri(writer, media);
            writer.close();
            cache
        }
        Block::Document { media, name, cache } => {
            if !write_document(writer, media, name.as_deref()) {
                warnings.push(Warning::new(Loss::DocumentDropped, at));
                return;
            }
            cache
        }
        Block::Unknown { kind, .. } => {
            warnings.push(Warning::new(Loss::BlockDropped, format!("{at} ({kind})")));
            return;
        }
        Block::Thinking(_) | Block::ToolCall(_) | Block::ToolResult(_) => return,
    };
    if with_cache {
        write_cache(writer, marker.as_ref());
    }
    writer.close();
}

/// Opens a part for a document; false when it cannot be said.
fn write_document(writer: &mut Writer, media: &Media, name: Option<&str>) -> bool {
    match media {
        Media::Text(text) => {
            let titled = name.map_or_else(|| text.clone(), |name| format!("{name}\n\n{text}"));
            writer.open().text_field("type", "text").text_field("text", &titled);
        }
        Media::Base64 { .. } => {
            writer.open().text_field("type", "file").key("file").open();
            writer.text_field("filename", name.unwrap_or(DOCUMENT)).key("file_data");
            uri(writer, media);
            writer.close();
        }
        Media::Url(url) => {
            writer.open().text_field("type", "text").text_field("text", &format!("[document at {url}]"));
        }
        Media::File(_) => return false,
    }
    true
}

fn uri(writer: &mut Writer, media: &Media) {
    match media {
        Media::Base64 { media_type, data } => writer.string(&format!("data:{media_type};base64,{data}")),
        Media::Url(text) | Media::File(text) | Media::Text(text) => writer.string(text),
    };
}

pub fn write_cache(writer: &mut Writer, cache: Option<&Cache>) {
    let Some(cache) = cache else { return };
    writer.key("cache_control").open().text_field("type", "ephemeral");
    if let Some(ttl) = &cache.ttl {
        writer.text_field("ttl", ttl);
    }
    writer.close();
}
