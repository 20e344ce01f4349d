use std::time::Duration;

use clap::Args;
use futures_util::StreamExt as _;
use legion_api::LogPage;
use legion_client::Client;
use tokio::time::sleep_until;

use crate::{
    clock,
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    output::Output,
    text::{escape_block, parse_address},
};

/// Lines that are shown when nobody says how many.
const LINES_DEFAULT: u32 = 100;
/// How often a working agent is asked for new lines. Lines are no events; an idle agent is not asked at all.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);

/// Show what an agent wrote, as it wrote it
///
/// Standard output and standard error, oldest first. On a terminal control characters are shown as escapes.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The agent
    #[arg(value_parser = parse_address)]
    pub id: String,
    /// Show the last N lines
    #[arg(long, value_name = "N", default_value_t = LINES_DEFAULT)]
    pub lines: u32,
    /// Go on with what it writes from now on
    #[arg(long)]
    pub follow: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &LogsArgs) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let page = client.logs(&args.id, args.lines).await?;
    print(context.output, &page)?;
    if args.follow {
        follow(context.output, &client, &args.id, page.next).await?;
    }
    Ok(exit::DONE)
}

/// Prints what comes after the cursor, until the agent or the service is gone or the reader has enough.
async fn follow(output: Output, client: &Client, id: &str, mut cursor: String) -> Result<(), CliError> {
    let mut events = std::pin::pin!(client.events(None));
    let agent = client.agent(id).await?;
    let mut works = agent.run.is_some();
    // Between the first page and the stream of events something may have come.
    let mut due = Some(clock::instant());
    loop {
        tokio::select! {
            biased;
            event = events.next() => {
                let Some(event) = event else { return Ok(()) };
                let event = event?;
                if event.agent.as_deref() != Some(agent.id.as_str()) {
                    continue;
                }
                match event.kind.as_str() {
                    "run-opened" | "run-resumed" => works = true,
                    "run-ended" => works = false,
                    _ => {}
                }
                due = Some(clock::instant());
            }
            () = async { sleep_until(due.expect("guarded below")).await }, if due.is_some() => {
                let page = client.logs_after(&agent.id, &cursor).await?;
                let came = !page.lines.is_empty();
                print(output, &page)?;
                cursor = page.next;
                // Straight on while there is more than a page; then at a steady pace while it works.
                due = if came { Some(clock::instant()) } else { works.then(|| clock::instant() + FOLLOW_EVERY) };
            }
        }
    }
}

fn print(output: Output, page: &LogPage) -> Result<(), CliError> {
    for line in &page.lines {
        if output.json {
            output.document(line)?;
        } else if output.stdout_is_terminal() {
            output.line(&escape_block(&line.text))?;
        } else {
            output.line(&line.text)?;
        }
    }
    Ok(())
}
