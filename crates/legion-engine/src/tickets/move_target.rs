//! The one step that moves a target: by compare-and-swap, to the commit whose very tree passed.

use legion_git::Cas;
use legion_model::TicketOrder;

use super::failure::Failure;
use super::names;
use super::order::Case;
use super::put_back;
use super::site::{Site, oid};

pub(super) async fn run(site: &Site, case: &Case) -> Result<TicketOrder, Failure> {
    let (session, landing) = (case.session.clone(), case.landing.id);
    let built = case.landing.built.as_ref().ok_or_else(|| Failure::passing("nothing is built"))?;
    let control = site.control().await?;
    let (commit, onto) = (oid(&built.commit)?, oid(&case.landing.onto)?);
    let target = names::target(&case.session);
    let moved = TicketOrder::Moved { session: session.clone(), landing };
    let _targets = site.ground.targets.lock().await;
    // Asked at the same time: most of what git takes is its start.
    let (at, tree, parents) =
        tokio::join!(control.resolve(&target), control.tree_of(&commit), control.parents_of(&commit));
    match at? {
        // Done before the service was killed, or nothing to do.
        Some(at) if at == commit => return Ok(moved),
        Some(at) if at == onto => {}
        other => {
            if !put_back::run(site, &control, &case.session, &onto, other.as_ref()).await? {
                return Err(Failure::passing(format!("somebody else moves {target} again and again")));
            }
        }
    }
    let tree = tree?;
    if tree.as_str() != built.tree {
        return Err(Failure::passing(format!("{commit} has the tree {tree}, and {} was tested", built.tree)));
    }
    if parents?.first() != Some(&onto) {
        return Err(Failure::passing(format!("{commit} does not stand on {onto}")));
    }
    site.pass("tickets.before-update-ref");
    let swapped = control.update_ref(&target, &commit, Some(&onto)).await?;
    site.pass("tickets.after-update-ref");
    Ok(match swapped {
        Cas::Moved => moved,
        Cas::IsAt(Some(at)) if at == commit => moved,
        Cas::IsAt(Some(at)) => TicketOrder::Foreign { session, landing, at: at.to_string() },
        Cas::IsAt(None) => TicketOrder::Foreign { session, landing, at: "no commit at all".to_owned() },
    })
}
