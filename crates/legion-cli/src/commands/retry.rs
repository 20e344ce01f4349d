use clap::Args;
use legion_api::{PlanDuration, RetryRequest, TextOrList};

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit, input,
    text::{parse_free_text, parse_seconds, parse_ticket},
    view,
};

/// Open a ticket again that failed, was stopped or skipped
///
/// It goes on in the same clone where that is still there. What is given here replaces what the ticket said before.
#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    /// The ticket
    #[arg(value_parser = parse_ticket)]
    pub id: u32,
    /// What its agent is told about the last attempt; `-` reads it from standard input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = parse_free_text)]
    pub feedback: Option<String>,
    /// What shall be done; `-` reads it from standard input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = parse_free_text)]
    pub prompt: Option<String>,
    /// What somebody who knows nothing of the project has to know
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = parse_free_text)]
    pub context: Option<String>,
    /// What must be true in the end (can be repeated)
    #[arg(short = 'k', long, value_name = "TEXT", allow_hyphen_values = true, value_parser = parse_free_text)]
    pub criteria: Vec<String>,
    /// Command whose exit code 0 means that the merged tree is good (can be repeated)
    #[arg(long, value_name = "COMMAND")]
    pub gate: Vec<String>,
    /// Time that each of these gates may take: seconds, or a span such as 10m
    #[arg(long, value_name = "SPAN", value_parser = parse_seconds, requires = "gate")]
    pub gate_timeout: Option<u64>,
    /// Globs of the files that it means to touch
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub files: Vec<String>,
    /// Model that its agent uses
    #[arg(long)]
    pub model: Option<String>,
    /// Program line of a `command` agent
    #[arg(long, value_name = "PROGRAM ARGS")]
    pub command: Option<String>,
    /// Attempts before it has failed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10))]
    pub max_attempts: Option<u32>,
    /// Time that one attempt may take: seconds, or a span such as 20m
    #[arg(long, value_name = "SPAN", value_parser = parse_seconds)]
    pub timeout: Option<u64>,
}

impl RetryArgs {
    fn request(&self) -> Result<RetryRequest, CliError> {
        if self.feedback.as_deref() == Some("-") && self.prompt.as_deref() == Some("-") {
            return Err(CliError::Usage {
                what: "standard input is one text: it cannot be feedback and prompt".to_owned(),
                hint: None,
            });
        }
        let list = |values: &[String]| (!values.is_empty()).then(|| TextOrList::List(values.to_vec()));
        Ok(RetryRequest {
            feedback: self.feedback.as_deref().map(input::text).transpose()?,
            prompt: self.prompt.as_deref().map(input::text).transpose()?,
            context: self.context.clone(),
            criteria: list(&self.criteria),
            gate: list(&self.gate),
            gate_timeout: self.gate_timeout.map(|seconds| PlanDuration { seconds }),
            model: self.model.clone(),
            command: self.command.clone().map(TextOrList::Text),
            max_attempts: self.max_attempts,
            timeout: self.timeout.map(|seconds| PlanDuration { seconds }),
            files: (!self.files.is_empty()).then(|| self.files.clone()),
        })
    }
}

pub(crate) async fn run(context: Context<'_>, args: &RetryArgs) -> Result<u8, CliError> {
    let request = args.request()?;
    let project = context.project(&connect(context).await?)?;
    let opened = project.retry(args.id, &request, None).await?;
    if context.output.json {
        context.output.document(&opened)?;
    } else {
        context.output.line(&view::took("opened again", &opened.tickets))?;
    }
    Ok(exit::DONE)
}
