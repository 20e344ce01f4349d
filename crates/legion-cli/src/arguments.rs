//! The command line as typed by a person, an agent or a script.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    approve::ApproveArgs, audit::AuditArgs, backup::BackupArgs, check::CheckArgs, delete::DeleteArgs, deny::DenyArgs,
    deps::DepsArgs, diff::DiffArgs, dispatch::DispatchArgs, down::DownArgs, fire::FireArgs, gc::GcArgs, hire::HireArgs,
    inbox::InboxArgs, init::InitArgs, interrupt::InterruptArgs, land::LandArgs, log::LogArgs, logs::LogsArgs,
    report::ReportArgs, retry::RetryArgs, roles::RolesArgs, run::RunArgs, serve::ServeOptions, sessions::SessionsArgs,
    status::StatusArgs, stop::StopArgs, sync::SyncArgs, teams::TeamsArgs, tell::TellArgs, top::TopArgs, tree::TreeArgs,
    trust::TrustArgs, undelete::UndeleteArgs, wait::WaitArgs, watch::WatchArgs, why::WhyArgs,
};
use crate::commands::{
    budget::BudgetArgs, cassette::CassetteArgs, cost::CostArgs, gateway::GatewayArgs, models::ModelsArgs,
    prices::PricesArgs, provider::ProviderArgs, route::RouteArgs,
};
use crate::demo::DemoArgs;

/// Run many coding agents as one organisation
///
/// A command starts the service when it is not running. An agent is named by its id, by a unique beginning of it, or by its name.
#[derive(Debug, Parser)]
#[command(name = "legion", version, max_term_width = 100, after_help = crate::exit::help())]
#[command(subcommand_required = true, arg_required_else_help = true)]
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
    Top(TopArgs),
    Inbox(InboxArgs),
    Logs(LogsArgs),
    Watch(WatchArgs),
    Wait(WaitArgs),
    Approve(ApproveArgs),
    Deny(DenyArgs),
    Init(InitArgs),
    Run(RunArgs),
    Dispatch(Box<DispatchArgs>),
    Check(CheckArgs),
    Deps(DepsArgs),
    Why(WhyArgs),
    Stop(StopArgs),
    Retry(Box<RetryArgs>),
    Delete(DeleteArgs),
    Undelete(UndeleteArgs),
    Diff(DiffArgs),
    Log(LogArgs),
    Land(LandArgs),
    Sync(SyncArgs),
    Sessions(SessionsArgs),
    Teams(TeamsArgs),
    Roles(RolesArgs),
    Report(ReportArgs),
    Provider(ProviderArgs),
    Models(ModelsArgs),
    Prices(PricesArgs),
    Route(RouteArgs),
    Budget(BudgetArgs),
    Cost(CostArgs),
    Gateway(GatewayArgs),
    Cassette(CassetteArgs),
    Gc(GcArgs),
    Audit(AuditArgs),
    Trust(TrustArgs),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::commands::hire::DriverArg;

    fn parse(line: &str) -> Result<Arguments, String> {
        let words = std::iter::once("legion").chain(line.split_whitespace());
        Arguments::try_parse_from(words).map_err(|error| error.to_string())
    }

    fn refusal(line: &str) -> String {
        parse(line).expect_err(line)
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does() {
        for command in Arguments::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
        }
    }

    #[test]
    fn a_hire_takes_all_of_its_options() {
        let arguments = parse(
            "hire do-it --name a --role r --driver command --command sh --model m --cwd d --tools Read,Edit --permission-mode plan \
             --max-turns 3 --timeout 10m --budget 1.5 --headcount 2 --depth 1 --models m,n --files a,b --on-restart resume \
             --parent p --wait --json --idempotency-key k",
        )
        .unwrap();
        assert!(arguments.global.json);
        let Command::Hire(hire) = arguments.command else { panic!("no hire") };
        assert_eq!(hire.driver, Some(DriverArg::Command));
        assert_eq!(hire.timeout, Some(600));
        assert_eq!(hire.tools, Some(vec!["Read".to_owned(), "Edit".to_owned()]));
        assert_eq!(hire.budget, Some(1.5));
        assert!(hire.wait);
    }

    #[test]
    fn a_message_may_begin_with_a_dash_only_behind_two() {
        assert!(parse("tell a -").is_ok(), "a dash alone is standard input");
        assert!(parse("tell a -- -x").is_ok());
        assert!(refusal("tell a -x").contains("unexpected argument"));
    }

    #[test]
    fn global_options_stand_before_or_behind_the_command() {
        for line in ["--json --data-dir d status", "status --json --data-dir d"] {
            let arguments = parse(line).unwrap();
            assert!(arguments.global.json);
            assert_eq!(arguments.global.data_dir, Some("d".into()));
        }
    }

    #[test]
    fn an_interrupt_is_for_one_agent_or_for_all() {
        assert!(parse("interrupt a").is_ok());
        assert!(parse("interrupt a stop").is_ok());
        assert!(parse("interrupt --all").is_ok());
        assert!(parse("interrupt").is_err());
        assert!(parse("interrupt a --all").is_err());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            "",
            "hire",
            "hire x --driver codex",
            "hire x --timeout soon",
            "hire x --permission-mode bypassPermissions",
            "tell a",
            "tree --level top",
            "tree --status busy",
            "top --by name",
            "serve --port 6666 --listen 127.0.0.1:1",
            "serve --port 70000",
            "serve --listen nowhere",
            "wait a --timeout -1",
            "nonsense",
            "why",
            "why 1 --all",
            "stop",
            "stop one",
            "retry",
            "retry 0",
            "retry 1 --max-attempts 11",
            "delete",
            "diff x",
            "undelete",
            "undelete 1 --list --into d",
            "report maybe",
            "land --into main --pr",
            "land --ff --merge",
            "run",
            "run p --workers 0",
            "run p --check --detach",
            "run p --keep-going --fail-fast",
            "sessions new",
            "sessions set --overlap maybe",
            "sessions set --group-cap db",
            "roles set r --duty sleep",
            "teams show",
        ] {
            refusal(line);
        }
    }
}
