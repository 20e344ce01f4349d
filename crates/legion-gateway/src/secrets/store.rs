//! Keys in a sealed file (mode 0600) of the data directory, or in the service's environment.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use legion_runtime::Environment;

use crate::secrets::missing::NoKey;
use crate::secrets::{Key, Redactor};
use crate::settings::{Authorization, KeySource, Provider};
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

/// The keys. Cheap to clone; all clones see the same.
#[derive(Clone)]
pub struct SecretStore {
    path: PathBuf,
    sealed: Arc<Mutex<BTreeMap<String, Key>>>,
    environment: Arc<Environment>,
    redactor: Redactor,
}

impl SecretStore {
    /// Reads the file, where there is one.
    pub(crate) fn open(path: &Path, environment: Arc<Environment>, redactor: Redactor) -> Result<Self, SecretsError> {
        let sealed = read(path)?;
        for (name, key) in &sealed {
            redactor.learn(name, key.expose());
        }
        Ok(Self { path: path.to_owned(), sealed: Arc::new(Mutex::new(sealed)), environment, redactor })
    }

    /// Whether this can be a key at all: visible ASCII that fits into a header.
    pub fn is_key(value: &str) -> bool {
        Key::new("", value).is_some()
    }

    /// Keeps a provider's key; an older one is replaced. On the disk before it returns.
    pub fn set(&self, provider: &str, value: &str) -> Result<(), SecretsError> {
        let key = Key::new(provider, value).ok_or_else(|| SecretsError::NotAKey(provider.to_owned()))?;
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

    /// Whether the key of a provider is there. True for one that needs none.
    pub fn has(&self, provider: &Provider) -> bool {
        match &provider.authorization {
            Authorization::Passthrough | Authorization::None => true,
            Authorization::Key(source) | Authorization::Bearer(source) => self.key(&provider.name, source).is_ok(),
        }
    }

    pub(crate) fn key(&self, provider: &str, source: &KeySource) -> Result<Key, NoKey> {
        let key = match source {
            KeySource::Sealed => self.lock().get(provider).cloned(),
            KeySource::Variable(name) => {
                let key = self.environment.get(name).and_then(|value| Key::new(provider, value));
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
        let plain: BTreeMap<&str, &str> = keys.iter().map(|(name, key)| (name.as_str(), key.expose())).collect();
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
    let plain: BTreeMap<String, String> = serde_json::from_str(&text).map_err(|_| damaged())?;
    plain.into_iter().map(|(name, value)| Key::new(&name, &value).map(|key| (name, key)).ok_or_else(damaged)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<SecretStore, SecretsError> {
        let environment = Environment::from_pairs([("SOME_KEY", "canary-in-the-environment")]);
        SecretStore::open(path, Arc::new(environment), Redactor::default())
    }

    #[test]
    fn keys_outlive_the_service_in_a_file_of_the_owner() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("keys.json");
        let store = open(&path).expect("opens");
        store.set("anthropic", "canary-one").expect("set");
        store.set("openai", "canary-two").expect("set");
        assert!(store.remove("openai").expect("removed"));
        assert!(!store.remove("openai").expect("was gone"));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        let again = open(&path).expect("opens");
        assert_eq!(again.key("anthropic", &KeySource::Sealed).expect("there").expose(), "canary-one");
        let missing = again.key("openai", &KeySource::Sealed).expect_err("is gone").to_string();
        assert!(missing.contains("legion provider add openai --key-stdin"), "{missing}");
        let missing = again.key("x", &KeySource::Variable("NO_KEY".to_owned())).expect_err("is not set").to_string();
        assert!(missing.contains("$NO_KEY is not set in the service's environment"), "{missing}");
        let variable = KeySource::Variable("SOME_KEY".to_owned());
        assert_eq!(again.key("x", &variable).expect("there").expose(), "canary-in-the-environment");
        assert_eq!(
            again.redactor.text("<canary-one canary-in-the-environment>"),
            format!("<{} {}>", "*".repeat(10), "*".repeat(25))
        );
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
