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
struct Known(BTreeSet<PlaceKey>);

impl Known {
    fn of(state: &Organisation) -> Self {
        let board = &state.board;
        let attempts = board.tickets.values().filter_map(|ticket| ticket.attempt());
        let of_attempts = attempts.flat_map(|attempt| {
            attempt.place.iter().cloned().chain(attempt.reviews.iter().map(|review| review.place.clone()))
        });
        Self(board.places.keys().cloned().chain(of_attempts).collect())
    }
}

/// Secures and removes every clone of the project that is not known. Tells what became of each.
pub(crate) async fn clear(site: &Site) -> Vec<(PathBuf, Result<(), Failure>)> {
    let found = found(&site.ground.work);
    match known(site).await {
        Some(known) => clear_found(site, found, &known).await,
        None => Vec::new(),
    }
}

async fn clear_found(site: &Site, found: Vec<Found>, known: &Known) -> Vec<(PathBuf, Result<(), Failure>)> {
    let mut cleared = Vec::new();
    for Found { session, ticket, key, whole } in found {
        if known.0.contains(&key) {
            continue;
        }
        let _held = site.ground.hold(&key).await;
        // An attempt may have begun there since.
        if is_needed(site, &key).await {
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

/// Asked of the state as it is now. Nothing when the project is being closed.
async fn known(site: &Site) -> Option<Known> {
    let keeper =
        site.inner.projects.read().expect("no holder panics").get(&site.project).map(|open| open.keeper.clone());
    keeper?.read(Known::of).await.ok()
}

/// Whether somebody needs a place. The caller holds it: who comes later makes a clone of their own.
async fn is_needed(site: &Site, key: &PlaceKey) -> bool {
    known(site).await.is_none_or(|known| known.0.contains(key))
}

/// What a killed making or removal has left of a clone: nobody has worked on it, or it is secured. The caller holds the place.
async fn clear_rest(site: &Site, key: &PlaceKey) -> Result<(), Failure> {
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
    let _held = site.ground.hold(key).await;
    if is_needed(site, key).await {
        return;
    }
    // What is left here is found again at the next start.
    if let Err(failure) = clear_one(site, &scene.ticket.session, scene.ticket.id, key).await {
        tracing::warn!(place = %key, why = failure.why, "a clone that nobody needs stays for now");
    }
}

/// The caller holds the place.
async fn clear_one(site: &Site, session: &SessionName, ticket: TicketId, key: &PlaceKey) -> Result<(), Failure> {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    use legion_agents::Login;
    use legion_git::{Git, ObjectFormat, PersonRepo};
    use legion_model::tickets::{NewTicket, OnUpstream, SessionSettings, TicketSpec};
    use legion_model::{Bounds, DriverKind, Party, Tier};
    use legion_runtime::{DataDir, SystemClock};
    use legion_store::MemoryLog;
    use legion_testkit::TestDir;

    use super::*;
    use crate::{ContainmentConfig, Engine, EngineConfig, SessionAsk};

    const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn open(directory: &TestDir) -> Engine {
        let config = EngineConfig {
            data_dir: DataDir::open(&directory.path().join("data")).expect("a data directory"),
            log: Arc::new(MemoryLog::new()),
            clock: Arc::new(SystemClock::new()),
            bounds: Bounds { tier: Tier::None, ..Bounds::default() },
            output_bytes_max: 1024 * 1024,
            // No agent can be started: its ticket fails, and its clone stays.
            legion: "/nowhere".into(),
            claude: None,
            login: Login::Env(BTreeMap::new()),
            base_environment: BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]),
            gate_environment: BTreeMap::new(),
            runtime_dir: Some(directory.dir("run")),
            url: "http://127.0.0.1:1".to_owned(),
            gateway_url: None,
            failpoints: None,
            containment: ContainmentConfig { user_ids: None, ..Default::default() },
        };
        Engine::open(config).await.expect("the engine opens")
    }

    fn ticket() -> NewTicket {
        let spec = TicketSpec {
            title: "any".to_owned(),
            prompt: "anything".to_owned().into(),
            context: None,
            criteria: Vec::new(),
            plan: None,
            checkpoint: false,
            gates: Vec::new(),
            files: Vec::new(),
            team: None,
            role: None,
            group: None,
            worker: None,
            driver: Some(DriverKind::Command),
            command: Some(vec!["true".to_owned()]),
            model: None,
            max_attempts: 1,
            timeout_s: 60,
            on_upstream: OnUpstream::Wait,
        };
        NewTicket { local: None, spec, after: Default::default(), after_new: Default::default() }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_place_that_was_taken_after_it_was_asked_who_is_known_stays() {
        let directory = TestDir::new();
        directory.file("person/README", "hello\n");
        let person = directory.repo("person");
        let engine = open(&directory).await;
        let project = engine.project_for(&person).await.expect("a project");
        let repo =
            PersonRepo::discover(Git::find(PATH.as_ref()).await.expect("git"), &person).await.expect("a repository");
        let tip = repo.resolve("HEAD").await.expect("git works").expect("a commit");
        let repository = engine.repository_open(project, ObjectFormat::Sha1).await.expect("opened");
        let bundle = repository.import_dir.join("one.bundle");
        repo.bundle(&tip, &[], &bundle).await.expect("a bundle");
        let base = engine.import_bundle(project, &bundle, tip.as_str()).await.expect("imported");
        let session: SessionName = "s".parse().expect("a name");
        let ask = SessionAsk { name: session, base, branch: None, settings: SessionSettings::default() };
        engine.session_open(project, Party::Root, None, ask).await.expect("opened");
        let added = engine.tickets_add(project, Party::Root, None, None, vec![ticket()], None).await.expect("added");
        let id = added.tickets[0];
        let closed = move |state: &Organisation| state.board.tickets[&id].is_closed().then_some(());
        engine.until(project, PATIENCE, closed).await.expect("it lives").expect("it is closed");

        let site = Site::of(&engine.inner, project);
        let stray = site.ground.work.join("s/t9/a1");
        std::fs::create_dir_all(&stray).expect("made");
        std::fs::write(stray.join("file"), "x").expect("written");
        let all = found(&site.ground.work);
        assert_eq!(all.len(), 2, "the clone of the ticket, and one that nobody knows");
        // As if the ticket had been dispatched only after it was asked.
        let cleared = clear_found(&site, all, &Known::default()).await;
        let gone: Vec<_> = cleared.iter().map(|(dir, outcome)| (dir.as_path(), outcome.is_ok())).collect();
        assert_eq!(gone, [(stray.as_path(), true)]);
        let left = found(&site.ground.work);
        assert!(left.len() == 1 && left[0].ticket == id && !stray.exists());
        assert!(engine.shutdown(false, PATIENCE).await, "the engine ends");
    }
}
