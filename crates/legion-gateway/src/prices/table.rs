//! The table of prices. `cargo xtask prices` makes `prices.json`.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::settings::{Price, PriceTier, Provider, Settings};

const SHIPPED: &str = include_str!("prices.json");

/// What is known of a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ModelCard {
    pub price: Price,
    /// Strictly rising.
    #[serde(default)]
    pub tiers: Vec<PriceTier>,
    /// Tokens that a prompt may have.
    #[serde(default)]
    pub context: Option<u64>,
    /// Tokens that an answer may have.
    #[serde(default)]
    pub output_max: Option<u64>,
}

impl ModelCard {
    /// The price for a prompt of so many tokens, cached ones included: the whole call is at the rate of its tier.
    pub fn price_for(&self, prompt: u64) -> &Price {
        self.tiers.iter().rev().find(|tier| prompt > tier.above).map_or(&self.price, |tier| &tier.price)
    }

    fn flat(price: Price) -> Self {
        Self { price, tiers: Vec::new(), context: None, output_max: None }
    }
}

/// Prices of models by provider, with where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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

    /// What a model costs at a provider: the provider's own price, the user's, then the table's. None: not known.
    pub fn card(&self, settings: &Settings, provider: &Provider, model: &str) -> Option<ModelCard> {
        let shipped = self.find(&provider.url, model);
        let own = provider.prices.get(model).or_else(|| settings.prices.get(model));
        let own = own.copied().or_else(|| provider.free.then(Price::default));
        match own {
            Some(price) => Some(ModelCard {
                price,
                tiers: Vec::new(),
                ..shipped.cloned().unwrap_or_else(|| ModelCard::flat(price))
            }),
            None => shipped.cloned(),
        }
    }

    /// All models with a price, for people.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &ModelCard)> {
        self.providers.iter().flat_map(|(provider, models)| {
            models.iter().map(move |(model, card)| (provider.as_str(), model.as_str(), card))
        })
    }

    fn find(&self, url: &str, model: &str) -> Option<&ModelCard> {
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
    use crate::settings::{Authorization, Betas};
    use legion_dialects::Dialect;

    fn provider(url: &str) -> Provider {
        Provider {
            name: "p".to_owned(),
            dialect: Dialect::Anthropic,
            url: url.to_owned(),
            authorization: Authorization::None,
            headers: BTreeMap::new(),
            betas: Betas::Forward,
            authorities: None,
            models: Vec::new(),
            prices: BTreeMap::new(),
            free: false,
        }
    }

    #[test]
    fn the_shipped_table_names_source_and_date_and_knows_the_usual_models() {
        let table = PriceTable::read(SHIPPED).expect("reads");
        assert!(table.source.contains("litellm") && table.source.contains("MIT"), "{}", table.source);
        assert_eq!(table.date.len(), 10);
        let card = table
            .card(&Settings::default(), &provider("https://api.anthropic.com"), "claude-sonnet-4-5-20250929")
            .expect("known");
        assert_eq!(card.price.input, 3_000_000_000);
        assert_eq!(card.price.cache_write_hour, Some(6_000_000_000));
    }

    #[test]
    fn an_unknown_price_is_none_and_never_zero() {
        let table = PriceTable::shipped();
        assert_eq!(table.card(&Settings::default(), &provider("https://api.anthropic.com"), "claude-unheard-of"), None);
        assert_eq!(table.card(&Settings::default(), &provider("https://reseller.example"), "claude-sonnet-4-5"), None);
        let free = Provider { free: true, ..provider("http://127.0.0.1:11434") };
        assert_eq!(table.card(&Settings::default(), &free, "llama").expect("free").price, Price::default());
    }

    #[test]
    fn own_prices_win_over_the_table() {
        let table = PriceTable::shipped();
        let own = Price { input: 5, output: 6, ..Price::default() };
        let user = Settings { prices: [("claude-sonnet-4-5".to_owned(), own)].into(), ..Settings::default() };
        let anthropic = provider("https://api.anthropic.com");
        assert_eq!(table.card(&user, &anthropic, "claude-sonnet-4-5").expect("known").price.input, 5);
        let special =
            Provider { prices: [("claude-sonnet-4-5".to_owned(), Price { input: 9, ..own })].into(), ..anthropic };
        assert_eq!(table.card(&user, &special, "claude-sonnet-4-5").expect("known").price.input, 9);
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
