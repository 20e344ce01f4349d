//! Numbers of tickets as a person types them.

use legion_api::{PlanUpstream, TicketKey};

/// The number of a ticket: `3` or `#3`.
pub(crate) fn parse_ticket(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let number = if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None };
    number.filter(|number| *number > 0).ok_or_else(|| "not the number of a ticket, such as `3` or `#3`".to_owned())
}

/// Reads `3`, or `3:skip`: a ticket that is waited for, with what becomes of the one that waits when it is not merged.
pub(crate) fn parse_upstream(text: &str) -> Result<PlanUpstream, String> {
    let (number, policy) = text.split_once(':').map_or((text, None), |(number, policy)| (number, Some(policy)));
    let id = TicketKey(parse_ticket(number)?.to_string());
    match policy {
        None | Some("skip" | "fail" | "wait") => Ok(PlanUpstream { id, on_upstream: policy.map(str::to_owned) }),
        Some(other) => Err(format!("`{other}` is not `skip`, `fail` or `wait`")),
    }
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
