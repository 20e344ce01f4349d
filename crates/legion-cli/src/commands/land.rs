use std::{collections::HashSet, path::PathBuf};

use clap::Args;
use legion_api::{Session, Ticket, TicketStatus};
use legion_client::TicketFilter;
use legion_git::{LandInto, LandMode, LandPlan, Landed, Oid, RefName};
use serde::Serialize;

use crate::{
    connect::connect, context::Context, error::CliError, exit, pull_request, repository::Repository, session, view,
};

/// Commits of a landing that are looked at for the tickets in it.
const COMMITS_MAX: usize = 100_000;

/// Bring what was merged in a session into your repository
///
/// Into the branch that the session began on, unless another one is named. What is checked out must be clean for it. The branch is moved
/// forward to commits that passed their gates. When it has commits of its own, `legion sync` brings those through the gates first;
/// `--merge` merges without a test.
/// Nothing else is touched: no other branch, no uncommitted or untracked file.
#[derive(Debug, Args)]
pub(crate) struct LandArgs {
    /// The session (the current one when absent)
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
    /// The branch to bring it into; made when there is none (the one that the session began on when absent)
    #[arg(long, value_name = "BRANCH", conflicts_with = "pr")]
    pub into: Option<String>,
    /// With a merge commit where the branch has commits of its own: nobody has tested the two together
    #[arg(long, conflicts_with = "ff")]
    pub merge: bool,
    /// Only when the branch has no commits of its own (the default)
    #[arg(long)]
    pub ff: bool,
    /// Push it as `legion/SESSION`, and open a pull request with `gh` where that is installed
    #[arg(long, conflicts_with_all = ["merge", "ff"])]
    pub pr: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What was landed, or would be.
#[derive(Debug, Serialize)]
pub(crate) struct Landing {
    pub session: String,
    /// Null for a detached HEAD.
    pub branch: Option<String>,
    /// Null for a new branch.
    pub old: Option<String>,
    pub new: String,
    pub commits: usize,
    /// Numbers and titles of the tickets that came with it.
    pub tickets: Vec<LandedTicket>,
    pub dry_run: bool,
    /// Address of the pull request that has it, when there is one.
    pub pull_request: Option<String>,
}

/// A ticket that was landed.
#[derive(Debug, Serialize)]
pub(crate) struct LandedTicket {
    pub id: u32,
    pub title: String,
    pub commit: String,
}

pub(crate) async fn run(context: Context<'_>, args: &LandArgs) -> Result<u8, CliError> {
    context.needs_person("brings results into a repository")?;
    let repository = Repository::discover(context).await?;
    let project = context.project(&connect(context).await?)?;
    let session = session::named(&project, args.session.as_deref()).await?;
    let control = project.repository().await?;
    let control_dir = PathBuf::from(&control.control_dir);
    if !control_dir.is_dir() {
        return Err(CliError::Repository {
            what: format!("what was merged lies at `{}`, which is not on this machine", control.control_dir),
            hint: Some("run this on the machine of the service".to_owned()),
        });
    }
    let done = TicketFilter {
        session: Some(session.name.clone()),
        status: vec![TicketStatus::Done],
        ..TicketFilter::default()
    };
    let tickets = project.tickets_all(&done).await?;
    let plan = LandPlan {
        control_dir,
        commit: tip(&session)?,
        into: into(args, &session)?,
        mode: if args.merge { LandMode::Merge } else { LandMode::FastForward },
        message: message(&session, &tickets),
    };
    let landed =
        if args.dry_run { repository.repo.land_dry_run(&plan).await } else { repository.repo.land(&plan).await }?;
    let mut landing = described(&repository, &session, &tickets, &landed).await?;
    if is_untested(&landed, &plan.commit) {
        context.output.note("this merge was not tested: what each side passed alone, the two together may not");
    }
    landing.dry_run = args.dry_run;
    if !context.output.json {
        context.output.data(&view::landing(&landing, &context.output.look()))?;
    }
    if args.pr && !args.dry_run {
        landing.pull_request = pull_request::open(context, &repository, &session, &tickets).await?;
    }
    if context.output.json {
        context.output.document(&landing)?;
    }
    match session.tickets.unfinished() {
        0 => {}
        1 => context.output.note("one ticket is not finished yet; `legion land` again brings what comes"),
        open => {
            context.output.note(&format!("{open} tickets are not finished yet; `legion land` again brings what comes"))
        }
    }
    Ok(exit::DONE)
}

/// Whether the branch stands at a commit that was made just now. One that had everything already stands where it stood.
fn is_untested(landed: &Landed, tip: &Oid) -> bool {
    landed.new != *tip && landed.old.as_ref() != Some(&landed.new)
}

fn tip(session: &Session) -> Result<Oid, CliError> {
    session.tip.parse().map_err(|_| CliError::Failed {
        what: format!(
            "the service said that session `{}` stands at `{}`, which is no commit",
            session.name, session.tip
        ),
        hint: None,
    })
}

fn into(args: &LandArgs, session: &Session) -> Result<LandInto, CliError> {
    let name = match (&args.into, &session.branch) {
        (Some(name), _) => name.clone(),
        (None, _) if args.pr => format!("legion/{}", session.name),
        (None, Some(branch)) => branch.clone(),
        // It began on a detached HEAD.
        (None, None) => return Ok(LandInto::Current),
    };
    let branch = RefName::branch(&name);
    branch.map(LandInto::Branch).map_err(|bad| CliError::Usage { what: bad.to_string(), hint: None })
}

/// Of a merge commit, should there be one.
fn message(session: &Session, tickets: &[Ticket]) -> String {
    let mut text = format!("Merge session {}\n", session.name);
    for ticket in tickets {
        let title: String = ticket.title.chars().filter(|character| !character.is_control()).collect();
        text.push_str(&format!("\n#{} {title}", ticket.id));
    }
    text.push('\n');
    text
}

async fn described(
    repository: &Repository,
    session: &Session,
    tickets: &[Ticket],
    landed: &Landed,
) -> Result<Landing, CliError> {
    let commits = repository.repo.landed_commits(landed, COMMITS_MAX).await?;
    let came: HashSet<&str> = commits.iter().map(Oid::as_str).collect();
    let tickets = tickets.iter().filter_map(|ticket| {
        let commit = ticket.commit.as_deref().filter(|commit| came.contains(commit))?;
        Some(LandedTicket { id: ticket.id, title: ticket.title.clone(), commit: commit.to_owned() })
    });
    Ok(Landing {
        session: session.name.clone(),
        branch: landed.branch.as_ref().map(|_| landed.shown()),
        old: landed.old.as_ref().map(Oid::to_string),
        new: landed.new.to_string(),
        commits: commits.len(),
        tickets: tickets.collect(),
        dry_run: false,
        pull_request: None,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::{
        arguments::{Arguments, Command},
        view::ticket_samples,
    };

    #[test]
    fn results_go_to_the_branch_that_the_session_began_on_unless_another_one_is_named() {
        let into = |line: &str, branch: Option<&str>| {
            let arguments = Arguments::try_parse_from(["legion", "land"].into_iter().chain(line.split_whitespace()));
            let Command::Land(args) = arguments.unwrap().command else { panic!("no landing") };
            let session = Session { branch: branch.map(str::to_owned), ..ticket_samples::session(&[]) };
            into(&args, &session).map_err(|error| error.to_string())
        };
        let branch = |name: &str| Ok(LandInto::Branch(RefName::branch(name).unwrap()));
        assert_eq!(into("", Some("main")), branch("main"));
        assert_eq!(into("", None), Ok(LandInto::Current));
        assert_eq!(into("--into other", Some("main")), branch("other"));
        assert_eq!(into("--pr", Some("main")), branch("legion/auth"));
        assert!(into("--into a..b", None).unwrap_err().contains("no name of a ref or branch"));
    }

    #[test]
    fn only_a_merge_that_was_made_is_said_to_be_untested() {
        let oid = |digit: &str| digit.repeat(40).parse::<Oid>().unwrap();
        let (tip, own, merge) = (oid("a"), oid("b"), oid("c"));
        let landed = |old: Option<&Oid>, new: &Oid| Landed { branch: None, old: old.cloned(), new: new.clone() };
        assert!(!is_untested(&landed(Some(&own), &tip), &tip), "moved forward");
        assert!(!is_untested(&landed(None, &tip), &tip), "a new branch");
        assert!(!is_untested(&landed(Some(&own), &own), &tip), "it had the tip already, and commits of its own");
        assert!(is_untested(&landed(Some(&own), &merge), &tip));
    }
}
