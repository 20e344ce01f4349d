use std::{cmp::Reverse, time::Duration};

use clap::{Args, ValueEnum};
use legion_api::{AgentResources, ResourceUsage};
use legion_client::Client;
use tokio::time::sleep;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    keys::Keys,
    output::Output,
    signals,
    view::{self, Look, Screen},
};

/// Between two looks: the service itself looks twice in this time.
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// Show what each agent takes of the machine, with its whole tree of processes, and who waits for room
///
/// On a terminal it is shown again every second, until `q` or Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    /// What the most of comes first
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// Show it once, also on a terminal
    #[arg(long)]
    pub once: bool,
}

/// What agents are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    #[default]
    Memory,
    Cpu,
}

impl By {
    fn sort(self, agents: &mut [AgentResources]) {
        match self {
            Self::Memory => agents.sort_by_key(|agent| Reverse(agent.taken.map(|taken| taken.memory_bytes))),
            // Whole hundredths of a per cent: a number that can be compared.
            Self::Cpu => agents.sort_by_key(|agent| {
                Reverse(agent.taken.and_then(|taken| taken.cpu_percent).map(|percent| (percent * 100.0) as u64))
            }),
        }
    }
}

pub(crate) async fn run(context: Context<'_>, args: &TopArgs) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let output = context.output;
    if !args.once && !output.json && output.stdout_is_terminal() && output.stderr_is_terminal() {
        return follow(&client, output, args.by).await;
    }
    let usage = usage(&client, args.by).await?;
    if output.json {
        output.document(&usage)?;
    } else {
        output.data(&view::top(&usage, &output.look()))?;
    }
    Ok(exit::DONE)
}

async fn usage(client: &Client, by: By) -> Result<ResourceUsage, CliError> {
    let mut usage = client.usage(None).await?;
    by.sort(&mut usage.agents);
    Ok(usage)
}

/// Draws it in place until the person has seen enough. The last picture stays.
async fn follow(client: &Client, output: Output, by: By) -> Result<u8, CliError> {
    let keys = Keys::open();
    let mut screen = Screen::default();
    let mut stopped = std::pin::pin!(signals::told_to_stop());
    let mut quit = std::pin::pin!(keys.pressed(b'q'));
    loop {
        let next = async {
            let usage = usage(client, by).await?;
            let size = output.screen();
            let look = Look { columns: Some(size.0), ..output.error_look() };
            output.screen_write(&screen.draw(&view::top(&usage, &look), size))?;
            sleep(REFRESH_EVERY).await;
            Ok::<_, CliError>(())
        };
        tokio::select! {
            biased;
            () = &mut stopped => return Ok(exit::DONE),
            () = &mut quit => return Ok(exit::DONE),
            drawn = next => drawn?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn the_most_of_what_was_asked_for_comes_first_and_who_waits_last() {
        let order = |by: By| {
            let mut usage = samples::resources();
            // The one that takes less memory works more.
            usage.agents[1].taken.as_mut().expect("it runs").cpu_percent = Some(300.0);
            usage.agents.rotate_left(1);
            by.sort(&mut usage.agents);
            usage.agents.into_iter().map(|agent| agent.name).collect::<Vec<_>>()
        };
        assert_eq!(order(By::Memory), ["leader", "shaping", "slugify"]);
        assert_eq!(order(By::Cpu), ["shaping", "leader", "slugify"]);
    }
}
