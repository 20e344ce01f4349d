//! The books under test, with the log that they are folded from.

use jiff::{SignedDuration, Timestamp};
use legion_model::gateway::{
    AllowanceId, GatewayAnswer, GatewayCommand, GatewayOrder, GatewayState, NanoUsd, Payer, SettledCalls, Tokens,
};
use legion_model::{AgentId, Event, Party, ProjectId, Refusal, RunId};
use uuid::Uuid;

/// The state, and every event with its time.
pub struct Books {
    pub state: GatewayState,
    pub log: Vec<(Timestamp, Event)>,
    pub now: Timestamp,
}

impl Books {
    pub fn new() -> Self {
        let now = "2026-03-04T05:06:07Z".parse().expect("a time");
        Self { state: GatewayState::default(), log: Vec::new(), now }
    }

    pub fn give(&mut self, order: GatewayOrder) -> Result<GatewayAnswer, Refusal> {
        self.now += SignedDuration::from_millis(10);
        let decided = self.state.step(&GatewayCommand { at: self.now, by: Party::Root, order })?;
        self.log.extend(decided.events.into_iter().map(|event| (self.now, event)));
        Ok(decided.answer)
    }

    pub fn must(&mut self, order: GatewayOrder) -> GatewayAnswer {
        self.give(order).expect("not refused")
    }

    pub fn budget(&mut self, of: &str, limit: NanoUsd) {
        self.must(GatewayOrder::SetBudget { of: of.parse().expect("a scope"), limit });
    }

    /// The fold of the log from its beginning, on a detour over a snapshot.
    pub fn folded(&self) -> GatewayState {
        let mut state = GatewayState::default();
        for (number, (at, event)) in self.log.iter().enumerate() {
            state.apply(event, *at);
            if number == self.log.len() / 2 {
                let written = serde_json::to_string(&state).expect("plain data");
                state = serde_json::from_str(&written).expect("it was written so");
            }
        }
        state
    }
}

pub fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

pub fn allowance(number: u128) -> AllowanceId {
    AllowanceId(Uuid::from_u128(1_000_000 + number))
}

/// An agent, its first run, and those above it.
pub fn payer(of: u128, above: &[u128]) -> Payer {
    Payer {
        project: Some(ProjectId(Uuid::from_u128(1))),
        agent: Some(agent(of)),
        run: Some(RunId(Uuid::from_u128(10_000 + of))),
        above: above.iter().map(|number| agent(*number)).collect(),
        ..Payer::default()
    }
}

pub fn line(allowance: AllowanceId, nanos: u64) -> SettledCalls {
    SettledCalls {
        allowance,
        provider: "p".to_owned(),
        model: "m".to_owned(),
        calls: 1,
        tokens: Tokens { input: nanos, ..Tokens::default() },
        cost: NanoUsd(nanos),
        unknown: 0,
        estimated: 0,
        charged: NanoUsd(nanos),
    }
}
