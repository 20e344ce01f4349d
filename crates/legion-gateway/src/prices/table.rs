//! The table of prices. `cargo xtask prices` makes `prices.json`.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::prices::litellm::{self, ListError};
use crate::settings::{Price, PriceTier};

const SHIPPED: &str = include_str!("prices.json");
/// Said in the file for those who read it.
const UNIT: &str = "nano-dollars per million tokens; web_search: nano-dollars each";

/// What is known of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    pub price: Price,
    /// Strictly rising.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<PriceTier>,
    /// Tokens that a prompt may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// Tokens that an answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_max: Option<u64>,
}

impl ModelCard {
    /// The price for a prompt of so many tokens, cached ones included: the whole call is at the rate of its tier.
    pub fn price_for(&self, prompt: u64) -> &Price {
        self.tiers.iter().rev().find(|tier| prompt > tier.above).map_or(&self.price, |tier| &tier.price)
    }

    pub(super) fn flat(price: Price) -> Self {
        Self { price, tiers: Vec::new(), context: None, output_max: None }
    }
}

/// Prices of models by who sells them, with where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTable {
    pub source: String,
    /// The day of the source, as 2026-11-21.
    pub date: String,
    providers: BTreeMap<String, BTreeMap<String, ModelCard>>,
}

/// A table that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the table of prices is not of the form that is expected")]
    Form(#[from] serde_json::Error),
    #[error("the tiers of `{0}` do not rise")]
    Tiers(String),
}

impl PriceTable {
    /// The one that is shipped.
    pub fn shipped() -> Arc<Self> {
        static TABLE: OnceLock<Arc<PriceTable>> = OnceLock::new();
        TABLE.get_or_init(|| Arc::new(Self::read(SHIPPED).expect("a test reads the shipped table"))).clone()
    }

    /// Reads a table of the form of the shipped one.
    pub fn read(text: &str) -> Result<Self, TableError> {
        let table: Self = serde_json::from_str(text)?;
        for (model, card) in table.providers.values().flatten() {
            if !card.tiers.is_sorted_by(|low, high| low.above < high.above) {
                return Err(TableError::Tiers(model.clone()));
            }
        }
        Ok(table)
    }

    /// Reads the public list of the LiteLLM project. `source` and `date` are kept beside it.
    pub fn of_list(list: &[u8], source: String, date: String) -> Result<Self, ListError> {
        litellm::read(list, source, date)
    }

    /// The form of the shipped one: a model a line, so that a change of a price is a change of a line.
    pub fn render(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let models = |models: &BTreeMap<String, ModelCard>| {
            let line = |(model, card): (&String, &ModelCard)| {
                let card = serde_json::to_value(card).expect("a card is JSON");
                format!("{}: {card}", quoted(model))
            };
            models.iter().map(line).collect::<Vec<_>>().join(",\n")
        };
        let sellers: Vec<String> = self
            .providers
            .iter()
            .map(|(seller, cards)| format!("{}: {{\n{}\n}}", quoted(seller), models(cards)))
            .collect();
        format!(
            "{{\n\"source\": {},\n\"date\": {},\n\"unit\": \"{UNIT}\",\n\"providers\": {{\n{}\n}}\n}}\n",
            quoted(&self.source),
            quoted(&self.date),
            sellers.join(",\n")
        )
    }

    pub(super) fn new(source: String, date: String, providers: BTreeMap<String, BTreeMap<String, ModelCard>>) -> Self {
        Self { source, date, providers }
    }

