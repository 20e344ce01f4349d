//! What models cost. Money is whole billionths of a dollar.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Prices of a model, in billionths of a dollar for a million tokens: 3 dollars are 3000000000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenPrice {
    pub input_nanos: u64,
    pub output_nanos: u64,
    /// As `input_nanos` when absent.
    pub cache_read_nanos: Option<u64>,
    /// Kept for five minutes. As `input_nanos` when absent.
    pub cache_write_nanos: Option<u64>,
    /// Kept for an hour. As `cache_write_nanos` when absent.
    pub cache_write_hour_nanos: Option<u64>,
    /// As `output_nanos` when absent.
    pub reasoning_nanos: Option<u64>,
    /// For each search of the web.
    pub web_search_nanos: Option<u64>,
}

/// Prices of the whole call when its prompt is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LongPromptPrice {
    /// Tokens of the prompt, cached ones included.
    pub above: u64,
    pub price: TokenPrice,
}

/// What one model costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelPrice {
    /// A provider that is set up, or who sells it by the tables; `*` for a price of one's own that is for every provider.
    pub provider: String,
    pub model: String,
    /// It is of a provider that is set up.
    pub set_up: bool,
    /// `overlay` (one's own file), `settings`, `free`, `update` (fetched), `built-in`; absent when the price is not known.
    pub origin: Option<String>,
    /// Absent when it is not known, which is not zero.
    pub price: Option<TokenPrice>,
    /// For longer prompts, rising.
    pub long_prompts: Vec<LongPromptPrice>,
}

/// Where prices come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceSource {
    /// As in [`ModelPrice`].
    pub origin: String,
    pub source: String,
    /// The day of the source, as 2026-11-21; absent for one's own file.
    pub date: Option<String>,
    /// How many models have a price in it.
    pub models: u64,
}

/// What is known of prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceList {
    pub prices: Vec<ModelPrice>,
    /// The most trusted first.
    pub sources: Vec<PriceSource>,
    /// The file for prices of one's own, on the service's machine. It need not be there.
    pub overlay: String,
    /// Files that cannot be used, and why. What they say does not count.
    pub problems: Vec<String>,
}

/// Where new prices are taken from. The public list of the LiteLLM project when all is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PricesUpdateRequest {
    /// `https`, or `http` on the service's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The list itself, in the form of LiteLLM's `model_prices_and_context_window.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// What `list` is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// New prices that count from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PricesUpdated {
    pub source: String,
    /// The day on which they were taken.
    pub date: String,
    pub models: u64,
    /// Models that had no price before.
    pub added: u64,
    /// Models that had another one before.
    pub changed: u64,
}
