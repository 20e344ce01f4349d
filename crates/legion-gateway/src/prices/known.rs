//! All that is known of prices at one time, in the order of trust.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::prices::overlay::Overlay;
use crate::prices::table::{ModelCard, PriceTable};
use crate::settings::{Price, Provider, Settings};

/// Where a price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceOrigin {
    /// The person's file.
    Overlay,
    /// The settings of the provider, or of all providers.
    Settings,
    /// The provider is said to cost nothing.
    Free,
    /// The table that was fetched.
    Update,
    /// The table that is shipped.
    BuiltIn,
}

impl PriceOrigin {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlay => "overlay",
            Self::Settings => "settings",
            Self::Free => "free",
            Self::Update => "update",
            Self::BuiltIn => "built-in",
        }
    }
}

/// A model's price, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    pub card: ModelCard,
    pub origin: PriceOrigin,
}

/// What is known of prices: the person's own before those that were fetched before those that are shipped.
#[derive(Debug, Clone)]
pub struct KnownPrices {
    pub(super) overlay: Arc<Overlay>,
    /// Where the person's own prices are looked for.
    pub overlay_path: PathBuf,
    /// The table that was fetched last. None: never.
    pub updated: Option<Arc<PriceTable>>,
    pub shipped: Arc<PriceTable>,
    /// What is wrong with the files, for people: what they say is not used.
    pub problems: Vec<String>,
}

impl KnownPrices {
    /// What a model costs at a provider. None: not known, which is not zero.
    pub fn card(&self, settings: &Settings, provider: &Provider, model: &str) -> Option<ModelCard> {
        self.find(settings, provider, model).map(|priced| priced.card)
    }

    /// What a model costs at a provider, and who says so. None: not known.
    pub fn find(&self, settings: &Settings, provider: &Provider, model: &str) -> Option<Priced> {
        let of_table = self.tables().find_map(|(table, origin)| Some((table.find(&provider.url, model)?, origin)));
        let own = self.overlay.find(&provider.name, model).map(|price| (*price, PriceOrigin::Overlay));
        let own = own.or_else(|| {
            let set = provider.prices.get(model).or_else(|| settings.prices.get(model))?;
            Some((*set, PriceOrigin::Settings))
        });
        let own = own.or_else(|| provider.free.then_some((Price::default(), PriceOrigin::Free)));
        match own {
            Some((price, origin)) => {
                // What else is known of the model stays true.
                let known = of_table.map(|(card, _)| card.clone()).unwrap_or_else(|| ModelCard::flat(price));
                Some(Priced { card: ModelCard { price, tiers: Vec::new(), ..known }, origin })
            }
            None => of_table.map(|(card, origin)| Priced { card: card.clone(), origin }),
        }
    }

    /// Every model of the tables by who sells it, with the price that counts.
    pub fn of_sellers(&self) -> BTreeMap<(&str, &str), Priced> {
        let names: BTreeSet<(&str, &str)> =
            self.tables().flat_map(|(table, _)| table.iter().map(|(seller, model, _)| (seller, model))).collect();
        let priced = |(seller, model): (&'_ str, &'_ str)| {
            self.tables().find_map(|(table, origin)| {
                let card = table.of_seller(seller, model)?.clone();
                Some(Priced { card, origin })
            })
        };
        names.into_iter().filter_map(|name| Some((name, priced(name)?))).collect()
    }

    /// The person's own prices: for one provider, or for every one.
    pub fn own(&self) -> impl Iterator<Item = (Option<&str>, &str, &Price)> {
        self.overlay.iter()
    }

    /// The tables, the most trusted first.
    pub fn tables(&self) -> impl Iterator<Item = (&PriceTable, PriceOrigin)> {
        let updated = self.updated.iter().map(|table| (&**table, PriceOrigin::Update));
        updated.chain([(&*self.shipped, PriceOrigin::BuiltIn)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates;

    fn shipped() -> KnownPrices {
        KnownPrices {
            overlay: Arc::default(),
            overlay_path: PathBuf::new(),
            updated: None,
            shipped: PriceTable::shipped(),
            problems: Vec::new(),
        }
    }

    fn provider(url: &str) -> Provider {
        Provider { url: url.to_owned(), ..templates::anthropic("p") }
    }

    const ANTHROPIC: &str = "https://api.anthropic.com";
    const MODEL: &str = "claude-sonnet-4-5";

    #[test]
    fn an_unknown_price_is_none_and_never_zero() {
        let known = shipped();
        let settings = Settings::default();
        assert_eq!(known.card(&settings, &provider(ANTHROPIC), "claude-unheard-of"), None);
        assert_eq!(known.card(&settings, &provider("https://reseller.example"), MODEL), None);
        let free = Provider { free: true, ..provider("http://127.0.0.1:11434") };
        let priced = known.find(&settings, &free, "llama").expect("free");
        assert_eq!((priced.card.price, priced.origin), (Price::default(), PriceOrigin::Free));
    }

    #[test]
    fn own_prices_win_over_fetched_ones_and_these_over_shipped_ones() {
        let price = |input| Price { input, output: 6, ..Price::default() };
        let table = |input| {
            let text = serde_json::json!({"source": "s", "date": "d", "providers": {"anthropic": {MODEL:
                {"price": {"input": input, "output": 6}, "context": 7}}}});
            Arc::new(PriceTable::read(&text.to_string()).expect("reads"))
        };
        let mut known = shipped();
        let mut settings = Settings::default();
        let mut provider = provider(ANTHROPIC);
        let found = |known: &KnownPrices, settings: &Settings, provider: &Provider| {
            let priced = known.find(settings, provider, MODEL).expect("known");
            (priced.card.price.input, priced.origin)
        };
        assert_eq!(found(&known, &settings, &provider), (3_000_000_000, PriceOrigin::BuiltIn));
        known.updated = Some(table(4));
        assert_eq!(found(&known, &settings, &provider), (4, PriceOrigin::Update));
        // What the fetched table does not know is looked up in the shipped one.
        assert!(known.card(&settings, &provider, "claude-opus-4-5").is_some());
        settings.prices.insert(MODEL.to_owned(), price(5));
        assert_eq!(found(&known, &settings, &provider), (5, PriceOrigin::Settings));
        provider.prices.insert(MODEL.to_owned(), price(9));
        assert_eq!(found(&known, &settings, &provider), (9, PriceOrigin::Settings));
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("prices.toml");
        std::fs::write(&path, format!("[models.\"{MODEL}\"]\ninput = 1\noutput = 2\n")).expect("written");
        known.overlay = Arc::new(Overlay::open(&path).expect("reads").expect("there"));
        assert_eq!(found(&known, &settings, &provider), (1_000_000_000, PriceOrigin::Overlay));
        assert_eq!(known.card(&settings, &provider, MODEL).expect("known").context, Some(7));
        let all = known.of_sellers();
        assert_eq!(all[&("anthropic", MODEL)].card.price.input, 4);
        assert_eq!(all.len(), PriceTable::shipped().len());
    }
}
