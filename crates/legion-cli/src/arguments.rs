//! The command line as typed by a person, an agent or a script.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    approve::ApproveArgs, backup::BackupArgs, deny::DenyArgs, down::DownArgs, fire::FireArgs, hire::HireArgs,
    inbox::InboxArgs, interrupt::InterruptArgs, logs::LogsArgs, serve::ServeOptions, status::StatusArgs, tell::TellArgs,
    tree::TreeArgs, wait::WaitArgs, watch::WatchArgs,
};
use crate::demo::DemoArgs;

/// Run many coding agents as one organisation
///
/// A command starts the service when it is not running. An agent is named by its id, by a unique beginning of it, or by its name.
#[derive(Debug, Parser)]
#[command(name = "legion", version, max_term_width = 100, after_help = crate::exit::help())]
#[command(disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct GlobalArgs {
    /// Directory of the service's data (else LEGION_DATA_DIR, else the user's own)
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub data_dir: Option<PathBuf>,
    /// Address of the service (else LEGION_URL, else service.json in the data directory)
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub url: Option<String>,
    /// Print one JSON document (streams: one per line); errors are problem documents
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// When to use colour; NO_COLOR turns `auto` off
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Global options")]
    pub color: ColorChoice,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal
    #[default]
    Auto,
    /// Never
    Never,
    /// Even into a pipe
    Always,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(ServeOptions),
    Down(DownArgs),
    Hire(Box<HireArgs>),
    Tell(TellArgs),
    Interrupt(InterruptArgs),
    Fire(FireArgs),
    Status(StatusArgs),
    Tree(TreeArgs),
    Inbox(InboxArgs),
    Logs(LogsArgs),
    Watch(WatchArgs),
    Wait(WaitArgs),
    Approve(ApproveArgs),
    Deny(DenyArgs),
    Backup(BackupArgs),
    /// Check this machine and the service, and say how to mend what is wrong
    Doctor,
    /// Be an MCP server on standard input and output, for an agent program
    Mcp,
    Demo(DemoArgs),
    /// Print the OpenAPI document
    #[command(hide = true)]
    Openapi,
    /// Be the parent of one agent's process
    #[command(hide = true)]
    Shim {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}
