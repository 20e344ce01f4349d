//! The caller's inbox.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use legion_api::{AckRequest, Acked, Inbox, paths};
use legion_model::authority::Verb;
use legion_model::{Answer, MessageId, Order, Organisation, ProjectId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::change::{Change, unexpected};
use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::Params;
use crate::render::message;

/// Messages that one call acknowledges by their ids.
const ACK_MAX: usize = 1_000;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::ReadMail, routes!(inbox)).add(Verb::Acknowledge, routes!(ack))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InboxQuery {
    /// A project: its directory, a path inside of it, or its id.
    project: Option<String>,
}

/// The messages that the caller has not acknowledged, oldest first.
#[utoipa::path(
    get,
    path = paths::INBOX,
    tag = "messages",
    operation_id = "inbox",
    params(InboxQuery),
    responses((status = 200, body = Inbox))
)]
async fn inbox(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<InboxQuery>,
) -> Result<Json<Inbox>> {
    let projects = context.projects(caller, query.project.as_deref()).await?;
    let party = caller.party();
    let look = move |state: &Organisation| state.inbox(party).into_iter().map(message::letter).collect::<Vec<_>>();
    let letters = context.each(&projects, look).await?.into_iter().flatten().collect();
    Ok(Json(Inbox { messages: message::list(&context.engine, letters).await }))
}

/// Acknowledges messages of the caller's inbox: the given ones, or all but open permission requests.
#[utoipa::path(
    post,
    path = paths::INBOX_ACK,
    tag = "messages",
    operation_id = "ack",
    request_body = AckRequest,
    responses((status = 200, body = Acked))
)]
async fn ack(caller: Caller, State(context): State<Shared>, change: Change<AckRequest>) -> Result<Json<Acked>> {
    let Change { key, body } = change;
    let repeated = context.replayed(caller, key.as_ref()).await?.is_some();
    let projects = context.projects(caller, None).await?;
    let mut orders: BTreeMap<ProjectId, Option<Vec<MessageId>>> = BTreeMap::new();
    match body.messages {
        None => orders.extend(projects.iter().map(|(project, _)| (*project, None))),
        Some(ids) if ids.len() > ACK_MAX => {
            return Err(Fault::invalid(format!("{} messages are named; at most {ACK_MAX} are allowed", ids.len())));
        }
        Some(ids) => {
            for id in ids {
                match context.find_message(caller, &id).await {
                    Ok((project, message)) => {
                        orders.entry(project).or_default().get_or_insert_default().push(message);
                    }
                    // It was acknowledged by the first call, and has been forgotten since.
                    Err(_) if repeated => {}
                    Err(fault) => return Err(fault),
                }
            }
        }
    }
    if repeated {
        // Each project keeps the key by itself, and answers as before.
        let key = key.as_ref().map(|key| key.key.clone()).unwrap_or_default();
        for (project, _) in &projects {
            let (by, key) = (caller.party(), key.clone());
            if context.engine.read(*project, move |state| state.keys.contains_key(&(by, key))).await? {
                orders.entry(*project).or_insert_with(|| Some(Vec::new()));
            }
        }
    }
    let mut acked = 0;
    for (project, messages) in orders {
        let answer = context.engine.command(project, caller.party(), key.clone(), Order::Ack { messages }).await?;
        let Answer::Acked { messages } = answer else { return Err(unexpected(&answer)) };
        acked += messages;
    }
    Ok(Json(Acked { acked }))
}
