//! A target that somebody else moved: the log says where it is, so it goes back there, and what was found is pinned.

use legion_git::{Cas, Control, Oid};
use legion_model::tickets::SessionName;
use legion_model::{Order, Party, TicketOrder};

use super::failure::Failure;
use super::names;
use super::site::Site;
use crate::engine::Engine;

/// Puts a target back from where it was `found` to `tip`. Whoever calls it holds the targets of the project.
///
/// `false`: it was moved again meanwhile.
pub(super) async fn run(
    site: &Site,
    control: &Control,
    session: &SessionName,
    tip: &Oid,
    found: Option<&Oid>,
) -> Result<bool, Failure> {
    let target = names::target(session);
    let kept = match found {
        Some(found) if control.has_commit(found).await? => {
            let name = names::moved(session, found);
            control.keep(found).await?;
            control.set_ref(&name, found).await?;
            format!("What it stood at is kept as `{name}`.")
        }
        _ => String::new(),
    };
    if !matches!(control.update_ref(&target, tip, found).await?, Cas::Moved) {
        return Ok(false);
    }
    let at = found.map_or_else(|| "no commit at all".to_owned(), ToString::to_string);
    tracing::error!(project = %site.project, %session, %at, %tip, "a target was moved by somebody else, and put back");
    let text = format!(
        "Somebody moved the target of session `{session}` in the project's repository (`{}`) to {at}. Only the merge queue does that, \
         so it was put back to {tip}. {kept} To bring such commits in, have them on a branch of yours and use `legion sync`.",
        control.dir().display(),
    );
    let engine = Engine { inner: site.inner.clone() };
    engine.command(site.project, Party::Root, None, Order::Tickets(TicketOrder::Notice { text })).await?;
    Ok(true)
}
