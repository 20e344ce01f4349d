//! The demo from the empty directory to the empty directory.

use std::{
    cell::Cell,
    ffi::OsStr,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use legion_api::{Driver, Inbox, TreeNode};
use legion_client::{Client, TreeFilter};
use tempfile::TempDir;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, timeout},
};

use super::{
    DemoArgs,
    account::Account,
    begun,
    checks::checks,
    follow::{count_until, until_at_rest},
    prompts, sample,
    tickets::{self, Cast, Tickets},
};
use crate::{
    clock, commands, connect,
    context::Context,
    error::CliError,
    exit,
    hooks::{Listen, Probe, ServeArgs, Verdict},
    signals::told_to_stop,
    text::span,
    view::{self, Glyphs},
};

/// Scripts are done in half a minute. With the end of the service behind it the demo stays under two minutes.
const SCRIPTS_WITHIN: Duration = Duration::from_secs(95);
/// Seven real agents with a dozen runs, and five on tickets.
const CLAUDE_WITHIN: Duration = Duration::from_secs(29 * 60 + 30);
/// The service ends its agents within 10 s and closes its log.
const DOWN_WITHIN: Duration = Duration::from_secs(20);

/// A leader reports each of its runs: most only say that it waits.
const LETTERS_SHOWN: usize = 4;

/// Where the demo plays.
struct Stage {
    folder: TempDir,
    /// A service may be running and must be ended.
    started: Cell<bool>,
}

