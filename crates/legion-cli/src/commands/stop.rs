use clap::Args;
use legion_api::TicketNumbers;

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_ticket, view};

/// Stop tickets
///
/// Their agents are interrupted; what they have done stays, and `legion retry` goes on with it.
#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// The tickets, or `all`: every unfinished one
    #[arg(required = true, value_name = "ID|all", value_parser = parse_which)]
    pub which: Vec<Which>,
    /// With `all`: of this session only
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
}

/// What to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    One(u32),
}

fn parse_which(text: &str) -> Result<Which, String> {
    if text == "all" {
        return Ok(Which::All);
    }
    parse_ticket(text).map(Which::One).map_err(|_| "neither the number of a ticket nor `all`".to_owned())
}

pub(crate) async fn run(context: Context<'_>, args: &StopArgs) -> Result<u8, CliError> {
    let all = args.which.contains(&Which::All);
    if all && args.which.len() > 1 {
        return Err(CliError::Usage {
            what: "`all` stands alone".to_owned(),
            hint: Some("name tickets, or `all`".to_owned()),
        });
    }
    if args.session.is_some() && !all {
        return Err(CliError::Usage {
            what: "`--session` goes with `all`: numbers of tickets are unique in the project".to_owned(),
            hint: None,
        });
    }
    let project = context.project(&connect(context).await?)?;
    let mut stopped = TicketNumbers { tickets: Vec::new() };
    for which in &args.which {
        let some = match which {
            Which::All => project.stop_all(args.session.as_deref(), None).await?,
            Which::One(id) => project.stop(*id, None).await?,
        };
        stopped.tickets.extend(some.tickets);
    }
    if context.output.json {
        context.output.document(&stopped)?;
    } else {
        context.output.line(&view::took("stopped", &stopped.tickets))?;
    }
    Ok(exit::DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_or_all_of_them_are_stopped() {
        assert_eq!(parse_which("all"), Ok(Which::All));
        assert_eq!(parse_which("#3"), Ok(Which::One(3)));
        assert_eq!(parse_which("ALL"), Err("neither the number of a ticket nor `all`".to_owned()));
    }
}
