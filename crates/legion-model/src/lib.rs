//! The nouns of Legion, the events that change them, and the pure functions that decide, apply and reconcile.
//!
//! Never here: a clock, randomness, files, processes, async. Times and new ids arrive inside commands; ids that follow from
//! others are derived from them ([`ids`]). `apply` never refuses; `decide` never changes anything.
#![forbid(unsafe_code)]

pub mod agent;
pub mod apply;
pub mod approval;
pub mod audit;
pub mod authority;
pub mod body;
pub mod bounds;
pub mod budget;
pub mod command;
pub mod containment;
mod decide;
pub mod driver;
pub mod event;
pub mod gateway;
pub mod glob;
pub mod graph;
pub mod ids;
pub mod limits;
pub mod message;
pub mod money;
pub mod organisation;
pub mod plan;
pub mod process;
pub mod prompt;
pub mod reconcile;
pub mod refusal;
pub mod run;
mod settle;
pub mod step;
pub mod tickets;
pub mod tools;
pub mod world;

pub use agent::{Agent, OnRestart, PermissionMode, Spec};
pub use approval::{Approval, Verdict};
pub use audit::AuditEntry;
pub use authority::{Verb, authorise};
pub use body::Body;
pub use bounds::Bounds;
pub use command::{Answer, Command, Decided, Fact, HireOrder, Key, Order, TicketOrder};
pub use containment::{ContainmentAsk, Permissions, Tier};
pub use driver::{Capabilities, DriverKind};
pub use event::Event;
pub use ids::{
    AgentId, ApprovalId, AttemptId, GateId, GateRunId, InjectionId, LandingId, MessageId, Party, ProcessId, ProjectId,
    RunId,
};
pub use limits::Limits;
pub use message::{Message, MessageKind, MessageState, Urgency};
pub use money::MicroUsd;
pub use organisation::Organisation;
pub use process::{Exit, Process, ProcessPhase, StopReason};
pub use refusal::{Refusal, RefusalKind};
pub use run::{Ending, Outcome, Run, RunSummary, TurnReport, Usage};
pub use step::Step;
pub use world::{Now, ProcessView, World};
