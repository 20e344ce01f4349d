use clap::Args;
use legion_api::{ApprovalDecision, DecideRequest};

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_address, view};

/// Allow what an agent asks for
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// The permission request, as the inbox shows it
    #[arg(value_parser = parse_address)]
    pub id: String,
}

pub(crate) async fn run(context: Context<'_>, args: &ApproveArgs) -> Result<u8, CliError> {
    decide(context, &args.id, DecideRequest { decision: ApprovalDecision::Approve, reason: None }).await
}

/// Decides a permission request and says what it was.
pub(crate) async fn decide(context: Context<'_>, id: &str, request: DecideRequest) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let approval = client.decide(id, &request, None).await?;
    if context.output.json {
        context.output.document(&approval)?;
    } else {
        context.output.line(&view::decided(&approval, request.decision))?;
    }
    Ok(exit::DONE)
}
