use clap::Args;
use legion_api::Why;
use legion_client::ProjectClient;

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_ticket, view};

/// More pages than any project has.
const PAGES_MAX: usize = 10_000;

/// Say why a ticket is not moving, and who moves next
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The ticket
    #[arg(value_parser = parse_ticket, required_unless_present = "all")]
    pub id: Option<u32>,
    /// Every ticket that is not merged
    #[arg(long, conflicts_with = "id")]
    pub all: bool,
    /// With --all: only of this session
    #[arg(long, value_name = "NAME", requires = "all")]
    pub session: Option<String>,
}

pub(crate) async fn run(context: Context<'_>, args: &WhyArgs) -> Result<u8, CliError> {
    let project = context.project(&connect(context).await?)?;
    let whys = match args.id {
        Some(id) => {
            let why = project.why(id).await?;
            if context.output.json {
                context.output.document(&why)?;
                return Ok(exit::DONE);
            }
            vec![why]
        }
        None => all(&project, args.session.as_deref()).await?,
    };
    if context.output.json {
        context.output.document(&whys)?;
    } else if whys.is_empty() {
        context.output.note("every ticket is merged");
    } else {
        context.output.data(&view::whys(&whys, &context.output.look()))?;
    }
    Ok(exit::DONE)
}

/// Of every ticket that is not merged.
async fn all(project: &ProjectClient, session: Option<&str>) -> Result<Vec<Why>, CliError> {
    let mut whys = Vec::new();
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = project.whys(session, after).await?;
        whys.extend(page.tickets);
        match page.next {
            // A page that leads back to itself would be read for ever.
            Some(next) if after.is_none_or(|after| next > after) => after = Some(next),
            _ => break,
        }
    }
    Ok(whys)
}
