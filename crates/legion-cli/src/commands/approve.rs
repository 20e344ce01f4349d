use clap::Args;
use legion_api::{ApprovalDecision, DecideRequest};
use legion_client::Client;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    text::{escape_line, parse_address, parse_ticket},
    view,
};

/// Characters of a permission request's id on screens.
const SHORT_ID_CHARS: usize = 8;

/// Allow what an agent asks for, or a ticket's changes to protected files
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// The permission request, as the inbox shows it; or the number of the ticket
    #[arg(value_parser = parse_address)]
    pub id: String,
}

/// What is decided.
#[derive(Debug, PartialEq, Eq)]
enum Subject<'a> {
    Request(&'a str),
    Ticket(u32),
}

pub(crate) async fn run(context: Context<'_>, args: &ApproveArgs) -> Result<u8, CliError> {
    decide(context, &args.id, DecideRequest { decision: ApprovalDecision::Approve, reason: None }).await
}

/// Ids of requests are shown with eight characters: a shorter number is a ticket's.
fn subject(id: &str) -> Subject<'_> {
    match parse_ticket(id) {
        Ok(ticket) if id.len() < SHORT_ID_CHARS => Subject::Ticket(ticket),
        _ => Subject::Request(id),
    }
}

/// Decides a permission request, or about a ticket that is held, and says what it was.
pub(crate) async fn decide(context: Context<'_>, id: &str, request: DecideRequest) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let id = match subject(id) {
        Subject::Request(id) => id,
        Subject::Ticket(ticket) => return decide_held(context, &client, ticket, &request).await,
    };
    let approval = client.decide(id, &request, None).await?;
    if context.output.json {
        context.output.document(&approval)?;
    } else {
        context.output.line(&view::decided(&approval, request.decision))?;
    }
    Ok(exit::DONE)
}

async fn decide_held(
    context: Context<'_>,
    client: &Client,
    ticket: u32,
    request: &DecideRequest,
) -> Result<u8, CliError> {
    let approve = request.decision == ApprovalDecision::Approve;
    let project = context.project(client)?;
    let detail = project.decide_held(ticket, approve, request.reason.as_deref(), None).await?;
    if context.output.json {
        context.output.document(&detail)?;
    } else {
        let word = if approve { "approved the changes of" } else { "sent back" };
        context.output.line(&format!("{word} ticket #{ticket} {}", escape_line(&detail.ticket.title)))?;
    }
    Ok(exit::DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_number_is_a_ticket_and_all_else_a_request() {
        assert_eq!(subject("3"), Subject::Ticket(3));
        assert_eq!(subject("#12"), Subject::Ticket(12));
        assert_eq!(subject("12345678"), Subject::Request("12345678"));
        assert_eq!(subject("7d0d3f1c"), Subject::Request("7d0d3f1c"));
    }
}
