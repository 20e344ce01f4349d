//! Providers: set, and removed when no route names them.

use super::order::{Events, invalid, not_found};
use crate::event::Event;
use crate::gateway::provider::{KeySource, Provider, ProviderName};
use crate::gateway::route::Target;
use crate::gateway::state::GatewayState;
use crate::ids::Party;
use crate::refusal::{Refusal, RefusalKind};

/// Providers of one service.
const PROVIDERS_MAX: usize = 100;
/// Bytes of a base URL.
const URL_BYTES_MAX: usize = 1_000;
/// Headers of one provider, and its models and flags.
const HEADERS_MAX: usize = 20;
const MODELS_MAX: usize = 1_000;
/// Bytes of each.
const EXTRA_BYTES_MAX: usize = 500;
/// Characters of the name of an environment variable.
const VARIABLE_CHARS_MAX: usize = 128;

pub(super) fn set(state: &GatewayState, by: Party, provider: &Provider) -> Events {
    check_url(provider)?;
    if let KeySource::Env(variable) = &provider.key {
        let formed = variable.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && variable.len() <= VARIABLE_CHARS_MAX
            && variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !formed {
            // It may be the key itself: it is not repeated.
            return Err(invalid("the key's variable is not the name of an environment variable")
                .hint("give its name, such as OPENROUTER_API_KEY, not the key"));
        }
    }
    check_extras(provider)?;
    if !state.providers.contains_key(&provider.name) && state.providers.len() >= PROVIDERS_MAX {
        return Err(Refusal::new(
            RefusalKind::Limit,
            format!("there are {PROVIDERS_MAX} providers, which is the limit"),
        ));
    }
    Ok(vec![Event::ProviderSet { provider: Box::new(provider.clone()), by }])
}

pub(super) fn remove(state: &GatewayState, by: Party, name: &ProviderName) -> Events {
    if !state.providers.contains_key(name) {
        return Err(unknown(state, name));
    }
    let used = state.routes.iter().find(|(_, route)| route.targets().any(|target| target.provider == *name));
    if let Some((key, _)) = used {
        return Err(Refusal::new(RefusalKind::Conflict, format!("the route of `{key}` goes to the provider `{name}`"))
            .hint("set that route to another one, or remove it, first"));
    }
    Ok(vec![Event::ProviderRemoved { provider: name.clone(), by }])
}

pub(super) fn check_target(state: &GatewayState, target: &Target) -> Result<(), Refusal> {
    if state.providers.contains_key(&target.provider) { Ok(()) } else { Err(unknown(state, &target.provider)) }
}

fn unknown(state: &GatewayState, name: &ProviderName) -> Refusal {
    let names: Vec<&str> = state.providers.keys().map(ProviderName::as_str).collect();
    let known = if names.is_empty() { "none is set up".to_owned() } else { format!("known: {}", names.join(", ")) };
    not_found(format!("there is no provider `{name}`; {known}"))
        .hint("`legion provider add NAME --format FORMAT --url URL` adds one")
}

/// Whole, without anything that does not belong into a base, and encrypted where a key goes over a network.
fn check_url(provider: &Provider) -> Result<(), Refusal> {
    let url = &provider.url;
    let wrong = |why: &str| {
        // A password may stand in it.
        invalid(format!("the URL of the provider `{}` {why}", provider.name))
            .hint("a base URL such as https://openrouter.ai/api/v1 is wanted")
    };
    if url.len() > URL_BYTES_MAX || url.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(wrong("is too long, or has characters that do not belong into a URL"));
    }
    if url.starts_with("unix:/") {
        return Ok(());
    }
    let (encrypted, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err(wrong("does not begin with https:// or http://")),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err(wrong("has a user or password in it: keys are given by `--key-env` or `--key-stdin`"));
    }
    if rest.contains(['?', '#']) {
        return Err(wrong("has a query or a fragment"));
    }
    let host = host_of(authority);
    if host.is_empty() {
        return Err(wrong("names no host"));
    }
    if !encrypted && provider.key != KeySource::None && !is_local(host) {
        return Err(wrong("would carry a key over a network without encryption: https:// is wanted"));
    }
    Ok(())
}

/// Headers that would carry a secret, and more of anything than is of use.
fn check_extras(provider: &Provider) -> Result<(), Refusal> {
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["authorization", "proxy-authorization", "cookie"].contains(&name.as_str()) || name.contains("key")
    };
    if let Some(name) = provider.headers.keys().find(|name| secret(name)) {
        return Err(invalid(format!("the header `{}` holds a secret", crate::body::clip(name, 40)))
            .hint("keys are given by `--key-env` or `--key-stdin`"));
    }
    let formed = |text: &str, bytes_max: usize| {
        !text.is_empty() && text.len() <= bytes_max && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    let headers = provider.headers.iter().all(|(name, value)| {
        formed(value, EXTRA_BYTES_MAX) && formed(name, EXTRA_BYTES_MAX) && !name.contains([' ', ':'])
    });
    let words = provider.models.iter().chain(provider.betas.iter().flatten());
    if !headers || provider.headers.len() > HEADERS_MAX {
        return Err(invalid(format!(
            "a provider has at most {HEADERS_MAX} headers of its own, of at most {EXTRA_BYTES_MAX} printable characters"
        )));
    }
    if words.clone().count() > MODELS_MAX || words.clone().any(|word| !formed(word, EXTRA_BYTES_MAX)) {
        return Err(invalid(format!(
            "a provider has at most {MODELS_MAX} models, with names of at most {EXTRA_BYTES_MAX} printable characters"
        )));
    }
    Ok(())
}

fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Nobody can listen on the way to it. The gateway sends a key by the same rule: the network at home is one, too.
fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<core::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::provider::Format;

    fn refused(url: &str, key: KeySource) -> Option<String> {
        let name = "p".parse().expect("a name");
        let provider = Provider::new(name, Format::Anthropic, url.to_owned(), key);
        set(&GatewayState::default(), Party::Root, &provider).err().map(|refusal| refusal.what)
    }

    #[test]
    fn a_url_is_a_base_without_secrets_and_encrypted_where_a_key_travels() {
        for good in
            ["https://api.anthropic.com", "http://127.0.0.1:8080/v1", "http://[::1]:1", "http://localhost:8000/v1"]
        {
            assert_eq!(refused(good, KeySource::Sealed), None, "{good}");
        }
        for (bad, word) in [
            ("api.anthropic.com", "begin"),
            ("ftp://x", "begin"),
            ("https://", "host"),
            ("https://user:secret@host/", "user"),
            ("https://host/?key=secret", "query"),
            ("https://ho st", "characters"),
            ("http://api.openai.com/v1", "encryption"),
            ("http://gpu:8000/v1", "encryption"),
            ("http://10.0.0.1/v1", "encryption"),
        ] {
            let what = refused(bad, KeySource::Sealed).expect(bad);
            assert!(what.contains(word) && !what.contains("secret"), "{bad}: {what}");
        }
        assert_eq!(refused("http://api.openai.com/v1", KeySource::None), None);
    }

    #[test]
    fn a_key_in_place_of_a_variable_is_refused_and_not_repeated() {
        let what = refused("https://x.org", KeySource::Env("sk-ant-secret".to_owned())).expect("a key");
        assert!(!what.contains("secret"), "{what}");
    }
}
