//! A provider's key. It has no `Display`, and its `Debug` says nothing.

use http::HeaderValue;

/// The key of one provider, which only goes to that provider.
#[derive(Clone)]
pub struct Key {
    provider: String,
    value: String,
}

/// Bytes of a key. Longer ones are files that were taken for keys.
const KEY_BYTES_MAX: usize = 8 * 1024;

impl Key {
    /// None when it cannot be a header: empty, too long, or with characters that no key has.
    pub fn new(provider: &str, value: &str) -> Option<Self> {
        let value = value.trim();
        let fits =
            !value.is_empty() && value.len() <= KEY_BYTES_MAX && value.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self { provider: provider.to_owned(), value: value.to_owned() })
    }

    /// The header's value, for the provider that the key belongs to; none for any other.
    pub(crate) fn header_for(&self, provider: &str, prefix: &str) -> Option<HeaderValue> {
        if provider != self.provider {
            return None;
        }
        let mut header = HeaderValue::try_from(format!("{prefix}{}", self.value)).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// For the redactor and the sealed file only.
    pub(crate) fn expose(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({}, …)", self.provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_to_its_own_provider_only_and_is_never_shown() {
        let key = Key::new("anthropic", " sk-ant-canary \n").expect("a key");
        assert_eq!(key.header_for("anthropic", "Bearer ").expect("its own"), "Bearer sk-ant-canary");
        assert!(key.header_for("anthropic", "").expect("its own").is_sensitive());
        assert!(key.header_for("openai", "").is_none());
        assert!(!format!("{key:?}").contains("canary"));
    }

    #[test]
    fn what_cannot_be_a_key_is_none() {
        for text in ["", "  ", "two words", "line\nbreak", "kéy", &"k".repeat(KEY_BYTES_MAX + 1)] {
            assert!(Key::new("p", text).is_none(), "{text:.20}");
        }
    }
}
