use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_address};

/// Fire an agent and all below it
///
/// Their processes are ended, the lowest first; the log keeps their history.
#[derive(Debug, Args)]
pub(crate) struct FireArgs {
    /// The agent
    #[arg(value_parser = parse_address)]
    pub id: String,
    /// Let its reports report to its parent instead of firing them too
    #[arg(long)]
    pub keep_reports: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &FireArgs) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let reply = client.fire(&args.id, args.keep_reports, None).await?;
    if context.output.json {
        context.output.document(&reply)?;
    } else {
        let kept = if reply.kept.is_empty() { String::new() } else { format!(", kept {}", reply.kept.len()) };
        context.output.line(&format!("fired {} agents{kept}", reply.fired.len()))?;
    }
    if !reply.ended {
        context.output.note("warning: some of their processes have not ended yet; the service goes on ending them");
    }
    Ok(exit::DONE)
}
