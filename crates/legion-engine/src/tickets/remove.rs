//! Removing a clone. It is looked at once more: what came in after it was secured is pinned, too.

use legion_git::ClonePlace;
use legion_model::TicketOrder;

use super::failure::Failure;
use super::order::Spot;
use super::prepare::{base_note, beside};
use super::rescue::secure;
use super::site::Site;

pub(super) async fn run(site: &Site, spot: &Spot) -> Result<TicketOrder, Failure> {
    let key = &spot.place.key;
    let _turn = site.ground.turn_to_clear().await;
    let _place = site.ground.hold(key).await;
    let dir = site.ground.dir(key);
    let (control, place) = (site.control().await?, ClonePlace::at(&dir));
    if dir.exists() {
        let proof = match spot.place.rescued {
            // The same files are pinned under the last ref already: nothing new is made then.
            Some(_) => secure(site, &control, spot, spot.rescues.max(1)).await?,
            None => secure(site, &control, spot, spot.rescues + 1).await?,
        };
        site.pass("tickets.before-removal");
        control.remove_clone(&place, proof).await.map_err(|error| Failure::of(&error))?;
    }
    // A service that was killed in the middle has left the rest of it.
    control.clear_beside(&place).await.map_err(|error| Failure::of(&error))?;
    for note in [base_note(&dir), beside(&dir, "setup")] {
        match std::fs::remove_file(&note) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::passing(format!("failed to remove `{}`: {error}", note.display())));
            }
            _ => {}
        }
    }
    Ok(TicketOrder::Removed { place: key.clone() })
}