    /// Models with a price.
    pub fn len(&self) -> usize {
        self.providers.values().map(BTreeMap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All models with a price, for people.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &ModelCard)> {
        self.providers.iter().flat_map(|(provider, models)| {
            models.iter().map(move |(model, card)| (provider.as_str(), model.as_str(), card))
        })
    }

    /// A seller's model, by its exact name.
    pub(super) fn of_seller(&self, seller: &str, model: &str) -> Option<&ModelCard> {
        self.providers.get(seller)?.get(model)
    }

    /// What whoever sells at an address asks for a model. None: not known.
    pub(super) fn find(&self, url: &str, model: &str) -> Option<&ModelCard> {
        let seller = seller(url);
        let spellings = spellings(model);
        let of_seller = seller.and_then(|seller| self.providers.get(seller));
        if let Some(models) = of_seller {
            return spellings.iter().find_map(|spelling| models.get(*spelling));
        }
        // A reseller that the table does not know may ask any price, so that only the maker's own address is looked up by host; a
        // proxy on this machine passes on to the maker.
        if !is_local(url) {
            return None;
        }
        ["anthropic", "openai", "deepseek", "gemini", "mistral", "xai", "minimax", "zai", "moonshot"]
            .iter()
            .filter_map(|maker| self.providers.get(*maker))
            .find_map(|models| spellings.iter().find_map(|spelling| models.get(*spelling)))
    }
}

/// The table's name of who sells at an address.
fn seller(url: &str) -> Option<&'static str> {
    const HOSTS: &[(&str, &str)] = &[
        ("api.anthropic.com", "anthropic"),
        ("api.openai.com", "openai"),
        ("openrouter.ai", "openrouter"),
        ("api.minimax.io", "minimax"),
        ("api.minimaxi.com", "minimax"),
        ("api.deepseek.com", "deepseek"),
        ("generativelanguage.googleapis.com", "gemini"),
        ("api.groq.com", "groq"),
        ("api.mistral.ai", "mistral"),
        ("api.moonshot.ai", "moonshot"),
        ("api.x.ai", "xai"),
        ("api.z.ai", "zai"),
        ("api.cerebras.ai", "cerebras"),
        ("dashscope-intl.aliyuncs.com", "dashscope"),
    ];
    let host = host(url)?;
    HOSTS.iter().find(|(known, _)| *known == host).map(|(_, seller)| *seller)
}

fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?']).next()?;
    authority.strip_prefix('[').map_or_else(|| authority.split(':').next(), |v6| v6.split(']').next())
}

fn is_local(url: &str) -> bool {
    url.starts_with("unix:")
        || host(url).is_some_and(|host| host == "localhost" || host == "::1" || host.starts_with("127."))
}

/// A model's names in the table's order of trust: as it is, without a context mark, without the day of its release.
fn spellings(model: &str) -> Vec<&str> {
    let mut all = vec![model];
    let plain = model.strip_suffix("[1m]").unwrap_or(model);
    let plain = plain.strip_suffix("-latest").unwrap_or(plain);
    all.push(plain);
    if let Some((head, day)) = plain.rsplit_once('-')
        && day.len() == 8
        && day.bytes().all(|byte| byte.is_ascii_digit())
    {
        all.push(head);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_names_source_and_date_and_knows_the_usual_models() {
        let table = PriceTable::read(SHIPPED).expect("reads");
        assert!(table.source.contains("litellm") && table.source.contains("MIT"), "{}", table.source);
        assert_eq!(table.date.len(), 10);
        let card = table.find("https://api.anthropic.com", "claude-sonnet-4-5-20250929").expect("known");
        assert_eq!(card.price.input, 3_000_000_000);
        assert_eq!(card.price.cache_write_hour, Some(6_000_000_000));
        assert_eq!(table.render(), SHIPPED, "it is not as `cargo xtask prices` writes it");
    }

    #[test]
    fn the_tier_follows_from_the_whole_prompt() {
        let tier = |above, input| PriceTier { above, price: Price { input, ..Price::default() } };
        let card = ModelCard {
            tiers: vec![tier(100, 2), tier(200, 3)],
            ..ModelCard::flat(Price { input: 1, ..Price::default() })
        };
        assert_eq!([100, 101, 200, 201].map(|prompt| card.price_for(prompt).input), [1, 2, 2, 3]);
    }
}
