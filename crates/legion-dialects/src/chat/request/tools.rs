//! Tools and their choice.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer, array, objects, string_or};
use crate::names::OPENAI_MAX;
use crate::neutral::{Cache, Request, Tool, ToolChoice, ToolKind};
use crate::schema;
use crate::translate::{Memory, Target, custom};
use crate::warning::{Loss, Warning};
use serde_json::value::RawValue;

/// Reads `tools`, `tool_choice` and the older `functions`, `function_call`.
pub fn read(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let root = Path::Root;
    if let Some(raw) = fields.take("tools") {
        let path = root.key("tools");
        let raws = array(raw, &path)?;
        for (index, (tool, raw)) in objects(raw, &path)?.into_iter().zip(raws).enumerate() {
            request.tools.push(read_tool(tool, raw, &path.index(index))?);
        }
    }
    if let Some(raw) = fields.take("functions") {
        let path = root.key("functions");
        for (index, function) in objects(raw, &path)?.into_iter().enumerate() {
            request.tools.push(read_function(function, &path.index(index), None)?);
        }
    }
    let (name, raw) = match (fields.take("tool_choice"), fields.take("function_call")) {
        (Some(raw), _) => ("tool_choice", raw),
        (None, Some(raw)) => ("function_call", raw),
        (None, None) => return Ok(()),
    };
    request.tool_choice = choice(raw, &root.key(name))?;
    Ok(())
}

fn choice(raw: &RawValue, path: &Path<'_>) -> Result<Option<ToolChoice>, Refused> {
    let wrong = || Refused::new(path, "must be auto, none, required or a tool");
    if raw.get().starts_with('"') {
        return string_or(raw, path, |word| word, || Err(wrong())).and_then(|word| match word.as_str() {
            "auto" => Ok(Some(ToolChoice::Auto)),
            "none" => Ok(Some(ToolChoice::None)),
            "required" | "any" => Ok(Some(ToolChoice::Any)),
            _ => Err(wrong()),
        });
    }
    let mut choice = Fields::read(raw, path)?;
    for kind in ["function", "custom"] {
        if let Some(mut named) = choice.object(kind, path)? {
            return Ok(Some(ToolChoice::Tool(named.string_needed("name", &path.key(kind))?)));
        }
    }
    choice.string("name", path)?.map(|name| Some(ToolChoice::Tool(name))).ok_or_else(wrong)
}

fn read_tool(mut tool: Fields<'_>, raw: &RawValue, path: &Path<'_>) -> Result<Tool, Refused> {
    let kind = tool.string("type", path)?.unwrap_or_else(|| "function".to_owned());
    let cache = tool.object("cache_control", path)?;
    let cache = match cache {
        Some(mut control) => Some(Cache { ttl: control.string("ttl", &path.key("cache_control"))? }),
        None => None,
    };
    let needed = |kind: &str| Refused::new(&path.key(kind), "is needed");
    match kind.as_str() {
        "function" => {
            let function = tool.object("function", path)?.ok_or_else(|| needed("function"))?;
            read_function(function, &path.key("function"), cache)
        }
        "custom" => {
            let path_custom = path.key("custom");
            let mut custom = tool.object("custom", path)?.ok_or_else(|| needed("custom"))?;
            Ok(Tool {
                name: custom.string_needed("name", &path_custom)?,
                description: custom.string("description", &path_custom)?,
                kind: ToolKind::Custom { format: custom.take("format").map(ToOwned::to_owned) },
                strict: None,
                cache,
            })
        }
        _ => Ok(Tool {
            name: kind.clone(),
            description: None,
            kind: ToolKind::Server { kind, raw: raw.to_owned() },
            strict: None,
            cache,
        }),
    }
}

fn read_function(mut function: Fields<'_>, path: &Path<'_>, cache: Option<Cache>) -> Result<Tool, Refused> {
    Ok(Tool {
        name: function.string_needed("name", path)?,
        description: function.string("description", path)?,
        kind: ToolKind::Function { schema: function.take("parameters").map(ToOwned::to_owned) },
        strict: function.boolean("strict", path)?,
        cache,
    })
}

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`.
pub fn write(
    writer: &mut Writer,
    request: &Request,
    target: &Target,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) {
    let mut written = 0;
    for (index, tool) in request.tools.iter().enumerate() {
        let at = format!("tools[{index}]");
        let schema = match &tool.kind {
            ToolKind::Function { schema: Some(schema) } => {
                schema::without(schema, &target.keywords_refused, &at, warnings)
            }
            ToolKind::Function { schema: None } => schema::EMPTY.to_owned(),
            ToolKind::Custom { .. } => custom::SCHEMA.to_owned(),
            ToolKind::Server { kind, .. } => {
                warnings.push(Warning::new(Loss::ToolDropped, format!("{at} ({kind})")));
                continue;
            }
        };
        if written == 0 {
            writer.key("tools").open_array();
        }
        written += 1;
        let name = memory.names.shorten(&tool.name, OPENAI_MAX);
        writer.open().text_field("type", "function").key("function").open().text_field("name", &name);
        if let Some(description) = &tool.description {
            writer.text_field("description", description);
        }
        writer.raw_field("parameters", &schema);
        if let Some(strict) = tool.strict {
            writer.boolean_field("strict", strict);
        }
        writer.close();
        if target.cache_control {
            super::parts::write_cache(writer, tool.cache.as_ref());
        }
        writer.close();
    }
    if written == 0 {
        return;
    }
    writer.close_array();
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => {
            writer.text_field("tool_choice", "auto");
        }
        Some(ToolChoice::Any) => {
            writer.text_field("tool_choice", "required");
        }
        Some(ToolChoice::None) => {
            writer.text_field("tool_choice", "none");
        }
        Some(ToolChoice::Tool(name)) => {
            let name = memory.names.shorten(name, OPENAI_MAX);
            writer.key("tool_choice").open().text_field("type", "function").key("function").open();
            writer.text_field("name", &name).close().close();
        }
    }
    if let Some(parallel) = request.parallel_tools {
        writer.boolean_field("parallel_tool_calls", parallel);
    }
}
