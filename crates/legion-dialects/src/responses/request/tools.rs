//! Tools and their choice.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer, array, objects, string_or};
use crate::names::OPENAI_MAX;
use crate::neutral::{Request, Tool, ToolChoice, ToolKind};
use crate::responses::namespace::full_name;
use crate::schema;
use crate::translate::{Memory, Target};
use crate::warning::{Loss, Warning};
use serde_json::value::RawValue;

/// Reads `tools` and `tool_choice`.
pub fn read(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let root = Path::Root;
    if let Some(raw) = fields.take("tools") {
        let path = root.key("tools");
        let raws = array(raw, &path)?;
        for (index, (tool, raw)) in objects(raw, &path)?.into_iter().zip(raws).enumerate() {
            read_tool(tool, raw, None, &path.index(index), request)?;
        }
    }
    // A bound of the calls of tools that the provider runs: there are none here.
    fields.take("max_tool_calls");
    if let Some(raw) = fields.take("tool_choice") {
        choice(raw, &root.key("tool_choice"), request)?;
    }
    Ok(())
}

fn read_tool(
    mut tool: Fields<'_>,
    raw: &RawValue,
    namespace: Option<&str>,
    path: &Path<'_>,
    request: &mut Request,
) -> Result<(), Refused> {
    let kind = tool.string_needed("type", path)?;
    let kind = match kind.as_str() {
        "function" => ToolKind::Function { schema: tool.take("parameters").map(ToOwned::to_owned) },
        "custom" => ToolKind::Custom { format: tool.take("format").map(ToOwned::to_owned) },
        "namespace" if namespace.is_none() => {
            let namespace = tool.string_needed("name", path)?;
            let path = path.key("tools");
            let Some(raw) = tool.take("tools") else { return Ok(()) };
            let raws = array(raw, &path)?;
            for (index, (tool, raw)) in objects(raw, &path)?.into_iter().zip(raws).enumerate() {
                read_tool(tool, raw, Some(&namespace), &path.index(index), request)?;
            }
            return Ok(());
        }
        _ => ToolKind::Server { kind, raw: raw.to_owned() },
    };
    let name = match &kind {
        ToolKind::Server { kind, .. } => kind.clone(),
        ToolKind::Function { .. } | ToolKind::Custom { .. } => tool.string_needed("name", path)?,
    };
    let full = full_name(namespace, name.clone());
    if let Some(namespace) = namespace {
        request.namespaced.insert(full.clone(), (namespace.to_owned(), name));
    }
    request.tools.push(Tool {
        name: full,
        description: tool.string("description", path)?,
        kind,
        strict: tool.boolean("strict", path)?,
        cache: None,
    });
    Ok(())
}

fn choice(raw: &RawValue, path: &Path<'_>, request: &mut Request) -> Result<(), Refused> {
    let wrong = || Refused::new(path, "must be auto, none, required or a tool");
    if raw.get().starts_with('"') {
        let word = string_or(raw, path, |word| word, || Err(wrong()))?;
        request.tool_choice = Some(word_of(&word).ok_or_else(wrong)?);
        return Ok(());
    }
    let mut choice = Fields::read(raw, path)?;
    let kind = choice.string_needed("type", path)?;
    request.tool_choice = Some(match kind.as_str() {
        "function" | "custom" => {
            let namespace = choice.string("namespace", path)?;
            ToolChoice::Tool(full_name(namespace.as_deref(), choice.string_needed("name", path)?))
        }
        "allowed_tools" => {
            // The list itself has no twin: the model may then use others, too.
            request.warnings.push(Warning::new(Loss::FieldDropped, "tool_choice.tools"));
            let mode = choice.string("mode", path)?.unwrap_or_else(|| "auto".to_owned());
            word_of(&mode).ok_or_else(wrong)?
        }
        _ => {
            request.warnings.push(Warning::new(Loss::FieldDropped, format!("tool_choice ({kind})")));
            ToolChoice::Auto
        }
    });
    Ok(())
}

fn word_of(word: &str) -> Option<ToolChoice> {
    match word {
        "auto" => Some(ToolChoice::Auto),
        "none" => Some(ToolChoice::None),
        "required" => Some(ToolChoice::Any),
        _ => None,
    }
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
        if let ToolKind::Server { kind, .. } = &tool.kind {
            warnings.push(Warning::new(Loss::ToolDropped, format!("{at} ({kind})")));
            continue;
        }
        if written == 0 {
            writer.key("tools").open_array();
        }
        written += 1;
        write_tool(writer, tool, &at, target, memory, warnings);
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
            let custom =
                request.tools.iter().any(|tool| tool.name == *name && matches!(tool.kind, ToolKind::Custom { .. }));
            let name = memory.names.shorten(name, OPENAI_MAX);
            writer.key("tool_choice").open().text_field("type", if custom { "custom" } else { "function" });
            writer.text_field("name", &name).close();
        }
    }
    if let Some(parallel) = request.parallel_tools {
        writer.boolean_field("parallel_tool_calls", parallel);
    }
}

fn write_tool(
    writer: &mut Writer,
    tool: &Tool,
    at: &str,
    target: &Target,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) {
    let name = memory.names.shorten(&tool.name, OPENAI_MAX);
    let custom = matches!(tool.kind, ToolKind::Custom { .. });
    writer.open().text_field("type", if custom { "custom" } else { "function" }).text_field("name", &name);
    if let Some(description) = &tool.description {
        writer.text_field("description", description);
    }
    match &tool.kind {
        ToolKind::Custom { format } => {
            if let Some(format) = format {
                writer.raw_field("format", format.get());
            }
        }
        ToolKind::Function { schema } => {
            let schema = match schema {
                Some(schema) => schema::without(schema, &target.keywords_refused, at, warnings),
                None => schema::EMPTY.to_owned(),
            };
            writer.raw_field("parameters", &with_properties(schema));
            // The provider's default is strict, which refuses most schemas.
            writer.boolean_field("strict", tool.strict.unwrap_or(false));
        }
        ToolKind::Server { .. } => {}
    }
    writer.close();
}

/// The provider refuses the schema of an object without `properties`.
fn with_properties(schema: String) -> String {
    let Ok(fields) = serde_json::from_str::<Fields<'_>>(&schema) else { return schema };
    let is_object = fields.peek("type").is_some_and(|kind| kind.get() == "\"object\"");
    if !is_object || fields.peek("properties").is_some() {
        return schema;
    }
    let mut writer = Writer::with_capacity(schema.len() + 16);
    writer.open();
    for (key, raw) in fields.iter().filter(|(key, _)| *key != "properties") {
        writer.raw_field(key, raw.get());
    }
    writer.raw_field("properties", "{}").close();
    String::from_utf8(writer.finish()).expect("written from text")
}
