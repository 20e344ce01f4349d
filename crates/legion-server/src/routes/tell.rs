//! Tell, and one message with how far it got.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{self as api, Message, TellRequest, Told, paths};
use legion_model::authority::{Verb, authorise};
use legion_model::{
    Answer, Body, Event, MessageId, MessageState, Order, Organisation, Party, ProjectId, Refusal, RefusalKind, Urgency,
};
use legion_runtime::new_id;
use utoipa_axum::routes;

use crate::address::Found;
use crate::change::{Change, unexpected};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::Id;
use crate::render::message;

/// Characters from which on the beginning of an id counts.
const PREFIX_CHARS_MIN: usize = 4;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Tell, routes!(tell)).add(Verb::ReadMail, routes!(one))
}

/// Tells an agent something; an agent may tell the person at `root`.
#[utoipa::path(
    post,
    path = paths::AGENT_MESSAGES,
    tag = "messages",
    operation_id = "tell",
    params(("id" = String, Path, description = "`root`, a UUID, the beginning of one, or a name")),
    request_body = TellRequest,
    responses((status = 201, description = "The message is in the log", body = Told))
)]
async fn tell(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    change: Change<TellRequest>,
) -> Result<(StatusCode, Json<Told>)> {
    let Change { key, body } = change;
    let (project, answer) = match context.replayed(caller, key.as_ref()).await? {
        Some(known) => known,
        None => {
            let (project, to) = match (context.find(caller, &id).await?, caller.project()) {
                (Found::Root, None) => return Err(Fault::invalid("the person cannot tell itself something")),
                (Found::Root, Some(project)) => (project, Party::Root),
                (found, _) => {
                    let (project, agent) = found.for_order("told")?;
                    (project, agent.into())
                }
            };
            let bytes = body.text.len() as u64;
            let text = accepted(&context, caller, project, Verb::Tell, to, body.text).await?;
            let order =
                Order::Tell { message: MessageId(new_id()), to, body: text, bytes, now: body.now, deadline: body.by };
            (project, context.engine.command(project, caller.party(), key, order).await?)
        }
    };
    let Answer::Told { message } = answer else { return Err(unexpected(&answer)) };
    let receipt = context.engine.read(project, move |state| receipt(state, message)).await?;
    let receipt = match receipt {
        Some(receipt) => receipt,
        None => recalled(&context, project, message).await?,
    };
    Ok((StatusCode::CREATED, Json(receipt)))
}

/// A text on its way into the log. It is refused before it is stored when its sender may not send it, or it is too long.
pub(super) async fn accepted(
    context: &Context,
    caller: Caller,
    project: ProjectId,
    verb: Verb,
    to: Party,
    text: String,
) -> Result<Body> {
    let max = context.engine.bounds().text_bytes_max;
    if text.len() as u64 > max {
        let what = format!("the message has {} bytes; at most {max} are allowed", text.len());
        let refusal = Refusal::new(RefusalKind::TooLarge, what);
        return Err(refusal.hint("put the long part into a file and name the file").into());
    }
    if text.len() > Body::INLINE_BYTES_MAX {
        let by = caller.party();
        context.engine.read(project, move |state| authorise(state, by, verb, to)).await??;
    }
    Ok(context.engine.body(text).await?)
}

fn receipt(state: &Organisation, id: MessageId) -> Option<Told> {
    let letter = state.messages.get(&id)?;
    Some(Told {
        id: id.to_string(),
        to: letter.to.to_string(),
        state: message::state(letter.state),
        delivery: delivery(state, letter),
    })
}

