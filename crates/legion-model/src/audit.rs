//! What is remembered of the use of rights: refusals, secrets that were handed out, and what was trusted. It changes nothing but the log.

use crate::body::clip;
use crate::event::Event;
use crate::ids::{AgentId, Party, ProcessId, RunId};

/// Bytes that are kept of a request's words.
const REQUEST_BYTES_MAX: usize = 200;
/// Bytes that are kept of a reason.
const WHY_BYTES_MAX: usize = 400;
/// Secrets that one process is handed.
const SECRETS_MAX: usize = 64;
/// Bytes that are kept of a path: as long as the kernel takes.
const PATH_BYTES_MAX: usize = 4_096;
/// Contents that are trusted, or not any more, at one time.
const CONTENTS_MAX: usize = 1_000;

/// One entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditEntry {
    /// A caller, where its token said who it is, wanted what it may not.
    Refused { caller: Option<Party>, request: String, why: String },
    /// So many refusals of this caller were not entered by themselves.
    Omitted { caller: Option<Party>, count: u64 },
    /// A process is about to be started with these secrets: their names, never what they are.
    SecretsHanded { agent: AgentId, process: ProcessId, secrets: Vec<String> },
    /// The gateway put a provider's key into so many requests of this agent's, or of a program of the person's.
    ProviderKeyUsed { agent: Option<AgentId>, run: Option<RunId>, provider: String, calls: u64 },
    /// The person trusts these contents of files at `path` (names and hashes), or does not any more.
    TrustSet { path: String, contents: Vec<String>, trusted: bool },
}

impl AuditEntry {
    /// Kinds of events that an audit shows: these entries, and what the person let through.
    pub const KINDS: [&'static str; 7] = [
        "access-refused",
        "refusals-omitted",
        "secrets-handed",
        "provider-key-used",
        "trust-set",
        "approval-decided",
        "attempt-approved",
    ];

    pub(crate) fn event(&self) -> Event {
        match self {
            Self::Refused { caller, request, why } => Event::AccessRefused {
                caller: *caller,
                request: clip(request, REQUEST_BYTES_MAX),
                why: clip(why, WHY_BYTES_MAX),
            },
            Self::Omitted { caller, count } => Event::RefusalsOmitted { caller: *caller, count: *count },
            Self::SecretsHanded { agent, process, secrets } => Event::SecretsHanded {
                agent: *agent,
                process: *process,
                secrets: secrets.iter().take(SECRETS_MAX).cloned().collect(),
            },
            Self::ProviderKeyUsed { agent, run, provider, calls } => {
                Event::ProviderKeyUsed { agent: *agent, run: *run, provider: provider.clone(), calls: *calls }
            }
            Self::TrustSet { path, contents, trusted } => Event::TrustSet {
                path: clip(path, PATH_BYTES_MAX),
                contents: contents.iter().take(CONTENTS_MAX).cloned().collect(),
                trusted: *trusted,
            },
        }
    }
}
