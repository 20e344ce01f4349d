//! Which models a caller may ask for. Pure.

use std::collections::BTreeSet;

use legion_dialects::scan::Head;

use crate::directory::Caller;

/// Characters of the day that names of models end with.
const DAY_CHARS: usize = 8;

/// The caller asks for what its limits do not name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAllowed {
    #[error("the model `{asked}` is not among those that you may use: {}", list(.allowed))]
    Model { asked: String, allowed: BTreeSet<String> },
    #[error(
        "a request of one whose models are limited names one model, once: this one has `model` twice, or a list `models`"
    )]
    Several,
}

/// Whether a call may be made, wherever a route leads it.
pub(crate) fn check(caller: &Caller, head: &Head) -> Result<(), NotAllowed> {
    let Some(allowed) = &caller.models else { return Ok(()) };
    // Whatever of them a provider takes.
    if head.names_others {
        return Err(NotAllowed::Several);
    }
    if allowed.iter().any(|word| means(word, &head.model)) {
        return Ok(());
    }
    Err(NotAllowed::Model { asked: head.model.clone(), allowed: allowed.clone() })
}

/// Whether a word of the limits means this model: its own name, with the day that it appeared on or without, or a family of
/// Claude's as its program calls it (`sonnet`, `opus[1m]`), which the program sends as `claude-sonnet-4-5`. Whoever names a
/// provider in the model must have been given just that.
fn means(word: &str, asked: &str) -> bool {
    let word = word.split_once('[').map_or(word, |(name, _)| name);
    let is_day = |end: &str| end.len() == DAY_CHARS && end.bytes().all(|byte| byte.is_ascii_digit());
    let dated = || asked.strip_prefix(word).and_then(|end| end.strip_prefix('-')).is_some_and(is_day);
    let family = || {
        let parts = asked.strip_prefix("claude-").filter(|parts| !parts.contains('/'));
        word.bytes().all(|byte| byte.is_ascii_lowercase())
            && parts.is_some_and(|parts| parts.split('-').any(|part| part == word))
    };
    asked == word || dated() || family()
}

fn list(models: &BTreeSet<String>) -> String {
    if models.is_empty() {
        return "none".to_owned();
    }
    models.iter().map(|model| format!("`{model}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(allowed: &[&str], asked: &str) -> bool {
        let models = Some(allowed.iter().map(|word| (*word).to_owned()).collect());
        let head = Head { model: asked.to_owned(), ..Head::default() };
        check(&Caller { models, ..Caller::default() }, &head).is_ok()
    }

    #[test]
    fn only_what_is_named_may_be_asked_for_and_a_family_is_what_its_program_makes_of_it() {
        for (allowed, asked) in [
            ("m", "m"),
            ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
            ("sonnet", "claude-sonnet-4-5-20250929"),
            ("haiku", "claude-3-5-haiku-20241022"),
            ("opus[1m]", "claude-opus-4-1"),
            ("other/m", "other/m"),
        ] {
            assert!(may(&["x", allowed], asked), "{allowed} is {asked}");
        }
        for (allowed, asked) in [
            ("m", "n"),
            ("m", "M"),
            ("m", "m2"),
            ("m", "m-2"),
            ("m", "other/m"),
            ("m", ""),
            ("sonnet", "claude-opus-4-1"),
            ("sonnet", "other/claude-sonnet-4-5"),
            ("sonnet", "claude-x/sonnet"),
            ("sonnet", "gpt-sonnet-1"),
            ("claude-sonnet-4", "claude-sonnet-4-5-20250929"),
        ] {
            assert!(!may(&[allowed], asked), "{allowed} is not {asked}");
        }
        assert!(!may(&[], "m"));
        assert!(
            check(&Caller::default(), &Head { model: "m".to_owned(), names_others: true, ..Head::default() }).is_ok()
        );
    }
}