/// When it will reach its reader, in a few words.
fn delivery(state: &Organisation, letter: &legion_model::Message) -> String {
    let Some(agent) = letter.to.agent() else { return "it is in the person's inbox".to_owned() };
    match letter.state {
        MessageState::Injected => return "it is being handed to the agent".to_owned(),
        MessageState::Seen => return "the agent has it".to_owned(),
        MessageState::Acted => return "the agent has handled it".to_owned(),
        MessageState::Expired => return "it was not delivered".to_owned(),
        MessageState::Accepted => {}
    }
    let Some(agent) = state.agents.get(&agent) else { return "it was not delivered".to_owned() };
    let steers = agent.spec.driver.capabilities().steers;
    match (&agent.run, letter.urgency) {
        (None, _) => "as soon as its next run can begin".to_owned(),
        (Some(_), Urgency::Now) if steers => "at the next tool boundary of its turn".to_owned(),
        (Some(_), Urgency::Now) => {
            format!("when its run ends: the driver `{}` cannot take a message before", agent.spec.driver.as_str())
        }
        (Some(_), _) => "when its turn ends".to_owned(),
    }
}

/// The receipt of a message that was settled so long ago that the state has forgotten it.
async fn recalled(context: &Context, project: ProjectId, id: MessageId) -> Result<Told> {
    let mut to = None;
    let expired = context.recall(project, |event, _| {
        match event {
            Event::MessageAccepted { message, to: reader, .. } if *message == id => to = Some(*reader),
            Event::MessageExpired { message, .. } if *message == id => return Some(()),
            _ => {}
        }
        None
    });
    let expired = expired.await?.is_some();
    let to = to.ok_or_else(|| Fault::internal(format!("the message {id} is not in the log")))?;
    let (state, delivery) = match expired {
        true => (api::MessageState::Expired, "it was not delivered"),
        false => (api::MessageState::Acted, "its reader has handled it"),
    };
    Ok(Told { id: id.to_string(), to: to.to_string(), state, delivery: delivery.to_owned() })
}

/// One message with its delivery state. An agent reads those to and from itself and its subtree.
#[utoipa::path(
    get,
    path = paths::MESSAGE,
    tag = "messages",
    operation_id = "message",
    params(("id" = String, Path, description = "A UUID, or the beginning of one")),
    responses((status = 200, body = Message))
)]
async fn one(caller: Caller, State(context): State<Shared>, Id(id): Id) -> Result<Json<Message>> {
    let (project, message) = context.find_message(caller, &id).await?;
    let party = caller.party();
    let look = move |state: &Organisation| {
        let found = state.messages.get(&message)?;
        let allowed = authorise(state, party, Verb::ReadMail, message);
        Some(allowed.map(|()| message::letter(found)))
    };
    let letter = context.engine.read(project, look).await?.ok_or_else(|| no_message(&id))??;
    Ok(Json(message::whole(&context.engine, letter).await?))
}

pub(super) fn no_message(id: &str) -> Fault {
    Fault::not_found(format!("no message has the id `{id}`")).hint("`legion inbox` lists what is not acknowledged")
}

impl Context {
    /// Finds a message that the caller may know of, by its id or the beginning of it.
    pub(super) async fn find_message(&self, caller: Caller, text: &str) -> Result<(ProjectId, MessageId)> {
        let (by, hex) = (caller.party(), text.replace('-', "").to_ascii_lowercase());
        if hex.len() < PREFIX_CHARS_MIN || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(no_message(text));
        }
        let mut found = Vec::new();
        for (project, _) in self.projects(caller, None).await? {
            let hex = hex.clone();
            let look = move |state: &Organisation| {
                let begins = |id: &MessageId| id.0.simple().to_string().starts_with(&hex);
                let known =
                    |m: &legion_model::Message| hex.len() == 32 || authorise(state, by, Verb::ReadMail, m.id).is_ok();
                let ids = state.messages.values().filter(|m| begins(&m.id) && known(m)).map(|m| m.id);
                ids.collect::<Vec<_>>()
            };
            found.extend(self.engine.read(project, look).await?.into_iter().map(|id| (project, id)));
        }
        match found.as_slice() {
            [] => Err(no_message(text)),
            [one] => Ok(*one),
            many => Err(Fault::new(
                api::ProblemCode::Conflict,
                format!("`{text}` is the beginning of the ids of {} messages", many.len()),
            )
            .hint("give more of it")),
        }
    }
}
