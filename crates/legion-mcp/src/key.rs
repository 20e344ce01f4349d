//! Idempotency keys: the same call of a tool has the same key, however often it arrives.

use serde_json::{Map, Value};
use uuid::Uuid;

/// Ours alone, so that nobody else's names meet these.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c65_6769_6f6e_4d43_8050_7563_616c_6c73);

/// What is known of one call of a tool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// Who calls.
    pub(crate) caller: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) arguments: &'a Map<String, Value>,
    /// What the model called this use of the tool: the same when the call is repeated, even by another process.
    pub(crate) tool_use: Option<&'a str>,
    /// The session that the request belongs to; fresh where there are no sessions.
    pub(crate) session: Uuid,
    /// The id of the request within its session.
    pub(crate) request: &'a str,
}

/// The key of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(Uuid);

impl Key {
    pub(crate) fn of(call: Call<'_>) -> Self {
        let arguments = Value::Object(call.arguments.clone()).to_string();
        // NUL cannot be in the names, so no two calls are written alike.
        let (space, first, second) = match call.tool_use {
            Some(tool_use) => (NAMESPACE, call.caller, tool_use),
            None => (call.session, call.caller, call.request),
        };
        let name = [first, second, call.tool, &arguments].join("\0");
        Self(Uuid::new_v5(&space, name.as_bytes()))
    }

    /// A key for a step of the same call that depends on what was found on the way.
    pub(crate) fn step(self, found: &[String]) -> Self {
        Self(Uuid::new_v5(&self.0, found.join("\0").as_bytes()))
    }

    pub(crate) fn text(self) -> String {
        format!("mcp-{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_use_of_a_tool_has_the_same_key_in_every_session() {
        let arguments = json!({"task": "x"}).as_object().cloned().expect("an object");
        let other = json!({"task": "y"}).as_object().cloned().expect("an object");
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let call = Call {
            caller: "a",
            tool: "legion-hire",
            arguments: &arguments,
            tool_use: Some("toolu_1"),
            session: first,
            request: "7",
        };
        assert_eq!(Key::of(call), Key::of(Call { session: second, request: "8", ..call }));
        for different in [
            Call { caller: "b", ..call },
            Call { tool: "legion-tell", ..call },
            Call { tool_use: Some("toolu_2"), ..call },
            Call { arguments: &other, ..call },
            Call { tool_use: None, ..call },
        ] {
            assert_ne!(Key::of(call), Key::of(different), "{different:?}");
        }
        let call = Call { tool_use: None, ..call };
        assert_eq!(Key::of(call), Key::of(call));
        assert_ne!(Key::of(call), Key::of(Call { session: second, ..call }));
        assert_ne!(Key::of(call), Key::of(Call { request: "8", ..call }));
        assert_ne!(Key::of(call).step(&["m-1".to_owned()]), Key::of(call).step(&["m-2".to_owned()]));
    }
}
