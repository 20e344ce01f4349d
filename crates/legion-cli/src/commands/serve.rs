use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;
use legion_client::Holder;

use crate::{
    connect,
    context::Context,
    error::CliError,
    exit,
    hooks::{Listen, ServeArgs},
};

/// Run the service
///
/// One service per user, with many projects. It listens on 127.0.0.1:6666, or on the next free port when that one is busy.
#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    /// Listen on this port of 127.0.0.1; 0 is any free port
    #[arg(long, value_name = "N", conflicts_with = "listen")]
    pub port: Option<u16>,
    /// Listen on this address, such as 127.0.0.1:6666 or [::1]:6666 (can be repeated)
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<SocketAddr>,
    /// How agents are held when nothing else is said; `best` is the strongest that works on this machine
    #[arg(long, value_name = "TIER", value_parser = ["full", "landlock", "none", "best"])]
    pub tier: Option<String>,
    /// Start it in the background, and return when it answers
    #[arg(long)]
    pub detach: bool,
}

impl ServeOptions {
    fn args(&self, data_dir: PathBuf) -> ServeArgs {
        ServeArgs { listen: self.listen(), data_dir, tier: self.tier.clone() }
    }

    fn listen(&self) -> Listen {
        match self.port {
            Some(port) => Listen::At(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
            None if self.listen.is_empty() => Listen::Default,
            None => Listen::At(self.listen.clone()),
        }
    }
}

/// Runs the service in this process, until it ends.
pub(crate) fn foreground(context: Context<'_>, options: &ServeOptions) -> Result<ExitCode, CliError> {
    Ok(context.hooks.serve(&options.args(context.data_dir()?)))
}

/// Starts the service in the background and prints where it is.
pub(crate) async fn detached(context: Context<'_>, options: &ServeOptions) -> Result<u8, CliError> {
    let data_dir = context.data_dir()?;
    // The service of this data directory is meant, whatever LEGION_URL says.
    let environment = context.environment.of_service(Some(&data_dir), None);
    if let Some(running) = connect::running_in(&environment).await? {
        let pid = Holder::of(&data_dir).and_then(|holder| holder.pid).unwrap_or_default();
        return Err(CliError::Held { data_dir, pid, url: running.url });
    }
    let endpoint = connect::start(context, &options.args(data_dir.clone())).await?;
    match connect::service_file(&data_dir) {
        Some(info) if context.output.json => context.output.document(&info)?,
        _ => context.output.line(&endpoint.url)?,
    }
    Ok(exit::DONE)
}
