//! Permission requests.

use axum::Json;
use axum::extract::State;
use legion_api::{self as api, ApprovalDecision, ApprovalList, DecideRequest, paths};
use legion_model::authority::Verb;
use legion_model::{Answer, ApprovalId, Event, Order, Organisation, ProjectId, Verdict};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::change::{Change, unexpected};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params};
use crate::render::approval::{self, Asked};

/// Characters from which on the beginning of an id counts.
const PREFIX_CHARS_MIN: usize = 4;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeApprovals, routes!(approvals)).add(Verb::DecideApproval, routes!(decide))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ApprovalsQuery {
    /// A project: its directory, a path inside of it, or its id.
    project: Option<String>,
}

/// Permission requests that wait for the person, oldest first. For the person.
#[utoipa::path(
    get,
    path = paths::APPROVALS,
    tag = "approvals",
    operation_id = "approvals",
    params(ApprovalsQuery),
    responses((status = 200, body = ApprovalList))
)]
async fn approvals(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ApprovalsQuery>,
) -> Result<Json<ApprovalList>> {
    let projects = context.projects(caller, query.project.as_deref()).await?;
    let look = |state: &Organisation| {
        let open = state.approvals.values().filter(|approval| approval.verdict.is_none());
        open.map(|open| approval::asked(state, open)).collect::<Vec<_>>()
    };
    let mut open: Vec<Asked> = context.each(&projects, look).await?.into_iter().flatten().collect();
    open.sort_by(|a, b| (a.approval.at, &a.approval.id).cmp(&(b.approval.at, &b.approval.id)));
    let mut approvals = Vec::with_capacity(open.len());
    for asked in open {
        approvals.push(approval::whole(&context.engine, asked).await?);
    }
    Ok(Json(ApprovalList { approvals }))
}

/// Decides a permission request, and gives it back as it was asked. For the person.
#[utoipa::path(
    post,
    path = paths::APPROVAL,
    tag = "approvals",
    operation_id = "decide",
    params(("id" = String, Path, description = "A UUID, or the beginning of one")),
    request_body = DecideRequest,
    responses((status = 200, body = api::Approval))
)]
async fn decide(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    change: Change<DecideRequest>,
) -> Result<Json<api::Approval>> {
    let Change { key, body } = change;
    let repeated = context.replayed(caller, key.as_ref()).await?;
    let (project, approval) = match (&repeated, context.find_approval(caller, &id).await) {
        (_, Ok(found)) => found,
        (Some((project, _)), Err(_)) => return Ok(Json(recalled(&context, *project, &id).await?)),
        (None, Err(fault)) => return Err(fault),
    };
    // Looked at before it is decided: the answer to the agent may be written, and the request forgotten, at once.
    let look = move |state: &Organisation| state.approvals.get(&approval).map(|open| approval::asked(state, open));
    let asked = context.engine.read(project, look).await?.ok_or_else(|| no_approval(&id))?;
    if repeated.is_none() {
        let verdict = match body.decision {
            ApprovalDecision::Approve => Verdict::Approved,
            ApprovalDecision::Deny => Verdict::Denied,
        };
        let order = Order::Decide { approval, verdict, reason: body.reason };
        let answer = context.engine.command(project, caller.party(), key, order).await?;
        if answer != Answer::Done {
            return Err(unexpected(&answer));
        }
    }
    Ok(Json(approval::whole(&context.engine, asked).await?))
}

fn no_approval(id: &str) -> Fault {
    Fault::not_found(format!("no permission request `{id}` is open"))
        .hint("it may have been decided, withdrawn, or denied at its deadline; `legion inbox` lists the open ones")
}

impl Context {
    async fn find_approval(&self, caller: Caller, text: &str) -> Result<(ProjectId, ApprovalId)> {
        let hex = text.replace('-', "").to_ascii_lowercase();
        if hex.len() < PREFIX_CHARS_MIN || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(no_approval(text));
        }
        let mut found = Vec::new();
        for (project, _) in self.projects(caller, None).await? {
            let hex = hex.clone();
            let look = move |state: &Organisation| {
                let begins = |id: &&ApprovalId| id.0.simple().to_string().starts_with(&hex);
                state.approvals.keys().filter(begins).copied().collect::<Vec<_>>()
            };
            found.extend(self.engine.read(project, look).await?.into_iter().map(|id| (project, id)));
        }
        match found.as_slice() {
            [] => Err(no_approval(text)),
            [one] => Ok(*one),
            many => Err(Fault::new(
                api::ProblemCode::Conflict,
                format!("`{text}` is the beginning of the ids of {} permission requests", many.len()),
            )
            .hint("give more of it")),
        }
    }
}

/// A request that was decided and forgotten, for a repeat of the decision.
async fn recalled(context: &Context, project: ProjectId, text: &str) -> Result<api::Approval> {
    let hex = text.replace('-', "").to_ascii_lowercase();
    let asked = context.recall(project, move |event, record| match event {
        Event::ApprovalAsked { approval, agent, tool, input, deadline, .. }
            if approval.0.simple().to_string().starts_with(&hex) =>
        {
            let wire = api::Approval {
                id: approval.to_string(),
                agent: agent.to_string(),
                agent_name: String::new(),
                tool: tool.clone(),
                input: Value::Null,
                at: record.at,
                deadline: *deadline,
            };
            Some((Asked { approval: wire, input: input.clone() }, *agent))
        }
        _ => None,
    });
    let (mut asked, agent) = asked.await?.ok_or_else(|| no_approval(text))?;
    asked.approval.agent_name = context.engine.read(project, move |state| state.name(agent.into())).await?;
    approval::whole(&context.engine, asked).await
}
