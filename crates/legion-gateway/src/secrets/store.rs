//! Keys in a sealed file (mode 0600) of the data directory, or in the service's environment. Each is kept with the address that it
//! was given for, and is sent to no other: settings and keys do not change in the same moment.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use http::HeaderValue;
use legion_runtime::Environment;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secrets::missing::NoKey;
use crate::secrets::{Key, Redactor};
use crate::settings::{Authorization, KeySource, Provider};
use crate::upstream::Origin;
use crate::whole_file;

/// Who but the owner may do anything with the file.
const OTHERS: u32 = 0o077;

#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error("failed to read the keys of providers in `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("failed to write the keys of providers to `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the keys of providers in `{}` are damaged\nhint: move the file away and add the keys again", path.display())]
    Damaged { path: PathBuf },
    #[error("others may read the keys of providers in `{}`\nhint: chmod 600 that file", path.display())]
    Open { path: PathBuf },
    #[error("the key for `{0}` is empty, too long, or has characters that no key has")]
    NotAKey(String),
}

/// A key in the file. In files of before it is a text alone, and nobody knows for which address.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    key: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

/// The keys. Cheap to clone; all clones see the same.
#[derive(Clone)]
pub struct SecretStore {
    path: PathBuf,
    sealed: Arc<Mutex<BTreeMap<String, Key>>>,
    environment: Arc<Environment>,
    redactor: Redactor,
}

impl SecretStore {
    /// Reads the file, where there is one. A key of which nobody knows for which address it was given (files of before do not say it)
    /// is for the one that its provider has now; that is on the disk before this returns.
    pub(crate) fn open(
        path: &Path,
        environment: Arc<Environment>,
        redactor: Redactor,
        providers: &BTreeMap<String, Provider>,
    ) -> Result<Self, SecretsError> {
        let read = read(path)?;
        let mut is_bound = false;
        let mut sealed = BTreeMap::new();
        for (name, mut key) in read {
            redactor.learn(&name, key.expose());
            if key.origin().is_none()
                && let Some(origin) = providers.get(&name).and_then(|provider| Origin::of(&provider.url).ok())
            {
                key = key.bound(origin);
                is_bound = true;
            }
            sealed.insert(name, key);
        }
        let store = Self { path: path.to_owned(), sealed: Arc::default(), environment, redactor };
        if is_bound {
            store.write(&sealed)?;
        }
        *store.lock() = sealed;
        Ok(store)
    }

    /// Whether this can be a key at all: visible ASCII that fits into a header.
    pub fn is_key(value: &str) -> bool {
        Key::new("", None, value).is_some()
    }

    /// Keeps a provider's key, which is sent to this address only; an older one is replaced. On the disk before it returns.
    pub fn set(&self, provider: &str, origin: &Origin, value: &str) -> Result<(), SecretsError> {
        let key = Key::new(provider, Some(origin), value).ok_or_else(|| SecretsError::NotAKey(provider.to_owned()))?;
        self.redactor.learn(provider, key.expose());
        let mut sealed = self.lock();
        let mut next = sealed.clone();
        next.insert(provider.to_owned(), key);
        self.write(&next)?;
        *sealed = next;
        Ok(())
    }

    /// Forgets a provider's key. False when there was none.
    pub fn remove(&self, provider: &str) -> Result<bool, SecretsError> {
        let mut sealed = self.lock();
        let mut next = sealed.clone();
        let was = next.remove(provider).is_some();
        if was {
            self.write(&next)?;
            *sealed = next;
        }
        Ok(was)
    }

    /// Whether the key of a provider is there, for the address that it has. True for one that needs none.
    pub fn has(&self, provider: &Provider) -> bool {
        match &provider.authorization {
            Authorization::Passthrough | Authorization::None => true,
            Authorization::Key(source) | Authorization::Bearer(source) => {
                Origin::of(&provider.url).is_ok_and(|origin| self.header(&provider.name, source, &origin, "").is_ok())
            }
        }
    }

    /// The value of the header that opens a provider at an address: its key, behind a prefix.
    pub(crate) fn header(
        &self,
        provider: &str,
        source: &KeySource,
        origin: &Origin,
        prefix: &str,
    ) -> Result<HeaderValue, NoKey> {
        let key = self.key(provider, source, origin)?;
        key.header_for(provider, origin, prefix)
            .ok_or_else(|| NoKey::Elsewhere { provider: provider.to_owned(), origin: origin.clone() })
    }

