//! What of the person's own credentials a program is given, since it does not go through the gateway; and what would change that.

use std::collections::BTreeMap;

use legion_agents::Login;
use legion_gateway::Settings;

use super::address::{CREDENTIALS, GatewayAddress};

/// Ways to the provider that the gateway does not take.
const ONLY_DIRECT: [&str; 3] = ["ANTHROPIC_UNIX_SOCKET", "HTTPS_PROXY", "https_proxy"];

/// A variable with a credential that a program is given as it lies in the service's environment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) variable: &'static str,
    /// The command by which a person keeps it with the service, where there is one.
    pub(crate) kept_by: Option<String>,
}

impl GatewayAddress {
    /// The credential that a program is given as things are; `None` where our token is all that it has.
    pub(crate) fn credential(&self, settings: &Settings, login: &Login) -> Option<Credential> {
        let way = self.way(settings, "", login, &BTreeMap::new());
        let given = way.as_ref().map_or(login, |way| &way.login).variables();
        let is_set = |name: &str| given.get(name).is_some_and(|value| !value.is_empty());
        let variable = CREDENTIALS.into_iter().find(|name| is_set(name))?;
        // One that is passed on by the gateway is the program's own, as the person set it up.
        let can_be_kept = way.is_none() && self.url.is_some() && matches!(login, Login::Env(_));
        let kept_by = (can_be_kept && !ONLY_DIRECT.into_iter().any(is_set)).then(|| {
            let bearer = if variable == "ANTHROPIC_AUTH_TOKEN" { " --bearer" } else { "" };
            let url = if is_set("ANTHROPIC_BASE_URL") { " --url \"$ANTHROPIC_BASE_URL\"" } else { "" };
            format!("legion provider add anthropic --template anthropic{url} --key-env {variable}{bearer}")
        });
        Some(Credential { variable, kept_by })
    }
}

#[cfg(test)]
mod tests {
    use legion_gateway::{Authorization, Provider, templates};

    use super::*;

    fn settings(providers: &[Provider]) -> Settings {
        let known = providers.iter().map(|provider| (provider.name.clone(), provider.clone()));
        Settings { providers: known.collect(), ..Settings::default() }
    }

    fn env(pairs: &[(&str, &str)]) -> Login {
        Login::Env(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn found(providers: &[Provider], login: &Login) -> Option<(&'static str, Option<String>)> {
        let address = GatewayAddress { url: Some("http://127.0.0.1:18080".to_owned()) };
        let found = address.credential(&settings(providers), login)?;
        Some((found.variable, found.kept_by))
    }

    #[test]
    fn what_is_given_is_named_with_what_would_keep_it() {
        let kept = |rest: &str| Some(format!("legion provider add anthropic --template anthropic {rest}"));
        let key = env(&[("ANTHROPIC_API_KEY", "k")]);
        assert_eq!(found(&[], &key), Some(("ANTHROPIC_API_KEY", kept("--key-env ANTHROPIC_API_KEY"))));
        let bearer = env(&[("ANTHROPIC_AUTH_TOKEN", "t"), ("ANTHROPIC_BASE_URL", "https://llm.example")]);
        let wanted = kept("--url \"$ANTHROPIC_BASE_URL\" --key-env ANTHROPIC_AUTH_TOKEN --bearer");
        assert_eq!(found(&[], &bearer), Some(("ANTHROPIC_AUTH_TOKEN", wanted)));
        // The gateway knows no proxy, and keeps no token that only Claude Code may use.
        let proxied = env(&[("ANTHROPIC_API_KEY", "k"), ("HTTPS_PROXY", "http://proxy")]);
        assert_eq!(found(&[], &proxied), Some(("ANTHROPIC_API_KEY", None)));
        let token = Login::SetupToken(BTreeMap::from([("CLAUDE_CODE_OAUTH_TOKEN".to_owned(), "t".to_owned())]));
        assert_eq!(found(&[], &token), Some(("CLAUDE_CODE_OAUTH_TOKEN", None)));
    }

    #[test]
    fn behind_a_provider_with_a_key_nothing_is_given() {
        let mut keyed = templates::anthropic("a");
        keyed.authorization = Authorization::None;
        let login = env(&[("ANTHROPIC_API_KEY", "k")]);
        assert_eq!(found(&[keyed], &login), None);
        assert_eq!(found(&[templates::anthropic_login("b")], &login), Some(("ANTHROPIC_API_KEY", None)));
        assert_eq!(found(&[], &env(&[("ANTHROPIC_API_KEY", "")])), None);
    }
}
