use clap::{Args, Subcommand};

use crate::{connect::connect, context::Context, error::CliError, exit};

/// The gateway for model calls
#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    #[command(subcommand)]
    pub verb: GatewayVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayVerb {
    /// Print base URLs for any program; the token in them is as secret as your own
    Url {
        /// An agent that runs; yourself when absent
        agent: Option<String>,
    },
}

pub(crate) async fn run(context: Context<'_>, args: &GatewayArgs) -> Result<u8, CliError> {
    let GatewayVerb::Url { agent } = &args.verb;
    let output = context.output;
    let urls = context.project(&connect(context).await?)?.gateway_urls(agent.as_deref()).await?;
    if output.json {
        output.document(&urls)?;
    } else {
        output.line(&format!("anthropic  {}", urls.anthropic))?;
        output.line(&format!("openai     {}", urls.openai))?;
    }
    Ok(exit::DONE)
}
