use std::{path::Path, time::Duration};

use clap::Args;
use legion_api::{Dispatched, Plan, PlanCheck, PlanRequest, Session};
use legion_client::{Patience, ProjectClient};
use legion_git::Oid;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    live_board::{BoardWatch, Watched},
    plan_file::read_plan,
    repository::Repository,
    session::{self, Opened, Opening},
    signals::told_to_stop,
    text::{escape_line, short_commit},
    view::{self, Board, BoardVerdict, Glyphs},
};

/// A service that is being restarted, with many tickets to take up, is back within this.
const PATIENCE: Patience = Patience { unreached: Duration::from_secs(10), lost: Duration::from_secs(60) };

/// Run a plan: all of its tickets, to the end
///
/// The plan is checked before anything starts. Ctrl-C leaves it running; `legion check` shows it, `legion stop all` stops it.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The plan: TOML, or JSON when the name ends with `.json`; `-` reads it from standard input
    pub plan: String,
    /// Tickets that are worked on at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub workers: Option<u32>,
    /// The session (the plan's when absent, else the current one, else that of the branch that is checked out)
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
    /// Go on with what can still be done when a ticket fails (the default)
    #[arg(long, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Stop the plan's other tickets when one fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Return when the tickets are on the board
    #[arg(long, conflicts_with = "fail_fast")]
    pub detach: bool,
    /// Only check the plan
    #[arg(long, conflicts_with_all = ["detach", "fail_fast", "keep_going"])]
    pub check: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &RunArgs) -> Result<u8, CliError> {
    let output = context.output;
    let mut plan = read_plan(&args.plan)?;
    if let Some(workers) = args.workers {
        plan.session.get_or_insert_default().workers = Some(workers);
    }
    let client = connect(context).await?.with_patience(PATIENCE);
    let project = context.project(&client)?;
    let request = PlanRequest { session: args.session.clone(), plan };
    let checked = project.check_plan(&request).await?;
    if args.check && output.json {
        output.document(&checked)?;
        return Ok(if checked.valid { exit::DONE } else { exit::USAGE });
    }
    check(context, &args.plan, &checked)?;
    if args.check {
        output.line(&summary(&args.plan, &checked))?;
        return Ok(exit::DONE);
    }
    let session = take_up(context, &project, args.session.as_deref(), &request.plan).await?;
    let request = PlanRequest { session: Some(session.name.clone()), ..request };
    let dispatched = project.dispatch_plan(&request, None).await?;
    let news = dispatched.warnings.iter().filter(|warning| !checked.warnings.contains(warning));
    output.warn(&news.cloned().collect::<Vec<_>>());
    output.note(&dispatched_line(&dispatched));
    if args.detach {
        if output.json {
            output.document(&dispatched)?;
        } else {
            for number in &dispatched.tickets {
                output.line(&number.to_string())?;
            }
        }
        return Ok(exit::DONE);
    }
    // Read again: the plan may have changed its settings.
    let session = project.session(&session.name).await?;
    let board = tokio::select! {
        biased;
        () = told_to_stop() => {
            output.note(&format!(
                "session `{0}` goes on without this command: `legion check --session {0}` shows it, `legion stop all --session {0}` stops it",
                escape_line(&session.name)
            ));
            return Ok(exit::INTERRUPTED);
        }
        board = follow(context, &project, &session, &dispatched, args.fail_fast) => board?,
    };
    show(context, &board)
}

/// Tells everything that is wrong with a plan, or may be.
fn check(context: Context<'_>, file: &str, checked: &PlanCheck) -> Result<(), CliError> {
    context.output.warn(&checked.warnings);
    if checked.valid {
        return Ok(());
    }
    let (file, faults) = (called(file), checked.problems.len());
    if !context.output.json && faults > 1 {
        for problem in &checked.problems {
            context.output.note(&format!("  {}", escape_line(&problem.text)));
        }
    }
    let what = match &checked.problems[..] {
        [only] => format!("{file}: {}", only.text),
        _ if context.output.json => {
            let all: Vec<&str> = checked.problems.iter().map(|problem| problem.text.as_str()).collect();
            format!("{file}: {}", all.join("; "))
        }
        _ => format!("{file} has {faults} faults, told above"),
    };
    Err(CliError::Usage { what, hint: Some("nothing was started; mend the plan and run it again".to_owned()) })
}

fn summary(file: &str, checked: &PlanCheck) -> String {
    let noun = if checked.tickets == 1 { "ticket" } else { "tickets" };
    format!(
        "{}: {} {noun}, {} in the longest chain, at most {} at the same time",
        called(file),
        checked.tickets,
        checked.levels,
        checked.widest
    )
}

