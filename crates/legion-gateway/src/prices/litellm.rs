//! The public list of prices that the LiteLLM project keeps (MIT): a map from models to dollars for a token.
//!
//! Prices decide what is refused, so a list that is wrong in one place that concerns us is not taken at all.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::prices::decimal::scaled_float;
use crate::prices::table::{ModelCard, PriceTable};
use crate::settings::{Price, PriceTier};

/// Sellers whose own prices are kept; clouds that sell the same models again are left out.
const SELLERS: &[&str] = &[
    "anthropic",
    "cerebras",
    "dashscope",
    "deepseek",
    "gemini",
    "groq",
    "minimax",
    "mistral",
    "moonshot",
    "openai",
    "openrouter",
    "xai",
    "zai",
];
const MODES: &[&str] = &["chat", "responses"];
/// From dollars for a token to nano-dollars for a million: ten to the 9 and 6.
const TENS_OF_A_TOKEN: usize = 15;
/// From dollars to nano-dollars.
const TENS_OF_A_DOLLAR: usize = 9;
/// Nano-dollars for a million tokens. Ten times what the most expensive model of the list costs: beyond it somebody mistook the unit.
pub(super) const TOKENS_NANOS_MAX: u64 = 10_000 * 1_000_000_000;
/// Nano-dollars for one search.
pub(super) const SEARCH_NANOS_MAX: u64 = 10 * 1_000_000_000;
/// Models that are kept. The list has about 400 of ours.
const MODELS_MAX: usize = 20_000;
/// Suffixes of prices for long prompts, with the tokens above which they hold. Rising.
const TIERS: &[(&str, u64)] = &[
    ("_above_100k_tokens", 100_000),
    ("_above_128k_tokens", 128_000),
    ("_above_200k_tokens", 200_000),
    ("_above_272k_tokens", 272_000),
    ("_above_512k_tokens", 512_000),
];

/// Why a list is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("it is no JSON: {0}")]
    Json(serde_json::Error),
    #[error("it is no map from models to their prices")]
    Form,
    #[error("`{model}`: `{field}` is {why}")]
    Price { model: String, field: String, why: &'static str },
    #[error("no model in it has a price: it is not the list that is expected")]
    Empty,
    #[error("it has more than {max} models", max = MODELS_MAX)]
    Long,
}

/// Reads the list. `source` and `date` are kept beside it.
pub(super) fn read(list: &[u8], source: String, date: String) -> Result<PriceTable, ListError> {
    let list: Value = serde_json::from_slice(list).map_err(ListError::Json)?;
    let Value::Object(rows) = list else { return Err(ListError::Form) };
    let mut providers: BTreeMap<String, BTreeMap<String, ModelCard>> = BTreeMap::new();
    let mut count = 0;
    for (name, row) in &rows {
        let Value::Object(row) = row else { return Err(ListError::Form) };
        let said = |field: &str| row.get(field).and_then(Value::as_str);
        let seller = SELLERS.iter().copied().find(|seller| said("litellm_provider") == Some(*seller));
        let Some(seller) = seller else { continue };
        if !said("mode").is_some_and(|mode| MODES.contains(&mode)) {
            continue;
        }
        let Some(card) = (Row { name, row }).card()? else { continue };
        let model = name.strip_prefix(seller).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name);
        providers.entry(seller.to_owned()).or_default().insert(model.to_owned(), card);
        count += 1;
        if count > MODELS_MAX {
            return Err(ListError::Long);
        }
    }
    if count == 0 { Err(ListError::Empty) } else { Ok(PriceTable::new(source, date, providers)) }
}

struct Row<'a> {
    name: &'a str,
    row: &'a Map<String, Value>,
}

