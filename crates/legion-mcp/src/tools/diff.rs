//! `legion-diff`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::ticket;
use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ANSWER_BYTES_MAX, ToolError, compact, cut, size};
use crate::arguments::read;

pub(super) const NAME: &str = "legion-diff";

/// How much of the text is shown: JSON makes it longer.
const TEXT_BYTES_MAX: usize = ANSWER_BYTES_MAX / 2;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ticket: u32,
    #[serde(default)]
    stat: bool,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "See what a ticket changed",
        description: "See what a ticket changes: as its clone is now while it is worked on, what its attempt left, what was merged, or what was \
             secured when it was deleted. Files with lines added and deleted, and the diff (cut when it is long); with `stat` the files only.",
        schema: object(
            json!({
                "ticket": ticket("The ticket."),
                "stat": {"type": "boolean", "default": false, "description": "Only the files."}
            }),
            &["ticket"],
        ),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { ticket, stat } = read(arguments)?;
    let mut diff = caller.project().diff(ticket).await?;
    if stat {
        diff.text.clear();
    }
    let mut limit = TEXT_BYTES_MAX;
    loop {
        if diff.text.len() > limit {
            diff.text = cut(&diff.text, limit).to_owned();
            diff.cut = true;
        }
        let mut shown = compact(&diff);
        if size(&shown) <= ANSWER_BYTES_MAX {
            return Ok(shown);
        }
        if limit < 2 {
            // So many files that not even their names fit.
            let files = diff.files.len();
            diff.files.truncate(files / 2);
            shown["files_left_out"] = files.into();
            if diff.files.is_empty() {
                return Ok(shown);
            }
        }
        diff.cut = true;
        limit /= 2;
    }
}
