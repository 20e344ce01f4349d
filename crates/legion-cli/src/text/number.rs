//! Numbers of tickets as a person types them.

/// The number of a ticket: `3` or `#3`.
pub(crate) fn parse_ticket(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let number = if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None };
    number.filter(|number| *number > 0).ok_or_else(|| "not the number of a ticket, such as `3` or `#3`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_named_by_its_number() {
        assert_eq!(parse_ticket("3"), Ok(3));
        assert_eq!(parse_ticket("#12"), Ok(12));
        for wrong in ["", "#", "0", "-1", "+1", "1.5", "three", "##1", "1 2", "99999999999"] {
            assert!(parse_ticket(wrong).is_err(), "{wrong}");
        }
    }
}