impl Row<'_> {
    /// None when it has no price: that is not zero.
    fn card(&self) -> Result<Option<ModelCard>, ListError> {
        let Some(price) = self.price("")? else { return Ok(None) };
        let mut tiers = Vec::new();
        for (suffix, above) in TIERS {
            if let Some(price) = self.price(suffix)? {
                tiers.push(PriceTier { above: *above, price });
            }
        }
        let tokens = |field| self.row.get(field).and_then(Value::as_u64).filter(|tokens| *tokens > 0);
        let (context, output_max) = (tokens("max_input_tokens"), tokens("max_output_tokens"));
        Ok(Some(ModelCard { price, tiers, context, output_max }))
    }

    /// The prices of a tier; none when it lacks one of the two that every model has.
    fn price(&self, suffix: &str) -> Result<Option<Price>, ListError> {
        let own = |field: &str| self.tokens(&format!("{field}{suffix}"));
        // What a tier does not say costs what it costs below.
        let or_below = |field: &str| match own(field)? {
            Some(price) => Ok(Some(price)),
            None => self.tokens(field),
        };
        let (Some(input), Some(output)) = (own("input_cost_per_token")?, own("output_cost_per_token")?) else {
            return Ok(None);
        };
        Ok(Some(Price {
            input,
            output,
            cache_read: or_below("cache_read_input_token_cost")?,
            cache_write: or_below("cache_creation_input_token_cost")?,
            cache_write_hour: or_below("cache_creation_input_token_cost_above_1hr")?,
            reasoning: or_below("output_cost_per_reasoning_token")?,
            web_search: self.search()?,
        }))
    }

    fn tokens(&self, field: &str) -> Result<Option<u64>, ListError> {
        self.money(self.row.get(field), field, TENS_OF_A_TOKEN, TOKENS_NANOS_MAX)
    }

    fn search(&self) -> Result<Option<u64>, ListError> {
        const FIELD: &str = "search_context_cost_per_query";
        let sizes = self.row.get(FIELD).and_then(Value::as_object);
        self.money(
            sizes.and_then(|sizes| sizes.get("search_context_size_medium")),
            FIELD,
            TENS_OF_A_DOLLAR,
            SEARCH_NANOS_MAX,
        )
    }

    fn money(&self, value: Option<&Value>, field: &str, tens: usize, most: u64) -> Result<Option<u64>, ListError> {
        let wrong = |why| ListError::Price { model: self.name.to_owned(), field: field.to_owned(), why };
        let number = match value {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_f64().ok_or_else(|| wrong("not a number that can be read"))?,
            Some(_) => return Err(wrong("not a number")),
        };
        if number < 0.0 {
            return Err(wrong("negative"));
        }
        match scaled_float(number, tens) {
            Some(nanos) if nanos <= most => Ok(Some(nanos)),
            _ => Err(wrong("too high to be a price")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(change: impl FnOnce(&mut Value)) -> Result<PriceTable, ListError> {
        let mut list = json!({
            "sample_spec": {"litellm_provider": "one of these", "input_cost_per_token": "text"},
            "claude-x": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 3e-6,
                "output_cost_per_token": 1.5e-5, "cache_read_input_token_cost": 2.8e-9, "max_output_tokens": 64_000,
                "input_cost_per_token_above_200k_tokens": 6e-6, "output_cost_per_token_above_200k_tokens": 2.25e-5,
                "search_context_cost_per_query": {"search_context_size_medium": 0.01}},
            "openrouter/a/b": {"litellm_provider": "openrouter", "mode": "chat", "input_cost_per_token": 0,
                "output_cost_per_token": 1e-6},
            "no-price": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6},
            "a-picture": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_token": -1},
            "resold": {"litellm_provider": "bedrock", "mode": "chat", "input_cost_per_token": "odd"},
        });
        change(&mut list);
        read(list.to_string().as_bytes(), "a test".to_owned(), "2026-11-21".to_owned())
    }

    #[test]
    fn dollars_for_a_token_become_nano_dollars_for_a_million() {
        let table = list(|_| {}).expect("reads");
        let cards: BTreeMap<(&str, &str), &ModelCard> =
            table.iter().map(|(seller, model, card)| ((seller, model), card)).collect();
        assert_eq!(cards.len(), 2, "{cards:?}");
        let card = cards[&("anthropic", "claude-x")];
        assert_eq!((card.price.input, card.price.output), (3_000_000_000, 15_000_000_000));
        assert_eq!((card.price.cache_read, card.price.web_search), (Some(2_800_000), Some(10_000_000)));
        assert_eq!((card.tiers[0].above, card.tiers[0].price.input), (200_000, 6_000_000_000));
        assert_eq!(card.tiers[0].price.cache_read, Some(2_800_000));
        assert_eq!((card.output_max, card.context), (Some(64_000), None));
        assert_eq!(cards[&("openrouter", "a/b")].price.input, 0);
    }

    #[test]
    fn a_price_that_cannot_be_one_is_named_and_nothing_is_taken() {
        let cases: [(&str, Value, &str); 5] = [
            ("input_cost_per_token", json!(-3e-6), "negative"),
            ("output_cost_per_token", json!(3), "too high"),
            ("cache_read_input_token_cost", json!("0.1"), "not a number"),
            ("output_cost_per_token_above_200k_tokens", json!([1]), "not a number"),
            ("search_context_cost_per_query", json!({"search_context_size_medium": 1e9}), "too high"),
        ];
        for (field, value, why) in cases {
            let error = list(|list| list["claude-x"][field] = value).expect_err(field).to_string();
            assert!(error.contains("`claude-x`") && error.contains(field) && error.contains(why), "{error}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (text, what) in [
            ("", "JSON"),
            ("<html>", "JSON"),
            ("[]", "map"),
            (r#"{"a":1}"#, "map"),
            ("{}", "no model"),
            ("{\"a", "JSON"),
        ] {
            let error = read(text.as_bytes(), String::new(), String::new()).expect_err(text).to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