    fn key(&self, provider: &str, source: &KeySource, origin: &Origin) -> Result<Key, NoKey> {
        let key = match source {
            KeySource::Sealed => self.lock().get(provider).cloned(),
            // The variable is set together with the address, and changes together with it.
            KeySource::Variable(name) => {
                let key = self.environment.get(name).and_then(|value| Key::new(provider, Some(origin), value));
                if let Some(key) = &key {
                    self.redactor.learn(&format!("${name}"), key.expose());
                }
                key
            }
        };
        key.ok_or_else(|| NoKey::new(provider, source))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Key>> {
        self.sealed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whole or not at all: a crash may not leave half a file.
    fn write(&self, keys: &BTreeMap<String, Key>) -> Result<(), SecretsError> {
        let fail = |source| SecretsError::Write { path: self.path.clone(), source };
        let plain: BTreeMap<&str, Kept<'_>> = keys
            .iter()
            .map(|(name, key)| {
                let origin = key.origin().map(ToString::to_string);
                (name.as_str(), Kept { key: key.expose().into(), origin })
            })
            .collect();
        let text = serde_json::to_vec(&plain).map_err(|error| fail(error.into()))?;
        whole_file::replace(&self.path, &text).map_err(fail)
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Key>, SecretsError> {
    let fail = |source| SecretsError::Read { path: path.to_owned(), source };
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other.map_err(fail)?,
    };
    if fs::metadata(path).map_err(fail)?.permissions().mode() & OTHERS != 0 {
        return Err(SecretsError::Open { path: path.to_owned() });
    }
    let damaged = || SecretsError::Damaged { path: path.to_owned() };
    // The cause is not told: it could quote the file.
    let plain: BTreeMap<String, Value> = serde_json::from_str(&text).map_err(|_| damaged())?;
    let key = |name: &str, value: Value| {
        let kept = match value {
            Value::String(key) => Kept { key: key.into(), origin: None },
            other => serde_json::from_value(other).ok()?,
        };
        let origin = kept.origin.map(|origin| Origin::of(&origin)).transpose().ok()?;
        Key::new(name, origin.as_ref(), &kept.key)
    };
    plain.into_iter().map(|(name, value)| key(&name, value).map(|key| (name, key)).ok_or_else(damaged)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates;

    const HERE: &str = "https://llm.example/v1";
    const THERE: &str = "https://other.example/v1";

    fn open(path: &Path) -> Result<SecretStore, SecretsError> {
        open_with(path, &[])
    }

    /// With providers at these addresses.
    fn open_with(path: &Path, providers: &[(&str, &str)]) -> Result<SecretStore, SecretsError> {
        let environment = Environment::from_pairs([("SOME_KEY", "canary-in-the-environment")]);
        let provider = |(name, url): &(&str, &str)| ((*name).to_owned(), templates::vllm(name, url));
        let providers = providers.iter().map(provider).collect();
        SecretStore::open(path, Arc::new(environment), Redactor::default(), &providers)
    }

    fn at(url: &str) -> Origin {
        Origin::of(url).expect("an address")
    }

    fn sent(store: &SecretStore, provider: &str, source: &KeySource, url: &str) -> Result<String, String> {
        let header = store.header(provider, source, &at(url), "").map_err(|missing| missing.to_string())?;
        Ok(header.to_str().expect("text").to_owned())
    }

    #[test]
    fn keys_outlive_the_service_in_a_file_of_the_owner() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("keys.json");
        let store = open(&path).expect("opens");
        store.set("anthropic", &at(HERE), "canary-one").expect("set");
        store.set("openai", &at(HERE), "canary-two").expect("set");
        assert!(store.remove("openai").expect("removed"));
        assert!(!store.remove("openai").expect("was gone"));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        let again = open(&path).expect("opens");
        assert_eq!(sent(&again, "anthropic", &KeySource::Sealed, HERE).as_deref(), Ok("canary-one"));
        let missing = sent(&again, "openai", &KeySource::Sealed, HERE).expect_err("is gone");
        assert!(missing.contains("legion provider add openai --key-stdin"), "{missing}");
        let missing = sent(&again, "x", &KeySource::Variable("NO_KEY".to_owned()), HERE).expect_err("is not set");
        assert!(missing.contains("$NO_KEY is not set in the service's environment"), "{missing}");
        let variable = KeySource::Variable("SOME_KEY".to_owned());
        assert_eq!(sent(&again, "x", &variable, HERE).as_deref(), Ok("canary-in-the-environment"));
        assert_eq!(
            again.redactor.text("<canary-one canary-in-the-environment>"),
            format!("<{} {}>", "*".repeat(10), "*".repeat(25))
        );
    }

    #[test]
    fn a_key_is_sent_to_the_address_that_it_was_given_for_only_also_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("keys.json");
        open(&path).expect("opens").set("one", &at(HERE), "canary-one").expect("set");
        // The service died after the address was changed, and before the key was.
        let again = open_with(&path, &[("one", THERE)]).expect("opens");
        let refused = sent(&again, "one", &KeySource::Sealed, THERE).expect_err("it is for another address");
        assert!(refused.contains(&at(THERE).to_string()) && !refused.contains("canary"), "{refused}");
        assert_eq!(sent(&again, "one", &KeySource::Sealed, HERE).as_deref(), Ok("canary-one"));
        let provider =
            |url| Provider { authorization: Authorization::Key(KeySource::Sealed), ..templates::vllm("one", url) };
        assert_eq!([HERE, THERE].map(|url| again.has(&provider(url))), [true, false]);
    }

    #[test]
    fn a_key_of_an_older_file_is_for_the_address_that_its_provider_has_when_it_is_first_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("keys.json");
        fs::write(&path, r#"{"one":"canary-one","two":"canary-two"}"#).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        open_with(&path, &[("one", HERE)]).expect("opens");
        let again = open_with(&path, &[("one", THERE), ("two", THERE)]).expect("opens");
        let key = |name: &str, url: &str| sent(&again, name, &KeySource::Sealed, url).ok();
        assert_eq!([key("one", HERE).as_deref(), key("one", THERE).as_deref()], [Some("canary-one"), None]);
        // Its provider was not there before.
        assert_eq!([key("two", HERE).as_deref(), key("two", THERE).as_deref()], [None, Some("canary-two")]);
    }

    #[test]
    fn a_file_that_others_may_read_or_that_is_damaged_is_refused_without_quoting_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("keys.json");
        fs::write(&path, r#"{"a":"canary-one"#).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
        assert!(matches!(open(&path), Err(SecretsError::Open { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        let Err(error) = open(&path) else { panic!("it is damaged") };
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}
