use clap::Args;
use legion_api::{ApprovalDecision, DecideRequest};

use super::approve::decide;
use crate::{context::Context, error::CliError, text::parse_address};

/// Refuse what an agent asks for, or send a ticket's changes to protected files back
#[derive(Debug, Args)]
pub(crate) struct DenyArgs {
    /// The permission request, as the inbox shows it; or the number of the ticket
    #[arg(value_parser = parse_address)]
    pub id: String,
    /// Shown to the agent
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

pub(crate) async fn run(context: Context<'_>, args: &DenyArgs) -> Result<u8, CliError> {
    decide(context, &args.id, DecideRequest { decision: ApprovalDecision::Deny, reason: args.reason.clone() }).await
}
