//! Thinking and the form of the output.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer};
use crate::neutral::{Effort, OutputFormat, Request, Thought};
use crate::warning::{Loss, Warning};

/// Reads `thinking`.
pub fn thinking(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let path = Path::Root.key("thinking");
    let Some(mut thinking) = fields.object("thinking", &Path::Root)? else { return Ok(()) };
    request.reasoning.thought = match thinking.string_needed("type", &path)?.as_str() {
        "enabled" => Thought::Budget(
            thinking
                .number("budget_tokens", &path)?
                .ok_or_else(|| Refused::new(&path.key("budget_tokens"), "is needed"))?,
        ),
        "adaptive" => Thought::Adaptive,
        "disabled" => Thought::Off,
        // A kind that came later: the model thinks as it does when nothing is said.
        _ => {
            request.warnings.push(Warning::new(Loss::FieldDropped, "thinking.type"));
            Thought::Unset
        }
    };
    request.reasoning.shown = thinking.string("display", &path)?;
    Ok(())
}

/// Reads `output_config` and `output_format`.
pub fn output(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let path = Path::Root.key("output_config");
    let mut format = None;
    if let Some(mut config) = fields.object("output_config", &Path::Root)? {
        if let Some(name) = config.string("effort", &path)? {
            request.reasoning.effort = Effort::from_name(&name);
            if request.reasoning.effort.is_none() {
                request.warnings.push(Warning::new(Loss::EffortDropped, "output_config.effort"));
            }
        }
        format = config.object("format", &path)?;
        request
            .warnings
            .extend(config.rest().map(|(name, _)| Warning::new(Loss::FieldDropped, format!("output_config.{name}"))));
    }
    let older = fields.object("output_format", &Path::Root)?;
    let Some(mut format) = format.or(older) else { return Ok(()) };
    match format.take("schema") {
        Some(schema) => {
            request.output = OutputFormat::Schema { name: None, schema: schema.to_owned(), strict: Some(true) };
        }
        None => request.warnings.push(Warning::new(Loss::FormatDropped, "output_config.format")),
    }
    Ok(())
}

/// Writes `thinking` and `output_config`.
pub fn write(writer: &mut Writer, request: &Request) {
    let reasoning = &request.reasoning;
    let shown = |writer: &mut Writer| {
        if let Some(shown) = reasoning.shown.as_deref().filter(|shown| matches!(*shown, "summarized" | "omitted")) {
            writer.text_field("display", shown);
        }
    };
    match reasoning.thought {
        Thought::Unset => {}
        Thought::Off => {
            writer.key("thinking").open().text_field("type", "disabled").close();
        }
        Thought::Adaptive => {
            writer.key("thinking").open().text_field("type", "adaptive");
            shown(writer);
            writer.close();
        }
        Thought::Budget(tokens) => {
            writer.key("thinking").open().text_field("type", "enabled").number_field("budget_tokens", tokens);
            shown(writer);
            writer.close();
        }
    }
    let schema = match &request.output {
        OutputFormat::Schema { schema, .. } => Some(schema),
        OutputFormat::Text | OutputFormat::Json => None,
    };
    if reasoning.effort.is_none() && schema.is_none() {
        return;
    }
    writer.key("output_config").open();
    if let Some(effort) = reasoning.effort {
        writer.text_field("effort", effort.name());
    }
    if let Some(schema) = schema {
        writer.key("format").open().text_field("type", "json_schema").raw_field("schema", schema.get()).close();
    }
    writer.close();
}
