use clap::Args;
use legion_api::{Session, Ticket, TicketStatus};
use legion_client::TicketFilter;
use serde::Serialize;

use crate::{connect::connect, context::Context, error::CliError, exit, session, view};

/// Tickets asked for at once: as many as the service gives.
const PAGE: u32 = 1000;

/// Show the tickets of a session, grouped by where they stand
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The session (the current one when absent)
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,

    /// Every ticket; otherwise at most 100 of each group are shown
    #[arg(long)]
    pub all: bool,
}

/// Tickets of a group that are shown without `--all`.
const GROUP_MAX: u32 = 100;

pub(crate) async fn run(context: Context<'_>, args: &CheckArgs) -> Result<u8, CliError> {
    let project = context.project(&connect(context).await?)?;
    let session = session::named(&project, args.session.as_deref()).await?;
    let filter = TicketFilter { session: Some(session.name.clone()), limit: Some(PAGE), ..TicketFilter::default() };
    let tickets = if args.all || context.output.json || session.tickets.total <= GROUP_MAX {
        project.tickets_all(&filter).await?
    } else {
        let mut tickets = Vec::new();
        for status in TicketStatus::ALL.into_iter().filter(|status| session.tickets.of(*status) > 0) {
            let group = TicketFilter { status: vec![status], limit: Some(GROUP_MAX), ..filter.clone() };
            tickets.extend(project.tickets(&group).await?.tickets);
        }
        tickets
    };
    if context.output.json {
        context.output.document(&Check { session: &session, tickets: &tickets })?;
    } else {
        context.output.data(&view::check(&session, &tickets, &context.output.look()))?;
    }
    Ok(exit::DONE)
}

/// The session and its tickets in one document.
#[derive(Debug, Serialize)]
struct Check<'a> {
    session: &'a Session,
    tickets: &'a [Ticket],
}
