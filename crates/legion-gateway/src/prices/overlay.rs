//! The person's own prices: a file `prices.toml`, in dollars for a million tokens. They win over every table.
//!
//! ```toml
//! [models."some-model"]            # wherever it is asked for
//! input = "1.25"
//! output = 10
//!
//! [providers.mine."some-model"]    # at the provider `mine` only
//! input = "0.40"
//! output = "1.60"
//! cache_read = "0.04"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use toml::{Table, Value};

use crate::prices::decimal::{scaled, scaled_float};
use crate::prices::litellm::{SEARCH_NANOS_MAX, TOKENS_NANOS_MAX};
use crate::settings::Price;

/// Bytes of the file: some ten thousand models.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// From dollars to nano-dollars.
const TENS: usize = 9;
/// What a price may say.
const KEYS: &str = "`input`, `output`, `cache_read`, `cache_write`, `cache_write_hour`, `reasoning` (dollars for a million tokens), \
     `web_search` (dollars each)";

/// Own prices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Overlay {
    models: BTreeMap<String, Price>,
    providers: BTreeMap<String, BTreeMap<String, Price>>,
}

/// Why the file is not used.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    #[error("failed to read your prices in `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("your prices in `{}` are longer than {} bytes", path.display(), FILE_BYTES_MAX)]
    Long { path: PathBuf },
    #[error("your prices in `{}` are no TOML: {why}", path.display())]
    Toml { path: PathBuf, why: String },
    #[error("your prices in `{}`: {why}", path.display())]
    Entry { path: PathBuf, why: String },
}

impl Overlay {
    /// Reads the file. None where there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, OverlayError> {
        let fail = |source| OverlayError::Read { path: path.to_owned(), source };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(error)),
            Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
                return Err(OverlayError::Long { path: path.to_owned() });
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(path).map_err(fail)?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let why = error.message().to_owned();
            OverlayError::Toml { path: path.to_owned(), why }
        })?;
        Self::read(table).map(Some).map_err(|why| OverlayError::Entry { path: path.to_owned(), why })
    }

    fn read(table: Table) -> Result<Self, String> {
        let mut overlay = Self::default();
        for (key, value) in table {
            match key.as_str() {
                "models" => overlay.models = models("models", value)?,
                "providers" => {
                    for (provider, value) in object("providers", value)? {
                        let models = models(&format!("providers.{provider}"), value)?;
                        overlay.providers.insert(provider, models);
                    }
                }
                _ => return Err(format!("`{key}` is not known; there are `models` and `providers`")),
            }
        }
        Ok(overlay)
    }

    /// The price of a model at a provider: the one that was set for it there, else the one for every provider.
    pub(super) fn find(&self, provider: &str, model: &str) -> Option<&Price> {
        let at_provider = self.providers.get(provider).and_then(|models| models.get(model));
        at_provider.or_else(|| self.models.get(model))
    }

    /// All of them; without a provider, those for every provider.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<&str>, &str, &Price)> {
        let everywhere = self.models.iter().map(|(model, price)| (None, model.as_str(), price));
        let at_providers = self.providers.iter().flat_map(|(provider, models)| {
            models.iter().map(move |(model, price)| (Some(provider.as_str()), model.as_str(), price))
        });
        everywhere.chain(at_providers)
    }
}

fn object(place: &str, value: Value) -> Result<Table, String> {
    match value {
        Value::Table(table) => Ok(table),
        other => Err(format!("`{place}` is no table but of type {}", other.type_str())),
    }
}

fn models(place: &str, value: Value) -> Result<BTreeMap<String, Price>, String> {
    let mut models = BTreeMap::new();
    for (model, value) in object(place, value)? {
        let place = format!("{place}.\"{model}\"");
        let price = price(&place, object(&place, value)?)?;
        models.insert(model, price);
    }
    Ok(models)
}

fn price(place: &str, table: Table) -> Result<Price, String> {
    let mut price = Price::default();
    let (mut input, mut output) = (None, None);
    for (key, value) in table {
        let most = if key == "web_search" { SEARCH_NANOS_MAX } else { TOKENS_NANOS_MAX };
        let money = || dollars(&value, most).map_err(|why| format!("`{place}`: `{key}` is {why}"));
        match key.as_str() {
            "input" => input = Some(money()?),
            "output" => output = Some(money()?),
            "cache_read" => price.cache_read = Some(money()?),
            "cache_write" => price.cache_write = Some(money()?),
            "cache_write_hour" => price.cache_write_hour = Some(money()?),
            "reasoning" => price.reasoning = Some(money()?),
            "web_search" => price.web_search = Some(money()?),
            _ => return Err(format!("`{place}`: `{key}` is not known; there are {KEYS}")),
        }
    }
    // What is not said is not zero.
    let missing = |key: &str| format!("`{place}`: `{key}` is missing; write 0 for what costs nothing");
    price.input = input.ok_or_else(|| missing("input"))?;
    price.output = output.ok_or_else(|| missing("output"))?;
    Ok(price)
}

fn dollars(value: &Value, most: u64) -> Result<u64, String> {
    let (nanos, said) = match value {
        Value::String(text) => (scaled(text, TENS), text.clone()),
        Value::Integer(whole) => (scaled(&whole.to_string(), TENS), whole.to_string()),
        Value::Float(number) => (scaled_float(*number, TENS), number.to_string()),
        other => return Err(format!("of type {}; dollars are written \"1.25\" or 3", other.type_str())),
    };
    let nanos = nanos.ok_or_else(|| format!("`{said}`, which are no dollars such as \"1.25\" or 3"))?;
    if nanos > most { Err(format!("`{said}`, which is too high to be a price")) } else { Ok(nanos) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Overlay, String> {
        Overlay::read(text.parse().expect("TOML"))
    }

    #[test]
    fn a_price_at_a_provider_wins_over_one_for_every_provider() {
        let overlay = read(
            "[models.\"m\"]\ninput = \"1.25\"\noutput = 10\n[providers.mine.\"m\"]\ninput = 0.4\noutput = \"1.6\"\nweb_search = 0.01",
        )
        .expect("reads");
        let price = |provider| overlay.find(provider, "m").expect("known");
        assert_eq!((price("other").input, price("other").output), (1_250_000_000, 10_000_000_000));
        assert_eq!((price("mine").input, price("mine").web_search), (400_000_000, Some(10_000_000)));
        assert_eq!(overlay.find("mine", "n"), None);
        assert_eq!(overlay.iter().count(), 2);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, what) in [
            ("modells = {}", "`modells` is not known"),
            ("models = 3", "`models` is no table but of type integer"),
            ("[models.m]\ninput = 1\noutput = 1\ncash_read = 1", "`cash_read` is not known"),
            ("[models.m]\ninput = 1", "`output` is missing"),
            ("[models.m]\ninput = -1\noutput = 1", "`input` is `-1`"),
            ("[models.m]\ninput = \"a lot\"\noutput = 1", "no dollars"),
            ("[models.m]\ninput = true\noutput = 1", "of type boolean"),
            ("[models.m]\ninput = nan\noutput = 1", "no dollars"),
            ("[models.m]\ninput = 1\noutput = 10001", "too high"),
            ("[providers.p.m]\ninput = 1\noutput = 1\nprice = 2", "providers.p.\"m\""),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
