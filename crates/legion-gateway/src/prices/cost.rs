//! The cost of a call.

use legion_dialects::Usage;

use crate::settings::Price;

const MILLION: u128 = 1_000_000;

/// Nano-dollars for a usage at a price, rounded up. What the provider itself says that it cost wins.
pub fn cost(usage: &Usage, price: &Price) -> u64 {
    if let Some(nanos) = usage.provider_cost_nanos {
        return nanos;
    }
    let write = price.cache_write.unwrap_or(price.input);
    let tokens = [
        (usage.input, price.input),
        (usage.cache_read, price.cache_read.unwrap_or(price.input)),
        (usage.cache_write_5m, write),
        (usage.cache_write_1h, price.cache_write_hour.unwrap_or(write)),
        (usage.output, price.output),
        (usage.reasoning, price.reasoning.unwrap_or(price.output)),
    ];
    // No sum of six products of 64-bit numbers leaves 128 bits by more than the saturation below hides.
    let millionths =
        tokens.iter().fold(0_u128, |sum, (count, price)| sum.saturating_add(u128::from(*count) * u128::from(*price)));
    let searches = u128::from(usage.web_searches) * u128::from(price.web_search.unwrap_or(0));
    u64::try_from(millionths.div_ceil(MILLION).saturating_add(searches)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_has_its_price() {
        let price = Price {
            input: 3_000_000_000,
            output: 15_000_000_000,
            cache_read: Some(300_000_000),
            cache_write: Some(3_750_000_000),
            cache_write_hour: Some(6_000_000_000),
            reasoning: None,
            web_search: Some(10_000_000),
        };
        let usage = Usage {
            input: 1_000,
            cache_read: 10_000,
            cache_write_5m: 100,
            cache_write_1h: 10,
            output: 200,
            reasoning: 50,
            web_searches: 2,
            provider_cost_nanos: None,
        };
        let expected = 3_000_000 + 3_000_000 + 375_000 + 60_000 + 3_000_000 + 750_000 + 20_000_000;
        assert_eq!(cost(&usage, &price), expected);
        assert_eq!(cost(&Usage { provider_cost_nanos: Some(7), ..usage }, &price), 7);
    }

    #[test]
    fn parts_of_a_nano_dollar_round_up_and_nothing_overflows() {
        let price = Price { input: 1, output: u64::MAX, ..Price::default() };
        assert_eq!(cost(&Usage { input: 1, ..Usage::default() }, &price), 1);
        assert_eq!(cost(&Usage { output: u64::MAX, ..Usage::default() }, &price), u64::MAX);
        assert_eq!(cost(&Usage::default(), &price), 0);
    }
}