impl Stage {
    fn set_up(context: Context<'_>) -> Result<Self, CliError> {
        let place = context.environment.get("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let folder =
            tempfile::Builder::new().prefix("legion-demo-").tempdir_in(&place).map_err(|source| CliError::Demo {
                what: format!("make a temporary directory in `{}`", place.display()),
                source: source.into(),
            })?;
        Ok(Self { folder, started: Cell::new(false) })
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where what was merged is looked at again; not there yet.
    fn fresh(&self) -> PathBuf {
        self.folder.path().join("fresh")
    }
}

/// What came of it.
struct Played {
    tree: TreeNode,
    inbox: Inbox,
    account: Account,
    /// None without git, and when what they build on is not there.
    tickets: Option<Tickets>,
    checks: Vec<Probe>,
}

impl Played {
    fn all_checks(&self) -> Vec<Probe> {
        let tickets = self.tickets.iter().flat_map(|tickets| &tickets.checks);
        self.checks.iter().chain(tickets).cloned().collect()
    }
}

pub(crate) async fn run(context: Context<'_>, args: &DemoArgs) -> Result<u8, CliError> {
    let began = clock::instant();
    let driver = Driver::from(args.driver);
    look_for(context, driver)?;
    let stage = Stage::set_up(context)?;
    let within = if driver == Driver::Claude { CLAUDE_WITHIN } else { SCRIPTS_WITHIN };
    let played = tokio::select! {
        biased;
        () = told_to_stop() => Err(CliError::Interrupted),
        () = hung_up() => Err(CliError::Interrupted),
        played = timeout(within, play(context, args, &stage)) => played.unwrap_or_else(|_| Err(not_in_time(within))),
    };
    let shown = match &played {
        Ok(played) => show(context, played, began),
        Err(_) => Ok(()),
    };
    let ended = end(context, &stage).await;
    clear(context, stage, args.keep);
    let played = played?;
    shown?;
    ended?;
    Ok(if played.all_checks().iter().all(|check| check.verdict != Verdict::Failed) { exit::DONE } else { exit::FAILED })
}

/// What real agents need is there, before anything begins.
fn look_for(context: Context<'_>, driver: Driver) -> Result<(), CliError> {
    if driver != Driver::Claude {
        return Ok(());
    }
    match context.hooks.claude().into_iter().find(|probe| probe.verdict != Verdict::Ok) {
        Some(lacking) => Err(begun::unavailable(lacking.detail, lacking.fix.as_deref())),
        None => Ok(()),
    }
}

async fn play(context: Context<'_>, args: &DemoArgs, stage: &Stage) -> Result<Played, CliError> {
    let driver = Driver::from(args.driver);
    let output = context.output;
    let repository = stage.repository();
    let has_git = sample::make(context.hooks, &repository)?;
    output.note(&format!("sample {} in {}", if has_git { "repository" } else { "directory" }, repository.display()));

    let listen = Listen::At(vec![SocketAddr::from(([127, 0, 0, 1], 0))]);
    stage.started.set(true);
    let endpoint =
        connect::start(context, &ServeArgs { listen, data_dir: stage.data_dir(), tier: Some("best".to_owned()) })
            .await?;
    output.note(&format!("service of its own at {}", endpoint.url));

    let client = Client::to(&endpoint)?;
    let cwd = repository.to_str().ok_or_else(|| CliError::Usage {
        what: format!("the directory `{}` is not UTF-8", repository.display()),
        hint: Some("name another one with TMPDIR".to_owned()),
    })?;
    output.note("first an organisation: a leader, two managers, four workers");
    let leader = client.hire(&prompts::leader(driver, args.model.clone(), cwd), None).await?;
    let mut account = Account::default();
    let tree = until_at_rest(context, &client, &mut account).await?;
    // The tree is at rest before its last event has come here; the next act would take that for one of its own.
    if let Some(run) = client.wait(&leader.id, Duration::ZERO).await? {
        count_until(&client, &mut account, &leader.id, run.number).await?;
    }
    begun::check(&client, &tree).await?;
    let checks = checks(context.hooks, driver, &repository, &tree, &account);
    let tickets = if checks.iter().any(|check| check.verdict == Verdict::Failed) {
        output.note("not everything is as it should be: tickets build on it, and are left out");
        None
    } else if has_git {
        let environment = context.environment.at(repository);
        let context = Context { environment: &environment, ..context };
        let cast = Cast { client: &client, driver, leader: &leader.id, after: account.last() };
        Some(tickets::play(context, &cast, &mut account, &stage.fresh()).await?)
    } else {
        output.note("there is no git on PATH: tickets need it, and are left out");
        None
    };
    let tree = client.tree(&TreeFilter::default()).await?;
    let inbox = client.inbox().await?;
    Ok(Played { tree, inbox, account, tickets, checks })
}

fn show(context: Context<'_>, played: &Played, began: Instant) -> Result<(), CliError> {
    let output = context.output;
    let took = began.elapsed();
    if output.json {
        output.document(&serde_json::json!({
            "tree": played.tree,
            "inbox": played.inbox.messages,
            "tickets": played.tickets.as_ref().map(|tickets| view::end_document(&tickets.board, output.look().now)),
            "checks": played.all_checks(),
            "seconds": took.as_secs_f64(),
            "cost_usd": played.account.cost_usd(),
        }))?;
        return Ok(());
    }
    let look = output.look();
    let took = span(jiff::SignedDuration::try_from(took).unwrap_or(jiff::SignedDuration::MAX));
    let letters = &played.inbox.messages;
    let newest = &letters[letters.len().saturating_sub(LETTERS_SHOWN)..];
    let before = match letters.len() - newest.len() {
        0 => String::new(),
        before => format!(", the newest {LETTERS_SHOWN} of {}", before + newest.len()),
    };
    let mut text = format!(
        "\nThe organisation\n\n{}\nThe inbox{before}\n\n{}\nWhat it took\n\n{}\n",
        view::tree(&played.tree, &look),
        view::letters(newest, &look),
        view::agents(&played.account.rows(&played.tree), &look),
    );
    if let Some(tickets) = &played.tickets {
        let table = view::end_table(&tickets.board, &look, Glyphs::of(context.environment));
        text.push_str(&format!("The tickets\n\n{table}\n"));
    }
    let cost = played.account.cost_usd().map(|cost| format!(" and {}", view::dollars(cost))).unwrap_or_default();
    text.push_str(&format!("What was checked\n\n{}\n{took}{cost} in all\n", view::probes(&played.all_checks(), &look)));
    output.data(&text)?;
    Ok(())
}

/// Ends the service and its agents, whatever came of the play.
async fn end(context: Context<'_>, stage: &Stage) -> Result<(), CliError> {
    if !stage.started.get() {
        return Ok(());
    }
    let data_dir = stage.data_dir();
    // One that was only just being started must not be left behind either.
    let Ok(endpoint) = connect::until_ready(context, &data_dir, None).await else { return Ok(()) };
    let ended = timeout(DOWN_WITHIN, commands::down::end(&endpoint, false)).await;
    let ended = ended.unwrap_or(Err(CliError::NotDown { seconds: DOWN_WITHIN.as_secs() }));
    if ended.is_err() {
        kill(context, &data_dir);
    }
    ended.map(|_| ())
}

/// The last resort against a service that does not end: its agents end with it.
fn kill(context: Context<'_>, data_dir: &Path) {
    let Some(info) = connect::service_file(data_dir) else { return };
    let script = format!("kill -9 {}", info.pid);
    let arguments = [OsStr::new("-c"), OsStr::new(&script)];
    // When even this fails there is nothing left to try; the error of the end itself is shown.
    let _ = context.hooks.run(OsStr::new("sh"), &arguments, Path::new("/"), Duration::from_secs(5));
}

fn clear(context: Context<'_>, stage: Stage, keep: bool) {
    let path = stage.folder.path().to_owned();
    if keep {
        let path = stage.folder.keep();
        context.output.note(&format!("kept {}", path.display()));
    } else if let Err(error) = stage.folder.close() {
        context.output.note(&format!("warning: failed to remove `{}`: {error}", path.display()));
    }
}

fn not_in_time(within: Duration) -> CliError {
    CliError::Failed {
        what: format!("the agents were not done within {} s", within.as_secs()),
        hint: Some(
            "run it again with `--keep`, and look at the agents' work and at the log in the directory it names"
                .to_owned(),
        ),
    }
}

/// Waits for the terminal to be closed: a service and a directory that nobody knows of must not stay behind.
async fn hung_up() {
    match signal(SignalKind::hangup()) {
        Ok(mut hangup) => drop(hangup.recv().await),
        // Without a handler the signal ends the program as it does by default.
        Err(_) => std::future::pending().await,
    }
}
