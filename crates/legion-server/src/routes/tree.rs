//! The organisation as a tree.

use axum::Json;
use axum::extract::State;
use legion_api::{Tree, TreeNode, paths};
use legion_model::authority::Verb;
use legion_model::{Organisation, Party};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::address::Found;
use crate::context::{Context, Shared};
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Params};
use crate::render::tree::{self, Filter};

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Look, routes!(tree))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TreeQuery {
    /// `1` or `L1`.
    level: Option<String>,
    /// Direct reports of this agent, or of `root`.
    parent: Option<String>,
    /// `working` or `idle`.
    status: Option<String>,
    /// A project: its directory, a path inside of it, or its id.
    project: Option<String>,
}

/// The organisation below the caller; for the person all projects, with `root` at the top.
///
/// An agent that a filter leaves out but that stands above one that it keeps is there with `matched` false.
#[utoipa::path(
    get,
    path = paths::TREE,
    tag = "organisation",
    operation_id = "tree",
    params(TreeQuery),
    responses((status = 200, body = TreeNode))
)]
async fn tree(caller: Caller, State(context): State<Shared>, Params(query): Params<TreeQuery>) -> Result<Json<Tree>> {
    context.engine.first_look().await;
    let filter = filter(&context, caller, query.level, query.parent, query.status).await?;
    let projects = context.projects(caller, query.project.as_deref()).await?;
    if let Some((project, id)) = caller.agent() {
        let look = move |state: &Organisation| state.agents.get(&id).map(|agent| tree::from(state, agent, &filter));
        return match context.engine.read(project, look).await? {
            Some(tree) => Ok(Json(tree)),
            None => Err(super::agents::gone(&context, project, id).await?),
        };
    }
    let wanted = filter.clone();
    let below = context.each(&projects, move |state| tree::below(state, Party::Root, &wanted)).await?;
    Ok(Json(tree::root(&filter, below.into_iter().flatten().collect())))
}

/// A filter from the words of a query.
pub(super) async fn filter(
    context: &Context,
    caller: Caller,
    level: Option<String>,
    parent: Option<String>,
    status: Option<String>,
) -> Result<Filter> {
    let parent = match parent {
        None => None,
        Some(text) => match context.find(caller, &text).await? {
            Found::Root => Some(Party::Root),
            found => Some(Party::Agent(found.living("a parent here")?.1)),
        },
    };
    Ok(Filter { level: query::level(level.as_deref())?, parent, status: query::status(status.as_deref())? })
}
