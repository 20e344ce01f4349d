//! Where the model of Claude Code answers, as the person configured it, and how an agent without a network gets there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use legion_agents::Login;

/// Where Claude Code asks when nothing else is said.
const DEFAULT_HOST: &str = "api.anthropic.com";
const HTTPS_PORT: u16 = 443;
const HTTP_PORT: u16 = 80;

/// A name or address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub host: String,
    pub port: u16,
}

impl Target {
    /// Where a URL leads.
    pub fn of(url: &str) -> Option<Self> {
        parse(url).map(|(_, target, _)| target)
    }
}

/// An address of a service on this machine, as it is reached where there is nothing but a relay on the same port.
pub(super) fn inside(url: &str) -> Option<String> {
    parse(url).map(|(_, target, rest)| format!("http://127.0.0.1:{}{rest}", target.port))
}

/// Leaves only what is needed where there is no proxy.
pub(super) fn without_proxies(environment: &mut BTreeMap<String, String>) {
    for name in PROXIES {
        environment.remove(*name);
    }
    environment.insert("NO_PROXY".to_owned(), "127.0.0.1,localhost".to_owned());
}

/// Where the provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Provider {
    /// In the clear, as a gateway on this machine: connections are passed on as they come. What follows the address in the URL
    /// stays in it.
    Plain { target: Target, rest: String },
    /// Encrypted from end to end: a tunnel is opened to this target and to no other, through the person's proxy where there is one.
    Tunnel { target: Target, proxy: Option<Target> },
    /// A socket of this machine.
    Socket(PathBuf),
    /// What is configured cannot be understood.
    Unusable(String),
}

impl Provider {
    /// From the variables with which an agent program would find it by itself.
    pub fn of(login: &Login) -> Self {
        let variables = login.variables();
        let get = |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        if let Some(path) = get("ANTHROPIC_UNIX_SOCKET") {
            return Self::Socket(PathBuf::from(path));
        }
        let Some(url) = get("ANTHROPIC_BASE_URL") else {
            let target = Target { host: DEFAULT_HOST.to_owned(), port: HTTPS_PORT };
            return Self::Tunnel { proxy: proxy(variables, &target), target };
        };
        match parse(url) {
            Some((false, target, rest)) => Self::Plain { target, rest },
            Some((true, target, _)) => Self::Tunnel { proxy: proxy(variables, &target), target },
            None => Self::Unusable(format!("ANTHROPIC_BASE_URL is `{url}`, which is no address of the web")),
        }
    }

    /// Changes the environment of a program so that it finds the provider behind a port of its own machine, or behind `socket`.
    pub fn lead(&self, environment: &mut BTreeMap<String, String>, port: u16, socket: &std::path::Path) {
        without_proxies(environment);
        let here = format!("http://127.0.0.1:{port}");
        match self {
            Self::Plain { rest, .. } => {
                environment.insert("ANTHROPIC_BASE_URL".to_owned(), format!("{here}{rest}"));
            }
            Self::Tunnel { .. } => {
                environment.insert("HTTPS_PROXY".to_owned(), here);
            }
            Self::Socket(_) => {
                environment.insert("ANTHROPIC_UNIX_SOCKET".to_owned(), socket.to_string_lossy().into_owned());
            }
            Self::Unusable(_) => {}
        }
    }
}

