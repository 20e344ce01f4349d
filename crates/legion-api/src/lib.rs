//! Wire types of the REST interface under `/v1`, and the paths they travel on.
//!
//! Plain data, one file per noun: no behaviour of the service, no I/O. Rows and events are converted to these at the border.
#![forbid(unsafe_code)]

mod agent;
mod approval;
mod audit;
mod diff;
mod dispatch;
mod error;
mod gateway;
mod hire;
mod inbox;
mod limits;
mod message;
pub mod paths;
mod plan;
mod price;
mod repository;
mod rescue;
mod resources;
mod run;
mod service;
mod session;
mod stream;
mod team;
mod ticket;
mod ticket_detail;
mod ticket_verbs;
mod tree;
mod trust;
mod upstream;
mod verbs;
mod why;

pub use agent::{Agent, AgentPage, AgentStatus, Driver};
pub use approval::{Approval, ApprovalDecision, ApprovalList, DecideRequest};
pub use audit::AuditPage;
pub use diff::{Diff, DiffFile, DiffOf, FileStatus};
pub use dispatch::{DispatchRequest, Dispatched, PlanCheck, PlanProblem, PlanRequest};
pub use error::{Problem, ProblemCode};
pub use gateway::{
    BudgetFor, BudgetList, BudgetRequest, CallTokens, Cassette, CassetteList, CassetteMode, ClosedLane, Cost, CostLine,
    GatewayUrls, Model, ModelList, OpenAllowance, Provider, ProviderList, ProviderRequest, ProviderTest,
    ReconcileRequest, Reconciled, Route, RouteFor, RouteList, ScopeBudget,
};
pub use hire::{HireRequest, Hired, OnRestart, Permissions};
pub use inbox::{AckRequest, Acked, Inbox};
pub use limits::{Budget, Limits};
pub use message::{Message, MessageKind, MessageState};
pub use plan::{
    DurationText, Plan, PlanDefaults, PlanDuration, PlanPlace, PlanReader, PlanSession, PlanTicket, PlanUpstream,
    TextOrList, TicketKey, plan_schema,
};
pub use price::{LongPromptPrice, ModelPrice, PriceList, PriceSource, PricesUpdateRequest, PricesUpdated, TokenPrice};
pub use repository::{Garbage, ObjectFormat, OpenRepository, Repository};
pub use rescue::{Rescue, RescueList, UndeleteRequest, Undeleted};
pub use resources::{
    AgentResources, MachineState, ProcessState, ResourceHolder, ResourceHolders, ResourceLimits, ResourceUsage,
    StartWait, TakenResources, WaitReason,
};
pub use run::{Outcome, Run, RunResult, Usage};
pub use service::{BackupRequest, BackupWritten, DownReply, DownRequest, Health, Project, ProjectList, ServiceInfo};
pub use session::{
    GateRun, ImportEnd, ImportRequest, Imported, Landing, OpenSession, Overlap, QueueItem, Session, SessionChanges,
    SessionList, SessionPhase, SessionSettings,
};
pub use stream::Event;
pub use team::{Duty, Role, RoleList, RoleRequest, Team, TeamList, TeamRequest};
pub use ticket::{
    ErrorClass, Gate, MergeState, OnUpstream, Stage, Ticket, TicketCounts, TicketLink, TicketPage, TicketStatus,
};
pub use ticket_detail::{
    AttemptDetail, AttemptEnd, AttemptRecord, Delayed, Evidence, GateVerdict, ProtectedChange, Review, TicketDetail,
    Verdict,
};
pub use ticket_verbs::{
    HeldRequest, ReportRequest, ReportStatus, Reported, RetryRequest, StopAllRequest, TicketNumbers,
};
pub use tree::{Report, StatusReport, Tree, TreeNode};
pub use trust::{TrustRequest, TrustedContent, TrustedContents};
pub use upstream::{Deps, Upstream};
pub use verbs::{
    FireReply, FireRequest, InterruptAllReply, InterruptReply, InterruptRequest, LogLine, LogPage, TellRequest, Told,
};
pub use why::{Mover, MoverKind, Why, WhyPage};
