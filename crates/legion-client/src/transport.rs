//! The ways to a service.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{ClientError, Handler};

const DEFAULT_HTTP_PORT: u16 = 80;

/// The way to a service.
#[derive(Clone)]
pub enum Transport {
    /// TCP to a host name or address (an IPv6 address without brackets) and a port.
    Tcp(String, u16),
    /// A Unix socket.
    Unix(PathBuf),
    /// The service is this very process.
    InProcess(Arc<dyn Handler>),
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url())
    }
}

impl Transport {
    /// Reads `http://HOST[:PORT]` or `unix:/PATH`.
    pub fn parse(url: &str) -> Result<Self, ClientError> {
        let wrong =
            |why: &str| ClientError::Invalid { what: format!("`{url}` is no address of a Legion service: {why}") };
        if let Some(path) = url.strip_prefix("unix:") {
            let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
            return if path.is_absolute() { Ok(Self::Unix(path)) } else { Err(wrong("the path must be absolute")) };
        }
        let uri: http::Uri = url.parse().map_err(|_| wrong("it must look like http://HOST:PORT"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(wrong("https is not spoken; put a tunnel in front of it")),
            _ => return Err(wrong("it must begin with http:// or unix:")),
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("it must end after the port"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("the host is missing"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("a name or password cannot be given in it"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        Ok(Self::Tcp(host.to_owned(), authority.port_u16().unwrap_or(DEFAULT_HTTP_PORT)))
    }

    /// The address as one would write it.
    pub fn url(&self) -> String {
        match self {
            Self::Tcp(..) => format!("http://{}", self.authority()),
            Self::Unix(path) => format!("unix:{}", path.display()),
            Self::InProcess(_) => "this process".to_owned(),
        }
    }

    /// The value of the `Host` header.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp(host, port) => format!("{host}:{port}"),
            Self::Unix(_) | Self::InProcess(_) => "localhost".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_back() {
        for (given, written) in [
            ("http://localhost:6666", "http://localhost:6666"),
            ("http://127.0.0.1:80/", "http://127.0.0.1:80"),
            ("http://[::1]:7000", "http://[::1]:7000"),
            ("http://host", "http://host:80"),
            ("unix:/run/legion.sock", "unix:/run/legion.sock"),
            ("unix:///run/legion.sock", "unix:/run/legion.sock"),
        ] {
            assert_eq!(Transport::parse(given).expect(given).url(), written);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for given in [
            "",
            "localhost:6666",
            "https://localhost",
            "http://a/b",
            "http://a?x",
            "http://u:p@h",
            "unix:x",
            "http://",
            "ftp://h",
        ] {
            let error = Transport::parse(given).expect_err(given);
            assert_eq!(error.exit_code(), 2, "{given}");
        }
    }
}
