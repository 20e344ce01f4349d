//! Sessions: each has a target branch in the project's repository, which is there before the log knows the session.

use legion_git::{Cas, Control, Oid};
use legion_model::tickets::{SessionName, SessionSettings};
use legion_model::{Key, Party, ProjectId, TicketOrder};

use super::answer::{invalid, not_found};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::tickets::failure::Failure;
use crate::tickets::names;
use crate::tickets::site::Site;

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct SessionAsk {
    pub name: SessionName,
    /// A commit that was taken in.
    pub base: String,
    /// The person's branch that it begins on.
    pub branch: Option<String>,
    pub settings: SessionSettings,
}

impl Engine {
    /// Opens a session with its target branch at the base. The same again, on the same base, is no error.
    pub async fn session_open(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        ask: SessionAsk,
    ) -> Result<(), EngineError> {
        let base: Oid = ask.base.parse().map_err(|error: legion_git::BadOid| invalid(error.to_string()))?;
        let site = Site::of(&self.inner, project);
        let _alone = site.ground.sessions.lock().await;
        let control =
            site.ground.find_control(&self.inner).await?.ok_or_else(|| {
                not_found("the project has no repository of its own yet").hint("`legion init` makes it")
            })?;
        if !control.has_commit(&base).await.map_err(Failure::from)? {
            return Err(not_found(format!("the commit {base} is not in the project's repository"))
                .hint("bring it in first: `legion init` does")
                .into());
        }
        let name = ask.name.clone();
        let known = self.read(project, move |state| state.board.sessions.get(&name).map(|known| known.base.clone()));
        match known.await? {
            Some(known) if known == ask.base => return Ok(()),
            Some(_) => {}
            None => make_target(&control, &ask.name, &base).await?,
        }
        let SessionAsk { name: session, base, branch, settings } = ask;
        self.ordered(project, by, key, TicketOrder::OpenSession { session, base, branch, settings }).await
    }

    /// Changes what can be changed while a session runs.
    pub async fn session_set(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        session: SessionName,
        settings: SessionSettings,
    ) -> Result<(), EngineError> {
        self.ordered(project, by, key, TicketOrder::SetSession { session, settings }).await
    }

    /// Makes it the session that is meant when none is named; one that was completed goes on.
    pub async fn session_use(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        session: SessionName,
    ) -> Result<(), EngineError> {
        self.ordered(project, by, key, TicketOrder::UseSession { session }).await
    }

    /// Ends a session in which nothing is open. Its branch stays.
    pub async fn session_complete(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        session: SessionName,
    ) -> Result<(), EngineError> {
        self.ordered(project, by, key, TicketOrder::CompleteSession { session }).await
    }

    /// Deletes a session. What its target held is pinned.
    pub async fn session_delete(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        session: SessionName,
        force: bool,
    ) -> Result<(), EngineError> {
        let site = Site::of(&self.inner, project);
        let _alone = site.ground.sessions.lock().await;
        self.ordered(project, by, key, TicketOrder::DeleteSession { session: session.clone(), force }).await?;
        if let Some(control) = site.ground.find_control(&self.inner).await? {
            // When this fails, the next start does it.
            if let Err(failure) = put_away(&control, &session).await {
                tracing::warn!(%project, %session, why = failure.why, "the branch of a deleted session is still there");
            }
        }
        Ok(())
    }

    /// Queues commits of the person to be landed. They were taken in before. Returns the number of the import in its session.
    pub async fn import_commits(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        session: Option<SessionName>,
        commit: String,
        branch: Option<String>,
    ) -> Result<u32, EngineError> {
        let session = self.session_named(project, session).await?;
        if !self.repository_has(project, &commit).await? {
            return Err(not_found(format!("the commit {commit} is not in the project's repository"))
                .hint("bring it in first, as a bundle")
                .into());
        }
        self.ordered_import(project, by, key, TicketOrder::Import { session, commit, branch }).await
    }
}

/// Makes the target branch. One that stands there belongs to a session that is gone, or that did not come to be.
async fn make_target(control: &Control, session: &SessionName, base: &Oid) -> Result<(), Failure> {
    let target = names::target(session);
    control.keep(base).await?;
    match control.update_ref(&target, base, None).await? {
        Cas::Moved => Ok(()),
        Cas::IsAt(Some(at)) if at == *base => Ok(()),
        Cas::IsAt(at) => {
            if let Some(at) = &at {
                control.keep(at).await?;
            }
            match control.update_ref(&target, base, at.as_ref()).await? {
                Cas::Moved => Ok(()),
                Cas::IsAt(_) => Err(Failure::passing(format!("`{target}` was moved by somebody else"))),
            }
        }
    }
}

/// Pins what the target of a deleted session held, and removes the branch.
pub(in crate::tickets) async fn put_away(control: &Control, session: &SessionName) -> Result<(), Failure> {
    let target = names::target(session);
    if let Some(at) = control.resolve(&target).await? {
        control.keep(&at).await?;
        control.delete_ref(&target, &at).await?;
    }
    Ok(())
}
