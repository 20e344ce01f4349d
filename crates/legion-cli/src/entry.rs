//! From the command line to the exit code.

use std::{ffi::OsString, io::Write as _, process::ExitCode};

use clap::{Parser as _, error::ErrorKind};
use tokio::runtime;

use crate::{
    arguments::{Arguments, Command},
    commands,
    context::Context,
    demo,
    environment::Environment,
    error::CliError,
    exit,
    hooks::Hooks,
    output::Output,
};

/// Runs one command. The first argument is the program's own name.
pub fn main(hooks: &dyn Hooks, args: impl IntoIterator<Item = OsString>, environment: &Environment) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&args) {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error, args.iter().any(|argument| argument == "--json")).into(),
    };
    let output = Output::new(arguments.global.json, arguments.global.color, environment);
    let context = Context { hooks, environment, global: &arguments.global, output };
    match dispatch(context, &arguments.command) {
        Ok(code) => code,
        // `legion … | head` has seen enough.
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            output.note(&if output.json { error.document() } else { error.render(&output.error_look()) });
            error.exit_code().into()
        }
    }
}

fn dispatch(context: Context<'_>, command: &Command) -> Result<ExitCode, CliError> {
    match command {
        // These bring their own runtime, or need none.
        Command::Serve(options) if !options.detach => commands::serve::foreground(context, options),
        Command::Shim { arguments } => Ok(context.hooks.shim(arguments)),
        Command::Openapi => {
            context.output.line(context.hooks.openapi().trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        command => {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime =
                runtime.map_err(|error| CliError::Failed { what: format!("failed to begin: {error}"), hint: None })?;
            let code = runtime.block_on(client_command(context, command));
            // A thread that still reads standard input must not hold up the end.
            runtime.shutdown_background();
            code.map(ExitCode::from)
        }
    }
}

async fn client_command(context: Context<'_>, command: &Command) -> Result<u8, CliError> {
    match command {
        Command::Serve(options) => commands::serve::detached(context, options).await,
        Command::Down(args) => commands::down::run(context, args).await,
        Command::Hire(args) => commands::hire::run(context, args).await,
        Command::Tell(args) => commands::tell::run(context, args).await,
        Command::Interrupt(args) => commands::interrupt::run(context, args).await,
        Command::Fire(args) => commands::fire::run(context, args).await,
        Command::Status(args) => commands::status::run(context, args).await,
        Command::Tree(args) => commands::tree::run(context, args).await,
        Command::Top(args) => commands::top::run(context, args).await,
        Command::Inbox(args) => commands::inbox::run(context, args).await,
        Command::Logs(args) => commands::logs::run(context, args).await,
        Command::Watch(args) => commands::watch::run(context, args).await,
        Command::Wait(args) => commands::wait::run(context, args).await,
        Command::Approve(args) => commands::approve::run(context, args).await,
        Command::Deny(args) => commands::deny::run(context, args).await,
        Command::Init(args) => commands::init::run(context, args).await,
        Command::Run(args) => commands::run::run(context, args).await,
        Command::Dispatch(args) => commands::dispatch::run(context, args).await,
        Command::Check(args) => commands::check::run(context, args).await,
        Command::Deps(args) => commands::deps::run(context, args).await,
        Command::Why(args) => commands::why::run(context, args).await,
        Command::Stop(args) => commands::stop::run(context, args).await,
        Command::Retry(args) => commands::retry::run(context, args).await,
        Command::Delete(args) => commands::delete::run(context, args).await,
        Command::Undelete(args) => commands::undelete::run(context, args).await,
        Command::Diff(args) => commands::diff::run(context, args).await,
        Command::Log(args) => commands::log::run(context, args).await,
        Command::Land(args) => commands::land::run(context, args).await,
        Command::Sync(args) => commands::sync::run(context, args).await,
        Command::Sessions(args) => commands::sessions::run(context, args).await,
        Command::Teams(args) => commands::teams::run(context, args).await,
        Command::Roles(args) => commands::roles::run(context, args).await,
        Command::Report(args) => commands::report::run(context, args).await,
        Command::Provider(args) => commands::provider::run(context, args).await,
        Command::Models(args) => commands::models::run(context, args).await,
        Command::Prices(args) => commands::prices::run(context, args).await,
        Command::Route(args) => commands::route::run(context, args).await,
        Command::Budget(args) => commands::budget::run(context, args).await,
        Command::Cost(args) => commands::cost::run(context, args).await,
        Command::Gateway(args) => commands::gateway::run(context, args).await,
        Command::Cassette(args) => commands::cassette::run(context, args).await,
        Command::Audit(args) => commands::audit::run(context, args).await,
        Command::Trust(args) => commands::trust::run(context, args).await,
        Command::Gc(args) => commands::gc::run(context, args).await,
        Command::Backup(args) => commands::backup::run(context, args).await,
        Command::Doctor => commands::doctor::run(context).await,
        Command::Mcp => commands::mcp::run(context).await,
        Command::Demo(args) => demo::run(context, args).await,
        Command::Openapi | Command::Shim { .. } => unreachable!("dispatched without a runtime"),
    }
}

/// Help and version on standard output; wrong usage on standard error. A closed pipe is no failure here either.
fn refused(error: &clap::Error, json: bool) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            exit::DONE
        }
        _ if json => {
            let text = error.render().to_string();
            let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let document = CliError::Usage { what, hint: Some("see `legion --help`".to_owned()) }.document();
            let _ = writeln!(std::io::stderr(), "{document}");
            exit::USAGE
        }
        _ => {
            let _ = error.print();
            exit::USAGE
        }
    }
}
