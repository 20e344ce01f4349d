//! The paths: `/gateway[/TOKEN]/anthropic/v1/…` and `/gateway[/TOKEN]/openai/v1/…`.

use legion_dialects::Dialect;

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    Generate(Dialect),
    CountTokens(Dialect),
    Models(Dialect),
    Model(Dialect, &'a str),
    /// The base address itself: programs look whether somebody is there.
    Base(Dialect),
}

impl Wanted<'_> {
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Generate(dialect)
            | Self::CountTokens(dialect)
            | Self::Models(dialect)
            | Self::Model(dialect, _)
            | Self::Base(dialect) => dialect,
        }
    }
}

/// The token in a path, and what the path asks for. None for a path that is not ours.
pub(super) fn parse(path: &str) -> Option<(Option<&str>, Wanted<'_>)> {
    let rest = path.strip_prefix("/gateway/")?;
    let (first, after) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some(wanted) = wanted(first, after) {
        return Some((None, wanted));
    }
    let (family, after) = after.split_once('/').unwrap_or((after, ""));
    Some((Some(first).filter(|token| !token.is_empty()), wanted(family, after)?))
}

fn wanted<'a>(family: &str, path: &'a str) -> Option<Wanted<'a>> {
    let path = path.trim_end_matches('/');
    let path = path.strip_prefix("v1/").unwrap_or(if path == "v1" { "" } else { path });
    match (family, path) {
        ("anthropic", "messages") => Some(Wanted::Generate(Dialect::Anthropic)),
        ("anthropic", "messages/count_tokens") => Some(Wanted::CountTokens(Dialect::Anthropic)),
        ("anthropic", "") => Some(Wanted::Base(Dialect::Anthropic)),
        ("anthropic", "models") => Some(Wanted::Models(Dialect::Anthropic)),
        ("anthropic", path) => path.strip_prefix("models/").map(|model| Wanted::Model(Dialect::Anthropic, model)),
        ("openai", "chat/completions") => Some(Wanted::Generate(Dialect::Chat)),
        ("openai", "responses") => Some(Wanted::Generate(Dialect::Responses)),
        ("openai", "responses/input_tokens") => Some(Wanted::CountTokens(Dialect::Responses)),
        ("openai", "") => Some(Wanted::Base(Dialect::Chat)),
        ("openai", "models") => Some(Wanted::Models(Dialect::Chat)),
        ("openai", path) => path.strip_prefix("models/").map(|model| Wanted::Model(Dialect::Chat, model)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_both_families_is_known_with_and_without_token() {
        use Dialect::{Anthropic, Chat, Responses};
        for (path, wanted) in [
            ("anthropic/v1/messages", Wanted::Generate(Anthropic)),
            ("anthropic/v1/messages/count_tokens", Wanted::CountTokens(Anthropic)),
            ("anthropic/v1/models", Wanted::Models(Anthropic)),
            ("anthropic/v1/models/a/b", Wanted::Model(Anthropic, "a/b")),
            ("anthropic", Wanted::Base(Anthropic)),
            ("anthropic/", Wanted::Base(Anthropic)),
            ("openai/v1/chat/completions", Wanted::Generate(Chat)),
            ("openai/v1/responses", Wanted::Generate(Responses)),
            ("openai/v1/models", Wanted::Models(Chat)),
            ("openai/v1", Wanted::Base(Chat)),
        ] {
            assert_eq!(parse(&format!("/gateway/{path}")), Some((None, wanted)), "{path}");
            assert_eq!(parse(&format!("/gateway/lgn_1/{path}")), Some((Some("lgn_1"), wanted)), "{path}");
        }
        for path in ["/", "/gateway/", "/gateway/x", "/gateway/x/y", "/gateway/anthropic/v1/other", "/gateway//openai"]
        {
            assert!(matches!(parse(path), None | Some((None, Wanted::Base(_)))), "{path}");
        }
    }
}
