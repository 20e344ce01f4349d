//! Reads a request.

use super::{blocks, options, tools};
use crate::error::Refused;
use crate::json::{Fields, Path, array, objects, string, string_or};
use crate::neutral::{Block, Request, Rest, Role, Turn};

/// Reads a body of `POST /v1/messages`.
pub fn decode(body: &[u8]) -> Result<Request, Refused> {
    let root = Path::Root;
    let mut fields = Fields::body(body)?;
    let mut request = Request {
        model: fields.string_needed("model", &root)?,
        stream: fields.boolean("stream", &root)?.unwrap_or(false),
        max_tokens: fields.number("max_tokens", &root)?,
        service_tier: fields.string("service_tier", &root)?,
        ..Request::default()
    };
    request.sampling.temperature = fields.decimal("temperature", &root)?;
    request.sampling.top_p = fields.decimal("top_p", &root)?;
    request.sampling.top_k = fields.number("top_k", &root)?;
    if let Some(raw) = fields.take("stop_sequences") {
        let path = root.key("stop_sequences");
        for (index, raw) in array(raw, &path)?.into_iter().enumerate() {
            request.sampling.stop.push(string(raw, &path.index(index))?);
        }
    }
    if let Some(mut metadata) = fields.object("metadata", &root)? {
        request.user = metadata.string("user_id", &root.key("metadata"))?;
    }
    if let Some(raw) = fields.take("system") {
        let path = root.key("system");
        request.system = string_or(
            raw,
            &path,
            |text| vec![Block::text(text)],
            || blocks::read_all(objects(raw, &path)?, &path, &mut request.warnings),
        )?;
    }
    options::thinking(&mut fields, &mut request)?;
    options::output(&mut fields, &mut request)?;
    tools::read(&mut fields, &mut request)?;

    let path = root.key("messages");
    let messages = fields.take("messages").ok_or_else(|| Refused::new(&path, "is needed"))?;
    for (index, message) in objects(messages, &path)?.into_iter().enumerate() {
        let turn = turn(message, &path.index(index), &mut request.warnings)?;
        request.turns.push(turn);
    }
    request.rest = fields.rest().map(|(name, raw)| Rest { name: name.into_owned(), raw: raw.to_owned() }).collect();
    Ok(request)
}

fn turn(
    mut message: Fields<'_>,
    path: &Path<'_>,
    warnings: &mut Vec<crate::warning::Warning>,
) -> Result<Turn, Refused> {
    let role = message.string_needed("role", path)?;
    let role = match role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => return Err(Refused::new(&path.key("role"), "must be user, assistant or system")),
    };
    let content_path = path.key("content");
    let content = message.take("content").ok_or_else(|| Refused::new(&content_path, "is needed"))?;
    let blocks = string_or(
        content,
        &content_path,
        |text| vec![Block::text(text)],
        || blocks::read_all(objects(content, &content_path)?, &content_path, warnings),
    )?;
    Ok(Turn { role, blocks })
}
