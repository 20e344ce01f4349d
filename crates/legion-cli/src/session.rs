//! Sessions from the person's side: commits of the person's repository go into the service as a bundle.

use std::path::{Path, PathBuf};

use legion_api::{
    ImportRequest, Imported, ObjectFormat, OpenRepository, OpenSession, ProblemCode, Session, SessionChanges,
    SessionList,
};
use legion_client::{ClientError, ProjectClient};
use legion_git::{Oid, RefName};
use uuid::Uuid;

use crate::{
    context::Context,
    error::CliError,
    repository::Repository,
    text::{escape_line, short_commit},
};

/// What to open a session with.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    /// That of the branch that is checked out when absent.
    pub name: Option<String>,
    /// Branch, tag or commit that it begins with; what is checked out when absent.
    pub from: Option<String>,
    /// Branch that results shall go to in the end, when it is another one than what is checked out.
    pub target: Option<String>,
    pub settings: SessionChanges,
}

/// A session, and whether it was there before.
pub(crate) struct Opened {
    pub session: Session,
    pub is_new: bool,
}

/// Opens the session that commands mean, when the project has none yet. Agents have theirs.
pub(crate) async fn open_if_none(context: Context<'_>, project: &ProjectClient) -> Result<(), CliError> {
    if context.environment.is_agent() || current(project).await?.is_some() {
        return Ok(());
    }
    let repository = Repository::discover(context).await?;
    let opened = open(project, &repository, Opening::default()).await?;
    context.output.note(&opened_line(&opened));
    Ok(())
}

/// All sessions; none in a directory that the service does not know.
pub(crate) async fn all(project: &ProjectClient) -> Result<SessionList, CliError> {
    match project.sessions().await {
        Ok(list) => Ok(list),
        Err(error) if is_not_found(&error) => Ok(SessionList { sessions: Vec::new() }),
        Err(error) => Err(error.into()),
    }
}

/// The session that commands mean which name none.
pub(crate) async fn current(project: &ProjectClient) -> Result<Option<Session>, CliError> {
    Ok(all(project).await?.sessions.into_iter().find(|session| session.current))
}

/// The session of this name, or the current one.
pub(crate) async fn named(project: &ProjectClient, name: Option<&str>) -> Result<Session, CliError> {
    match name {
        Some(name) => Ok(project.session(name).await?),
        None => current(project).await?.ok_or_else(|| CliError::Repository {
            what: "there is no session here".to_owned(),
            hint: Some("`legion init` opens one for the branch that is checked out".to_owned()),
        }),
    }
}

/// The session of this name, opened when it is not there.
pub(crate) async fn open(
    project: &ProjectClient,
    repository: &Repository,
    opening: Opening,
) -> Result<Opened, CliError> {
    let name = opening.name.unwrap_or_else(|| repository.session_name());
    match project.session(&name).await {
        Ok(session) => return Ok(Opened { session, is_new: false }),
        Err(error) if is_not_found(&error) => {}
        Err(error) => return Err(error.into()),
    }
    let (commit, branch) = start(repository, opening.from.as_deref(), opening.target.as_deref()).await?;
    let bundle = Bundle::of(project, repository, &commit).await?;
    let request =
        OpenSession { name, commit: commit.to_string(), branch, bundle: bundle.path()?, settings: opening.settings };
    let session = project.open_session(&request, None).await?;
    Ok(Opened { session, is_new: true })
}

/// Brings the commit that is checked out into the queue of a session.
pub(crate) async fn import(
    project: &ProjectClient,
    repository: &Repository,
    session: &Session,
    commit: &Oid,
) -> Result<Imported, CliError> {
    let bundle = Bundle::of(project, repository, commit).await?;
    let request = ImportRequest {
        commit: commit.to_string(),
        branch: repository.branch().map(str::to_owned),
        bundle: bundle.path()?,
    };
    Ok(project.import(&session.name, &request, None).await?)
}

/// What became of an opening, in a line.
pub(crate) fn opened_line(opened: &Opened) -> String {
    let Opened { session, is_new } = opened;
    let name = escape_line(&session.name);
    if *is_new {
        let branch = session.branch.as_deref().map(|branch| format!(" of {}", escape_line(branch))).unwrap_or_default();
        return format!("opened session `{name}` at {}{branch}", short_commit(&session.base));
    }
    format!("session `{name}` is there already, with {} tickets", session.tickets.total)
}

/// The commit that a session begins with, and the branch that its results are for: the target, where that is there already; else what is
/// named; else what is checked out.
async fn start(
    repository: &Repository,
    from: Option<&str>,
    target: Option<&str>,
) -> Result<(Oid, Option<String>), CliError> {
    if let Some(target) = target {
        let name = RefName::branch(target).map_err(|bad| CliError::Usage { what: bad.to_string(), hint: None })?;
        if let Some(commit) = repository.repo.resolve(name.as_str()).await? {
            return Ok((commit, Some(target.to_owned())));
        }
    }
    let Some(from) = from else {
        let branch = target.or(repository.branch()).map(str::to_owned);
        return Ok((repository.head.commit.clone(), branch));
    };
    let commit = repository.repo.resolve(from).await?.ok_or_else(|| CliError::Usage {
        what: format!("`{}` is no branch, tag or commit of `{}`", escape_line(from), repository.repo.root().display()),
        hint: None,
    })?;
    let branch = match RefName::branch(from) {
        Ok(name) if target.is_none() => repository.repo.resolve(name.as_str()).await?.map(|_| from.to_owned()),
        _ => target.map(str::to_owned),
    };
    Ok((commit, branch))
}

fn is_not_found(error: &ClientError) -> bool {
    error.problem().is_some_and(|problem| problem.code == ProblemCode::NotFound)
}

/// Commits on their way into the service. The file is gone when this is, whoever deleted it.
struct Bundle(Option<PathBuf>);

impl Bundle {
    /// A bundle of what the control repository lacks of this commit; of nothing when it has it.
    async fn of(project: &ProjectClient, repository: &Repository, commit: &Oid) -> Result<Self, CliError> {
        let format = match repository.repo.object_format() {
            legion_git::ObjectFormat::Sha1 => ObjectFormat::Sha1,
            legion_git::ObjectFormat::Sha256 => ObjectFormat::Sha256,
        };
        let control = project.open_repository(&OpenRepository { format }, None).await?;
        if control.tips.iter().any(|tip| tip == commit.as_str()) {
            return Ok(Self(None));
        }
        let directory = Path::new(&control.import_dir);
        if !directory.is_dir() {
            return Err(CliError::Repository {
                what: format!("the service takes commits at `{}`, which is not on this machine", control.import_dir),
                hint: Some("run this on the machine of the service".to_owned()),
            });
        }
        let tips: Vec<Oid> = control.tips.iter().filter_map(|tip| tip.parse().ok()).collect();
        let bundle = Self(Some(directory.join(format!("{}.bundle", Uuid::new_v4().simple()))));
        if let Some(file) = &bundle.0 {
            repository.repo.bundle(commit, &tips, file).await?;
        }
        Ok(bundle)
    }

    fn path(&self) -> Result<Option<String>, CliError> {
        let Some(path) = &self.0 else { return Ok(None) };
        let text = path.to_str().ok_or_else(|| CliError::Repository {
            what: format!("the data directory `{}` is not UTF-8", path.display()),
            hint: Some("name another one with `--data-dir`".to_owned()),
        });
        text.map(|path| Some(path.to_owned()))
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        if let Some(file) = &self.0 {
            // The service has taken it, most likely.
            let _ = std::fs::remove_file(file);
        }
    }
}
