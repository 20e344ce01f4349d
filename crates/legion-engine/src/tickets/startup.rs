//! What is looked at when a project is opened: branches of sessions that are gone, targets that stand elsewhere, clones that nobody
//! knows.

use std::collections::BTreeSet;

use legion_git::Control;
use legion_model::tickets::SessionName;
use legion_model::{Organisation, ProjectId};
use legion_runtime::TaskKind;

use super::face::put_away;
use super::failure::Failure;
use super::names;
use super::put_back;
use super::site::{Site, oid};
use super::strays;
use crate::engine::Engine;

/// Where a session's target is, as the log says.
struct Expected {
    session: SessionName,
    tip: String,
    /// Where a landing may have moved it already.
    built: Option<String>,
}

impl Engine {
    /// Looks after the tickets of a project that was just opened. Nothing waits for it.
    pub(crate) fn look_after_tickets(&self, project: ProjectId) {
        let engine = self.clone();
        self.inner.tasks.spawn(TaskKind::Upkeep, |cancel| async move {
            tokio::select! {
                biased; // it can be done at the next start
                () = cancel.cancelled() => {}
                done = engine.look_after(project) => if let Err(failure) = done {
                    tracing::warn!(%project, why = failure.why, "the tickets of a project were not looked after");
                },
            }
        });
    }

    async fn look_after(&self, project: ProjectId) -> Result<(), Failure> {
        let site = Site::of(&self.inner, project);
        let Some(control) = site.ground.find_control(&self.inner).await? else { return Ok(()) };
        {
            let _alone = site.ground.sessions.lock().await;
            let expected = self.read(project, expected).await?;
            self.put_away_gone(&control, &expected).await?;
            for expected in &expected {
                self.compare(&site, &control, &expected.session).await?;
            }
        }
        for (dir, outcome) in strays::clear(&site).await {
            match outcome {
                Ok(()) => {
                    tracing::warn!(%project, dir = %dir.display(), "a clone that no ticket knew was secured and removed")
                }
                Err(failure) => {
                    tracing::warn!(%project, dir = %dir.display(), why = failure.why, "a clone that no ticket knows stays");
                }
            }
        }
        Ok(())
    }

    /// Targets of sessions that are not in the log any more.
    async fn put_away_gone(&self, control: &Control, expected: &[Expected]) -> Result<(), Failure> {
        let known: BTreeSet<&SessionName> = expected.iter().map(|expected| &expected.session).collect();
        let branches = control.refs_below(&"refs/heads/legion".parse().expect("a name in a constant")).await?;
        for (branch, _) in branches {
            let name = branch.as_str().strip_prefix("refs/heads/legion/").and_then(|rest| rest.strip_suffix("/leader"));
            let Some(session) = name.and_then(|name| name.parse::<SessionName>().ok()) else { continue };
            if !known.contains(&session) {
                put_away(control, &session).await?;
            }
        }
        Ok(())
    }

    /// A target that is not where the log says was moved by somebody else.
    async fn compare(&self, site: &Site, control: &Control, session: &SessionName) -> Result<(), Failure> {
        // While this is held nobody of ours moves a target, and what was moved before is in the state or built there.
        let _targets = site.ground.targets.lock().await;
        let known = self.read(site.project, expected).await?;
        let Some(expected) = known.iter().find(|expected| expected.session == *session) else { return Ok(()) };
        let at = control.resolve(&names::target(session)).await?;
        let stands = at.as_ref().map(legion_git::Oid::as_str);
        if stands == Some(&expected.tip) || (stands.is_some() && stands == expected.built.as_deref()) {
            return Ok(());
        }
        put_back::run(site, control, session, &oid(&expected.tip)?, at.as_ref()).await?;
        Ok(())
    }
}

fn expected(state: &Organisation) -> Vec<Expected> {
    let of = |session: &legion_model::tickets::Session| Expected {
        session: session.name.clone(),
        tip: session.tip.clone(),
        built: session.landing.as_ref().and_then(|landing| landing.built.as_ref()).map(|built| built.commit.clone()),
    };
    state.board.sessions.values().map(of).collect()
}
