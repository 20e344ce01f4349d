//! What models cost.

use legion_api::{ModelPrice, PriceList, PricesUpdated};

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::text::escape_line;

/// One line each; under it the sources, and what is wrong with them.
pub(crate) fn prices(list: &PriceList, look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = list.prices.iter().map(row).collect();
    let head = ["PROVIDER", "MODEL", "INPUT/M", "OUTPUT/M", "CACHED/M", "FROM", "NOTES"];
    let mut text = if rows.is_empty() { "no price is known\n".to_owned() } else { table(&head, &rows, look) };
    for source in &list.sources {
        let date = source.date.as_ref().map(|date| format!(", {}", escape_line(date))).unwrap_or_default();
        text.push_str(&format!(
            "{}: {}{date}, {} models\n",
            escape_line(&source.origin),
            escape_line(&source.source),
            source.models
        ));
    }
    if !list.sources.iter().any(|source| source.origin == "overlay") {
        text.push_str(&format!("your own prices would be in {}\n", escape_line(&list.overlay)));
    }
    for problem in &list.problems {
        text.push_str(&format!("{}\n", escape_line(problem)));
    }
    text
}

/// In a sentence.
pub(crate) fn prices_updated(updated: &PricesUpdated) -> String {
    format!(
        "prices of {} models from {}, {}: {} new, {} changed",
        updated.models,
        escape_line(&updated.source),
        escape_line(&updated.date),
        updated.added,
        updated.changed
    )
}

fn row(line: &ModelPrice) -> Vec<Cell> {
    let price = line.price.as_ref();
    let cell = |nanos: Option<u64>| Cell::or_dash(nanos.map(dollars));
    let mut notes: Vec<String> = line
        .long_prompts
        .iter()
        .map(|long| format!("{} above {} tokens", dollars(long.price.input_nanos), long.above))
        .collect();
    if price.is_none() {
        notes.push("not known".to_owned());
    }
    if line.set_up {
        notes.push("set up".to_owned());
    }
    vec![
        Cell::new(escape_line(&line.provider)),
        Cell::styled(Style::Head, escape_line(&line.model)),
        cell(price.map(|price| price.input_nanos)),
        cell(price.map(|price| price.output_nanos)),
        cell(price.and_then(|price| price.cache_read_nanos)),
        Cell::or_dash(line.origin.as_deref().map(escape_line)),
        Cell::new(notes.join("; ")),
    ]
}

/// Exactly, with two digits behind the point at least.
fn dollars(nanos: u64) -> String {
    const DOLLAR: u64 = 1_000_000_000;
    let part = format!("{:09}", nanos % DOLLAR);
    let digits = part.trim_end_matches('0').len().max(2);
    format!("${}.{}", nanos / DOLLAR, &part[..digits])
}

#[cfg(test)]
mod tests {
    use legion_api::{PriceSource, TokenPrice};

    use super::*;

    #[test]
    fn an_unknown_price_is_no_zero_and_sources_have_their_date() {
        let price = TokenPrice {
            input_nanos: 1_250_000_000,
            output_nanos: 10_000_000_000,
            cache_read_nanos: Some(2_800_000),
            cache_write_nanos: None,
            cache_write_hour_nanos: None,
            reasoning_nanos: None,
            web_search_nanos: None,
        };
        let line = |model: &str, price: Option<TokenPrice>| ModelPrice {
            provider: "mine".to_owned(),
            model: model.to_owned(),
            set_up: true,
            origin: price.map(|_| "update".to_owned()),
            price,
            long_prompts: Vec::new(),
        };
        let list = PriceList {
            prices: vec![line("known", Some(price)), line("strange", None)],
            sources: vec![PriceSource {
                origin: "update".to_owned(),
                source: "somewhere".to_owned(),
                date: Some("2026-11-21".to_owned()),
                models: 1,
            }],
            overlay: "/data/prices.toml".to_owned(),
            problems: vec!["not used: it is damaged".to_owned()],
        };
        let text = prices(&list, &crate::view::samples::look());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("$1.25") && lines[1].contains("$10.00") && lines[1].contains("$0.0028"), "{text}");
        assert!(lines[2].contains("not known") && !lines[2].contains('$'), "{text}");
        assert_eq!(lines[3], "update: somewhere, 2026-11-21, 1 models");
        assert!(lines[4].contains("/data/prices.toml") && lines[5].contains("damaged"), "{text}");
    }
}
