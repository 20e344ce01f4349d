//! Where a provider is, and the addresses of its dialect.

use std::path::PathBuf;

use http::Uri;
use legion_dialects::Dialect;

use crate::settings::{Authorization, Provider};

/// A provider's address, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub place: Place,
    /// Host and port, as the `host` header wants them.
    pub authority: String,
    /// Path in front of all paths, without a slash at its end.
    base: String,
}

/// What to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp { host: String, port: u16, tls: bool },
    Unix(PathBuf),
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
        let url = provider.url.trim();
        let mut address = match url.strip_prefix("unix:") {
            Some(rest) => unix(url, rest)?,
            None => tcp(url)?,
        };
        let holds_key = matches!(
            provider.authorization,
            Authorization::Key(_) | Authorization::Bearer(_) | Authorization::Passthrough
        );
        if holds_key
            && let Place::Tcp { host, tls: false, .. } = &address.place
            && !is_local(host)
        {
            return Err(AddressError::Clear(url.to_owned()));
        }
        address.base = base(provider.dialect, &address.base);
        Ok(address)
    }

    /// Where a file is that somebody without a key may read: `https`, or `http` on this machine.
    pub(crate) fn of_file(url: &str) -> Result<Self, AddressError> {
        let url = url.trim();
        let address = tcp(url)?;
        match &address.place {
            Place::Tcp { host, tls: false, .. } if !is_local(host) => Err(AddressError::Unsealed(url.to_owned())),
            _ => Ok(address),
        }
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

fn tcp(url: &str) -> Result<Address, AddressError> {
    let form = || AddressError::Form(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| form())?;
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(form()),
    };
    let authority = uri.authority().ok_or_else(form)?;
    if authority.as_str().contains('@') {
        return Err(AddressError::Credentials(format!("{}://…", uri.scheme_str().unwrap_or_default())));
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    if host.is_empty() || uri.query().is_some() {
        return Err(form());
    }
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    Ok(Address {
        place: Place::Tcp { host, port, tls },
        authority: authority.as_str().to_owned(),
        base: uri.path().to_owned(),
    })
}

fn unix(url: &str, rest: &str) -> Result<Address, AddressError> {
    let (path, base) = rest.split_once(":/").map_or((rest, String::new()), |(path, base)| (path, format!("/{base}")));
    if !path.starts_with('/') {
        return Err(AddressError::Form(url.to_owned()));
    }
    Ok(Address { place: Place::Unix(PathBuf::from(path)), authority: "localhost".to_owned(), base })
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

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
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
