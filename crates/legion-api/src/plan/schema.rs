//! The JSON Schema of a plan, made from the types.

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::types::Plan;

/// The schema of a plan (JSON Schema 2020-12) as pretty JSON with a line end. It holds for TOML too, which has the same shape.
pub fn plan_schema() -> String {
    let mut parts = Vec::new();
    Plan::schemas(&mut parts);
    let mut definitions = Map::new();
    for (name, schema) in parts {
        definitions.insert(name, local(serde_json::to_value(schema).expect("a schema is plain data")));
    }
    let plan = local(serde_json::to_value(Plan::schema()).expect("a schema is plain data"));
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Legion plan",
    });
    let all = document.as_object_mut().expect("made as an object above");
    if let Value::Object(plan) = plan {
        all.extend(plan);
    }
    all.insert("$defs".to_owned(), Value::Object(definitions));
    // Whether a map keeps the order of insertion depends on what else is built with it.
    document.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&document).expect("a schema is plain data");
    text.push('\n');
    text
}

/// References of OpenAPI become references inside the document.
fn local(schema: Value) -> Value {
    match schema {
        Value::String(text) => match text.strip_prefix("#/components/schemas/") {
            Some(name) => Value::String(format!("#/$defs/{name}")),
            None => Value::String(text),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(local).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, local(value))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_that_is_checked_in_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plan.schema.json");
        let checked_in = std::fs::read_to_string(path).expect("docs/plan.schema.json");
        assert!(
            checked_in == plan_schema(),
            "docs/plan.schema.json is old: run `cargo run -p legion-api --example plan_schema > docs/plan.schema.json`"
        );
    }

    #[test]
    fn every_reference_of_the_schema_leads_somewhere() {
        let text = plan_schema();
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut references = 0;
        for line in text.lines().filter(|line| line.contains("\"$ref\"")) {
            let target = line.split('"').nth(3).unwrap();
            assert!(document.pointer(target.strip_prefix('#').unwrap()).is_some(), "{target}");
            references += 1;
        }
        assert!(references > 5, "{text}");
    }
}
