//! Arguments of a tool, read into a type.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::answer::ToolError;

/// Those of a tool that takes none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoArguments {}

/// Reads the arguments. What does not fit is told to the model in one sentence that names the argument.
pub(crate) fn read<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, ToolError> {
    // Models write null for what they leave out.
    let given: Map<String, Value> = arguments.into_iter().filter(|(_, value)| !value.is_null()).collect();
    parse(&given).map_err(|what| {
        let culprit = given.keys().find(|name| {
            let mut rest = given.clone();
            rest.remove(*name);
            parse::<T>(&rest).err().as_ref() != Some(&what)
        });
        ToolError::Arguments(match culprit {
            Some(name) => format!("`{name}`: {what}"),
            None => what,
        })
    })
}

fn parse<T: DeserializeOwned>(given: &Map<String, Value>) -> Result<T, String> {
    T::deserialize(given).map_err(|error| error.to_string())
}
