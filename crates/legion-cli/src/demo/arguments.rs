use clap::Args;

use crate::commands::hire::DriverArg;

/// Watch an organisation work on a small sample repository, then tickets that end merged and green
///
/// Makes the repository in a temporary directory and starts a service of its own there. First a leader hires two managers who hire two
/// workers each; one worker fails and is told again. Then the leader cuts what is left into seven tickets for three workers: one fails its
/// gate and mends it by what the gate printed, two conflict. Every commit that was merged is tested again in a fresh clone. It prints
/// what came of it and what it took, and cleans up. With the driver `command` nothing but git needs to be installed; with `claude` the
/// agents are real and cost money: a dozen conversations, some forty turns of the model.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How the agents are run
    #[arg(long, value_enum, default_value = "command")]
    pub driver: DriverArg,
    /// Model of the agents of the driver `claude`; they choose their own when absent
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Leave the directory, and say where it is
    #[arg(long)]
    pub keep: bool,
}
