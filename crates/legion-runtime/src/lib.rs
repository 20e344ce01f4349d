//! What every other part stands on: the clock, tasks with an owner, settings, the environment, secrets, the data directory,
//! and what each caller may have.
//!
//! The only place that reads the clock, the environment, and the random source of the system.
#![forbid(unsafe_code)]

mod clock;
mod data_dir;
mod environment;
mod random;
mod secrets;
mod settings;
mod shares;
mod tasks;
mod visitors;

pub use clock::{Clock, SystemClock};
pub use data_dir::{DataDir, DataDirError};
pub use environment::{Environment, VARIABLES, Variable};
pub use random::{new_id, new_secret};
pub use secrets::{AgentGrant, SecretError, ServiceKey, TOKEN_PREFIX, constant_time_eq, person_token};
pub use settings::{Auth, ContainmentSettings, LimitSettings, LivenessSettings, Settings, SettingsError};
pub use shares::{Exceeded, Place, Share, Shares};
pub use tasks::{TaskKind, TaskScope};
pub use visitors::{Visit, Visitors};
