//! Tokens. The person's lies in a file; agents' tokens are made from a key, so that they outlive a restart and none is stored.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::random::{hex, new_secret, unhex};

/// Every token of ours begins with it, so that scanners find a leaked one.
pub const TOKEN_PREFIX: &str = "lgn_";

/// The key of a service. Agents' tokens and shims' secrets follow from it.
#[derive(Clone)]
pub struct ServiceKey(Vec<u8>);

impl std::fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServiceKey(…)")
    }
}

/// What a valid agent token says. Whether it still opens anything is the state's to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentGrant {
    pub agent: Uuid,
    /// Number of the process that it was given to.
    pub process: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("failed to read or create the secret file `{}`", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the secret file `{}` is damaged: remove it, and the next start makes a new one; conversations stay", path.display())]
    Damaged { path: PathBuf },
}

impl ServiceKey {
    /// Reads the key, or makes one (file mode 0600).
    pub fn open(path: &Path) -> Result<Self, SecretError> {
        let text = read_or_create(path, &new_secret)?;
        let key = unhex(text.trim()).filter(|key| key.len() == 32);
        key.map(Self).ok_or_else(|| SecretError::Damaged { path: path.to_owned() })
    }

    fn mac(&self, purpose: &str, agent: Uuid, number: u32) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(agent.as_bytes());
        mac.update(&number.to_be_bytes());
        mac
    }

    /// The token of an agent's process.
    pub fn agent_token(&self, grant: AgentGrant) -> String {
        let mac = self.mac("agent-token", grant.agent, grant.process).finalize().into_bytes();
        format!("{TOKEN_PREFIX}{}_{}_{}", grant.agent.simple(), grant.process, hex(&mac))
    }

    /// What a token says, when this key made it. Compared in constant time.
    pub fn check_agent_token(&self, token: &str) -> Option<AgentGrant> {
        let mut parts = token.strip_prefix(TOKEN_PREFIX)?.split('_');
        let (agent, process, mac) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let grant = AgentGrant { agent: Uuid::try_parse(agent).ok()?, process: process.parse().ok()? };
        self.mac("agent-token", grant.agent, grant.process).verify_slice(&unhex(mac)?).ok()?;
        Some(grant)
    }

    /// The secret that the service and the shim of a process share.
    pub fn shim_secret(&self, agent: Uuid, process: u32) -> String {
        hex(&self.mac("shim", agent, process).finalize().into_bytes())
    }
}

/// The person's token: read, or made (file mode 0600).
pub fn person_token(path: &Path) -> Result<String, SecretError> {
    let token = read_or_create(path, &|| format!("{TOKEN_PREFIX}root_{}", new_secret()))?.trim().to_owned();
    // It must fit into a header as it is.
    if token.len() < 32 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SecretError::Damaged { path: path.to_owned() });
    }
    Ok(token)
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub fn constant_time_eq(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn read_or_create(path: &Path, make: &dyn Fn() -> String) -> Result<String, SecretError> {
    let fail = |source| SecretError::File { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Whole or not at all: a crash in between may not leave half a secret.
            let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
            let text = make();
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&temporary)
                .map_err(fail)?;
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
            fs::rename(&temporary, path).map_err(fail)?;
            Ok(text)
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(SecretError::Damaged { path: path.to_owned() }),
        other => other.map_err(fail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_what_it_was_made_for() {
        let key = ServiceKey(vec![7; 32]);
        let grant = AgentGrant { agent: Uuid::from_u128(5), process: 3 };
        let token = key.agent_token(grant);
        assert_eq!(key.check_agent_token(&token), Some(grant));
        assert_eq!(ServiceKey(vec![8; 32]).check_agent_token(&token), None);
        let other = key.agent_token(AgentGrant { process: 4, ..grant });
        let (head, _) = token.rsplit_once('_').expect("has a mac");
        let (_, mac) = other.rsplit_once('_').expect("has a mac");
        assert_eq!(key.check_agent_token(&format!("{head}_{mac}")), None);
        for garbage in ["", "lgn_", "lgn_x_y_z", &token[..token.len() - 1], &format!("{token}_0")] {
            assert_eq!(key.check_agent_token(garbage), None, "{garbage}");
        }
    }
}
