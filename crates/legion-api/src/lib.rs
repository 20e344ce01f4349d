//! Wire types of the REST interface under `/v1`, and the paths they travel on.
//!
//! Plain data, one file per noun: no behaviour of the service, no I/O. Rows and events are converted to these at the border.
#![forbid(unsafe_code)]

mod agent;
mod approval;
mod error;
mod hire;
mod inbox;
mod limits;
mod message;
pub mod paths;
mod plan;
mod run;
mod service;
mod stream;
mod tree;
mod verbs;

pub use agent::{Agent, AgentPage, AgentStatus, Driver};
pub use approval::{Approval, ApprovalDecision, ApprovalList, DecideRequest};
pub use error::{Problem, ProblemCode};
pub use hire::{HireRequest, Hired, OnRestart};
pub use inbox::{AckRequest, Acked, Inbox};
pub use limits::{Budget, Limits};
pub use message::{Message, MessageKind, MessageState};
pub use plan::{
    DurationText, Plan, PlanDefaults, PlanDuration, PlanPlace, PlanReader, PlanSession, PlanTicket, TextOrList,
    TicketKey, plan_schema,
};
pub use run::{Outcome, Run, RunResult, Usage};
pub use service::{BackupRequest, BackupWritten, DownReply, DownRequest, Health, Project, ProjectList, ServiceInfo};
pub use stream::Event;
pub use tree::{Report, StatusReport, Tree, TreeNode};
pub use verbs::{
    FireReply, FireRequest, InterruptAllReply, InterruptReply, InterruptRequest, LogLine, LogPage, TellRequest, Told,
};
