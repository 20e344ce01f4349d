use std::path::PathBuf;

use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit};

/// Write a copy of the log while the service works
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Where to write it; it must not exist
    pub path: PathBuf,
}

pub(crate) async fn run(context: Context<'_>, args: &BackupArgs) -> Result<u8, CliError> {
    let path = context.environment.absolute(&args.path).into_os_string().into_string();
    let path = path.map_err(|path| CliError::Usage {
        what: format!("the path `{}` is not UTF-8", path.to_string_lossy()),
        hint: None,
    })?;
    let client = connect(context).await?;
    let written = client.backup(&path).await?;
    if context.output.json {
        context.output.document(&written)?;
    } else {
        context
            .output
            .line(&format!("wrote {} bytes up to event {} to {}", written.bytes, written.position, written.path))?;
    }
    Ok(exit::DONE)
}
