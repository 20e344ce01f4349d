//! Providers that many use, as they are set up best. Native Anthropic endpoints are preferred where a provider has one: nothing is
//! lost in translation then.

use std::collections::BTreeMap;

use legion_dialects::Dialect;

use crate::settings::{Authorization, Betas, KeySource, Provider};

/// Anthropic with a key of one's own.
pub fn anthropic(name: &str) -> Provider {
    base(name, Dialect::Anthropic, "https://api.anthropic.com", Authorization::Key(KeySource::Sealed))
}

/// Anthropic with the login of the calling program, which goes through untouched.
pub fn anthropic_login(name: &str) -> Provider {
    base(name, Dialect::Anthropic, "https://api.anthropic.com", Authorization::Passthrough)
}

/// OpenAI, spoken to in Responses.
pub fn openai(name: &str) -> Provider {
    base(name, Dialect::Responses, "https://api.openai.com/v1", Authorization::Key(KeySource::Sealed))
}

/// OpenRouter, in its Anthropic form.
pub fn openrouter(name: &str) -> Provider {
    let provider =
        base(name, Dialect::Anthropic, "https://openrouter.ai/api", Authorization::Bearer(KeySource::Sealed));
    Provider { betas: Betas::Drop, ..provider }
}

/// OpenRouter, in its OpenAI form.
pub fn openrouter_chat(name: &str) -> Provider {
    base(name, Dialect::Chat, "https://openrouter.ai/api/v1", Authorization::Bearer(KeySource::Sealed))
}

/// MiniMax, in its Anthropic form: its other one hides thoughts in the text.
pub fn minimax(name: &str) -> Provider {
    let provider =
        base(name, Dialect::Anthropic, "https://api.minimax.io/anthropic", Authorization::Bearer(KeySource::Sealed));
    Provider { betas: Betas::Drop, ..provider }
}

/// Ollama from 0.14 on, in its Anthropic form. Free: it runs on a machine of one's own.
pub fn ollama(name: &str, url: &str) -> Provider {
    Provider { free: true, betas: Betas::Drop, ..base(name, Dialect::Anthropic, url, Authorization::None) }
}

/// vLLM, in its OpenAI form. `url` ends in `/v1`. Free: it runs on a machine of one's own.
pub fn vllm(name: &str, url: &str) -> Provider {
    Provider { free: true, ..base(name, Dialect::Chat, url, Authorization::None) }
}

/// A template by its name, for the command line; `url` overrides its address.
pub fn find(template: &str, name: &str, url: Option<&str>) -> Option<Provider> {
    let mut provider = match template {
        "anthropic" => anthropic(name),
        "anthropic-login" => anthropic_login(name),
        "openai" => openai(name),
        "openrouter" => openrouter(name),
        "openrouter-chat" => openrouter_chat(name),
        "minimax" => minimax(name),
        "ollama" => ollama(name, "http://127.0.0.1:11434"),
        "vllm" => vllm(name, "http://127.0.0.1:8000/v1"),
        _ => return None,
    };
    if let Some(url) = url {
        provider.url = url.to_owned();
    }
    Some(provider)
}

fn base(name: &str, dialect: Dialect, url: &str, authorization: Authorization) -> Provider {
    Provider {
        name: name.to_owned(),
        dialect,
        url: url.to_owned(),
        authorization,
        headers: BTreeMap::new(),
        betas: Betas::Forward,
        authorities: None,
        models: Vec::new(),
        prices: BTreeMap::new(),
        free: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Address;

    #[test]
    fn every_template_has_an_address_that_can_be_used() {
        for name in
            ["anthropic", "anthropic-login", "openai", "openrouter", "openrouter-chat", "minimax", "ollama", "vllm"]
        {
            let provider = find(name, "p", None).expect("known");
            let address = Address::of(&provider);
            assert!(address.is_ok(), "{name}: {address:?}");
        }
        assert_eq!(find("nobody", "p", None), None);
        assert_eq!(find("vllm", "p", Some("http://10.0.0.1/v1")).expect("known").url, "http://10.0.0.1/v1");
    }
}