/// Variables that name proxies. Inside there is only ours.
const PROXIES: &[&str] =
    &["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "all_proxy", "no_proxy"];

/// The proxy for a target, unless it is to be reached without one.
fn proxy(variables: &BTreeMap<String, String>, target: &Target) -> Option<Target> {
    let without = variables.get("NO_PROXY").map(String::as_str).unwrap_or_default();
    let is_named = |name: &str| {
        let name = name.trim().trim_start_matches('.');
        !name.is_empty() && (name == "*" || target.host == name || target.host.ends_with(&format!(".{name}")))
    };
    if without.split(',').any(is_named) {
        return None;
    }
    // Without a scheme it means a plain one.
    let url = variables.get("HTTPS_PROXY").filter(|url| !url.is_empty())?;
    let url = if url.contains("://") { url.clone() } else { format!("http://{url}") };
    parse(&url).map(|(_, target, _)| target)
}

/// Whether it is encrypted, where it leads, and what follows.
fn parse(url: &str) -> Option<(bool, Target, String)> {
    let (encrypted, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return None,
    };
    let (authority, rest) = match rest.find(['/', '?', '#']) {
        Some(at) => (&rest[..at], rest[at..].trim_end_matches('/')),
        None => (rest, ""),
    };
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let default = if encrypted { HTTPS_PORT } else { HTTP_PORT };
    let (host, port) = match authority.strip_prefix('[') {
        Some(six) => {
            let (host, after) = six.split_once(']')?;
            (host, after.strip_prefix(':').map_or(Some(default), |port| port.parse().ok())?)
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, default),
        },
    };
    let formed =
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    formed.then(|| (encrypted, Target { host: host.to_ascii_lowercase(), port }, rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(variables: &[(&str, &str)]) -> Provider {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Provider::of(&Login::Env(variables))
    }

    fn target(host: &str, port: u16) -> Target {
        Target { host: host.to_owned(), port }
    }

    #[test]
    fn the_provider_is_what_the_person_configured() {
        let tunnel = |proxy| Provider::Tunnel { target: target("api.anthropic.com", 443), proxy };
        assert_eq!(provider(&[]), tunnel(None));
        assert_eq!(provider(&[("HTTPS_PROXY", "http://p.lan:3128")]), tunnel(Some(target("p.lan", 3128))));
        assert_eq!(provider(&[("HTTPS_PROXY", "http://p.lan:3128"), ("NO_PROXY", "x, .anthropic.com")]), tunnel(None));
        let plain = |host, port, rest: &str| Provider::Plain { target: target(host, port), rest: rest.to_owned() };
        assert_eq!(provider(&[("ANTHROPIC_BASE_URL", "http://127.0.0.1:4000")]), plain("127.0.0.1", 4000, ""));
        assert_eq!(provider(&[("ANTHROPIC_BASE_URL", "http://[::1]:4000/v/a/")]), plain("::1", 4000, "/v/a"));
        assert_eq!(provider(&[("ANTHROPIC_BASE_URL", "http://gateway")]), plain("gateway", 80, ""));
        for wrong in ["ftp://x", "http://", "http://a b", "http://x:99999", "x"] {
            assert!(matches!(provider(&[("ANTHROPIC_BASE_URL", wrong)]), Provider::Unusable(_)), "{wrong}");
        }
    }

    #[test]
    fn an_address_of_this_machine_is_another_where_there_is_only_a_relay() {
        for url in
            ["http://127.0.0.1:18080/gateway/a", "http://[::1]:18080/gateway/a", "http://192.168.0.7:18080/gateway/a/"]
        {
            assert_eq!(inside(url).as_deref(), Some("http://127.0.0.1:18080/gateway/a"), "{url}");
        }
        assert_eq!(inside("x"), None);
    }

    #[test]
    fn an_agent_without_a_network_is_led_to_its_own_port_and_to_no_proxy() {
        let mut environment = BTreeMap::from([("HTTP_PROXY".to_owned(), "http://p".to_owned())]);
        provider(&[("ANTHROPIC_BASE_URL", "http://127.0.0.1:4000/v")]).lead(&mut environment, 6667, "/s".as_ref());
        assert_eq!(environment["ANTHROPIC_BASE_URL"], "http://127.0.0.1:6667/v");
        assert!(!environment.contains_key("HTTP_PROXY"));
        provider(&[]).lead(&mut environment, 6667, "/s".as_ref());
        assert_eq!(environment["HTTPS_PROXY"], "http://127.0.0.1:6667");
    }
}
