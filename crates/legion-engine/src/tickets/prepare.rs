//! The clone of an attempt: made on the newest target, or told where the newest target is.

use std::path::{Path, PathBuf};

use legion_git::{ClonePlace, ClonePlan, Control, Oid};
use legion_model::TicketOrder;
use legion_model::tickets::PlaceKey;
use tokio_util::sync::CancellationToken;

use super::configuration::Configuration;
use super::failure::Failure;
use super::order::Scene;
use super::site::{Site, oid};
use super::{assignment, include, names, setup};
use crate::containment::hidden_in_clones;

pub(super) async fn run(site: &Site, scene: &Scene, dropped: &CancellationToken) -> Result<TicketOrder, Failure> {
    let (session, ticket, attempt) = (&scene.session, &scene.ticket, &scene.attempt);
    let key = attempt.place.as_ref().ok_or_else(|| Failure::fatal("the attempt has no place for its clone"))?;
    let _place = site.ground.hold(key).await;
    let _turn = site.ground.turn_to_prepare().await;
    let control = site.control().await?;
    let tip = oid(&session.tip)?;
    let dir = site.ground.dir(key);
    let gone = !attempt.fresh && !dir.exists();
    let mut base = tip.clone();
    if attempt.fresh || gone {
        let start = scene.previous.as_deref().filter(|_| gone).map(oid).transpose()?;
        let plan = ClonePlan {
            base: start.unwrap_or_else(|| tip.clone()),
            branch: names::branch(&session.name, ticket.id, attempt.branch_number()),
            target: names::target(&session.name),
            identity: names::agent(&session.name, ticket.id),
            dir: dir.clone(),
            hidden: hidden_in_clones(site.inner.bounds.tier),
        };
        let begun = match make(site, &control, plan, key).await {
            Err(_) if matches!(control.has_commit(&tip).await, Ok(false)) => {
                return Err(Failure::fatal(format!("the target's commit {tip} is not in the project's repository")));
            }
            begun => begun?,
        };
        if attempt.fresh {
            base = begun;
        }
        let place = ClonePlace::at(&dir);
        let (configuration, copied) = tokio::join!(
            Configuration::read(&control, &base),
            include::copy(&control, &base, &scene.project_path, &place)
        );
        let configuration = configuration?;
        copied?;
        setup::run(site, &configuration, &dir, dropped).await?;
        if let Some(head) = &scene.previous {
            let previous = names::previous(&session.name, ticket.id);
            control.fetch_updates(&place, &previous, &oid(head)?).await?;
        }
    }
    let place = ClonePlace::at(&dir);
    control.fetch_updates(&place, &names::target(&session.name), &tip).await?;
    let text = assignment::of_worker(site, scene, gone).await?;
    Ok(TicketOrder::Prepared {
        ticket: ticket.id,
        attempt: attempt.id,
        base: base.to_string(),
        dir: dir.to_string_lossy().into_owned(),
        bytes: text.len() as u64,
        assignment: site.body(text).await?,
    })
}

/// Makes the clone. One that a killed service has made stays, with the commit that it was made at: nobody has worked there.
async fn make(site: &Site, control: &Control, mut plan: ClonePlan, key: &PlaceKey) -> Result<Oid, Failure> {
    let note = base_note(&site.ground.dir(key));
    if plan.dir.exists() {
        let noted = std::fs::read_to_string(&note).ok().and_then(|text| text.trim().parse().ok());
        plan.base = noted.unwrap_or(plan.base);
    } else {
        if let Some(parent) = plan.dir.parent() {
            site.inner.data_dir.create(parent)?;
        }
        site.inner.data_dir.replace(&note, plan.base.as_str().as_bytes())?;
    }
    control.prepare_clone(&plan).await?;
    Ok(plan.base)
}

/// Where it is noted at which commit a clone was made.
pub(super) fn base_note(dir: &Path) -> PathBuf {
    beside(dir, "base")
}

pub(super) fn beside(dir: &Path, what: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(format!(".{what}"));
    PathBuf::from(name)
}
