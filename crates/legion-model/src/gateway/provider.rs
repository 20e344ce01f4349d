//! A provider: where models are, which dialect it speaks, and how its key is found. The key itself is never here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The dialect that a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    Anthropic,
    OpenaiChat,
    OpenaiResponses,
    Gemini,
    Copilot,
}

impl Format {
    pub const ALL: [Self; 5] = [Self::Anthropic, Self::OpenaiChat, Self::OpenaiResponses, Self::Gemini, Self::Copilot];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiResponses => "openai-responses",
            Self::Gemini => "gemini",
            Self::Copilot => "copilot",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;
    /// The word, or one that other gateways use for it; `_` is `-`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.trim().to_ascii_lowercase().replace('_', "-").as_str() {
            "anthropic" | "anthropic-messages" | "messages" | "claude" => Self::Anthropic,
            "openai-chat" | "openai" | "chat" | "chat-completions" | "openai-chat-completions" => Self::OpenaiChat,
            "openai-responses" | "responses" => Self::OpenaiResponses,
            "gemini" | "google" | "google-gemini" => Self::Gemini,
            "copilot" | "github-copilot" => Self::Copilot,
            _ => {
                let words: Vec<&str> = Self::ALL.iter().map(|format| format.as_str()).collect();
                let text = crate::body::clip(text, 40);
                return Err(format!("no format is called `{text}`; one of: {}", words.join(", ")));
            }
        })
    }
}

/// The name of a provider: small letters, digits, `-`, `_` and `.`; begins with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderName(String);

impl ProviderName {
    /// Characters of a name.
    pub const CHARS_MAX: usize = 40;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProviderName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        let formed = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.len() <= Self::CHARS_MAX
            && text.chars().all(known);
        formed.then(|| Self(text.to_owned())).ok_or_else(|| {
            format!(
                "`{}` cannot be the name of a provider: small letters, digits, `-`, `_` and `.`, a letter first, at most {}",
                crate::body::clip(text, 60),
                Self::CHARS_MAX
            )
        })
    }
}

impl TryFrom<String> for ProviderName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ProviderName> for String {
    fn from(name: ProviderName) -> Self {
        name.0
    }
}

/// How the gateway finds the key of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// It needs none.
    None,
    /// The environment variable of the service with this name.
    Env(String),
    /// The sealed file in the data directory.
    Sealed,
    /// The caller's own login is passed on untouched.
    Caller,
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    pub name: ProviderName,
    pub format: Format,
    /// Base URL: scheme, host, port, path. No key in it.
    pub url: String,
    pub key: KeySource,
    /// The key goes into `authorization: Bearer` whatever the format: compatible servers often want it there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bearer: bool,
    /// More headers of each call, as `x-title`. None holds a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Which of `anthropic-beta` go on; [`Provider::ALL_BETAS`] among them is all. When absent: all where Anthropic itself answers, or
    /// the caller's own login is passed on; none anywhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub betas: Option<BTreeSet<String>>,
    /// Models that are offered.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub models: BTreeSet<String>,
    /// Every model of it costs nothing: it runs on one's own machine.
    #[serde(default, skip_serializing_if = "is_false")]
    pub free: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Provider {
    /// Stands for every flag in `betas`.
    pub const ALL_BETAS: &str = "*";

    /// One without anything special.
    pub fn new(name: ProviderName, format: Format, url: String, key: KeySource) -> Self {
        let (headers, models) = (BTreeMap::new(), BTreeSet::new());
        Self { name, format, url, key, bearer: false, headers, betas: None, models, free: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_in_every_spelling() {
        for (text, format) in [
            ("anthropic", Format::Anthropic),
            ("openai_chat", Format::OpenaiChat),
            ("OpenAI-Responses", Format::OpenaiResponses),
            ("github_copilot", Format::Copilot),
            ("gemini", Format::Gemini),
        ] {
            assert_eq!(text.parse(), Ok(format), "{text}");
        }
        let error = "grpc".parse::<Format>().expect_err("no such format");
        assert!(error.contains("openai-chat") && error.contains("`grpc`"), "{error}");
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
            assert_eq!(serde_json::to_value(format).expect("a word"), format.as_str());
        }
    }
}
