//! A route may ask for another model than the caller. Claude Code does not send thoughts back to a model that it did not ask for, so
//! that an Anthropic answer names the model that was asked for. Which one it was stands in the header `legion-route`.

use std::collections::VecDeque;

use bytes::Bytes;
use legion_dialects::{Dialect, scan};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lane::asked::Asked;
use crate::route::Stop;

/// Whether the answer of a provider of the caller's own dialect names another model than the caller.
pub(super) fn is_renamed(asked: &Asked, stop: &Stop, dialect: Dialect) -> bool {
    dialect == Dialect::Anthropic && asked.dialect == dialect && stop.model != asked.head.model
}

/// The first event of an answer.
#[derive(Deserialize)]
struct Start<'a> {
    #[serde(borrow)]
    message: &'a RawValue,
}

/// Writes the caller's name of the model into the first event. What is not of the form that is known stays as it is.
pub(super) fn begin(begun: &mut VecDeque<Bytes>, model: &str) {
    let all = begun.iter().fold(Vec::new(), |mut all, bytes| {
        all.extend_from_slice(bytes);
        all
    });
    if let Some(renamed) = renamed(&all, model) {
        *begun = VecDeque::from([Bytes::from(renamed)]);
    }
}

fn renamed(bytes: &[u8], model: &str) -> Option<Vec<u8>> {
    const DATA: &[u8] = b"data:";
    let mut from = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let begins = from;
        from += line.len();
        let Some(data) = line.strip_prefix(DATA) else { continue };
        let Ok(start) = serde_json::from_slice::<Start<'_>>(data) else { continue };
        let message = start.message.get().as_bytes();
        // The message is a part of the line: their addresses tell which.
        let at = begins + (message.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
        let message = scan::splice_model(message, model).ok()?;
        let end = at + start.message.get().len();
        return Some([&bytes[..at], &message, &bytes[end..]].concat());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_models_name_of_the_first_event_changes() {
        let first = "event: message_start\ndata: {\"type\":\"message_start\", \"message\":{\"id\":\"1\",\"model\" : \"big\",\"x\":[ ]}}\n\n";
        let rest = "event: ping\ndata: {\"type\":\"ping\"}\n\ndata: half";
        let text = format!("{rest}\n\n{first}{rest}");
        let (a, b) = text.as_bytes().split_at(text.len() / 2);
        let mut begun = VecDeque::from([Bytes::copy_from_slice(a), Bytes::copy_from_slice(b)]);
        begin(&mut begun, "small");
        assert_eq!(begun.len(), 1);
        assert_eq!(String::from_utf8_lossy(&begun[0]), text.replace("big", "small"));
    }

    #[test]
    fn what_is_not_known_stays() {
        let mut begun = VecDeque::from([Bytes::from_static(b"data: {\"type\":\"error\"}\n\n")]);
        begin(&mut begun, "small");
        assert_eq!(begun[0], "data: {\"type\":\"error\"}\n\n");
    }
}
