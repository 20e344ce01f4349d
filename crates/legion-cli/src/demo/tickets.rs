//! The second act: the leader cuts what is left into tickets, three workers take them, and only what is green gets into the target.

use std::{path::Path, time::Duration};

use legion_api::{Driver, Session, SessionChanges, TellRequest};
use legion_client::{Client, ProjectClient};
use legion_git::{LandInto, LandMode, LandPlan};

use super::{
    account::Account,
    follow::{attend, count_until},
    prompts,
    proof::{self, Target, happened, probe},
    sample::{self, WHOLE},
};
use crate::{
    context::Context,
    error::CliError,
    hooks::Probe,
    live_board::{BoardWatch, Watched},
    repository::Repository,
    session::{self, Opening},
    view::{Board, BoardVerdict},
};

const SESSION: &str = "demo";
/// Tickets that are worked on at the same time.
const WORKERS: u32 = 3;
/// The leader sums up within this when the last ticket is closed; a real one needs a turn for it.
const SUMS_UP_WITHIN: Duration = Duration::from_secs(60);

/// What came of it.
pub(super) struct Tickets {
    pub board: Board,
    pub checks: Vec<Probe>,
}

/// What the act is played with.
pub(super) struct Cast<'a> {
    pub client: &'a Client,
    pub driver: Driver,
    pub leader: &'a str,
    /// Number of the last event of the first act.
    pub after: u64,
}

/// Plays the act in the repository in which the context stands; `fresh` is a directory that is not there yet.
pub(super) async fn play(
    context: Context<'_>,
    cast: &Cast<'_>,
    account: &mut Account,
    fresh: &Path,
) -> Result<Tickets, CliError> {
    let Cast { client, driver, leader, .. } = *cast;
    sample::commit(context.hooks, context.environment.current_dir(), "Four filters, by an organisation of agents")?;
    let project = context.project(client)?;
    let repository = Repository::discover(context).await?;
    let settings = SessionChanges { workers: Some(WORKERS), ..SessionChanges::default() };
    let opening = Opening { name: Some(SESSION.to_owned()), settings, ..Opening::default() };
    let opened = session::open(&project, &repository, opening).await?;
    context.output.note(&session::opened_line(&opened));

    context.output.note(&format!("then tickets: the leader cuts what is left for {WORKERS} workers"));
    let text = prompts::cut(driver).to_owned();
    client.tell(leader, &TellRequest { text, now: false, by: None }, None).await?;
    let board = watch(context, cast, &project, &opened.session, account).await?;
    // It is told that nothing of its own is open any more; what it says about that goes to the inbox.
    if let Some(run) = client.wait(leader, SUMS_UP_WITHIN).await? {
        count_until(client, account, leader, run.number).await?;
    }

    context.output.note("every commit of the target is tested again in a fresh clone");
    let session = project.session(SESSION).await?;
    let control = project.repository().await?;
    let control_dir = Path::new(&control.control_dir);
    let target = Target { branch: &session.target_branch, base: &session.base, control_dir };
    let mut checks = vec![
        all_merged(&board),
        proof::green(context.hooks, &board, &target, fresh),
        happened(
            driver,
            "retry",
            retried(&board),
            "a gate failed, its output went to the agent, and the agent mended it",
        ),
        happened(
            driver,
            "conflict",
            conflicted(&board),
            "two edited the same lines; the second resolved it on the newest target",
        ),
    ];
    checks.push(land(context, &repository, &session, control_dir).await);
    Ok(Tickets { board, checks })
}

async fn watch(
    context: Context<'_>,
    cast: &Cast<'_>,
    project: &ProjectClient,
    session: &Session,
    account: &mut Account,
) -> Result<Board, CliError> {
    let watched = Watched {
        session: &session.name,
        target: &session.target_branch,
        workers: session.settings.workers,
        after: Some(cast.after),
        tickets: None,
        known: &[],
    };
    let mut watch = BoardWatch::new(context, project, &watched);
    let ended = tokio::select! {
        biased;
        ended = watch.until(|_| false) => ended,
        failed = attend(context, (cast.client, project), account, cast.leader, cast.after) => Err(failed),
    };
    let board = watch.close();
    ended.map(|()| board)
}

fn all_merged(board: &Board) -> Probe {
    let done = board.tickets.values().filter(|ticket| ticket.standing.is_done()).count();
    let checkpoints = board.tickets.values().filter(|ticket| ticket.checkpoint).count();
    let detail = format!("{done} of {} done, {checkpoints} of them checkpoints", board.tickets.len());
    probe("tickets", board.verdict() == BoardVerdict::Merged, detail)
}

/// Whether some ticket was turned down by a gate and merged later.
fn retried(board: &Board) -> bool {
    board.tickets.values().any(|ticket| ticket.standing.is_done() && ticket.failed_of("task"))
}

/// Whether some ticket was in conflict and merged later.
fn conflicted(board: &Board) -> bool {
    board.tickets.values().any(|ticket| ticket.standing.is_done() && ticket.failed_of("conflict"))
}

/// Brings the target onto the person's branch, as `legion land` does, and runs the whole suite there.
async fn land(context: Context<'_>, repository: &Repository, session: &Session, control_dir: &Path) -> Probe {
    let landed = async {
        let commit = session.tip.parse().map_err(|_| format!("`{}` is no commit", session.tip))?;
        let plan = LandPlan {
            control_dir: control_dir.to_owned(),
            commit,
            into: LandInto::Current,
            mode: LandMode::FastForward,
            message: String::new(),
        };
        repository.repo.land(&plan).await.map_err(|error| error.to_string())
    };
    match landed.await {
        Ok(landed) => {
            let suite = sample::suite(context.hooks, context.environment.current_dir(), WHOLE);
            match suite {
                Ok(last) => probe("landed", true, format!("on {}: {last}", landed.shown())),
                Err(why) => probe("landed", false, why),
            }
        }
        Err(why) => probe("landed", false, why),
    }
}
