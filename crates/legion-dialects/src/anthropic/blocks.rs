//! Content blocks as they stand in requests and answers alike.

use crate::json::{Writer, is_object};
use crate::neutral::{Thinking, ToolCall};
use crate::translate::custom;
use crate::warning::{Loss, Warning};

/// How Claude Code's attribution text begins. Its hash changes with every call.
const BILLING: &str = "x-anthropic-billing-header:";

/// Whether a text of the system prompt is Claude Code's attribution.
pub fn is_billing(text: &str) -> bool {
    text.trim_start().starts_with(BILLING)
}

pub fn write_thinking(writer: &mut Writer, thinking: &Thinking, signature: &str) {
    writer.open();
    if thinking.redacted {
        writer.text_field("type", "redacted_thinking").text_field("data", signature);
    } else {
        writer.text_field("type", "thinking").text_field("thinking", &thinking.text);
        writer.text_field("signature", signature);
    }
    writer.close();
}

/// Writes the fields of a call, without closing the block: a marker may follow.
pub fn write_call(writer: &mut Writer, call: &ToolCall, name: &str, warnings: &mut Vec<Warning>) {
    writer.open().text_field("type", "tool_use").text_field("id", &call.id).text_field("name", name);
    let arguments = call.arguments.trim();
    if call.custom {
        writer.raw_field("input", &custom::wrap(&call.arguments));
    } else if arguments.is_empty() {
        writer.raw_field("input", "{}");
    } else if is_object(arguments) {
        writer.raw_field("input", arguments);
    } else {
        warnings.push(Warning::new(Loss::ArgumentsWrapped, &call.id));
        writer.key("input").open().text_field("raw_arguments", &call.arguments).close();
    }
}
