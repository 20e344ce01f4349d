use clap::{Args, Subcommand};
use legion_api::{Route, RouteFor};

use crate::{connect::connect, context::Context, error::CliError, exit, view};

/// Routes: whose model calls go to which provider and model
///
/// Of all that fit a call, the narrowest is taken: agent, ticket, session, role, worker, default.
#[derive(Debug, Args)]
pub(crate) struct RouteArgs {
    #[command(subcommand)]
    pub verb: RouteVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RouteVerb {
    /// Set one; effective with the next call
    Set(SetArgs),
    /// Show the matrix
    List,
    /// Remove one
    Remove {
        #[command(flatten)]
        who: WhoArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// AGENT PROVIDER/MODEL, or PROVIDER/MODEL alone with one of the options; without /MODEL, the model that was asked for
    #[arg(value_name = "[AGENT] PROVIDER/MODEL", num_args = 1..=2, required = true)]
    pub words: Vec<String>,
    /// Tried when the one before cannot answer (can be repeated, in order)
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub fallback: Vec<String>,
    #[command(flatten)]
    pub options: WhoOptions,
}

#[derive(Debug, Args)]
pub(crate) struct WhoArgs {
    /// An agent
    pub agent: Option<String>,
    #[command(flatten)]
    pub options: WhoOptions,
}

#[derive(Debug, Args)]
pub(crate) struct WhoOptions {
    /// Calls that no other route is about
    #[arg(long, conflicts_with_all = ["role", "ticket", "session", "worker"])]
    pub default: bool,
    /// Agents with this role
    #[arg(long, value_name = "ROLE", conflicts_with_all = ["ticket", "session", "worker"])]
    pub role: Option<String>,
    /// Everybody who works on this ticket
    #[arg(long, value_name = "N", conflicts_with_all = ["session", "worker"])]
    pub ticket: Option<u32>,
    /// Everybody who works in this session
    #[arg(long, value_name = "NAME", conflicts_with = "worker")]
    pub session: Option<String>,
    /// Agents that are run by this driver: claude or command
    #[arg(long, value_name = "DRIVER")]
    pub worker: Option<String>,
    /// Only sub-agents that the agent's program runs by itself
    #[arg(long, conflicts_with = "sub_agent")]
    pub sub_agents: bool,
    /// Only sub-agents that the agent's program calls so: `Explore` (Claude Code), `review` (Codex)
    #[arg(long, value_name = "NAME")]
    pub sub_agent: Option<String>,
    /// Only calls that ask for this model; `*` at its end stands for anything
    #[arg(long, value_name = "MODEL")]
    pub asked: Option<String>,
}

impl WhoOptions {
    fn who(&self, agent: Option<&String>) -> Result<RouteFor, CliError> {
        let named = self.default
            || self.role.is_some()
            || self.ticket.is_some()
            || self.session.is_some()
            || self.worker.is_some();
        if named == agent.is_some() {
            return Err(CliError::Usage {
                what:
                    "say whose calls are meant: `--default`, an agent, `--role`, `--ticket`, `--session` or `--worker`"
                        .to_owned(),
                hint: Some("such as `legion route set --default openrouter/MODEL`".to_owned()),
            });
        }
        Ok(RouteFor {
            worker: self.worker.clone(),
            role: self.role.clone(),
            session: self.session.clone(),
            ticket: self.ticket,
            agent: agent.cloned(),
            sub_agents: self.sub_agents,
            sub_agent: self.sub_agent.clone(),
            asked: self.asked.clone(),
        })
    }
}

pub(crate) async fn run(context: Context<'_>, args: &RouteArgs) -> Result<u8, CliError> {
    let output = context.output;
    let project = context.project(&connect(context).await?)?;
    match &args.verb {
        RouteVerb::Set(set) => {
            let (agent, to) = match set.words.as_slice() {
                [agent, to] => (Some(agent), to),
                [to, ..] => (None, to),
                [] => unreachable!("one is required"),
            };
            let who = set.options.who(agent)?;
            let route = project.set_route(&Route { who, to: to.clone(), fallbacks: set.fallback.clone() }).await?;
            if output.json {
                output.document(&route)?;
            } else {
                output.data(&view::routes(std::slice::from_ref(&route), &output.look()))?;
            }
        }
        RouteVerb::List => {
            let list = project.routes().await?;
            if output.json {
                output.document(&list)?;
            } else {
                output.data(&view::routes(&list.routes, &output.look()))?;
            }
        }
        RouteVerb::Remove { who } => {
            project.remove_route(&who.options.who(who.agent.as_ref())?).await?;
            if !output.json {
                output.line("removed the route")?;
            }
        }
    }
    Ok(exit::DONE)
}
