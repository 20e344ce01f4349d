//! Securing a clone: every file that is in it and nowhere else is pinned.

use legion_git::{ClonePlace, Control, RescuePlan, Rescued};
use legion_model::TicketOrder;

use super::failure::Failure;
use super::names;
use super::order::Spot;
use super::site::{Site, oid};

pub(super) async fn run(site: &Site, spot: &Spot) -> Result<TicketOrder, Failure> {
    let key = &spot.place.key;
    let _turn = site.ground.turn_to_clear().await;
    let _place = site.ground.hold(key).await;
    let dir = site.ground.dir(key);
    let answer = |commit, reference| TicketOrder::Rescued { place: key.clone(), commit, reference };
    if !dir.exists() {
        tracing::warn!(project = %site.project, place = %key, "a clone was removed by somebody before it was secured");
        return Ok(answer(None, None));
    }
    let control = site.control().await?;
    let number = spot.rescues + 1;
    let rescued = secure(site, &control, spot, number).await?;
    let base = spot.place.base == rescued.commit().as_str();
    let reference = names::rescue(spot.place.ticket, key, number).to_string();
    Ok(if base { answer(None, None) } else { answer(Some(rescued.commit().to_string()), Some(reference)) })
}

/// Pins the files of a clone under the ref of its `number`-th rescue.
pub(super) async fn secure(site: &Site, control: &Control, spot: &Spot, number: usize) -> Result<Rescued, Failure> {
    let place = &spot.place;
    let plan = RescuePlan {
        place: ClonePlace::at(site.ground.dir(&place.key)),
        base: oid(&place.base)?,
        message: format!("Rescued from the clone `{}` of ticket {}\n", place.key, place.ticket),
        identity: names::agent(&place.session, place.ticket),
        at: site.inner.clock.now(),
        into: names::rescue(place.ticket, &place.key, number),
    };
    let rescued = control.rescue(&plan).await?;
    for note in rescued.notes() {
        tracing::info!(project = %site.project, place = %place.key, %note, "while a clone was secured");
    }
    Ok(rescued)
}
