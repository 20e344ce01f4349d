use std::path::PathBuf;

use clap::Args;
use legion_api::UndeleteRequest;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    text::{parse_ticket, short_commit},
    view,
};

/// Bring back files of a ticket that was deleted, stopped or failed
///
/// Before a clone is removed, all of its files but ignored ones are secured. They are written into a new directory.
#[derive(Debug, Args)]
pub(crate) struct UndeleteArgs {
    /// The ticket
    #[arg(value_parser = parse_ticket, required_unless_present = "list")]
    pub id: Option<u32>,
    /// Show what there is to bring back, of one ticket or of all
    #[arg(long)]
    pub list: bool,
    /// Which of several, as --list numbers them (the newest when absent)
    #[arg(long, value_name = "N", conflicts_with = "list")]
    pub rescue: Option<u32>,
    /// Where to write the files; it must not exist (`legion-ticket-ID` in the current directory when absent)
    #[arg(long, value_name = "DIR", conflicts_with = "list")]
    pub into: Option<PathBuf>,
}

pub(crate) async fn run(context: Context<'_>, args: &UndeleteArgs) -> Result<u8, CliError> {
    let output = context.output;
    let project = context.project(&connect(context).await?)?;
    let Some(id) = args.id.filter(|_| !args.list) else {
        let found = match args.id {
            Some(id) => project.rescues(id).await?,
            None => project.all_rescues().await?,
        };
        if output.json {
            output.document(&found)?;
        } else {
            output.data(&view::rescues(&found, &output.look()))?;
        }
        return Ok(exit::DONE);
    };
    let into = args.into.clone().unwrap_or_else(|| PathBuf::from(format!("legion-ticket-{id}")));
    let into = context.environment.absolute(&into).into_os_string().into_string();
    let into = into.map_err(|into| CliError::Usage {
        what: format!("the directory `{}` is not UTF-8", into.to_string_lossy()),
        hint: None,
    })?;
    let request = UndeleteRequest { rescue: args.rescue, into };
    let back = project.undelete(id, &request, None).await?;
    if output.json {
        output.document(&back)?;
    } else {
        let commit = short_commit(&back.rescue.commit);
        output.line(&format!(
            "files of ticket #{id} as they were at {} ({commit}) are in {}",
            back.rescue.at, back.into
        ))?;
    }
    Ok(exit::DONE)
}
