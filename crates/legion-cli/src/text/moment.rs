//! Times and spans as a person types them.

use jiff::{SignedDuration, Timestamp};

/// A span in whole seconds: `90`, `90s`, `10m`, `1h30m`, `PT5M`.
pub(crate) fn parse_seconds(text: &str) -> Result<u64, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(seconds);
    }
    let span: SignedDuration = text.parse().map_err(|_| "not a span such as `90`, `90s` or `1h30m`".to_owned())?;
    if span.is_negative() {
        return Err("a span cannot be negative".to_owned());
    }
    // Rounded up: a limit of 1.5 s must not end a run after one.
    let up = u64::from(span.subsec_nanos() > 0);
    Ok(span.as_secs().unsigned_abs() + up)
}

/// A deadline: a moment, or a span from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeadlineArg {
    At(Timestamp),
    After { seconds: u64 },
}

impl DeadlineArg {
    /// The moment it means.
    pub(crate) fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::After { seconds } => {
                let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
                now.saturating_add(span).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

/// A moment (`2026-11-21T12:00:00Z`) or a span from now (`10m`).
pub(crate) fn parse_deadline(text: &str) -> Result<DeadlineArg, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(DeadlineArg::At(at));
    }
    parse_seconds(text)
        .map(|seconds| DeadlineArg::After { seconds })
        .map_err(|_| "neither a moment such as `2026-11-21T12:00:00Z` nor a span such as `10m`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_seconds_or_has_units() {
        assert_eq!(parse_seconds("90"), Ok(90));
        assert_eq!(parse_seconds("10m"), Ok(600));
        assert_eq!(parse_seconds("1h30m"), Ok(5400));
        assert_eq!(parse_seconds("PT5M"), Ok(300));
        assert_eq!(parse_seconds("1500ms"), Ok(2));
        assert!(parse_seconds("-5s").is_err());
        assert!(parse_seconds("soon").is_err());
    }

    #[test]
    fn a_deadline_is_a_moment_or_a_span_from_now() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let at = |text: &str| parse_deadline(text).unwrap().at(now).to_string();
        assert_eq!(at("10m"), "2026-11-21T12:10:00Z");
        assert_eq!(at("2026-11-22T01:00:00+01:00"), "2026-11-22T00:00:00Z");
        assert_eq!(parse_deadline("99999999999999999").unwrap().at(now), Timestamp::MAX);
        assert!(parse_deadline("tomorrow").is_err());
    }
}
