//! Effort and the form of the output.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer};
use crate::neutral::{Effort, OutputFormat, Request, Thought};
use crate::translate::{Target, models};
use crate::warning::{Loss, Warning};

/// Reads `reasoning_effort`, `reasoning` and `response_format`.
pub fn read(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let root = Path::Root;
    let mut effort = fields.string("reasoning_effort", &root)?;
    if let Some(mut reasoning) = fields.object("reasoning", &root)? {
        let path = root.key("reasoning");
        effort = reasoning.string("effort", &path)?.or(effort);
        if let Some(tokens) = reasoning.number("max_tokens", &path)? {
            request.reasoning.thought = Thought::Budget(tokens);
        }
        if reasoning.boolean("enabled", &path)? == Some(false) {
            request.reasoning.thought = Thought::Off;
        }
    }
    if let Some(name) = effort {
        request.reasoning.effort = Effort::from_name(&name);
        if request.reasoning.effort.is_none() {
            request.warnings.push(Warning::new(Loss::EffortDropped, "reasoning_effort"));
        }
    }
    let path = root.key("response_format");
    let Some(mut format) = fields.object("response_format", &root)? else { return Ok(()) };
    request.output = match format.string_needed("type", &path)?.as_str() {
        "text" => OutputFormat::Text,
        "json_object" => OutputFormat::Json,
        "json_schema" => {
            let path_schema = path.key("json_schema");
            let mut schema =
                format.object("json_schema", &path)?.ok_or_else(|| Refused::new(&path_schema, "is needed"))?;
            OutputFormat::Schema {
                name: schema.string("name", &path_schema)?,
                strict: schema.boolean("strict", &path_schema)?,
                schema: schema
                    .take("schema")
                    .ok_or_else(|| Refused::new(&path_schema.key("schema"), "is needed"))?
                    .to_owned(),
            }
        }
        _ => return Err(Refused::new(&path.key("type"), "must be text, json_object or json_schema")),
    };
    Ok(())
}

/// Writes them.
pub fn write(writer: &mut Writer, request: &Request, target: &Target, warnings: &mut Vec<Warning>) {
    if let Some(effort) = effort(request, target, warnings) {
        writer.text_field("reasoning_effort", effort.name());
    }
    if let Some(rest) = request.rest.iter().find(|rest| rest.name == "verbosity") {
        if models::takes_max_completion_tokens(&target.model) {
            writer.raw_field("verbosity", rest.raw.get());
        } else {
            warnings.push(Warning::new(Loss::FieldDropped, "verbosity"));
        }
    }
    match &request.output {
        OutputFormat::Text => {}
        OutputFormat::Json => {
            writer.key("response_format").open().text_field("type", "json_object").close();
        }
        OutputFormat::Schema { name, schema, strict } => {
            writer.key("response_format").open().text_field("type", "json_schema").key("json_schema").open();
            writer.text_field("name", name.as_deref().unwrap_or("answer")).raw_field("schema", schema.get());
            if let Some(strict) = strict {
                writer.boolean_field("strict", *strict);
            }
            writer.close().close();
        }
    }
}

fn effort(request: &Request, target: &Target, warnings: &mut Vec<Warning>) -> Option<Effort> {
    let reasoning = &request.reasoning;
    let wanted = match (reasoning.thought, reasoning.effort) {
        (Thought::Off, _) => return None,
        (_, Some(effort)) => effort,
        (Thought::Budget(tokens), None) => Effort::of_budget(tokens),
        // As much as the model finds right is what it does when nothing is said.
        (Thought::Adaptive | Thought::Unset, None) => return None,
    };
    let taken = target.effort.or(models::takes_effort(&target.model));
    if !taken || (!request.tools.is_empty() && models::refuses_effort_with_tools(&target.model)) {
        warnings.push(Warning::new(Loss::EffortDropped, wanted.name()));
        return None;
    }
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
