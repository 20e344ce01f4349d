//! Arguments of a tool, read into a type.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::answer::ToolError;

/// Reads the arguments. What does not fit is told to the model in one sentence.
pub(crate) fn read<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, ToolError> {
    // Models write null for what they leave out.
    let given = arguments.into_iter().filter(|(_, value)| !value.is_null()).collect();
    serde_json::from_value(Value::Object(given)).map_err(|error| ToolError::Arguments(error.to_string()))
}
