//! The router: all routes, and the guard around all of them.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use http::{Method, Uri};
use legion_api::{ProblemCode, paths};
use tower::Layer;
use utoipa_axum::router::OpenApiRouter;

use crate::context::{Context, Server, Shared};
use crate::fault::Fault;
use crate::governed::Routes;
use crate::guard::guard;
use crate::hosts::Hosts;
use crate::routes::{
    agents, approvals, audit, budgets, cassettes, cost, deps, diff, dispatch, events, held, hire, inbox, interrupt,
    logs, model_routes, models, plans, prices, projects, providers, report, repository, rescues, retry, roles, service,
    session_open, sessions, status, stop, teams, tell, ticket_log, tickets, tree, trust, undelete, usage, wait, why,
};
use crate::{mcp, openapi};

pub(crate) fn all() -> Routes {
    Routes::from(OpenApiRouter::with_openapi(openapi::head()))
        .merge(service::routes())
        .merge(projects::routes())
        .merge(hire::routes())
        .merge(agents::routes())
        .merge(tell::routes())
        .merge(interrupt::routes())
        .merge(logs::routes())
        .merge(wait::routes())
        .merge(status::routes())
        .merge(tree::routes())
        .merge(usage::routes())
        .merge(inbox::routes())
        .merge(approvals::routes())
        .merge(repository::routes())
        .merge(session_open::routes())
        .merge(sessions::routes())
        .merge(dispatch::routes())
        .merge(plans::routes())
        .merge(tickets::routes())
        .merge(stop::routes())
        .merge(retry::routes())
        .merge(held::routes())
        .merge(why::routes())
        .merge(deps::routes())
        .merge(ticket_log::routes())
        .merge(rescues::routes())
        .merge(diff::routes())
        .merge(undelete::routes())
        .merge(report::routes())
        .merge(roles::routes())
        .merge(teams::routes())
        .merge(providers::routes())
        .merge(models::routes())
        .merge(prices::routes())
        .merge(model_routes::routes())
        .merge(budgets::routes())
        .merge(cost::routes())
        .merge(cassettes::routes())
        .merge(events::routes())
        .merge(audit::routes())
        .merge(trust::routes())
}

/// The router of everything, behind its guard. Requests for other `hosts` are refused.
pub fn router(server: Server, hosts: Hosts) -> Router {
    let context = Arc::new(Context::new(server, hosts));
    let rest = guarded(&context, all().into_router().into());
    let with_mcp = Router::from(all().into_router()).merge(mcp::routes(&context, rest));
    guarded(&context, with_mcp)
}

/// The guard stands around the router and not in it: a route, a fallback or a wrong method cannot be reached beside it.
fn guarded(context: &Shared, routes: Router<Shared>) -> Router {
    let routes = routes.method_not_allowed_fallback(wrong_method).fallback(unknown_path).with_state(context.clone());
    Router::new().fallback_service(from_fn_with_state(context.clone(), guard).layer(routes))
}

async fn unknown_path(uri: Uri) -> Fault {
    Fault::not_found(format!("nothing is at `{}`", uri.path())).hint(format!("`{}` lists the paths", paths::OPENAPI))
}

async fn wrong_method(method: Method, uri: Uri) -> Fault {
    Fault::new(ProblemCode::MethodNotAllowed, format!("`{}` does not know the method {method}", uri.path()))
        .hint(format!("`{}` lists the paths with their methods", paths::OPENAPI))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use legion_model::authority::{Kind, Verb, permits_anything};

    use super::*;

    /// Every operation of the document has its verb, and only the one that says nothing is open.
    #[test]
    fn every_route_names_its_verb() {
        let document: serde_json::Value = serde_json::from_str(&openapi::openapi()).expect("JSON");
        let verbs = all().into_description().1;
        let operations: BTreeSet<(&str, &str)> = document["paths"]
            .as_object()
            .expect("paths")
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().expect("methods").keys().map(|method| (path.as_str(), method.as_str()))
            })
            .collect();
        let named: BTreeSet<(&str, &str)> = verbs.keys().map(|(path, method)| (path.as_str(), *method)).collect();
        assert_eq!(operations, named);
        let open: Vec<&str> =
            verbs.iter().filter(|(_, verb)| verb.is_none()).map(|((path, _), _)| path.as_str()).collect();
        assert_eq!(open, [paths::HEALTH]);
        println!("{} routes, {} verbs", verbs.len(), verbs.values().collect::<BTreeSet<_>>().len());
    }

    /// A verb that no route has is the service's own, or is asked besides the route's.
    #[test]
    fn every_verb_is_asked_somewhere() {
        let routed: BTreeSet<Verb> = all().into_description().1.into_values().flatten().collect();
        let others: Vec<&Verb> = Verb::ALL.iter().filter(|verb| !routed.contains(verb)).collect();
        assert_eq!(others, [&Verb::Name, &Verb::OpenProject, &Verb::UseTools, &Verb::Serve]);
        assert!(routed.iter().any(|verb| !permits_anything(Kind::Agent, *verb)));
    }
}
