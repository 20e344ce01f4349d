//! Budgets of model calls.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{
    BudgetFor, BudgetList, BudgetRequest, OpenAllowance, ReconcileRequest, Reconciled, ScopeBudget, paths,
};
use legion_engine::EngineError;
use legion_model::authority::Verb;
use legion_model::gateway::{BudgetOf, GatewayAnswer, GatewayOrder, GatewayState, NanoUsd, Scope, ScopeKind};
use legion_model::tickets::{SessionName, TicketId};
use legion_model::{AgentId, RefusalKind};
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Params, ProjectQuery};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::SeeModels, routes!(budgets))
        .add(Verb::SetUpModels, routes!(set))
        .add(Verb::SetUpModels, routes!(remove))
        .add(Verb::SetUpModels, routes!(reconcile))
}

/// All budgets, and what services that died left open. For the person.
#[utoipa::path(
    get,
    path = paths::BUDGETS,
    tag = "models",
    operation_id = "budgets",
    params(ProjectQuery),
    responses((status = 200, body = BudgetList))
)]
async fn budgets(State(context): State<Shared>, _: Params<ProjectQuery>) -> Result<Json<BudgetList>> {
    let names = context.engine.agent_names().await?;
    let look = move |state: &GatewayState| {
        let budgets = state.budgets.iter().map(|(of, limit)| ScopeBudget {
            of: shown(of),
            agent_name: agent_of(of).and_then(|agent| names.get(&agent).cloned()),
            limit: limit.dollars(),
            spent: match of {
                BudgetOf::Each(_) => None,
                BudgetOf::One(scope) => Some(state.spent(scope).dollars()),
            },
        });
        let orphans = state.allowances.values().filter(|allowance| allowance.orphaned);
        let unsettled = orphans.map(|orphan| OpenAllowance {
            id: orphan.id.to_string(),
            agent: orphan.payer.agent.map(|agent| agent.to_string()),
            agent_name: orphan.payer.agent.and_then(|agent| names.get(&agent).cloned()),
            rest: orphan.rest().dollars(),
            used_at: orphan.used_at,
        });
        BudgetList { budgets: budgets.collect(), unsettled: unsettled.collect() }
    };
    Ok(Json(context.engine.gateway_read(look).await?))
}

/// Sets a budget. Effective with the next call. For the person.
#[utoipa::path(
    put,
    path = paths::BUDGETS,
    tag = "models",
    operation_id = "set_budget",
    params(ProjectQuery),
    request_body = BudgetRequest,
    responses((status = 204, description = "It is set"))
)]
async fn set(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<BudgetRequest>,
) -> Result<StatusCode> {
    let Change { key, body } = change;
    let set = async {
        let of = budget_of(&context, caller, query.project.as_deref(), &body.of).await?;
        let limit = amount(&body.limit)?;
        context.engine.gateway(caller.party(), GatewayOrder::SetBudget { of, limit }).await?;
        Ok(())
    };
    context.set_up.once(key, set).await.map(|()| StatusCode::NO_CONTENT)
}

/// Removes a budget. For the person.
#[utoipa::path(
    post,
    path = paths::BUDGETS_REMOVE,
    tag = "models",
    operation_id = "remove_budget",
    params(ProjectQuery),
    request_body = BudgetFor,
    responses((status = 204, description = "It is gone"))
)]
async fn remove(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<BudgetFor>,
) -> Result<StatusCode> {
    let Change { key, body } = change;
    let removed = async {
        let of = budget_of(&context, caller, query.project.as_deref(), &body).await?;
        match context.engine.gateway(caller.party(), GatewayOrder::RemoveBudget(of)).await {
            // As the person called it, and not by the agent's id.
            Err(EngineError::Refused(refusal)) if refusal.kind == RefusalKind::NotFound => {
                let asked = [Some(body.scope), body.name].into_iter().flatten().collect::<Vec<_>>().join("=");
                let asked = legion_model::body::clip(&asked, 80);
                Err(Fault::not_found(format!("no budget is set for `{asked}`")).hint("`legion budget list` lists them"))
            }
            answered => Ok(answered.map(drop)?),
        }
    };
    context.set_up.once(key, removed).await.map(|()| StatusCode::NO_CONTENT)
}

