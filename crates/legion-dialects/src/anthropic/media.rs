//! Sources of images and documents.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer};
use crate::neutral::{Cache, Media};

/// Reads a `source`. A source of blocks is text.
pub fn read(source: &mut Fields<'_>, path: &Path<'_>) -> Result<Option<Media>, Refused> {
    let kind = source.string_needed("type", path)?;
    Ok(match kind.as_str() {
        "base64" => Some(Media::Base64 {
            media_type: source.string_needed("media_type", path)?,
            data: source.string_needed("data", path)?,
        }),
        "url" => Some(Media::Url(source.string_needed("url", path)?)),
        "file" => Some(Media::File(source.string_needed("file_id", path)?)),
        "text" => Some(Media::Text(source.string_needed("data", path)?)),
        _ => None,
    })
}

pub fn write(writer: &mut Writer, media: &Media) {
    writer.open();
    match media {
        Media::Base64 { media_type, data } => {
            writer.text_field("type", "base64").text_field("media_type", media_type).text_field("data", data)
        }
        Media::Url(url) => writer.text_field("type", "url").text_field("url", url),
        Media::File(id) => writer.text_field("type", "file").text_field("file_id", id),
        Media::Text(text) => {
            writer.text_field("type", "text").text_field("media_type", "text/plain").text_field("data", text)
        }
    };
    writer.close();
}

/// Reads a `cache_control`.
pub fn cache(fields: &mut Fields<'_>, path: &Path<'_>) -> Result<Option<Cache>, Refused> {
    let Some(mut control) = fields.object("cache_control", path)? else { return Ok(None) };
    Ok(Some(Cache { ttl: control.string("ttl", &path.key("cache_control"))? }))
}

pub fn write_cache(writer: &mut Writer, cache: Option<&Cache>) {
    let Some(cache) = cache else { return };
    writer.key("cache_control").open().text_field("type", "ephemeral");
    if let Some(ttl) = &cache.ttl {
        writer.text_field("ttl", ttl);
    }
    writer.close();
}
