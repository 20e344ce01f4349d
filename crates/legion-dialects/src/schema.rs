//! Schemas of tools: kept byte for byte unless a provider refuses something in them, then walked as schemas.

use crate::json::{Fields, Path, Writer, array};
use crate::warning::{Loss, Warning};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The schema of a tool that takes nothing.
pub const EMPTY: &str = r#"{"type":"object","properties":{}}"#;
/// Deeper schemas are left as they are: no tool has them, and a walk must end.
const DEPTH_MAX: usize = 64;
/// Parts of a combined schema that are gathered.
const PARTS_MAX: usize = 256;
/// Fields whose values are maps from names of properties to schemas: the names are no keywords.
const MAPS: &[&str] = &["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Fields whose values are lists of schemas.
const LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Fields whose values are schemas.
const SCHEMAS: &[&str] = &[
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedProperties",
];
/// What Anthropic refuses at the top.
const COMBINATIONS: &[&str] = &["allOf", "anyOf", "oneOf"];

/// The schema without refused keywords; the same bytes when it has none of them.
pub fn without(schema: &RawValue, refused: &[String], at: &str, warnings: &mut Vec<Warning>) -> String {
    if refused.is_empty() || !refused.iter().any(|keyword| schema.get().contains(keyword.as_str())) {
        return schema.get().to_owned();
    }
    let mut walk = Walk { refused, at, warnings, writer: Writer::with_capacity(schema.get().len()) };
    walk.schema(schema, 0);
    String::from_utf8(walk.writer.finish()).expect("written from text")
}

/// The schema in a form that Anthropic takes: an object at the top, without combinations or a reference there.
pub fn for_anthropic(schema: &RawValue, refused: &[String], at: &str, warnings: &mut Vec<Warning>) -> String {
    let schema_text = without(schema, refused, at, warnings);
    let flat = match serde_json::from_str::<Fields<'_>>(&schema_text) {
        Ok(fields) => flatten(&fields),
        Err(_) => Some(EMPTY.to_owned()),
    };
    match flat {
        None => schema_text,
        Some(flat) => {
            warnings.push(Warning::new(Loss::SchemaRewritten, at));
            flat
        }
    }
}

/// `None` when nothing is wrong with the top.
fn flatten(fields: &Fields<'_>) -> Option<String> {
    let combined = COMBINATIONS.iter().any(|keyword| fields.peek(keyword).is_some());
    let is_object = fields.peek("type").is_some_and(|raw| raw.get() == "\"object\"");
    if !combined && is_object && fields.peek("$ref").is_none() {
        return None;
    }
    let definitions = ["$defs", "definitions"];
    let mut gathered = Gathered::default();
    gathered.add(fields, fields, true, 0);
    let mut writer = Writer::default();
    writer.open().text_field("type", "object");
    let kept = |key: &str| {
        key != "type" && key != "$ref" && key != "properties" && key != "required" && !COMBINATIONS.contains(&key)
    };
    for (key, raw) in fields.iter().filter(|(key, _)| kept(key) && !definitions.contains(key)) {
        writer.raw_field(key, raw.get());
    }
    writer.key("properties").open();
    for (name, schema) in &gathered.properties {
        writer.raw_field(name, schema);
    }
    writer.close();
    if !gathered.required.is_empty() {
        writer.key("required").open_array();
        for name in &gathered.required {
            writer.string(name);
        }
        writer.close_array();
    }
    for key in definitions {
        if let Some(raw) = fields.peek(key) {
            writer.raw_field(key, raw.get());
        }
    }
    writer.close();
    Some(String::from_utf8(writer.finish()).expect("written from text"))
}

/// What the parts of a combined schema say together.
#[derive(Default)]
struct Gathered {
    properties: Vec<(String, String)>,
    required: Vec<String>,
    /// Parts looked at: references in a circle multiply with each round.
    parts: usize,
}

