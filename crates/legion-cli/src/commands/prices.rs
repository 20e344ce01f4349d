use std::io::Read as _;

use clap::{Args, Subcommand};
use legion_api::{PricesUpdateRequest, Problem, ProblemCode};

use crate::{connect::connect, context::Context, error::CliError, exit, text::escape_line, view};

/// Bytes of a list that are sent to the service, which takes no more.
const LIST_BYTES_MAX: u64 = 6 * 1024 * 1024;

/// Prices of models, with their source and date
///
/// Your own are in `gateway/prices.toml` of the data directory and win over all others.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PricesArgs {
    #[command(subcommand)]
    pub verb: Option<PricesVerb>,
    /// Only of this provider, or of this seller of the tables
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// Only models whose name holds this
    #[arg(long, value_name = "TEXT")]
    pub model: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PricesVerb {
    /// Fetch new ones; the old ones stay where that fails
    Update {
        /// A file or a URL in the form of LiteLLM's list, instead of the public one
        #[arg(long, value_name = "FILE|URL")]
        from: Option<String>,
    },
}

pub(crate) async fn run(context: Context<'_>, args: &PricesArgs) -> Result<u8, CliError> {
    let output = context.output;
    match &args.verb {
        None => {
            let project = context.project(&connect(context).await?)?;
            let list = project.prices(args.provider.as_deref(), args.model.as_deref()).await?;
            if output.json {
                output.document(&list)?;
            } else {
                output.data(&view::prices(&list, &output.look()))?;
            }
        }
        Some(PricesVerb::Update { from }) => {
            // A file that cannot be read is said before a service is started for it.
            let request = request(from.as_deref())?;
            let updated = context.project(&connect(context).await?)?.update_prices(&request).await?;
            if output.json {
                output.document(&updated)?;
            } else {
                output.line(&view::prices_updated(&updated))?;
            }
        }
    }
    Ok(exit::DONE)
}

fn request(from: Option<&str>) -> Result<PricesUpdateRequest, CliError> {
    let Some(from) = from else { return Ok(PricesUpdateRequest::default()) };
    if from.contains("://") {
        return Ok(PricesUpdateRequest { url: Some(from.to_owned()), ..PricesUpdateRequest::default() });
    }
    let failed = |why: &dyn std::fmt::Display| CliError::Failed {
        what: format!("failed to read the list of prices `{}`: {why}", escape_line(from)),
        hint: Some("name a file, or a URL that begins with https://".to_owned()),
    };
    let file = std::fs::File::open(from).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    // One byte more, to see that it is too long without taking in all of it.
    file.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LIST_BYTES_MAX {
        let what = format!("the list of prices `{}` is longer than 6 MiB", escape_line(from));
        return Err(CliError::from(Problem::new(ProblemCode::TooLarge, what)));
    }
    let list = String::from_utf8(bytes).map_err(|_| failed(&"it is not UTF-8"))?;
    Ok(PricesUpdateRequest { url: None, list: Some(list), name: Some(from.to_owned()) })
}
