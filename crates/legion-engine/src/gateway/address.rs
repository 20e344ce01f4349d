//! How an agent's program finds the gateway.

use std::collections::BTreeMap;

use legion_agents::Login;
use legion_gateway::{Authorization, Provider, Settings};

/// Variables by which a program finds and opens another way to a model. Left out where the gateway is the way.
const OTHER_WAYS: [&str; 8] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
];
/// Of these, the ones that stay when a program keeps its own login.
const OWN_LOGIN: [&str; 5] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "OPENAI_API_KEY",
];
/// Of these, the ones that are a login by themselves.
pub(super) const CREDENTIALS: [&str; 3] = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"];
/// Newer versions of Claude Code then say which of their sub-agents calls: routes are found by it.
const HINTS: &str = "CLAUDE_CODE_GATEWAY_HINT_HEADERS";
/// Hosts that are reached without a proxy.
const NEAR: &str = "127.0.0.1,localhost,::1";

/// Where the gateway listens. `None`: it does not.
#[derive(Debug, Clone, Default)]
pub(crate) struct GatewayAddress {
    pub(crate) url: Option<String>,
}

/// A way to models: a login, and variables beside it.
pub(crate) struct Way {
    pub(crate) login: Login,
    pub(crate) base: BTreeMap<String, String>,
}

impl GatewayAddress {
    /// The base URL for programs that speak Anthropic's dialect; with the token in it where a header is the caller's own.
    pub(crate) fn anthropic(&self, token: Option<&str>) -> Option<String> {
        Some(format!("{}/anthropic", self.base(token)?))
    }

    /// The base URL for programs that speak one of OpenAI's.
    pub(crate) fn openai(&self, token: Option<&str>) -> Option<String> {
        Some(format!("{}/openai/v1", self.base(token)?))
    }

    fn base(&self, token: Option<&str>) -> Option<String> {
        let url = self.url.as_deref()?;
        Some(match token {
            Some(token) => format!("{url}/gateway/{token}"),
            None => format!("{url}/gateway"),
        })
    }

