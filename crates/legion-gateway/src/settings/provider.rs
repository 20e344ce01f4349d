//! Providers: who answers, at which address, with which key. Keys themselves are never here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use legion_dialects::Dialect;

use crate::settings::price::Price;

/// One account at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The key of [`crate::Settings::providers`].
    pub name: String,
    pub dialect: Dialect,
    /// Base address without the dialect's own path, as `https://api.anthropic.com` or `https://openrouter.ai/api/v1`; a unix
    /// socket as `unix:/run/model.sock` with an optional `:/base`. `https` unless the host is this machine.
    pub url: String,
    pub authorization: Authorization,
    /// More headers for this provider, as `x-title`. None may hold a secret.
    pub headers: BTreeMap<String, String>,
    pub betas: Betas,
    /// PEM file of authorities that are trusted for this provider instead of the machine's.
    pub authorities: Option<PathBuf>,
    /// Models that `GET /models` names and that may be asked for as `PROVIDER/MODEL`.
    pub models: Vec<String>,
    /// Prices of this provider's models; they win over the table.
    pub prices: BTreeMap<String, Price>,
    /// Every model of it costs nothing: it runs on one's own machine.
    pub free: bool,
}

/// How a call is authorised at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// The caller's own login goes through untouched. Only where the caller's token is in the path.
    Passthrough,
    /// No key: a server of one's own.
    None,
    /// `x-api-key` (Anthropic) or `authorization: Bearer` (OpenAI), as is usual for the dialect.
    Key(KeySource),
    /// `authorization: Bearer` whatever the dialect, as compatible servers often want it.
    Bearer(KeySource),
}

/// Where a key lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In the sealed file of the data directory, under the provider's name.
    Sealed,
    /// In a variable of the service's environment.
    Variable(String),
}

/// What becomes of `anthropic-beta`, and of the fields of a request that go with a flag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Betas {
    /// All goes on as it is, byte by byte: the provider is Anthropic, or leads to it.
    #[default]
    Forward,
    /// They are dropped, and with them the block of changing text that Claude Code puts in front of its instructions.
    Drop,
    /// Only these flags go on.
    Only(Vec<String>),
}
