//! Examples of the events about the gateway.

use legion_model::gateway::{
    AllowanceId, CassetteMode, Format, KeySource, LaneClass, NanoUsd, Payer, Provider, Route, RouteKey, RouteWho,
    SettledCalls, Tokens,
};
use legion_model::tickets::TicketId;
use legion_model::{Event, Party, ProcessId, ProjectId, RunId};

use crate::ids::{agent, time, uuid};
use crate::tickets::session;

pub fn examples() -> Vec<Event> {
    let allowance = AllowanceId(uuid(30));
    let provider = "openrouter".parse().expect("a name");
    let key = RouteKey {
        who: RouteWho::Ticket(ProjectId(uuid(1)), TicketId(3)),
        sub_agents: true,
        sub_agent: None,
        asked: Some("claude-haiku-*".to_owned()),
    };
    vec![
        Event::ProcessMetered { process: ProcessId(uuid(4)), agent: agent(2) },
        Event::AgentMetered { agent: agent(2), run: Some(RunId(uuid(3))), total: NanoUsd(1_500) },
        Event::ProviderSet {
            provider: Box::new(Provider {
                bearer: true,
                headers: [("x-title".to_owned(), "Legion".to_owned())].into(),
                betas: Some(["prompt-caching-2024-07-31".to_owned()].into()),
                models: ["anthropic/claude-sonnet-4.5".to_owned()].into(),
                free: true,
                ..Provider::new(
                    provider,
                    Format::OpenaiChat,
                    "https://openrouter.ai/api/v1".to_owned(),
                    KeySource::Env("OPENROUTER_API_KEY".to_owned()),
                )
            }),
            by: Party::Root,
        },
        Event::ProviderRemoved { provider: "openrouter".parse().expect("a name"), by: Party::Root },
        Event::RouteSet {
            key: key.clone(),
            route: Route {
                target: "openrouter/anthropic/claude-sonnet-4.5".parse().expect("a target"),
                fallbacks: vec!["ollama".parse().expect("a target")],
            },
            by: Party::Root,
        },
        Event::RouteRemoved { key, by: Party::Root },
        Event::BudgetSet { of: "day".parse().expect("a scope"), limit: NanoUsd::DOLLAR, by: Party::Root },
        Event::BudgetRemoved { of: "day:2026-03-04".parse().expect("a scope"), by: Party::Root },
        Event::AllowanceOpened {
            allowance,
            payer: Payer {
                project: Some(ProjectId(uuid(1))),
                agent: Some(agent(2)),
                run: Some(RunId(uuid(3))),
                above: vec![agent(9)],
                ticket: Some(TicketId(3)),
                session: Some(session()),
            },
            granted: NanoUsd::DOLLAR,
        },
        Event::AllowanceClosed { allowance },
        Event::AllowanceReconciled { allowance, spent: NanoUsd(7), by: Party::Root },
        Event::CallsSettled {
            batch: uuid(31),
            calls: vec![SettledCalls {
                allowance,
                provider: "openrouter".to_owned(),
                model: "anthropic/claude-sonnet-4.5".to_owned(),
                calls: 3,
                tokens: Tokens {
                    input: 1,
                    cache_read: 2,
                    cache_write_5m: 3,
                    cache_write_1h: 4,
                    output: 5,
                    reasoning: 6,
                    web_searches: 7,
                },
                cost: NanoUsd(8),
                unknown: 1,
                estimated: 2,
                charged: NanoUsd(9),
            }],
        },
        Event::LaneClosed {
            provider: "openrouter".parse().expect("a name"),
            model: Some("m".to_owned()),
            until: time("2026-03-04T05:22:07Z"),
            class: LaneClass::SpendLimit,
            why: "the quota is used up".to_owned(),
        },
        Event::LaneOpened { provider: "openrouter".parse().expect("a name"), model: Some("m".to_owned()) },
        Event::CassetteSet {
            mode: CassetteMode::Replay { name: "demo".parse().expect("a name"), nearest: true, full_speed: true },
            by: Party::Root,
        },
    ]
}