    /// The way of an agent's program when a provider is set up; `None` when none is: then it finds its own, as it is logged in.
    pub(crate) fn way(
        &self,
        settings: &Settings,
        token: &str,
        login: &Login,
        base: &BTreeMap<String, String>,
    ) -> Option<Way> {
        if settings.providers.is_empty() {
            return None;
        }
        let passes_on = |provider: &Provider| provider.authorization == Authorization::Passthrough;
        let mut providers = settings.providers.values();
        // Beside a provider that passes logins on there may be others: the gateway puts their keys in its place. A program without a
        // login of its own would not call at all, and gets ours for these.
        let keeps_login = providers.clone().all(passes_on) || (providers.any(passes_on) && is_logged_in(login));
        let mut base = base.clone();
        // The token is in the address only where the header is not free for it.
        let url = self.anthropic(keeps_login.then_some(token))?;
        base.insert("ANTHROPIC_BASE_URL".to_owned(), url);
        base.insert("OPENAI_BASE_URL".to_owned(), self.openai(keeps_login.then_some(token))?);
        if !keeps_login {
            base.insert("ANTHROPIC_AUTH_TOKEN".to_owned(), token.to_owned());
        }
        if !(keeps_login && login.variables().contains_key("OPENAI_API_KEY")) {
            base.insert("OPENAI_API_KEY".to_owned(), token.to_owned());
        }
        base.insert("NO_PROXY".to_owned(), no_proxy(login, &base));
        base.insert(HINTS.to_owned(), "1".to_owned());
        let kept = |variables: &BTreeMap<String, String>| {
            let stays = |name: &str| {
                name != "NO_PROXY" && (!OTHER_WAYS.contains(&name) || (keeps_login && OWN_LOGIN.contains(&name)))
            };
            variables
                .iter()
                .filter(|(name, _)| stays(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let login = match login {
            Login::Env(variables) => Login::Env(kept(variables)),
            Login::SetupToken(variables) => Login::SetupToken(kept(variables)),
            // Its home stays what it is: the conversations of before are there.
            Login::Person { home, config_dir, variables } => {
                Login::Person { home: home.clone(), config_dir: config_dir.clone(), variables: kept(variables) }
            }
        };
        Some(Way { login, base })
    }
}

/// The program has a login of its own, as far as can be seen from outside.
fn is_logged_in(login: &Login) -> bool {
    let has_variable =
        CREDENTIALS.iter().any(|name| login.variables().get(*name).is_some_and(|value| !value.is_empty()));
    has_variable || matches!(login, Login::Person { .. })
}

fn no_proxy(login: &Login, base: &BTreeMap<String, String>) -> String {
    let said = login.variables().get("NO_PROXY").or_else(|| base.get("NO_PROXY"));
    match said.filter(|said| !said.is_empty()) {
        Some(said) => format!("{said},{NEAR}"),
        None => NEAR.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use legion_gateway::{Betas, Dialect};

    use super::*;

    fn settings(authorization: &[Authorization]) -> Settings {
        let provider = |(number, authorization): (usize, &Authorization)| {
            let provider = Provider {
                name: number.to_string(),
                dialect: Dialect::Anthropic,
                url: "https://api.anthropic.com".to_owned(),
                authorization: authorization.clone(),
                headers: BTreeMap::new(),
                betas: Betas::Forward,
                authorities: None,
                models: Vec::new(),
                prices: BTreeMap::new(),
                free: false,
            };
            (provider.name.clone(), provider)
        };
        Settings { providers: authorization.iter().enumerate().map(provider).collect(), ..Settings::default() }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn without_a_provider_a_program_finds_its_own_way() {
        let address = GatewayAddress { url: Some("http://127.0.0.1:18080".to_owned()) };
        let login = Login::Env(map(&[("ANTHROPIC_API_KEY", "k")]));
        assert!(address.way(&settings(&[]), "lgn_t", &login, &BTreeMap::new()).is_none());
        let nowhere = GatewayAddress::default();
        assert!(nowhere.way(&settings(&[Authorization::None]), "lgn_t", &login, &BTreeMap::new()).is_none());
    }

    #[test]
    fn a_program_gets_our_token_and_no_key() {
        let address = GatewayAddress { url: Some("http://127.0.0.1:18080".to_owned()) };
        let login = Login::Env(map(&[
            ("ANTHROPIC_API_KEY", "sk-secret"),
            ("ANTHROPIC_MODEL", "m"),
            ("NO_PROXY", "corp"),
            ("HTTPS_PROXY", "http://proxy"),
        ]));
        let way = address.way(&settings(&[Authorization::None]), "lgn_t", &login, &BTreeMap::new()).expect("a way");
        assert_eq!(way.login, Login::Env(map(&[("ANTHROPIC_MODEL", "m"), ("HTTPS_PROXY", "http://proxy")])));
        assert_eq!(
            way.base,
            map(&[
                ("ANTHROPIC_AUTH_TOKEN", "lgn_t"),
                ("ANTHROPIC_BASE_URL", "http://127.0.0.1:18080/gateway/anthropic"),
                ("OPENAI_API_KEY", "lgn_t"),
                ("OPENAI_BASE_URL", "http://127.0.0.1:18080/gateway/openai/v1"),
                ("CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1"),
                ("NO_PROXY", "corp,127.0.0.1,localhost,::1"),
            ])
        );
    }

    #[test]
    fn a_login_of_ones_own_stays_and_the_token_goes_into_the_address() {
        let address = GatewayAddress { url: Some("http://127.0.0.1:18080".to_owned()) };
        let login = Login::SetupToken(map(&[("CLAUDE_CODE_OAUTH_TOKEN", "own"), ("ANTHROPIC_BASE_URL", "http://x")]));
        let way =
            address.way(&settings(&[Authorization::Passthrough]), "lgn_t", &login, &BTreeMap::new()).expect("a way");
        assert_eq!(way.login, Login::SetupToken(map(&[("CLAUDE_CODE_OAUTH_TOKEN", "own")])));
        assert_eq!(way.base["ANTHROPIC_BASE_URL"], "http://127.0.0.1:18080/gateway/lgn_t/anthropic");
        assert!(!way.base.contains_key("ANTHROPIC_AUTH_TOKEN"));
    }

    #[test]
    fn beside_a_provider_with_a_key_a_login_stays_where_there_is_one() {
        let address = GatewayAddress { url: Some("http://127.0.0.1:18080".to_owned()) };
        let mixed = settings(&[Authorization::Passthrough, Authorization::None]);
        let own = Login::SetupToken(map(&[("CLAUDE_CODE_OAUTH_TOKEN", "own")]));
        let way = address.way(&mixed, "lgn_t", &own, &BTreeMap::new()).expect("a way");
        assert_eq!(way.login, own);
        assert_eq!(way.base["ANTHROPIC_BASE_URL"], "http://127.0.0.1:18080/gateway/lgn_t/anthropic");
        assert!(!way.base.contains_key("ANTHROPIC_AUTH_TOKEN"));
        // Without one it calls with our token, which opens the providers with keys.
        let none = Login::Env(map(&[("ANTHROPIC_API_KEY", ""), ("ANTHROPIC_MODEL", "m")]));
        let way = address.way(&mixed, "lgn_t", &none, &BTreeMap::new()).expect("a way");
        assert_eq!(way.login, Login::Env(map(&[("ANTHROPIC_MODEL", "m")])));
        assert_eq!(way.base["ANTHROPIC_BASE_URL"], "http://127.0.0.1:18080/gateway/anthropic");
        assert_eq!(way.base["ANTHROPIC_AUTH_TOKEN"], "lgn_t");
    }
}
