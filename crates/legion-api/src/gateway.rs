//! The gateway for model calls: providers, routes, budgets, costs, cassettes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where models are. Its key is never told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    pub name: String,
    /// `anthropic`, `openai-chat`, `openai-responses`, `gemini` or `copilot`.
    pub format: String,
    pub url: String,
    /// Where its key is: `none`, `env`, `sealed`, or `caller` when the caller's own login is passed on.
    pub key: String,
    /// The environment variable of the service, when `key` is `env`.
    pub key_env: Option<String>,
    /// Whether the key is there.
    pub key_present: bool,
    pub bearer: bool,
    pub free: bool,
    pub models: Vec<String>,
    /// The gateway speaks its format.
    pub usable: bool,
    /// Lanes that take no calls now.
    pub closed: Vec<ClosedLane>,
}

/// Calls to a provider, or to one model of it, that are held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClosedLane {
    /// Every model when absent.
    pub model: Option<String>,
    pub until: Timestamp,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProviderList {
    pub providers: Vec<Provider>,
}

/// A provider as it is to be. What a template says is overridden by what is given besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderRequest {
    /// `anthropic`, `anthropic-login`, `openai`, `openrouter`, `openrouter-chat`, `minimax`, `ollama` or `vllm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// As in [`Provider`], or in the spellings `openai_chat`, `github_copilot` and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Base URL, without a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The environment variable of the service that holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// The key itself. It is put into a file that only the person can read, and never told again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The caller's own login is passed on untouched.
    #[serde(default)]
    pub login: bool,
    /// The key goes into `authorization: Bearer` whatever the format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<bool>,
    /// Its models cost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<bool>,
    /// Models that are offered.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub models: BTreeSet<String>,
    /// More headers of each call. None may hold a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Flags of `anthropic-beta` that go on; `*` is all of them, and the text with which Claude Code says who it is. When absent: all
    /// where Anthropic itself answers, or the caller's own login is passed on; none anywhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub betas: Option<BTreeSet<String>>,
}

/// What a provider answered when it was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderTest {
    pub ok: bool,
    /// Why not.
    pub error: Option<String>,
    pub models: Vec<String>,
    pub milliseconds: u64,
}

/// A model that can be asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Model {
    pub provider: String,
    pub model: String,
    /// Dollars for a million tokens of the prompt; absent when not known.
    pub input: Option<f64>,
    /// Dollars for a million tokens of the answer; absent when not known.
    pub output: Option<f64>,
    /// Tokens that fit into its window, where known.
    pub context: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelList {
    pub models: Vec<Model>,
    /// Where the prices are from, and of which day.
    pub prices: String,
}

/// Whose calls a route is about. Exactly one of the fields, or none for all that no other route is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteFor {
    /// A kind of driver: `claude` or `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// A session of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The number of a ticket of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<u32>,
    /// An agent: its id, the beginning of one, or its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Only calls of sub-agents that the agent's program runs by itself.
    #[serde(default)]
    pub sub_agents: bool,
    /// Only calls of sub-agents that the program calls so, where it says so: `Explore`, `review`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_agent: Option<String>,
    /// Only calls that ask for this model; `*` at its end stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

/// A row of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    #[serde(rename = "for")]
    pub who: RouteFor,
    /// `PROVIDER/MODEL`, or `PROVIDER` for the model that was asked for.
    pub to: String,
    /// Tried in this order when the one before cannot answer.
    #[serde(default)]
    pub fallbacks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RouteList {
    pub routes: Vec<Route>,
}

/// What a budget is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetFor {
    /// `call`, `run`, `agent`, `subtree`, `ticket`, `session` or `day`.
    pub scope: String,
    /// One of them: an agent, the number of a ticket, a session, a day. Each of its kind when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetRequest {
    #[serde(rename = "for")]
    pub of: BudgetFor,
    /// Dollars, such as `2` or `0.25`.
    pub limit: String,
}

/// A budget and what is left of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScopeBudget {
    #[serde(rename = "for")]
    pub of: BudgetFor,
    /// What the agent is called whose budget it is, while it is known.
    #[serde(default)]
    pub agent_name: Option<String>,
    /// Dollars.
    pub limit: f64,
    /// Dollars; absent where the budget is for each of its kind.
    pub spent: Option<f64>,
}

/// Money that a service had set aside when it died. It counts as spent until it is reconciled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpenAllowance {
    pub id: String,
    pub agent: Option<String>,
    /// What that agent is called, while it is known.
    #[serde(default)]
    pub agent_name: Option<String>,
    /// Dollars that may have been spent.
    pub rest: f64,
    pub used_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BudgetList {
    pub budgets: Vec<ScopeBudget>,
    /// Left open by services that died.
    pub unsettled: Vec<OpenAllowance>,
}

/// What was really spent of allowances that a service left open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconcileRequest {
    /// One of them; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowance: Option<String>,
    /// Dollars, besides what is settled.
    pub spent: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reconciled {
    pub allowances: Vec<String>,
}

/// Tokens, in buckets that do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallTokens {
    pub input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    pub output: u64,
    pub reasoning: u64,
    pub web_searches: u64,
}

/// What was spent for one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostLine {
    /// An agent's name, a ticket's number, a model, a day.
    pub name: String,
    pub id: Option<String>,
    pub calls: u64,
    pub tokens: CallTokens,
    /// Dollars, of the calls whose price is known.
    pub cost: f64,
    /// The same, in billionths of a dollar.
    pub cost_nanos: u64,
    /// Calls whose price is not known, and that are not in `cost`.
    pub unknown_calls: u64,
    /// Calls that were cut off, or whose provider gave no numbers: their tokens are an estimate.
    pub estimated_calls: u64,
    /// Billionths of a dollar that count against budgets.
    pub charged_nanos: u64,
    /// Billionths of a dollar that a service left open when it died: they count as spent until they are reconciled.
    pub unsettled_nanos: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cost {
    /// What the lines are by: `agent`, `ticket`, `model` or `day`.
    pub by: String,
    pub lines: Vec<CostLine>,
    pub total: CostLine,
    /// Dollars that programs of agents reported themselves and the gateway did not see, as they have a login of their own: they are in
    /// no line, and budgets of the gateway do not hold for them.
    #[serde(default)]
    pub beside_gateway_usd: f64,
}

/// Base URLs of the gateway for one caller. The caller's token is in them: they are as secret as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GatewayUrls {
    /// For programs that speak Anthropic Messages.
    pub anthropic: String,
    /// For programs that speak OpenAI Chat Completions or Responses.
    pub openai: String,
}

/// What is done with calls besides answering them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CassetteMode {
    /// `off`, `record` or `replay`.
    pub mode: String,
    /// Of the cassette, unless `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A request that is not in the cassette is answered by the one that is most like it.
    #[serde(default)]
    pub nearest: bool,
    /// Without the pauses of the record.
    #[serde(default)]
    pub full_speed: bool,
}

/// A cassette.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cassette {
    pub name: String,
    pub calls: u64,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CassetteList {
    pub now: CassetteMode,
    pub cassettes: Vec<Cassette>,
}
