//! Tools and their choice.

use crate::anthropic::media;
use crate::error::Refused;
use crate::json::{Fields, Path, Writer, objects};
use crate::names;
use crate::neutral::{Request, Tool, ToolChoice, ToolKind};
use crate::schema;
use crate::translate::{Memory, Target, custom};
use crate::warning::{Loss, Warning};
use serde_json::value::RawValue;

/// Reads `tools` and `tool_choice`.
pub fn read(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let path = Path::Root.key("tools");
    if let Some(raw) = fields.take("tools") {
        let raws: Vec<&RawValue> = crate::json::array(raw, &path)?;
        for (index, (tool, raw)) in objects(raw, &path)?.into_iter().zip(raws).enumerate() {
            let tool = read_tool(tool, raw, &path.index(index), &mut request.warnings)?;
            request.tools.push(tool);
        }
    }
    let path = Path::Root.key("tool_choice");
    let Some(mut choice) = fields.object("tool_choice", &Path::Root)? else { return Ok(()) };
    request.tool_choice = Some(match choice.string_needed("type", &path)?.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Any,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Tool(choice.string_needed("name", &path)?),
        _ => return Err(Refused::new(&path.key("type"), "must be auto, any, tool or none")),
    });
    request.parallel_tools = choice.boolean("disable_parallel_tool_use", &path)?.map(|disabled| !disabled);
    Ok(())
}

fn read_tool(
    mut tool: Fields<'_>,
    raw: &RawValue,
    path: &Path<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Tool, Refused> {
    let name = tool.string_needed("name", path)?;
    let kind = tool.string("type", path)?.filter(|kind| kind != "custom");
    if let Some(kind) = kind {
        let kind = ToolKind::Server { kind, raw: raw.to_owned() };
        return Ok(Tool { name, description: None, kind, strict: None, cache: None });
    }
    let tool_read = Tool {
        description: tool.string("description", path)?,
        kind: ToolKind::Function { schema: tool.take("input_schema").map(ToOwned::to_owned) },
        strict: tool.boolean("strict", path)?,
        cache: media::cache(&mut tool, path)?,
        name,
    };
    warnings.extend(tool.rest().map(|(field, _)| Warning::new(Loss::FieldDropped, format!("{path}.{field}"))));
    Ok(tool_read)
}

/// Writes `tools` and `tool_choice`.
pub fn write(
    writer: &mut Writer,
    request: &Request,
    target: &Target,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) {
    let mut written = 0;
    for (index, tool) in request.tools.iter().enumerate() {
        let schema = match &tool.kind {
            ToolKind::Function { schema: Some(schema) } => {
                schema::for_anthropic(schema, &target.keywords_refused, &format!("tools[{index}]"), warnings)
            }
            ToolKind::Function { schema: None } => schema::EMPTY.to_owned(),
            ToolKind::Custom { .. } => custom::SCHEMA.to_owned(),
            ToolKind::Server { kind, .. } => {
                warnings.push(Warning::new(Loss::ToolDropped, format!("tools[{index}] ({kind})")));
                continue;
            }
        };
        if written == 0 {
            writer.key("tools").open_array();
        }
        written += 1;
        let name = memory.names.shorten(&tool.name, names::ANTHROPIC_MAX);
        writer.open().text_field("name", &name);
        if let Some(description) = &tool.description {
            writer.text_field("description", description);
        }
        writer.raw_field("input_schema", &schema);
        media::write_cache(writer, tool.cache.as_ref());
        writer.close();
    }
    if written == 0 {
        return;
    }
    writer.close_array();
    write_choice(writer, request, memory);
}

fn write_choice(writer: &mut Writer, request: &Request, memory: &mut Memory) {
    if request.tool_choice.is_none() && request.parallel_tools.is_none() {
        return;
    }
    writer.key("tool_choice").open();
    match &request.tool_choice {
        None | Some(ToolChoice::Auto) => writer.text_field("type", "auto"),
        Some(ToolChoice::Any) => writer.text_field("type", "any"),
        Some(ToolChoice::None) => writer.text_field("type", "none"),
        Some(ToolChoice::Tool(name)) => {
            writer.text_field("type", "tool").text_field("name", &memory.names.shorten(name, names::ANTHROPIC_MAX))
        }
    };
    if let (Some(parallel), false) = (request.parallel_tools, request.tool_choice == Some(ToolChoice::None)) {
        writer.boolean_field("disable_parallel_tool_use", !parallel);
    }
    writer.close();
}
