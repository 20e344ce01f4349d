//! What the connections of a provider lead to: the one place that its key may be sent to.

use std::fmt;
use std::path::PathBuf;

use http::Uri;

use crate::upstream::address::AddressError;

/// Scheme, host and port, or a socket. Written as `https://HOST:PORT` or `unix:/PATH`; read from any base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The host in small letters, an IPv6 address without its brackets.
    Tcp {
        host: String,
        port: u16,
        tls: bool,
    },
    Unix(PathBuf),
}

/// A base URL in its parts.
pub(super) struct Base {
    pub origin: Origin,
    /// Host and port as they were written: the `host` header has them.
    pub authority: String,
    pub path: String,
}

impl Origin {
    /// Of a base URL.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(url: &str) -> Result<Self, AddressError> {
        Ok(Base::of(url)?.origin)
    }

    /// Nobody can listen on the way to it.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => {
                host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }

    /// What is sent to it cannot be read on the way.
    pub(super) fn is_sealed(&self) -> bool {
        matches!(self, Self::Tcp { tls: true, .. }) || self.is_local()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host, port, tls } => {
                let scheme = if *tls { "https" } else { "http" };
                if host.contains(':') {
                    write!(f, "{scheme}://[{host}]:{port}")
                } else {
                    write!(f, "{scheme}://{host}:{port}")
                }
            }
        }
    }
}

impl Base {
    pub(super) fn of(url: &str) -> Result<Self, AddressError> {
        let url = url.trim();
        match url.strip_prefix("unix:") {
            Some(rest) => unix(url, rest),
            None => tcp(url),
        }
    }
}

fn tcp(url: &str) -> Result<Base, AddressError> {
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
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    if host.is_empty() || uri.query().is_some() {
        return Err(form());
    }
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    Ok(Base {
        origin: Origin::Tcp { host, port, tls },
        authority: authority.as_str().to_owned(),
        path: uri.path().to_owned(),
    })
}

fn unix(url: &str, rest: &str) -> Result<Base, AddressError> {
    let (socket, path) =
        rest.split_once(":/").map_or((rest, String::new()), |(socket, path)| (socket, format!("/{path}")));
    if !socket.starts_with('/') {
        return Err(AddressError::Form(url.to_owned()));
    }
    Ok(Base { origin: Origin::Unix(PathBuf::from(socket)), authority: "localhost".to_owned(), path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_the_same_however_its_address_is_written_and_read_back() {
        let origin = |url: &str| Origin::of(url).expect(url);
        assert_eq!(origin("https://API.minimax.io/anthropic"), origin("https://api.minimax.io:443"));
        assert_eq!(origin("unix:/run/m.sock"), origin("unix:/run/m.sock:/x/v1"));
        for (one, other) in [
            ("https://h", "http://h"),
            ("https://h", "https://h:8443"),
            ("https://h", "https://h.evil.example"),
            ("unix:/run/m.sock", "http://localhost"),
        ] {
            assert_ne!(origin(one), origin(other), "{one} {other}");
        }
        for url in ["https://h/x", "http://[::1]:8000/v1", "http://127.0.0.1:9", "unix:/run/m.sock:/x"] {
            assert_eq!(origin(&origin(url).to_string()), origin(url), "{url}");
        }
    }
}
