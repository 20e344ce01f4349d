use clap::Args;

use crate::commands::hire::DriverArg;

/// Watch a three-level organisation work on a small sample repository
///
/// Makes the repository in a temporary directory, starts a service of its own there, hires a leader who hires two managers who hire two
/// workers each, lets one worker fail and be told again, runs the tests, prints the inbox and what everything took, and cleans up. With
/// the driver `command` nothing needs to be installed; with `claude` the agents are real and cost money.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How the agents are run
    #[arg(long, value_enum, default_value = "command")]
    pub driver: DriverArg,
    /// Leave the directory, and say where it is
    #[arg(long)]
    pub keep: bool,
}
