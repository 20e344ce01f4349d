//! Effort and the form of the output.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer};
use crate::neutral::{Effort, OutputFormat, Request, Rest, Thought};
use crate::translate::{Target, models};
use crate::warning::{Loss, Warning};

/// The field of `text` that says how long answers shall be; Chat has it at the top.
const VERBOSITY: &str = "verbosity";
/// In the words of Anthropic: thoughts are not to be shown.
const OMITTED: &str = "omitted";

/// Reads `reasoning` and `text`.
pub fn read(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let root = Path::Root;
    if let Some(mut reasoning) = fields.object("reasoning", &root)? {
        let path = root.key("reasoning");
        if let Some(name) = reasoning.string("effort", &path)? {
            request.reasoning.effort = Effort::from_name(&name);
            if request.reasoning.effort.is_none() {
                request.warnings.push(Warning::new(Loss::EffortDropped, "reasoning.effort"));
            }
        }
        if request.reasoning.effort == Some(Effort::None) {
            request.reasoning.thought = Thought::Off;
        }
        let older = reasoning.string("generate_summary", &path)?;
        request.reasoning.shown = reasoning.string("summary", &path)?.or(older);
    }
    let Some(mut text) = fields.object("text", &root)? else { return Ok(()) };
    let path = root.key("text");
    if let Some(raw) = text.take(VERBOSITY) {
        request.rest.push(Rest { name: VERBOSITY.to_owned(), raw: raw.to_owned() });
    }
    let Some(mut format) = text.object("format", &path)? else { return Ok(()) };
    let path = path.key("format");
    request.output = match format.string_needed("type", &path)?.as_str() {
        "text" => OutputFormat::Text,
        "json_object" => OutputFormat::Json,
        "json_schema" => OutputFormat::Schema {
            name: format.string("name", &path)?,
            strict: format.boolean("strict", &path)?,
            schema: format.take("schema").ok_or_else(|| Refused::new(&path.key("schema"), "is needed"))?.to_owned(),
        },
        _ => return Err(Refused::new(&path.key("type"), "must be text, json_object or json_schema")),
    };
    Ok(())
}

/// Writes them, and asks for encrypted reasoning where the model reasons.
pub fn write(writer: &mut Writer, request: &Request, target: &Target, warnings: &mut Vec<Warning>) {
    if reasons(target) {
        let effort = effort(request, target, warnings);
        let off = request.reasoning.thought == Thought::Off;
        let hidden = off || request.reasoning.shown.as_deref() == Some(OMITTED);
        if effort.is_some() || !hidden {
            writer.key("reasoning").open();
            if let Some(effort) = effort {
                writer.text_field("effort", effort.name());
            }
            if !hidden {
                writer.text_field("summary", summary(request.reasoning.shown.as_deref()));
            }
            writer.close();
        }
        writer.key("include").open_array().string("reasoning.encrypted_content").close_array();
    } else if let Some(effort) = request.reasoning.effort.filter(|effort| *effort != Effort::None) {
        warnings.push(Warning::new(Loss::EffortDropped, effort.name()));
    }
    let verbosity = request.rest.iter().find(|rest| rest.name == VERBOSITY);
    if verbosity.is_none() && matches!(request.output, OutputFormat::Text) {
        return;
    }
    writer.key("text").open();
    match &request.output {
        OutputFormat::Text => {}
        OutputFormat::Json => {
            writer.key("format").open().text_field("type", "json_object").close();
        }
        OutputFormat::Schema { name, schema, strict } => {
            writer.key("format").open().text_field("type", "json_schema");
            writer.text_field("name", name.as_deref().unwrap_or("answer")).raw_field("schema", schema.get());
            if let Some(strict) = strict {
                writer.boolean_field("strict", *strict);
            }
            writer.close();
        }
    }
    if let Some(verbosity) = verbosity {
        writer.raw_field(VERBOSITY, verbosity.raw.get());
    }
    writer.close();
}

/// Whether a field of another dialect, which has no place in the neutral form, is written.
pub fn uses(field: &str) -> bool {
    field == VERBOSITY
}

/// Whether the model reasons: others answer 400 to any word of it.
pub fn reasons(target: &Target) -> bool {
    target.effort.or(models::takes_effort(&target.model))
}

fn summary(shown: Option<&str>) -> &str {
    match shown {
        Some(word @ ("auto" | "concise" | "detailed")) => word,
        _ => "auto",
    }
}

fn effort(request: &Request, target: &Target, warnings: &mut Vec<Warning>) -> Option<Effort> {
    let reasoning = &request.reasoning;
    let wanted = match (reasoning.thought, reasoning.effort) {
        (Thought::Off, Some(Effort::None)) => Effort::None,
        // Which models take `none` differs; the least that all know is `low`.
        (Thought::Off, _) => Effort::Low,
        (_, Some(effort)) => effort,
        (Thought::Budget(tokens), None) => Effort::of_budget(tokens),
        // As much as the model finds right is what it does when nothing is said.
        (Thought::Adaptive | Thought::Unset, None) => return None,
    };
    let sent = match wanted {
        Effort::Max | Effort::Xhigh if models::takes_xhigh(&target.model) => Effort::Xhigh,
        Effort::Max | Effort::Xhigh => Effort::High,
        other => other,
    };
    if sent != wanted {
        warnings.push(Warning::new(Loss::EffortMapped, format!("{} to {}", wanted.name(), sent.name())));
    }
    Some(sent)
}
