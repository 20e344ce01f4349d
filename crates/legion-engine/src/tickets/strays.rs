//! Clones on disk that nobody knows: their files are secured, then they are removed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use legion_git::{ClonePlace, RescuePlan};
use legion_model::Organisation;
use legion_model::tickets::{PlaceKey, SessionName, TicketId};

use super::failure::Failure;
use super::names;
use super::order::WorkOrder;
use super::prepare::{base_note, beside};
use super::site::{Site, oid};

/// Places that somebody needs, or whose removal is under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(BTreeSet<PlaceKey>);

impl Known {
    pub(crate) fn of(state: &Organisation) -> Self {
        let board = &state.board;
        let attempts = board.tickets.values().filter_map(|ticket| ticket.attempt());
        let of_attempts = attempts.flat_map(|attempt| {
            attempt.place.iter().cloned().chain(attempt.reviews.iter().map(|review| review.place.clone()))
        });
        Self(board.places.keys().cloned().chain(of_attempts).collect())
    }
}

/// Secures and removes every clone of the project that is not known. Tells what became of each.
pub(crate) async fn clear(site: &Site, known: &Known) -> Vec<(PathBuf, Result<(), Failure>)> {
    let mut cleared = Vec::new();
    for Found { session, ticket, key, whole } in found(&site.ground.work) {
        if known.0.contains(&key) {
            continue;
        }
        let outcome = match whole {
            true => clear_one(site, &session, ticket, &key).await,
            false => clear_rest(site, &key).await,
        };
        cleared.push((site.ground.dir(&key), outcome));
    }
    cleared
}

/// What a killed making or removal has left of a clone: nobody has worked on it, or it is secured.
async fn clear_rest(site: &Site, key: &PlaceKey) -> Result<(), Failure> {
    let _held = site.ground.hold(key).await;
    let place = ClonePlace::at(site.ground.dir(key));
    site.control().await?.clear_beside(&place).await.map_err(|error| Failure::of(&error))
}

/// Removes the clone of a preparation that nobody needed any more when it was done.
pub(super) async fn clear_dropped(site: &Site, order: &WorkOrder) {
    let (scene, key) = match order {
        WorkOrder::Prepare(scene) => (scene, scene.attempt.place.as_ref()),
        WorkOrder::PrepareReview(scene, _) => (scene, scene.attempt.open_review().map(|review| &review.place)),
        _ => return,
    };
    let Some(key) = key else { return };
    let keeper =
        site.inner.projects.read().expect("no holder panics").get(&site.project).map(|open| open.keeper.clone());
    let Some(keeper) = keeper else { return };
    let Ok(known) = keeper.read(Known::of).await else { return };
    if known.0.contains(key) || !site.ground.dir(key).exists() {
        return;
    }
    // What is left here is found again at the next start.
    if let Err(failure) = clear_one(site, &scene.ticket.session, scene.ticket.id, key).await {
        tracing::warn!(place = %key, why = failure.why, "a clone that nobody needs stays for now");
    }
}

async fn clear_one(site: &Site, session: &SessionName, ticket: TicketId, key: &PlaceKey) -> Result<(), Failure> {
    let _held = site.ground.hold(key).await;
    let _turn = site.ground.turn_to_take().await;
    let dir = site.ground.dir(key);
    if !dir.exists() {
        // Whoever held it has removed it: a preparation that was dropped in the meantime.
        return Ok(());
    }
    let control = site.control().await?;
    let noted = std::fs::read_to_string(base_note(&dir)).ok();
    // Without its note any commit that is here will do: what it has not is secured.
    let base = match noted.as_deref().map(str::trim).filter(|noted| !noted.is_empty()) {
        Some(noted) => oid(noted)?,
        None => {
            let branches = control.refs_below(&"refs/heads/legion".parse().expect("a name in a constant")).await?;
            let first = branches.into_iter().next().map(|(_, at)| at);
            first.ok_or_else(|| Failure::fatal("the project's repository has no branch"))?
        }
    };
    let place = ClonePlace::at(&dir);
    let plan = RescuePlan {
        place: place.clone(),
        base,
        message: format!("Rescued from the clone `{key}`, which no ticket knew\n"),
        identity: names::agent(session, ticket),
        at: site.inner.clock.now(),
        into: names::rescue(ticket, key, 0),
    };
    let proof = control.rescue(&plan).await?;
    control.remove_clone(&place, proof).await.map_err(|error| Failure::of(&error))?;
    for note in [base_note(&dir), beside(&dir, "setup")] {
        // Not there is as good.
        let _ = std::fs::remove_file(note);
    }
    Ok(())
}

/// A clone on disk, or what is left of one.
struct Found {
    session: SessionName,
    ticket: TicketId,
    key: PlaceKey,
    whole: bool,
}

/// Every clone on disk: `SESSION/t3/a1`, `SESSION/t3/a1-r1`; and what lies beside: `SESSION/t3/a1.removing`.
fn found(work: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for (session, dir) in directories(work) {
        let Ok(session) = session.parse::<SessionName>() else { continue };
        for (ticket, dir) in directories(&dir) {
            let Some(ticket) = ticket.strip_prefix('t').and_then(|number| number.parse().ok()) else { continue };
            for (name, _) in directories(&dir) {
                let rest = name.strip_suffix(".removing").or(name.strip_suffix(".partial"));
                let whole = rest.is_none();
                found.extend(key(&session, TicketId(ticket), rest.unwrap_or(&name)).map(|key| Found {
                    session: session.clone(),
                    ticket: TicketId(ticket),
                    key,
                    whole,
                }));
            }
        }
    }
    found
}

/// The key of a clone by the name of its directory.
fn key(session: &SessionName, ticket: TicketId, name: &str) -> Option<PlaceKey> {
    let name = name.strip_prefix('a')?;
    match name.split_once("-r") {
        Some((attempt, review)) => {
            Some(PlaceKey::of_review(session, ticket, attempt.parse().ok()?, review.parse().ok()?))
        }
        None => Some(PlaceKey::of_attempt(session, ticket, name.parse().ok()?)),
    }
}

fn directories(path: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    dirs.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect()
}