impl Gathered {
    /// Adds a part. What only one alternative needs is not needed by all.
    fn add(&mut self, root: &Fields<'_>, part: &Fields<'_>, always: bool, depth: usize) {
        self.parts += 1;
        if depth > DEPTH_MAX || self.parts > PARTS_MAX {
            return;
        }
        if let Some(referred) = part.peek("$ref").and_then(|reference| resolve(root, reference)) {
            self.add(root, &referred, always, depth + 1);
        }
        let properties = part.peek("properties").and_then(|raw| serde_json::from_str::<Fields<'_>>(raw.get()).ok());
        for (name, schema) in properties.iter().flat_map(Fields::iter) {
            if !self.properties.iter().any(|(known, _)| known == name) {
                self.properties.push((name.to_owned(), schema.get().to_owned()));
            }
        }
        let required = part.peek("required").and_then(|raw| serde_json::from_str::<Vec<String>>(raw.get()).ok());
        if always {
            for name in required.into_iter().flatten() {
                if !self.required.contains(&name) {
                    self.required.push(name);
                }
            }
        }
        for keyword in COMBINATIONS {
            let parts = part.peek(keyword).and_then(|raw| serde_json::from_str::<Vec<Fields<'_>>>(raw.get()).ok());
            let parts = parts.unwrap_or_default();
            let all = *keyword == "allOf" || parts.len() == 1;
            for part in &parts {
                self.add(root, part, always && all, depth + 1);
            }
            if !all && always {
                self.needed_by_each(&parts);
            }
        }
    }

    /// What each alternative needs is needed.
    fn needed_by_each(&mut self, parts: &[Fields<'_>]) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for part in parts {
            let required = part.peek("required").and_then(|raw| serde_json::from_str::<Vec<String>>(raw.get()).ok());
            for name in required.into_iter().flatten() {
                *counts.entry(name).or_default() += 1;
            }
        }
        let needed = counts.into_iter().filter(|(_, count)| *count == parts.len()).map(|(name, _)| name);
        for name in needed {
            if !self.required.contains(&name) {
                self.required.push(name);
            }
        }
    }
}

/// A reference into the schema's own definitions.
fn resolve<'a>(root: &Fields<'a>, reference: &RawValue) -> Option<Fields<'a>> {
    let reference: String = serde_json::from_str(reference.get()).ok()?;
    let (map, name) = reference.strip_prefix("#/")?.split_once('/')?;
    let definitions: Fields<'a> = serde_json::from_str(root.peek(map)?.get()).ok()?;
    serde_json::from_str(definitions.peek(name)?.get()).ok()
}

struct Walk<'w> {
    refused: &'w [String],
    at: &'w str,
    warnings: &'w mut Vec<Warning>,
    writer: Writer,
}

impl Walk<'_> {
    fn schema(&mut self, raw: &RawValue, depth: usize) {
        let fields = match serde_json::from_str::<Fields<'_>>(raw.get()) {
            Ok(fields) if depth < DEPTH_MAX => fields,
            // `true`, `false`, or not a schema at all.
            _ => {
                self.writer.raw(raw.get());
                return;
            }
        };
        self.writer.open();
        for (key, value) in fields.iter() {
            if self.refused.iter().any(|keyword| keyword == key) {
                self.warnings.push(Warning::new(Loss::KeywordDropped, format!("{} {key}", self.at)));
                continue;
            }
            self.writer.key(key);
            if MAPS.contains(&key) {
                self.map(value, depth);
            } else if LISTS.contains(&key) || (key == "items" && value.get().starts_with('[')) {
                self.list(value, depth);
            } else if SCHEMAS.contains(&key) {
                self.schema(value, depth + 1);
            } else {
                self.writer.raw(value.get());
            }
        }
        self.writer.close();
    }

    fn map(&mut self, raw: &RawValue, depth: usize) {
        let Ok(fields) = serde_json::from_str::<Fields<'_>>(raw.get()) else {
            self.writer.raw(raw.get());
            return;
        };
        self.writer.open();
        for (name, schema) in fields.iter() {
            self.writer.key(name);
            self.schema(schema, depth + 1);
        }
        self.writer.close();
    }

    fn list(&mut self, raw: &RawValue, depth: usize) {
        let Ok(parts) = array(raw, &Path::Root) else {
            self.writer.raw(raw.get());
            return;
        };
        self.writer.open_array();
        for part in parts {
            self.schema(part, depth + 1);
        }
        self.writer.close_array();
    }
}
