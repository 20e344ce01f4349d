//! The tools that a request offers, and how each wants to be called.

use serde_json::Value;

/// What joins a namespace and a tool's name where a dialect has no namespaces.
const NAMESPACE_SEPARATOR: &str = "__";

/// How a tool is called.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::model_server) enum Style {
    /// With a JSON object.
    #[default]
    Function,
    /// With a text: a `custom` tool of the Responses API.
    Custom,
}

/// A tool that a request offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::model_server) struct Tool {
    pub name: String,
    /// Of the Responses API: the namespace that the name stands in.
    pub namespace: Option<String>,
    pub style: Style,
}

impl Tool {
    /// Returns the name under which scripts and tests know the tool: with its namespace before it.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}{NAMESPACE_SEPARATOR}{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Returns the tool that a script means by `name`: one that is offered, else a function of that name.
pub(in crate::model_server) fn find(tools: &[Tool], name: &str) -> Tool {
    tools
        .iter()
        .find(|tool| tool.full_name() == name)
        .or_else(|| tools.iter().find(|tool| tool.name == name))
        .cloned()
        .unwrap_or_else(|| Tool { name: name.to_owned(), ..Tool::default() })
}

pub(super) fn of_anthropic(body: &Value) -> Vec<Tool> {
    list(body).filter_map(|tool| function(&tool["name"])).collect()
}

pub(super) fn of_chat(body: &Value) -> Vec<Tool> {
    list(body).filter_map(|tool| function(&tool["function"]["name"])).collect()
}

pub(super) fn of_responses(body: &Value) -> Vec<Tool> {
    let mut tools = Vec::new();
    for tool in list(body) {
        if tool["type"] == "namespace" {
            let namespace = tool["name"].as_str().map(str::to_owned);
            let inner = list(tool).filter_map(of_response);
            tools.extend(inner.map(|tool| Tool { namespace: namespace.clone(), ..tool }));
        } else {
            tools.extend(of_response(tool));
        }
    }
    tools
}

fn of_response(tool: &Value) -> Option<Tool> {
    let style = if tool["type"] == "custom" { Style::Custom } else { Style::Function };
    // Tools that the provider runs itself have a type and no name.
    let tool = function(&tool["name"]).or_else(|| function(&tool["type"]))?;
    Some(Tool { style, ..tool })
}

fn function(name: &Value) -> Option<Tool> {
    Some(Tool { name: name.as_str()?.to_owned(), ..Tool::default() })
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value["tools"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_in_a_namespace_is_found_by_its_full_name_and_an_unknown_one_is_a_function() {
        let tools = of_responses(&json!({"tools": [
            {"type": "function", "name": "exec_command"},
            {"type": "custom", "name": "apply_patch"},
            {"type": "namespace", "name": "mcp__legion", "tools": [{"type": "function", "name": "send"}]},
            {"type": "web_search"},
        ]}));
        let names: Vec<String> = tools.iter().map(Tool::full_name).collect();
        assert_eq!(names, ["exec_command", "apply_patch", "mcp__legion__send", "web_search"]);
        assert_eq!(find(&tools, "mcp__legion__send").namespace.as_deref(), Some("mcp__legion"));
        assert_eq!(find(&tools, "apply_patch").style, Style::Custom);
        assert_eq!(find(&tools, "nobody"), Tool { name: "nobody".to_owned(), ..Tool::default() });
    }
}