/// Says what was really spent of money that a service had set aside when it died. For the person.
#[utoipa::path(
    post,
    path = paths::BUDGETS_RECONCILE,
    tag = "models",
    operation_id = "reconcile_budgets",
    params(ProjectQuery),
    request_body = ReconcileRequest,
    responses((status = 200, body = Reconciled))
)]
async fn reconcile(
    caller: Caller,
    State(context): State<Shared>,
    _: Params<ProjectQuery>,
    change: Change<ReconcileRequest>,
) -> Result<Json<Reconciled>> {
    let Change { key, body } = change;
    let allowance = match &body.allowance {
        None => None,
        Some(id) => Some(id.parse().map_err(|_| Fault::invalid(format!("`{id}` is not the id of an allowance")))?),
    };
    let spent = amount(&body.spent)?;
    let reconciled = async {
        match context.engine.gateway(caller.party(), GatewayOrder::Reconcile { allowance, spent }).await? {
            GatewayAnswer::Reconciled(ids) => {
                Ok(Reconciled { allowances: ids.iter().map(ToString::to_string).collect() })
            }
            other => Err(Fault::internal(format!("the books answered with {other:?}"))),
        }
    };
    context.set_up.once(key, reconciled).await.map(Json)
}

fn amount(text: &str) -> Result<NanoUsd> {
    text.parse().map_err(|error| Fault::invalid(format!("{error}")))
}

fn agent_of(of: &BudgetOf) -> Option<AgentId> {
    match of {
        BudgetOf::One(Scope::Agent(agent) | Scope::Subtree(agent)) => Some(*agent),
        BudgetOf::One(_) | BudgetOf::Each(_) => None,
    }
}

fn shown(of: &BudgetOf) -> BudgetFor {
    match of {
        BudgetOf::Each(kind) => BudgetFor { scope: kind.as_str().to_owned(), name: None },
        BudgetOf::One(scope) => BudgetFor {
            scope: scope.kind().as_str().to_owned(),
            name: Some(match scope {
                Scope::Run(run) => run.to_string(),
                Scope::Agent(agent) | Scope::Subtree(agent) => agent.to_string(),
                Scope::Ticket(_, ticket) => ticket.0.to_string(),
                Scope::Session(_, session) => session.to_string(),
                Scope::Day(day) => day.to_string(),
            }),
        },
    }
}

async fn budget_of(context: &Context, caller: Caller, project: Option<&str>, of: &BudgetFor) -> Result<BudgetOf> {
    let kind: ScopeKind = of.scope.parse().map_err(Fault::invalid)?;
    let Some(name) = &of.name else { return Ok(BudgetOf::Each(kind)) };
    let wrong = |error: &dyn std::fmt::Display| Fault::invalid(error.to_string());
    let scope = match kind {
        ScopeKind::Call | ScopeKind::Run => {
            return Err(Fault::invalid(format!("a single {} has no budget of its own", kind.as_str())));
        }
        ScopeKind::Agent => Scope::Agent(context.find(caller, name).await?.for_order("given a budget")?.1),
        ScopeKind::Subtree => Scope::Subtree(context.find(caller, name).await?.for_order("given a budget")?.1),
        ScopeKind::Ticket => {
            let ticket: TicketId = name.parse().map_err(|error: String| wrong(&error))?;
            Scope::Ticket(context.project(caller, project).await?.0, ticket)
        }
        ScopeKind::Session => {
            let session = name.parse::<SessionName>().map_err(Fault::invalid)?;
            Scope::Session(context.project(caller, project).await?.0, session)
        }
        ScopeKind::Day => Scope::Day(name.parse().map_err(|error| wrong(&error))?),
    };
    Ok(BudgetOf::One(scope))
}
