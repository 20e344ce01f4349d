//! Reads a request.

use super::{input, options, tools};
use crate::error::Refused;
use crate::json::{Fields, Path, array, string};
use crate::neutral::{Block, Request, Rest};
use crate::warning::{Loss, Warning};

/// Fields that say only how the provider keeps or cuts things; nothing is kept or cut here.
const WITHOUT_MEANING: &[&str] = &["client_metadata", "metadata", "store", "stream_options", "prompt_cache_retention"];
/// What can be included without being asked for.
const ENCRYPTED: &str = "reasoning.encrypted_content";

/// Reads a body of `POST /v1/responses`.
pub fn decode(body: &[u8]) -> Result<Request, Refused> {
    let root = Path::Root;
    let mut fields = Fields::body(body)?;
    for name in ["previous_response_id", "conversation", "prompt"] {
        if fields.take(name).is_some() {
            let why = "points to what the provider keeps; send the whole input instead";
            return Err(Refused::unsupported(&root.key(name), why));
        }
    }
    if fields.boolean("background", &root)? == Some(true) {
        return Err(Refused::unsupported(&root.key("background"), "answers cannot be fetched later here"));
    }
    let mut request = Request {
        model: fields.string_needed("model", &root)?,
        stream: fields.boolean("stream", &root)?.unwrap_or(false),
        parallel_tools: fields.boolean("parallel_tool_calls", &root)?,
        max_tokens: fields.number("max_output_tokens", &root)?,
        cache_key: fields.string("prompt_cache_key", &root)?,
        service_tier: fields.string("service_tier", &root)?,
        ..Request::default()
    };
    request.sampling.temperature = fields.decimal("temperature", &root)?;
    request.sampling.top_p = fields.decimal("top_p", &root)?;
    let user = fields.string("user", &root)?;
    request.user = fields.string("safety_identifier", &root)?.or(user);
    if let Some(text) = fields.string("instructions", &root)?.filter(|text| !text.is_empty()) {
        request.system.push(Block::text(text));
    }
    options::read(&mut fields, &mut request)?;
    tools::read(&mut fields, &mut request)?;
    input::read(&mut fields, &mut request)?;
    include(&mut fields, &mut request)?;
    for name in WITHOUT_MEANING {
        fields.take(name);
    }
    // The default.
    if fields.peek("truncation").is_some_and(|raw| raw.get() == "\"disabled\"") {
        fields.take("truncation");
    }
    if fields.peek("top_logprobs").is_some_and(|raw| raw.get() == "0") {
        fields.take("top_logprobs");
    }
    fields.take("background");
    let rest = fields.rest().map(|(name, raw)| Rest { name: name.into_owned(), raw: raw.to_owned() });
    request.rest.extend(rest);
    Ok(request)
}

fn include(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let path = Path::Root.key("include");
    let Some(raw) = fields.take("include") else { return Ok(()) };
    for (index, raw) in array(raw, &path)?.into_iter().enumerate() {
        let wish = string(raw, &path.index(index))?;
        if wish != ENCRYPTED {
            request.warnings.push(Warning::new(Loss::FieldDropped, format!("include ({wish})")));
        }
    }
    Ok(())
}
