//! The control repository of a project.

use std::path::Path;

use axum::Json;
use axum::extract::State;
use legion_api::{Garbage, ObjectFormat, OpenRepository, ProblemCode, Repository, paths};
use legion_engine::EngineError;
use legion_model::authority::Verb;
use legion_model::{ProjectId, RefusalKind};
use utoipa_axum::routes;

use crate::change::{Change, Nothing};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Params, ProjectQuery};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::ReadRepository, routes!(repository))
        .add(Verb::OpenRepository, routes!(open))
        .add(Verb::CollectGarbage, routes!(gc))
}

/// Where the control repository of a project is, and what it has. For the person.
#[utoipa::path(
    get,
    path = paths::REPOSITORY,
    tag = "repository",
    operation_id = "repository",
    params(ProjectQuery),
    responses((status = 200, body = Repository))
)]
async fn repository(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<Repository>> {
    let (project, path) = context.project(caller, query.project.as_deref()).await?;
    let found = context.engine.repository(project).await?.ok_or_else(|| missing(&path))?;
    Ok(Json(rendered(found, path)))
}

/// Makes the control repository of a project, if it is missing; a directory that is no project yet becomes one. For the person.
#[utoipa::path(
    post,
    path = paths::REPOSITORY,
    tag = "repository",
    operation_id = "open_repository",
    params(ProjectQuery),
    request_body = OpenRepository,
    responses((status = 200, body = Repository))
)]
async fn open(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<OpenRepository>,
) -> Result<Json<Repository>> {
    let project = match query.project.as_deref() {
        Some(text) if text.starts_with('/') => of_directory(&context, text).await?,
        wanted => context.project(caller, wanted).await?.0,
    };
    let format = match change.body.format {
        ObjectFormat::Sha1 => legion_engine::ObjectFormat::Sha1,
        ObjectFormat::Sha256 => legion_engine::ObjectFormat::Sha256,
    };
    // Done again it changes nothing: it needs no key.
    let opened = context.engine.repository_open(project, format).await.map_err(unusable)?;
    let path = context.engine.projects().into_iter().find(|(id, _)| *id == project).map(|(_, path)| path);
    Ok(Json(rendered(opened, path.unwrap_or_default())))
}

async fn of_directory(context: &Context, text: &str) -> Result<ProjectId> {
    let wrong = |why: String| Fault::invalid(format!("the directory `{text}` cannot be a project: {why}"));
    let directory = Path::new(text).canonicalize().map_err(|error| wrong(error.to_string()))?;
    if !directory.is_dir() || directory.to_str().is_none() {
        return Err(wrong("it is no directory, or its path is not UTF-8".to_owned()));
    }
    Ok(context.engine.project_for(&directory).await?)
}

/// Clears away clones that no ticket needs, and what is left of agents and gates of long ago. Files are secured before. For the person.
#[utoipa::path(
    post,
    path = paths::REPOSITORY_GC,
    tag = "repository",
    operation_id = "gc",
    params(ProjectQuery),
    responses((status = 200, body = Garbage))
)]
async fn gc(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    _: Change<Nothing>,
) -> Result<Json<Garbage>> {
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    let garbage = context.engine.gc(project).await?;
    Ok(Json(Garbage {
        clones: garbage.clones,
        agents: garbage.agents,
        gate_runs: garbage.gate_runs,
        kept: garbage.kept,
    }))
}

fn rendered(found: legion_engine::Repository, project: String) -> Repository {
    Repository {
        project,
        control_dir: found.control_dir.to_string_lossy().into_owned(),
        import_dir: found.import_dir.to_string_lossy().into_owned(),
        format: match found.format {
            legion_engine::ObjectFormat::Sha1 => ObjectFormat::Sha1,
            legion_engine::ObjectFormat::Sha256 => ObjectFormat::Sha256,
        },
        tips: found.tips,
    }
}

fn missing(path: &str) -> Fault {
    Fault::new(ProblemCode::Repository, format!("the project `{path}` has no repository of its own yet"))
        .hint("run `legion init` in it")
}

/// What is the matter with a repository, a commit or a bundle, under its own code.
pub(super) fn unusable(error: EngineError) -> Fault {
    match error {
        EngineError::Refused(refusal) if matches!(refusal.kind, RefusalKind::Invalid | RefusalKind::NotFound) => {
            let mut fault = Fault::new(ProblemCode::Repository, refusal.what);
            fault.0.hint = refusal.hint;
            fault
        }
        error => error.into(),
    }
}

/// Takes in a bundle, when there is one, and looks whether the commit is there.
pub(super) async fn taken_in(context: &Context, project: ProjectId, bundle: Option<&str>, commit: &str) -> Result<()> {
    let hex = commit.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase());
    if !hex || !matches!(commit.len(), 40 | 64) {
        let shown: String = commit.chars().take(80).collect();
        return Err(Fault::invalid(format!("`{}` is no whole hash of a commit", shown.escape_debug()))
            .hint("`git rev-parse HEAD` prints one"));
    }
    if let Some(bundle) = bundle {
        context.engine.import_bundle(project, Path::new(bundle), commit).await.map_err(unusable)?;
    }
    if !context.engine.repository_has(project, commit).await.map_err(unusable)? {
        return Err(Fault::new(
            ProblemCode::Repository,
            format!("the commit {commit} is not in the project's repository"),
        )
        .hint("send a bundle with it; `legion init` and `legion sync` do"));
    }
    Ok(())
}
