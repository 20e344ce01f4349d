//! Lines that agents wrote.

use jiff::Timestamp;
use legion_api as api;
use legion_engine::LogLines;

pub(crate) fn page(found: LogLines) -> api::LogPage {
    let lines = found
        .lines
        .iter()
        .map(|line| api::LogLine {
            at: i64::try_from(line.at_ms)
                .ok()
                .and_then(|ms| Timestamp::from_millisecond(ms).ok())
                .unwrap_or(Timestamp::MAX),
            stream: stream_word(&line.stream),
            text: line.text(),
        })
        .collect();
    api::LogPage { lines, next: found.next.to_string() }
}

/// `stdout` or `stderr`, the word under which the transcript keeps it.
fn stream_word(stream: &impl serde::Serialize) -> String {
    serde_json::to_value(stream).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
