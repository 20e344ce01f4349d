//! `legion-check`.

use legion_api::{Ticket, TicketDetail, TicketStatus};
use legion_client::TicketFilter;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::{only_session, ticket};
use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ANSWER_BYTES_MAX, ToolError, compact, cut, size};
use crate::arguments::read;

pub(super) const NAME: &str = "legion-check";

/// How much of a text of one ticket is shown.
const TEXT_BYTES_MAX: usize = 300;
/// How much of a text is shown where one ticket is looked at.
const DETAIL_BYTES_MAX: usize = 3_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ticket: Option<u32>,
    status: Option<TicketStatus>,
    session: Option<String>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Look at the tickets",
        description: "See the tickets: counts by status, and for each its status, merge state, what it waits for, attempts, and why it was \
             closed or its last attempt failed. With `ticket`, everything about one: prompt, criteria, attempts with the output of what failed, \
             verdicts of gates. Look once for an overview; do not call it in a loop: you are told when a ticket is closed.",
        schema: object(
            json!({
                "ticket": ticket("Show everything about this one."),
                "status": {"type": "string", "enum": TicketStatus::ALL.map(TicketStatus::as_str), "description": "Only tickets that stand there."},
                "session": only_session()
            }),
            &[],
        ),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { ticket, status, session } = read(arguments)?;
    let project = caller.project();
    if let Some(ticket) = ticket {
        return Ok(show_detail(&project.ticket(ticket).await?));
    }
    let filter = TicketFilter { session, status: status.into_iter().collect(), ..TicketFilter::default() };
    let page = project.tickets(&filter).await?;
    let mut counts = compact(&page.counts);
    counts.as_object_mut().expect("counts are an object").retain(|_, count| *count != 0);
    let mut shown: Vec<Value> = page.tickets.iter().map(row).collect();
    let all = shown.len();
    let mut answer = json!({"counts": counts, "tickets": shown});
    while size(&answer) > ANSWER_BYTES_MAX && !shown.is_empty() {
        shown.truncate(shown.len() / 2);
        answer["tickets"] = shown.clone().into();
    }
    let left_out = all - shown.len();
    if left_out > 0 || page.next.is_some() {
        answer["left_out"] =
            format!("{left_out} and what comes after them: ask with `status`, or for one with `ticket`").into();
    }
    Ok(answer)
}

/// What a leader needs of a ticket, in few words.
fn row(ticket: &Ticket) -> Value {
    let mut row = json!({"id": ticket.id, "title": cut(&ticket.title, TEXT_BYTES_MAX), "status": ticket.status});
    let mut put = |name: &str, value: Value| row[name] = value;
    if ticket.merge.as_str() != "none" {
        put("merge", ticket.merge.as_str().into());
    }
    if let Some(stage) = ticket.stage {
        put("stage", stage.as_str().into());
    }
    if !ticket.after.is_empty() {
        put("after", compact(&ticket.after));
    }
    if ticket.attempts > 0 {
        put("attempts", ticket.attempts.into());
    }
    if ticket.checkpoint {
        put("checkpoint", true.into());
    }
    if let Some(worker) = ticket.worker {
        put("worker", worker.into());
    }
    if let Some(why) = ticket.why.as_deref().filter(|_| ticket.status != TicketStatus::Done) {
        put("why", cut(why, TEXT_BYTES_MAX).into());
    }
    if let Some(summary) = ticket.summary.as_deref().filter(|_| ticket.status.is_closed()) {
        put("summary", cut(summary, TEXT_BYTES_MAX).into());
    }
    row
}

fn show_detail(detail: &TicketDetail) -> Value {
    let mut shown = compact(detail);
    let mut limit = DETAIL_BYTES_MAX;
    cut_texts(&mut shown, limit);
    // Many long texts: each is cut shorter until all of them fit.
    while size(&shown) > ANSWER_BYTES_MAX && limit > 16 {
        limit /= 2;
        cut_texts(&mut shown, limit);
    }
    shown
}

fn cut_texts(value: &mut Value, limit: usize) {
    match value {
        Value::String(text) if text.len() > limit => {
            let kept = cut(text, limit).trim_end_matches(" […]").to_owned();
            *text = format!("{kept} […]");
        }
        Value::Array(items) => items.iter_mut().for_each(|item| cut_texts(item, limit)),
        Value::Object(fields) => fields.values_mut().for_each(|field| cut_texts(field, limit)),
        _ => {}
    }
}
