//! Spans of time in two units at most.

use jiff::{SignedDuration, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long ago it was; `now` for what lies in the future by a skewed clock.
pub(crate) fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    if seconds < 1 { "now".to_owned() } else { format!("{} ago", whole(seconds)) }
}

/// How long it took: tenths of a second below a minute, then two units.
pub(crate) fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    if seconds >= MINUTE {
        return whole(seconds);
    }
    let tenths = duration.as_millis().max(0) / 100;
    format!("{}.{}s", tenths / 10, tenths % 10)
}

/// So many seconds in two units at most.
pub(crate) fn whole(seconds: i64) -> String {
    if seconds < MINUTE {
        format!("{seconds}s")
    } else if seconds < HOUR {
        format!("{}m{:02}s", seconds / MINUTE, seconds % MINUTE)
    } else if seconds < DAY {
        format!("{}h{:02}m", seconds / HOUR, seconds % HOUR / MINUTE)
    } else {
        format!("{}d{:02}h", seconds / DAY, seconds % DAY / HOUR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_two_units_at_most() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let at = |text: &str| age(text.parse().unwrap(), now);
        assert_eq!(at("2026-11-21T12:00:00Z"), "now");
        assert_eq!(at("2026-11-21T12:00:05Z"), "now");
        assert_eq!(at("2026-11-21T11:59:57Z"), "3s ago");
        assert_eq!(at("2026-11-21T11:57:55Z"), "2m05s ago");
        assert_eq!(at("2026-11-21T08:55:00Z"), "3h05m ago");
        assert_eq!(at("2026-11-18T10:00:00Z"), "3d02h ago");
    }

    #[test]
    fn a_short_span_shows_tenths() {
        assert_eq!(span(SignedDuration::from_millis(340)), "0.3s");
        assert_eq!(span(SignedDuration::from_millis(59_990)), "59.9s");
        assert_eq!(span(SignedDuration::from_secs(61)), "1m01s");
        assert_eq!(span(SignedDuration::from_secs(-3)), "0.0s");
    }
}
