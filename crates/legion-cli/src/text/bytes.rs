//! Amounts of memory and disk.

const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/// So many bytes in the largest unit of which there is one: `512 B`, `1.5 MiB`, `380 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    let (amount, unit) = in_unit(count);
    format!("{amount} {unit}")
}

/// The same for a column: `512B`, `1.5M`, `380M`.
pub(crate) fn bytes_short(count: u64) -> String {
    let (amount, unit) = in_unit(count);
    format!("{amount}{}", &unit[..1])
}

fn in_unit(count: u64) -> (String, &'static str) {
    if count < 1024 {
        return (count.to_string(), UNITS[0]);
    }
    let mut amount = count as f64 / 1024.0;
    let mut unit = UNITS[1];
    for next in &UNITS[2..] {
        // What would be shown as 1024 is one of the next.
        if amount < 1023.5 {
            break;
        }
        amount /= 1024.0;
        unit = next;
    }
    (if amount < 9.95 { format!("{amount:.1}") } else { format!("{amount:.0}") }, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_short() {
        for (count, text, short) in [
            (0, "0 B", "0B"),
            (1023, "1023 B", "1023B"),
            (1024, "1.0 KiB", "1.0K"),
            (1536, "1.5 KiB", "1.5K"),
            (10 << 20, "10 MiB", "10M"),
            ((1 << 20) - 1, "1.0 MiB", "1.0M"),
            (380 << 20, "380 MiB", "380M"),
            (24 << 30, "24 GiB", "24G"),
            (u64::MAX, "16384 PiB", "16384P"),
        ] {
            assert_eq!((bytes(count).as_str(), bytes_short(count).as_str()), (text, short));
        }
    }
}
