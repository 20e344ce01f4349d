//! A provider's key. It has no `Display`, and its `Debug` says nothing.

use http::HeaderValue;

use crate::upstream::Origin;

/// The key of one provider, which goes to that provider only, at the address that it was given for.
#[derive(Clone)]
pub struct Key {
    provider: String,
    /// None: nobody knows for which; it goes nowhere.
    origin: Option<Origin>,
    value: String,
}

/// Bytes of a key. Longer ones are files that were taken for keys.
const KEY_BYTES_MAX: usize = 8 * 1024;

impl Key {
    /// None when it cannot be a header: empty, too long, or with characters that no key has.
    pub fn new(provider: &str, origin: Option<&Origin>, value: &str) -> Option<Self> {
        let value = value.trim();
        let fits =
            !value.is_empty() && value.len() <= KEY_BYTES_MAX && value.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self { provider: provider.to_owned(), origin: origin.cloned(), value: value.to_owned() })
    }

    /// Where it may be sent to.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The key for the address that its provider has, if nobody knows for which one it was given.
    pub(super) fn bound(self, origin: Origin) -> Self {
        Self { origin: self.origin.or(Some(origin)), ..self }
    }

    /// The header's value, for the provider and the address that the key belongs to; none for any other.
    pub(crate) fn header_for(&self, provider: &str, origin: &Origin, prefix: &str) -> Option<HeaderValue> {
        if provider != self.provider || self.origin.as_ref() != Some(origin) {
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
    fn a_key_goes_to_its_own_provider_at_its_own_address_only_and_is_never_shown() {
        let [here, there] =
            ["https://api.anthropic.com", "https://llm.example"].map(|url| Origin::of(url).expect("an address"));
        let key = Key::new("anthropic", Some(&here), " sk-ant-canary \n").expect("a key");
        assert_eq!(key.header_for("anthropic", &here, "Bearer ").expect("its own"), "Bearer sk-ant-canary");
        assert!(key.header_for("anthropic", &here, "").expect("its own").is_sensitive());
        assert!(key.header_for("openai", &here, "").is_none());
        assert!(key.header_for("anthropic", &there, "").is_none());
        let nowhere = Key::new("anthropic", None, "sk-ant-canary").expect("a key");
        assert!(nowhere.header_for("anthropic", &here, "").is_none());
        assert!(nowhere.bound(here.clone()).header_for("anthropic", &here, "").is_some());
        assert!(!format!("{key:?}").contains("canary"));
    }

    #[test]
    fn what_cannot_be_a_key_is_none() {
        for text in ["", "  ", "two words", "line\nbreak", "kéy", &"k".repeat(KEY_BYTES_MAX + 1)] {
            assert!(Key::new("p", None, text).is_none(), "{text:.20}");
        }
    }
}
