//! The clone of who looks at an attempt: at the very commit that would be merged.

use legion_git::ClonePlan;
use legion_model::TicketOrder;
use tokio_util::sync::CancellationToken;

use super::collect::began_at;
use super::configuration::Configuration;
use super::failure::Failure;
use super::order::Scene;
use super::site::{Site, oid};
use super::{assignment, names, setup};
use crate::containment::hidden_in_clones;

/// Bytes of the difference that a reviewer is told; the clone has all of it.
const DIFF_BYTES_MAX: usize = 48 * 1024;

pub(super) async fn run(
    site: &Site,
    scene: &Scene,
    step: u32,
    dropped: &CancellationToken,
) -> Result<TicketOrder, Failure> {
    let (session, ticket, attempt) = (&scene.session, &scene.ticket, &scene.attempt);
    let review = attempt.open_review().ok_or_else(|| Failure::fatal("there is no review to prepare"))?;
    let evidence = attempt.evidence.as_ref().ok_or_else(|| Failure::fatal("there is nothing to look at"))?;
    let _place = site.ground.hold(&review.place).await;
    let _turn = site.ground.turn_to_prepare().await;
    let control = site.control().await?;
    let (head, tip) = (oid(&evidence.head)?, oid(&session.tip)?);
    let dir = site.ground.dir(&review.place);
    if let Some(parent) = dir.parent() {
        site.inner.data_dir.create(parent)?;
    }
    let plan = ClonePlan {
        dir: dir.clone(),
        base: head.clone(),
        branch: names::review_branch(&session.name, ticket.id, attempt.number, step),
        target: names::target(&session.name),
        identity: names::agent(&session.name, ticket.id),
        hidden: hidden_in_clones(site.inner.bounds.tier),
    };
    let place = control.prepare_clone(&plan).await?;
    control.fetch_updates(&place, &plan.target, &tip).await?;
    let base = began_at(&control, attempt, &head).await?;
    let configuration = Configuration::read(&control, &base).await?;
    super::include::copy(&control, &base, &scene.project_path, &place).await?;
    setup::run(site, &configuration, &dir, dropped).await?;
    let diff = control.diff(&base, &head, DIFF_BYTES_MAX).await?;
    let mut shown = String::from_utf8_lossy(&diff.bytes).into_owned();
    if diff.cut {
        shown.push_str(&format!("\n… there is more: `git diff {base} {head}`\n"));
    }
    let text = assignment::of_reviewer(site, scene, format!("```diff\n{shown}```")).await?;
    Ok(TicketOrder::ReviewPrepared {
        ticket: ticket.id,
        attempt: attempt.id,
        step,
        dir: dir.to_string_lossy().into_owned(),
        bytes: text.len() as u64,
        assignment: site.body(text).await?,
    })
}
