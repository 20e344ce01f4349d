//! Tools that a model may ask for.

use crate::neutral::Cache;
use serde_json::value::RawValue;

/// A tool that is offered to the model.
#[derive(Clone, Debug)]
pub struct Tool {
    /// As the client named it; encoders shorten it through the memory of the translation.
    pub name: String,
    pub description: Option<String>,
    pub kind: ToolKind,
    pub strict: Option<bool>,
    pub cache: Option<Cache>,
}

/// How a tool is called.
#[derive(Clone, Debug)]
pub enum ToolKind {
    /// With JSON of this schema, byte for byte as the client wrote it; `None` when the client gave none.
    Function { schema: Option<Box<RawValue>> },
    /// With free text, perhaps of a grammar.
    Custom { format: Option<Box<RawValue>> },
    /// Run by the provider; the type in its words and the whole declaration.
    Server { kind: String, raw: Box<RawValue> },
}

/// Which tools the model may, must or must not use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    Auto,
    /// At least one.
    Any,
    None,
    /// This one, by the client's name.
    Tool(String),
}
