use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use legion_api::ProviderRequest;

use crate::{
    arguments::GlobalArgs, connect::connect, context::Context, error::CliError, exit, input, text::escape_line, view,
};

/// Providers: where models are
///
/// Once there is one, agents that are started make their model calls through Legion's gateway.
#[derive(Debug, Args)]
pub(crate) struct ProviderArgs {
    #[command(subcommand)]
    pub verb: ProviderVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProviderVerb {
    /// Add one, or change it
    Add(Box<AddArgs>),
    /// Show all of them, with the lanes that are closed
    List,
    /// Ask one for its models: whether its address and its key are right
    Test { name: String },
    /// Remove one and its key
    Remove { name: String },
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Small letters, digits, `-`, `_` and `.`
    pub name: String,
    /// anthropic, openai-chat, openai-responses, gemini or copilot (or openai_chat, github_copilot …)
    #[arg(long, value_name = "F")]
    pub format: Option<String>,
    /// Base URL of the provider, without a key (where the service is, is found by itself)
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Take format, URL and the rest from here: anthropic, anthropic-login, openai, openrouter, openrouter-chat, minimax, ollama, vllm
    #[arg(long, value_name = "T")]
    pub template: Option<String>,
    /// Environment variable of the service that holds the key
    #[arg(long, value_name = "VAR", conflicts_with_all = ["key_stdin", "login"])]
    pub key_env: Option<String>,
    /// Read the key from standard input; it is kept in a file that only you can read
    #[arg(long, conflicts_with = "login")]
    pub key_stdin: bool,
    /// Pass on the login that the calling program has itself
    #[arg(long)]
    pub login: bool,
    /// Send the key as `authorization: Bearer` whatever the format
    #[arg(long)]
    pub bearer: bool,
    /// Its models cost nothing
    #[arg(long)]
    pub free: bool,
    /// A model that is offered (can be repeated)
    #[arg(long, value_name = "MODEL")]
    pub model: Vec<String>,
    /// A header of each call, no secret (can be repeated)
    #[arg(long, value_name = "NAME=VALUE")]
    pub header: Vec<String>,
    /// Flags of `anthropic-beta` that go on: `forward` (all), `drop`, or names with commas; else all to Anthropic only
    #[arg(long, value_name = "FLAGS", value_parser = betas)]
    pub betas: Option<Betas>,
}

/// Flags that go on, by name; `*` is all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Betas(BTreeSet<String>);

fn betas(text: &str) -> Result<Betas, String> {
    let names = match text {
        "forward" => BTreeSet::from(["*".to_owned()]),
        "drop" => BTreeSet::new(),
        names => names.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    if names.contains("") {
        return Err("`forward`, `drop`, or names such as context-1m-2025-08-07 with commas".to_owned());
    }
    Ok(Betas(names))
}

pub(crate) async fn run(context: Context<'_>, args: &ProviderArgs) -> Result<u8, CliError> {
    let output = context.output;
    // `--url` is the provider's here, and not the service's.
    let url = context.global.url.clone().filter(|_| !matches!(args.verb, ProviderVerb::Add(_)));
    let global = GlobalArgs { url, ..context.global.clone() };
    let context = Context { global: &global, ..context };
    let project = context.project(&connect(context).await?)?;
    match &args.verb {
        ProviderVerb::Add(add) => {
            let provider = project.set_provider(&add.name, &request(add)?).await?;
            if output.json {
                output.document(&provider)?;
            } else {
                output.data(&view::providers(std::slice::from_ref(&provider), &output.look()))?;
            }
        }
        ProviderVerb::List => {
            let list = project.providers().await?;
            if output.json {
                output.document(&list)?;
            } else {
                output.data(&view::providers(&list.providers, &output.look()))?;
            }
        }
        ProviderVerb::Test { name } => {
            let test = project.test_provider(name).await?;
            if output.json {
                output.document(&test)?;
            } else {
                output.line(&view::provider_test(name, &test))?;
            }
            if !test.ok {
                return Ok(exit::FAILED);
            }
        }
        ProviderVerb::Remove { name } => {
            project.remove_provider(name).await?;
            if !output.json {
                output.line(&format!("removed provider `{}`", escape_line(name)))?;
            }
        }
    }
    Ok(exit::DONE)
}

fn request(add: &AddArgs) -> Result<ProviderRequest, CliError> {
    let key = match add.key_stdin {
        true => Some(input::text("-")?.trim().to_owned()),
        false => None,
    };
    if key.as_ref().is_some_and(String::is_empty) {
        return Err(usage("standard input holds no key", "such as `legion provider add … --key-stdin < key.txt`"));
    }
    let mut headers = BTreeMap::new();
    for header in &add.header {
        let (name, value) = header
            .split_once('=')
            .ok_or_else(|| usage("a header is written NAME=VALUE", "`--header x-title=Legion`"))?;
        headers.insert(name.to_owned(), value.to_owned());
    }
    Ok(ProviderRequest {
        template: add.template.clone(),
        format: add.format.clone(),
        url: add.url.clone(),
        key_env: add.key_env.clone(),
        key,
        login: add.login,
        bearer: add.bearer.then_some(true),
        free: add.free.then_some(true),
        models: add.model.iter().cloned().collect::<BTreeSet<_>>(),
        headers,
        betas: add.betas.clone().map(|Betas(names)| names),
    })
}

fn usage(what: &str, hint: &str) -> CliError {
    CliError::Usage { what: what.to_owned(), hint: Some(hint.to_owned()) }
}
