use std::path::{Path, PathBuf};

use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, text::escape_line};

/// Trust files of a repository that configure agent programs, as they are now
///
/// Without it, `.claude/settings.json`, `.claude/settings.local.json`, `.codex`, `.mcp.json` and `.env` look empty to agents of tier
/// `full`. What is trusted is the content: the same content is trusted elsewhere, and no longer here when a byte of it changes.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// One such file, or a directory with such files in it
    #[arg(required_unless_present = "list")]
    pub path: Option<PathBuf>,
    /// Show what is trusted
    #[arg(long, conflicts_with_all = ["path", "remove"])]
    pub list: bool,
    /// Trust it no longer: what is there now, and what was there when it was trusted
    #[arg(long)]
    pub remove: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &TrustArgs) -> Result<u8, CliError> {
    let path = args.path.as_deref().map(|path| absolute(context, path)).transpose()?;
    let client = connect(context).await?;
    let (said, contents) = match path {
        None => ("", client.trusted().await?),
        Some(path) if args.remove => ("no longer trusted: ", client.trust(&path, false).await?),
        Some(path) => ("trusted: ", client.trust(&path, true).await?),
    };
    let output = context.output;
    if output.json {
        output.document(&contents)?;
        return Ok(exit::DONE);
    }
    for content in &contents.contents {
        // As much of the hash as tells two apart.
        let hash = content.hash.get(..12).unwrap_or(&content.hash);
        output.line(&format!("{said}{hash}  {}", escape_line(&content.path)))?;
    }
    Ok(exit::DONE)
}

fn absolute(context: Context<'_>, path: &Path) -> Result<String, CliError> {
    let path = context.environment.absolute(path);
    // As agents are given their directories: without links. What is gone keeps its name.
    let path = path.canonicalize().unwrap_or(path);
    path.into_os_string().into_string().map_err(|path| CliError::Usage {
        what: format!("the path `{}` is not UTF-8", path.to_string_lossy()),
        hint: None,
    })
}
