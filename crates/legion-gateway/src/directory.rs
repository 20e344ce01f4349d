//! What the gateway knows of the rest of the system: one trait.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use legion_dialects::Usage;
use uuid::Uuid;

use crate::settings::{ClosedLane, Settings};

/// Who calls, at the time of the call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The person's token was used: no agent, no run.
    pub person: bool,
    pub project: Option<String>,
    pub agent: Option<String>,
    /// Name of the agent, for routes that name it.
    pub agent_name: Option<String>,
    pub run: Option<String>,
    pub ticket: Option<String>,
    pub session: Option<String>,
    pub role: Option<String>,
    /// Kind of the agent's driver.
    pub worker: Option<String>,
    /// The only models that it may ask for; none are all.
    pub models: Option<BTreeSet<String>>,
}

/// A grant to spend up to `nanos`, for one caller and one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub id: Uuid,
    /// Nano-dollars (10⁻⁹ USD).
    pub nanos: u64,
}

/// Why nothing may be spent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAllowance {
    /// A limit is really spent. Trying again cannot help.
    #[error("{message}")]
    OverBudget {
        /// Whose budget is used up, as `ticket T-4`.
        scope: String,
        /// A sentence for the agent that says so.
        message: String,
    },
    /// What is left is set aside for calls that are under way: some of it becomes free when they end.
    #[error("{message}")]
    Busy { message: String },
    /// The books cannot be written just now: the disk is full, or the service ends.
    #[error("{message}")]
    Unavailable { message: String },
    /// The caller may spend nothing any more, whatever is left.
    #[error("{message}")]
    Forbidden { message: String },
}

/// An allowance could not be given back now: the books cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an allowance could not be given back")]
pub struct NotReleased;

/// The use of a key could not be entered in the audit: the log cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the use of its key cannot be entered in the audit just now")]
pub struct NotEntered;

/// One request that was sent to a provider, after its end: exactly one for each that the provider may charge for, also where it was
/// cut, nobody waited for it, or another provider answered in its place. An error that a provider answered at once costs nothing: it is
/// named in `left` of the call that came after it, and where none did, the call ends as `refused`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Unique.
    pub id: Uuid,
    pub caller: Arc<Caller>,
    pub allowance: Uuid,
    pub provider: String,
    /// As the provider was asked for it.
    pub model: String,
    /// As the caller asked for it.
    pub asked_model: String,
    pub usage: Usage,
    /// Nano-dollars; none when the price of the model is not known. Never zero for that reason.
    pub cost_nanos: Option<u64>,
    /// What the allowance is charged: the cost, or the reservation where the cost is not known.
    pub charged_nanos: u64,
    /// The usage is our estimate: the call was cut, or the provider did not say.
    pub estimated: bool,
    /// The calling program said that a sub-agent of its own is calling.
    pub sub_agent: bool,
    /// The calling program's own session, where it named one.
    pub program_session: Option<String>,
    /// HTTP status that the caller got; 502 where this provider gave nothing to pass on.
    pub status: u16,
    /// How the call ended: `done`, `failed`, `cut`, `silent`, `hang-up`, `slow-reader`, `refused`.
    pub outcome: &'static str,
    /// Providers and models that were tried before, as `name/model`, and why they were left.
    pub left: Vec<String>,
    /// What translation had to drop or change.
    pub warnings: Vec<String>,
    /// When the call came.
    pub at: Timestamp,
    /// From the call's arrival to the first byte of the answer, in milliseconds.
    pub first_byte_ms: Option<u64>,
    /// From the call's arrival to its end, in milliseconds.
    pub total_ms: u64,
}

/// Implemented by what keeps the facts. Methods that are not async return at once.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// Whom a token belongs to now; none when it opens nothing. Asked once for each call.
    async fn caller(&self, token: &str) -> Option<Caller>;

    /// Remembers that a call was refused: of this caller, or of whoever has this token, which opens nothing. Called often by one that
    /// asks on and on.
    async fn refused(&self, by: Result<&Caller, Option<&str>>, request: &str, why: &str);

    /// The settings as they are now. A change is effective with the next call.
    fn settings(&self) -> Arc<Settings>;

    /// Logs a grant durably before it returns. `nanos` is a wish: less is granted when less is left. A wish for nothing is granted
    /// whatever is left: a call that costs nothing is counted for its caller, too.
    async fn allowance(&self, caller: &Caller, nanos: u64) -> Result<Allowance, NoAllowance>;

    /// Remembers that the key of a provider is about to be put into a request of this caller's. The first of a run with a provider is logged
    /// durably before this returns; those after it are counted. Where it fails, the key is not used.
    async fn key_used(&self, caller: &Caller, provider: &str) -> Result<(), NotEntered>;

    /// Takes in a finished call: once for each [`Call`].
    fn settle(&self, call: Call);

    /// An allowance is no longer used: what was not charged is free again. Comes after the last `settle` that charges it, and again
    /// until it is taken in.
    async fn release(&self, allowance: Uuid) -> Result<(), NotReleased>;

    /// A lane takes no calls until a time.
    fn lane_closed(&self, closed: ClosedLane);

    /// A closed lane takes calls again.
    fn lane_opened(&self, provider: &str, model: Option<&str>);
}
