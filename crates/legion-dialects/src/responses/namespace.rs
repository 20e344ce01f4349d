//! Names of tools in namespaces.

use crate::json::Writer;
use crate::translate::Memory;

/// What joins a namespace and a name where there are no namespaces.
const BETWEEN: &str = "__";

/// The one name of a tool that may stand in a namespace.
pub fn full_name(namespace: Option<&str>, name: String) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}{BETWEEN}{name}"),
        None => name,
    }
}

/// Writes `name`, and `namespace` where the client's request had the tool in one.
pub fn write_name(writer: &mut Writer, full: &str, memory: &Memory) {
    match memory.namespaced.get(full) {
        Some((namespace, name)) => writer.text_field("namespace", namespace).text_field("name", name),
        None => writer.text_field("name", full),
    };
}
