//! Keys of providers: where they lie, who may have them, and that nobody else sees them.

mod forms;
mod key;
mod missing;
mod redact;
mod store;

pub use key::Key;
pub(crate) use missing::NoKey;
pub use redact::Redactor;
pub use store::{SecretStore, SecretsError};