/// The file as messages name it.
fn called(file: &str) -> String {
    if file == "-" { "standard input".to_owned() } else { escape_line(file) }
}

fn dispatched_line(dispatched: &Dispatched) -> String {
    let session = escape_line(&dispatched.session);
    match (dispatched.tickets.first(), dispatched.tickets.last()) {
        (Some(first), Some(last)) if first != last => {
            format!("dispatched {} tickets into session `{session}`: #{first} to #{last}", dispatched.tickets.len())
        }
        (Some(only), _) => format!("dispatched ticket #{only} into session `{session}`"),
        _ => format!("dispatched nothing into session `{session}`"),
    }
}

/// The session that the plan goes into: given, named by the plan, current, or opened for what is checked out.
async fn take_up(
    context: Context<'_>,
    project: &ProjectClient,
    given: Option<&str>,
    plan: &Plan,
) -> Result<Session, CliError> {
    let planned = plan.session.as_ref();
    let name = given.map(str::to_owned).or_else(|| planned.and_then(|session| session.name.clone()));
    if context.environment.is_agent() {
        return session::named(project, name.as_deref()).await;
    }
    let repository = Repository::discover(context).await?;
    let opened = match name {
        None if let Some(session) = session::current(project).await? => Opened { session, is_new: false },
        name => {
            let (from, target) =
                planned.map(|session| (session.from.clone(), session.target.clone())).unwrap_or_default();
            session::open(project, &repository, Opening { name, from, target, ..Opening::default() }).await?
        }
    };
    if opened.is_new {
        context.output.note(&session::opened_line(&opened));
    } else {
        tell_when_behind(context, project, &repository, &opened.session).await;
    }
    Ok(opened.session)
}

/// Says so when the person has commits that the session does not know. What goes wrong here is no reason not to work.
async fn tell_when_behind(context: Context<'_>, project: &ProjectClient, repository: &Repository, session: &Session) {
    let head = &repository.head.commit;
    let Ok(control) = project.repository().await else { return };
    let Ok(tip) = session.tip.parse::<Oid>() else { return };
    if let Ok(false) = repository.repo.is_held_by(head, Path::new(&control.control_dir), &tip).await {
        context.output.note(&format!(
            "session `{}` stands at {} and does not have {}{}: `legion sync` brings it in",
            escape_line(&session.name),
            short_commit(&session.tip),
            short_commit(head.as_str()),
            repository.branch().map(|branch| format!(" of {}", escape_line(branch))).unwrap_or_default(),
        ));
    }
}

/// Shows the plan's tickets until nothing more will happen to them.
async fn follow(
    context: Context<'_>,
    project: &ProjectClient,
    session: &Session,
    dispatched: &Dispatched,
    fail_fast: bool,
) -> Result<Board, CliError> {
    let watched = Watched {
        session: &session.name,
        target: &session.target_branch,
        workers: session.settings.workers,
        after: Some(dispatched.position),
        tickets: Some(dispatched.tickets.iter().copied().collect()),
        known: &[],
    };
    let mut watch = BoardWatch::new(context, project, &watched);
    let ended = watch_to_the_end(project, &mut watch, fail_fast).await;
    let board = watch.close();
    ended.map(|()| board)
}

async fn watch_to_the_end(project: &ProjectClient, watch: &mut BoardWatch, fail_fast: bool) -> Result<(), CliError> {
    watch.until(|board| fail_fast && has_failed(board)).await?;
    if watch.board().verdict() != BoardVerdict::Going || !fail_fast {
        return Ok(());
    }
    let open = watch.board().tickets.values().filter(|ticket| !ticket.standing.is_closed());
    for number in open.map(|ticket| ticket.number).collect::<Vec<_>>() {
        // One that was closed meanwhile needs no stop.
        let stopped = project.stop(number, None).await;
        if let Err(error) = stopped
            && error.problem().is_none()
        {
            return Err(error.into());
        }
    }
    watch.until(|_| false).await
}

fn has_failed(board: &Board) -> bool {
    board.tickets.values().any(|ticket| ticket.standing.is_closed() && !ticket.standing.is_done())
}

fn show(context: Context<'_>, board: &Board) -> Result<u8, CliError> {
    let output = context.output;
    let look = output.look();
    if output.json {
        output.document(&view::end_document(board, look.now))?;
    } else {
        output.data(&view::end_table(board, &look, Glyphs::of(context.environment)))?;
    }
    Ok(if board.verdict() == BoardVerdict::Merged { exit::DONE } else { exit::FAILED })
}
