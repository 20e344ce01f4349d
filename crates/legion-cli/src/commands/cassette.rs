use clap::{Args, Subcommand};
use legion_api::CassetteMode;

use crate::{connect::connect, context::Context, error::CliError, exit, view};

/// Cassettes: model traffic that is recorded, or answered from a record
#[derive(Debug, Args)]
pub(crate) struct CassetteArgs {
    #[command(subcommand)]
    pub verb: CassetteVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CassetteVerb {
    /// Record calls from now on, without secrets
    Record { name: String },
    /// Answer calls from a record; no provider is asked
    Replay {
        name: String,
        /// Answer a request that is not in it by the one that is most like it
        #[arg(long)]
        nearest: bool,
        /// Without the pauses of the record
        #[arg(long)]
        full_speed: bool,
    },
    /// Neither record nor replay from now on
    Stop,
    /// Show all of them, and what is done now
    List,
}

pub(crate) async fn run(context: Context<'_>, args: &CassetteArgs) -> Result<u8, CliError> {
    let output = context.output;
    let project = context.project(&connect(context).await?)?;
    let off = || CassetteMode { mode: "off".to_owned(), name: None, nearest: false, full_speed: false };
    let mode = match &args.verb {
        CassetteVerb::List => {
            let list = project.cassettes().await?;
            if output.json {
                output.document(&list)?;
            } else {
                output.data(&view::cassettes(&list, &output.look()))?;
            }
            return Ok(exit::DONE);
        }
        CassetteVerb::Stop => off(),
        CassetteVerb::Record { name } => CassetteMode { mode: "record".to_owned(), name: Some(name.clone()), ..off() },
        CassetteVerb::Replay { name, nearest, full_speed } => CassetteMode {
            mode: "replay".to_owned(),
            name: Some(name.clone()),
            nearest: *nearest,
            full_speed: *full_speed,
        },
    };
    let set = project.set_cassette(&mode).await?;
    if output.json {
        output.document(&set)?;
    } else {
        output.line(&view::cassette_mode(&set))?;
    }
    Ok(exit::DONE)
}
