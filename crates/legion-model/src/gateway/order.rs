//! What is asked of the gateway's state, or reported to it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::allowance::{AllowanceId, Payer};
use super::call::SettledCalls;
use super::cassette::CassetteMode;
use super::lane::LaneClass;
use super::money::NanoUsd;
use super::provider::{Provider, ProviderName};
use super::route::{Route, RouteKey};
use super::scope::BudgetOf;
use crate::event::Event;
use crate::ids::{AgentId, Party};

/// What to do, when, and who says so.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayCommand {
    pub at: Timestamp,
    pub by: Party,
    pub order: GatewayOrder,
}

/// What is asked for, or reported.
#[derive(Debug, Clone, PartialEq)]
pub enum GatewayOrder {
    /// The service started. What was open is spent by somebody who is gone.
    StartService,
    SetProvider(Provider),
    RemoveProvider(ProviderName),
    SetRoute {
        key: RouteKey,
        route: Route,
    },
    RemoveRoute(RouteKey),
    SetBudget {
        of: BudgetOf,
        limit: NanoUsd,
    },
    RemoveBudget(BudgetOf),
    /// Money for calls that are about to be made.
    OpenAllowance {
        allowance: AllowanceId,
        payer: Payer,
        /// What is wanted. Less is granted when less is left; nothing, where nothing is wanted, whatever is left.
        wanted: NanoUsd,
        /// What agents above it, or it itself, were hired with: less what their programs spent beside the gateway.
        caps: Vec<(AgentId, NanoUsd)>,
        /// What the payer and those above it are called in a refusal.
        names: BTreeMap<AgentId, String>,
    },
    /// One batch. The same batch twice counts once.
    Settle {
        batch: Uuid,
        calls: Vec<SettledCalls>,
    },
    /// Nothing more will be spent of these.
    CloseAllowances(Vec<AllowanceId>),
    /// What was really spent of an allowance, besides what was charged, that a service left open when it died. `None` is all such.
    Reconcile {
        allowance: Option<AllowanceId>,
        spent: NanoUsd,
    },
    SetCassette(CassetteMode),
    CloseLane {
        provider: ProviderName,
        model: Option<String>,
        until: Timestamp,
        class: LaneClass,
        why: String,
    },
    OpenLane {
        provider: ProviderName,
        model: Option<String>,
    },
}

/// What a caller is told.
#[derive(Debug, Clone, PartialEq)]
pub enum GatewayAnswer {
    Done,
    /// What may be spent.
    Granted(NanoUsd),
    Reconciled(Vec<AllowanceId>),
}

/// The events that a command means, and the answer to its caller.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayDecided {
    pub events: Vec<Event>,
    pub answer: GatewayAnswer,
}
