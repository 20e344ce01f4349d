//! Reads a request.

use super::{messages, options, tools};
use crate::error::Refused;
use crate::json::{Fields, Path, array, string, string_or};
use crate::neutral::{Request, Rest};
use crate::warning::{Loss, Warning};

/// Reads a body of `POST /v1/chat/completions`.
pub fn decode(body: &[u8]) -> Result<Request, Refused> {
    let root = Path::Root;
    let mut fields = Fields::body(body)?;
    let mut request = Request {
        model: fields.string_needed("model", &root)?,
        stream: fields.boolean("stream", &root)?.unwrap_or(false),
        parallel_tools: fields.boolean("parallel_tool_calls", &root)?,
        cache_key: fields.string("prompt_cache_key", &root)?,
        service_tier: fields.string("service_tier", &root)?,
        ..Request::default()
    };
    if fields.number("n", &root)?.is_some_and(|choices| choices != 1) {
        return Err(Refused::unsupported(&root.key("n"), "must be 1: the model's provider gives one choice only"));
    }
    let older = fields.number("max_tokens", &root)?;
    request.max_tokens = fields.number("max_completion_tokens", &root)?.or(older);
    let user = fields.string("user", &root)?;
    request.user = fields.string("safety_identifier", &root)?.or(user);
    if let Some(mut stream) = fields.object("stream_options", &root)? {
        request.stream_usage = stream.boolean("include_usage", &root.key("stream_options"))?.unwrap_or(false);
    }
    sampling(&mut fields, &mut request)?;
    options::read(&mut fields, &mut request)?;
    tools::read(&mut fields, &mut request)?;
    messages::read(&mut fields, &mut request)?;
    // Says only whether the provider may keep the answer; nobody here keeps any.
    fields.take("store");
    if fields.take("logprobs").is_some_and(|raw| raw.get() != "false") {
        request.warnings.push(Warning::new(Loss::FieldDropped, "logprobs"));
    }
    request.rest = fields.rest().map(|(name, raw)| Rest { name: name.into_owned(), raw: raw.to_owned() }).collect();
    Ok(request)
}

fn sampling(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let root = Path::Root;
    let sampling = &mut request.sampling;
    sampling.temperature = fields.decimal("temperature", &root)?;
    sampling.top_p = fields.decimal("top_p", &root)?;
    sampling.top_k = fields.number("top_k", &root)?;
    sampling.seed = fields.decimal("seed", &root)?;
    sampling.presence_penalty = fields.decimal("presence_penalty", &root)?;
    sampling.frequency_penalty = fields.decimal("frequency_penalty", &root)?;
    if let Some(raw) = fields.take("stop") {
        let path = root.key("stop");
        sampling.stop = string_or(
            raw,
            &path,
            |stop| vec![stop],
            || array(raw, &path)?.into_iter().enumerate().map(|(index, raw)| string(raw, &path.index(index))).collect(),
        )?;
    }
    Ok(())
}
