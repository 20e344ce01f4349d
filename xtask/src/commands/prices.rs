//! `cargo xtask prices FILE VERSION DATE`: makes the gateway's table of prices from the one that the PyPI package `litellm` carries
//! (MIT). To get FILE: `pip download --no-deps litellm==VERSION`, unzip the wheel, take
//! `litellm/model_prices_and_context_window_backup.json`.

use crate::shell;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

const TABLE: &str = "crates/legion-gateway/src/prices/prices.json";
/// Providers whose own prices are kept; clouds that sell the same models again are left out.
const PROVIDERS: &[&str] = &[
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
/// From dollars a token to nano-dollars a million tokens.
const SCALE: f64 = 1e15;
const DOLLAR: f64 = 1e9;
/// Suffixes of prices for long prompts, with the tokens above which they hold.
const TIERS: &[(&str, u64)] = &[
    ("_above_100k_tokens", 100_000),
    ("_above_128k_tokens", 128_000),
    ("_above_200k_tokens", 200_000),
    ("_above_272k_tokens", 272_000),
    ("_above_512k_tokens", 512_000),
];
/// Our names of prices, and theirs.
const COLUMNS: &[(&str, &str)] = &[
    ("input", "input_cost_per_token"),
    ("output", "output_cost_per_token"),
    ("cache_read", "cache_read_input_token_cost"),
    ("cache_write", "cache_creation_input_token_cost"),
    ("cache_write_hour", "cache_creation_input_token_cost_above_1hr"),
    ("reasoning", "output_cost_per_reasoning_token"),
];

pub fn run(file: &str, version: &str, date: &str) -> Result<ExitCode> {
    let text = fs::read_to_string(file).with_context(|| format!("failed to read `{file}`"))?;
    let source: BTreeMap<String, Value> = serde_json::from_str(&text).context("it is no map of models")?;
    let mut providers: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for (name, row) in &source {
        let Some(provider) = PROVIDERS.iter().find(|provider| row["litellm_provider"] == **provider) else { continue };
        if !MODES.iter().any(|mode| row["mode"] == *mode) {
            continue;
        }
        let model = name.strip_prefix(&format!("{provider}/")).unwrap_or(name);
        if let Some(entry) = entry(row) {
            providers.entry(provider).or_default().insert(model.to_owned(), entry);
        }
    }
    ensure!(!providers.is_empty(), "no model of `{file}` has a price: is it the right file?");
    let count: usize = providers.values().map(BTreeMap::len).sum();
    fs::write(shell::root().join(TABLE), render(version, date, &providers)?)
        .with_context(|| format!("failed to write `{TABLE}`"))?;
    println!("{count} models of {} providers in {TABLE}", providers.len());
    Ok(ExitCode::SUCCESS)
}

/// One model a line, so that a change of a price is a change of a line.
fn render(version: &str, date: &str, providers: &BTreeMap<&str, BTreeMap<String, Value>>) -> Result<String> {
    let mut text = format!(
        "{{\n\"source\": {},\n\"date\": {},\n\"unit\": \"nano-dollars per million tokens; web_search: nano-dollars each\",\n\"providers\": {{\n",
        json!(format!("PyPI litellm {version}, model_prices_and_context_window_backup.json, MIT")),
        json!(date)
    );
    for (index, (provider, models)) in providers.iter().enumerate() {
        text.push_str(&format!("{}{}: {{\n", if index == 0 { "" } else { ",\n" }, json!(provider)));
        for (index, (model, entry)) in models.iter().enumerate() {
            let comma = if index == 0 { "" } else { ",\n" };
            text.push_str(&format!("{comma}{}: {}", json!(model), serde_json::to_string(entry)?));
        }
        text.push_str("\n}");
    }
    text.push_str("\n}\n}\n");
    Ok(text)
}

fn entry(row: &Value) -> Option<Value> {
    let mut entry = Map::new();
    entry.insert("price".to_owned(), price(row, "")?);
    let tiers: Vec<Value> = TIERS
        .iter()
        .filter_map(|(suffix, above)| Some(json!({ "above": above, "price": price(row, suffix)? })))
        .collect();
    if !tiers.is_empty() {
        entry.insert("tiers".to_owned(), tiers.into());
    }
    for (ours, theirs) in [("context", "max_input_tokens"), ("output_max", "max_output_tokens")] {
        if let Some(tokens) = row[theirs].as_u64().filter(|tokens| *tokens > 0) {
            entry.insert(ours.to_owned(), tokens.into());
        }
    }
    Some(entry.into())
}

/// The prices of a tier, or none when it lacks one of the two that every model has.
fn price(row: &Value, suffix: &str) -> Option<Value> {
    let mut price = Map::new();
    for (ours, theirs) in COLUMNS {
        // What a tier does not say costs what it costs below.
        let value = row[format!("{theirs}{suffix}")].as_f64().or_else(|| {
            (!suffix.is_empty() && !matches!(*ours, "input" | "output")).then(|| row[*theirs].as_f64()).flatten()
        });
        if let Some(value) = value {
            price.insert((*ours).to_owned(), ((value * SCALE).round() as u64).into());
        }
    }
    if let Some(search) = row["search_context_cost_per_query"]["search_context_size_medium"].as_f64() {
        price.insert("web_search".to_owned(), ((search * DOLLAR).round() as u64).into());
    }
    (price.contains_key("input") && price.contains_key("output")).then_some(price.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_a_token_become_nano_dollars_a_million() {
        let row = json!({"input_cost_per_token": 3e-6, "output_cost_per_token": 1.5e-5, "cache_read_input_token_cost": 2.8e-9,
            "input_cost_per_token_above_200k_tokens": 6e-6, "output_cost_per_token_above_200k_tokens": 2.25e-5, "max_output_tokens": 64000});
        let entry = entry(&row).expect("has prices");
        assert_eq!(
            entry["price"],
            json!({"input": 3_000_000_000_u64, "output": 15_000_000_000_u64, "cache_read": 2_800_000})
        );
        assert_eq!(entry["tiers"][0]["above"], 200_000);
        assert_eq!(entry["tiers"][0]["price"]["cache_read"], 2_800_000);
        assert_eq!(entry["output_max"], 64_000);
    }

    #[test]
    fn a_model_without_a_price_is_left_out() {
        assert_eq!(entry(&json!({"input_cost_per_token": 1e-6})), None);
    }
}
