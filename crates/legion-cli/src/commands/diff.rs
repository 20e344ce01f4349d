use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_ticket, view};

/// Show what a ticket changed
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The ticket
    #[arg(value_parser = parse_ticket)]
    pub id: u32,
    /// Only the files, with lines added and removed
    #[arg(long)]
    pub stat: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &DiffArgs) -> Result<u8, CliError> {
    let output = context.output;
    let project = context.project(&connect(context).await?)?;
    let mut diff = project.diff(args.id).await?;
    if output.json {
        if args.stat {
            diff.text.clear();
        }
        output.document(&diff)?;
        return Ok(exit::DONE);
    }
    if args.stat {
        output.data(&view::diff_stat(&diff, &output.look()))?;
    } else if output.stdout_is_terminal() {
        output.data(&view::diff_text(&diff, &output.look()))?;
    } else {
        // As it is: a program may apply it.
        output.data(&diff.text)?;
    }
    output.note(&view::diff_note(&diff));
    Ok(exit::DONE)
}
