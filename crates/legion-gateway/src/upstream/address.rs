//! Where a provider is, and the addresses of its dialect.

use http::Uri;
use legion_dialects::Dialect;

use crate::settings::{Authorization, Provider};
use crate::upstream::origin::{Base, Origin};

/// A provider's address, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub origin: Origin,
    /// Host and port, as the `host` header wants them.
    pub authority: String,
    /// Path in front of all paths, without a slash at its end.
    base: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error(
        "`{0}` is no address of a provider\nhint: write https://HOST/PATH, http://HOST:PORT or unix:/PATH/OF/SOCKET"
    )]
    Form(String),
    #[error(
        "`{0}` would send a key over the network in clear text\nhint: write https://, or set the provider up without a key"
    )]
    Clear(String),
    #[error("`{0}` could be changed by anybody on the way\nhint: write https://")]
    Unsealed(String),
    #[error("`{0}` holds a name or password\nhint: keys are given by `--key-stdin` or `--key-env`")]
    Credentials(String),
}

/// What is asked of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Generate,
    CountTokens,
    Models,
}

impl Address {
    pub(crate) fn of(provider: &Provider) -> Result<Self, AddressError> {
        let mut address = Self::read(&provider.url)?;
        let holds_key = matches!(
            provider.authorization,
            Authorization::Key(_) | Authorization::Bearer(_) | Authorization::Passthrough
        );
        if holds_key && !address.origin.is_sealed() {
            return Err(AddressError::Clear(provider.url.trim().to_owned()));
        }
        address.base = base(provider.dialect, &address.base);
        Ok(address)
    }

    /// Where a file is that somebody without a key may read: `https`, or `http` on this machine.
    pub(crate) fn of_file(url: &str) -> Result<Self, AddressError> {
        let address = Self::read(url)?;
        match &address.origin {
            Origin::Unix(_) => Err(AddressError::Form(url.trim().to_owned())),
            origin if !origin.is_sealed() => Err(AddressError::Unsealed(url.trim().to_owned())),
            Origin::Tcp { .. } => Ok(address),
        }
    }

    fn read(url: &str) -> Result<Self, AddressError> {
        let Base { origin, authority, path } = Base::of(url)?;
        Ok(Self { origin, authority, base: path })
    }

    /// The file itself.
    pub(crate) fn file(&self) -> Result<Uri, http::Error> {
        let path = if self.base.is_empty() { "/" } else { &self.base };
        Uri::builder().scheme("http").authority(self.authority.as_str()).path_and_query(path).build()
    }

    /// The path for an endpoint, with the caller's query.
    pub(crate) fn uri(&self, dialect: Dialect, endpoint: Endpoint, query: Option<&str>) -> Result<Uri, http::Error> {
        let path = match (dialect, endpoint) {
            (Dialect::Anthropic, Endpoint::Generate) => "/v1/messages",
            (Dialect::Anthropic, Endpoint::CountTokens) => "/v1/messages/count_tokens",
            (Dialect::Anthropic, Endpoint::Models) => "/v1/models",
            (Dialect::Chat, Endpoint::Generate) => "/chat/completions",
            (Dialect::Responses, Endpoint::Generate) => "/responses",
            (Dialect::Responses, Endpoint::CountTokens) => "/responses/input_tokens",
            (Dialect::Chat, Endpoint::CountTokens) => "/count_tokens",
            (Dialect::Chat | Dialect::Responses, Endpoint::Models) => "/models",
        };
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        // The connector knows the provider's address itself; the scheme only has to be one.
        Uri::builder()
            .scheme("http")
            .authority(self.authority.as_str())
            .path_and_query(format!("{}{path}{query}", self.base))
            .build()
    }
}

/// People write base addresses with and without the version; each dialect has its custom.
fn base(dialect: Dialect, path: &str) -> String {
    let path = path.trim_end_matches('/');
    match dialect {
        Dialect::Anthropic => path.strip_suffix("/v1").unwrap_or(path).to_owned(),
        Dialect::Chat | Dialect::Responses if path.is_empty() => "/v1".to_owned(),
        Dialect::Chat | Dialect::Responses => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::KeySource;
    use crate::templates;

    fn address(dialect: Dialect, url: &str) -> Result<String, AddressError> {
        let provider = Provider { dialect, authorization: Authorization::None, ..templates::vllm("p", url) };
        let address = Address::of(&provider)?;
        Ok(address.uri(dialect, Endpoint::Generate, Some("beta=true")).expect("an address").to_string())
    }

    #[test]
    fn base_addresses_with_and_without_version_lead_to_the_same_place() {
        for (dialect, url, expected) in [
            (Dialect::Anthropic, "https://api.anthropic.com", "http://api.anthropic.com/v1/messages?beta=true"),
            (Dialect::Anthropic, "https://api.anthropic.com/v1/", "http://api.anthropic.com/v1/messages?beta=true"),
            (
                Dialect::Anthropic,
                "https://api.minimax.io/anthropic",
                "http://api.minimax.io/anthropic/v1/messages?beta=true",
            ),
            (Dialect::Chat, "http://[::1]:8000", "http://[::1]:8000/v1/chat/completions?beta=true"),
            (Dialect::Chat, "http://h/api/v1", "http://h/api/v1/chat/completions?beta=true"),
            (Dialect::Responses, "unix:/run/m.sock", "http://localhost/v1/responses?beta=true"),
            (Dialect::Responses, "unix:/run/m.sock:/x/v1", "http://localhost/x/v1/responses?beta=true"),
        ] {
            assert_eq!(address(dialect, url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "host", "ftp://host", "http://", "unix:relative", "https://h/x?y=z"] {
            assert!(matches!(address(Dialect::Chat, url), Err(AddressError::Form(_))), "{url}");
        }
        let Err(error) = address(Dialect::Chat, "https://user:canary@host") else { panic!("it holds a password") };
        assert!(!error.to_string().contains("canary"), "{error}");
    }

    #[test]
    fn a_key_goes_over_a_network_only_in_cipher() {
        let with_key = |url| {
            let authorization = Authorization::Key(KeySource::Sealed);
            Address::of(&Provider { authorization, ..templates::vllm("p", url) })
        };
        assert!(matches!(with_key("http://10.0.0.1/v1"), Err(AddressError::Clear(_))));
        assert!(with_key("http://127.0.0.1:9/v1").is_ok());
        assert!(with_key("https://10.0.0.1/v1").is_ok());
        assert!(address(Dialect::Chat, "http://10.0.0.1/v1").is_ok());
    }
}
