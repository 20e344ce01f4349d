//! Providers, models, routes, budgets, costs, cassettes.

use legion_api::{BudgetList, CassetteList, CassetteMode, Cost, CostLine, ModelList, Provider, ProviderTest, Route};

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::text::escape_line;

/// One line each; under it the lanes that are closed.
pub(crate) fn providers(providers: &[Provider], look: &Look) -> String {
    let mut rows = Vec::new();
    for provider in providers {
        let key = match (&provider.key_env, provider.key.as_str()) {
            (Some(variable), _) => format!("${}", escape_line(variable)),
            (None, "caller") => "the caller's login".to_owned(),
            (None, other) => other.to_owned(),
        };
        let mut notes = Vec::new();
        if !provider.key_present {
            notes.push("no key".to_owned());
        }
        if !provider.usable {
            notes.push("this format is not spoken yet".to_owned());
        }
        for lane in &provider.closed {
            let model = lane.model.as_deref().unwrap_or("all models");
            notes.push(format!("closed until {} ({}): {}", lane.until, escape_line(model), escape_line(&lane.why)));
        }
        rows.push(vec![
            Cell::styled(Style::Head, escape_line(&provider.name)),
            Cell::new(escape_line(&provider.format)),
            Cell::new(escape_line(&provider.url)),
            Cell::new(key),
            Cell::new(notes.join("; ")),
        ]);
    }
    table(&["NAME", "FORMAT", "URL", "KEY", "NOTES"], &rows, look)
}

/// What a provider answered.
pub(crate) fn provider_test(name: &str, test: &ProviderTest) -> String {
    let name = escape_line(name);
    match &test.error {
        None => format!("`{name}` answers in {} ms and has {} models", test.milliseconds, test.models.len()),
        Some(why) => format!("`{name}` cannot be used: {}", escape_line(why)),
    }
}

/// One line each.
pub(crate) fn models(list: &ModelList, look: &Look) -> String {
    let price = |price: Option<f64>| Cell::or_dash(price.map(|price| format!("${price:.2}")));
    let rows: Vec<Vec<Cell>> = list
        .models
        .iter()
        .map(|model| {
            vec![
                Cell::styled(Style::Head, format!("{}/{}", escape_line(&model.provider), escape_line(&model.model))),
                price(model.input),
                price(model.output),
                Cell::or_dash(model.context.map(|tokens| tokens.to_string())),
            ]
        })
        .collect();
    let mut text = table(&["MODEL", "INPUT/M", "OUTPUT/M", "CONTEXT"], &rows, look);
    text.push_str(&format!("prices: {}\n", escape_line(&list.prices)));
    text
}

/// One line each.
pub(crate) fn routes(routes: &[Route], look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = routes
        .iter()
        .map(|route| {
            let who = &route.who;
            let mut name = match (&who.worker, &who.role, &who.session, who.ticket, &who.agent) {
                (Some(worker), ..) => format!("worker {worker}"),
                (_, Some(role), ..) => format!("role {role}"),
                (_, _, Some(session), ..) => format!("session {session}"),
                (_, _, _, Some(ticket), _) => format!("ticket #{ticket}"),
                (_, _, _, _, Some(agent)) => format!("agent {agent}"),
                _ => "default".to_owned(),
            };
            match &who.sub_agent {
                Some(kind) => name.push_str(&format!(", sub-agents `{kind}`")),
                None if who.sub_agents => name.push_str(", sub-agents"),
                None => {}
            }
            if let Some(asked) = &who.asked {
                name.push_str(&format!(", asking for {asked}"));
            }
            vec![
                Cell::styled(Style::Head, escape_line(&name)),
                Cell::new(escape_line(&route.to)),
                Cell::or_dash(Some(escape_line(&route.fallbacks.join(", "))).filter(|text| !text.is_empty())),
            ]
        })
        .collect();
    table(&["FOR", "TO", "FALLBACKS"], &rows, look)
}

/// One line each; then what was left open.
pub(crate) fn budgets(list: &BudgetList, look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = list
        .budgets
        .iter()
        .map(|budget| {
            let name = match budget.agent_name.as_ref().or(budget.of.name.as_ref()) {
                Some(name) => format!("{} {}", budget.of.scope, escape_line(name)),
                None => format!("each {}", budget.of.scope),
            };
            vec![
                Cell::styled(Style::Head, name),
                Cell::new(dollars(budget.limit)),
                Cell::or_dash(budget.spent.map(dollars)),
            ]
        })
        .collect();
    let mut text = table(&["BUDGET", "LIMIT", "SPENT"], &rows, look);
    for open in &list.unsettled {
        let of = match open.agent_name.as_ref().or(open.agent.as_ref()) {
            Some(agent) => format!("agent {}", escape_line(agent)),
            None => "yours".to_owned(),
        };
        text.push_str(&format!(
            "left open by a service that died: {} of {of} at {} ({})\n",
            dollars(open.rest),
            open.used_at,
            escape_line(&open.id),
        ));
    }
    if !list.unsettled.is_empty() {
        text.push_str("they count as spent; settle them with `legion budget reconcile --spent DOLLARS`\n");
    }
    text
}

/// One line each, and the sum.
pub(crate) fn cost(cost: &Cost, look: &Look) -> String {
    let row = |line: &CostLine| {
        let tokens = &line.tokens;
        let prompt = tokens.input + tokens.cache_read + tokens.cache_write_5m + tokens.cache_write_1h;
        let mut notes = Vec::new();
        if line.unknown_calls > 0 {
            notes.push(format!("{} calls of unknown price", line.unknown_calls));
        }
        if line.estimated_calls > 0 {
            notes.push(format!("{} estimated", line.estimated_calls));
        }
        if line.unsettled_nanos > 0 {
            notes.push(format!("{} not settled", dollars(line.unsettled_nanos as f64 / 1e9)));
        }
        vec![
            Cell::styled(Style::Head, escape_line(&line.name)),
            Cell::new(line.calls.to_string()),
            Cell::new(prompt.to_string()),
            Cell::new(tokens.cache_read.to_string()),
            Cell::new((tokens.output + tokens.reasoning).to_string()),
            Cell::new(dollars(line.cost)),
            Cell::new(notes.join("; ")),
        ]
    };
    let rows: Vec<Vec<Cell>> = cost.lines.iter().chain([&cost.total]).map(row).collect();
    let by = cost.by.to_uppercase();
    let mut text = table(&[&by, "CALLS", "PROMPT", "CACHED", "OUTPUT", "COST", "NOTES"], &rows, look);
    if cost.beside_gateway_usd > 0.0 {
        let beside = dollars(cost.beside_gateway_usd);
        text.push_str(&format!(
            "beside the gateway: {beside}, by programs with a login of their own; no budget here holds for it\n"
        ));
    }
    text
}

/// What is done now, then one line each.
pub(crate) fn cassettes(list: &CassetteList, look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = list
        .cassettes
        .iter()
        .map(|cassette| {
            vec![
                Cell::styled(Style::Head, escape_line(&cassette.name)),
                Cell::new(cassette.calls.to_string()),
                Cell::new(cassette.bytes.to_string()),
            ]
        })
        .collect();
    format!("{}\n{}", cassette_mode(&list.now), table(&["CASSETTE", "CALLS", "BYTES"], &rows, look))
}

/// In a sentence.
pub(crate) fn cassette_mode(mode: &CassetteMode) -> String {
    let name = escape_line(mode.name.as_deref().unwrap_or_default());
    match mode.mode.as_str() {
        "record" => format!("calls are recorded as `{name}`"),
        "replay" => format!("calls are answered from `{name}`; no provider is asked"),
        _ => "calls are neither recorded nor replayed".to_owned(),
    }
}

fn dollars(dollars: f64) -> String {
    format!("${dollars:.4}")
}

#[cfg(test)]
mod tests {
    use legion_api::{OpenAllowance, ScopeBudget};

    use super::*;

    fn line(name: &str) -> CostLine {
        CostLine {
            name: name.to_owned(),
            id: None,
            calls: 3,
            tokens: Default::default(),
            cost: 0.5,
            cost_nanos: 500_000_000,
            unknown_calls: 1,
            estimated_calls: 0,
            charged_nanos: 600_000_000,
            unsettled_nanos: 250_000_000,
        }
    }

    #[test]
    fn a_budget_and_what_was_left_open_are_the_agents_by_name() {
        let id = "0b6e4f0e-77aa-4000-8000-000000000001";
        let budget = |name: Option<&str>| ScopeBudget {
            of: legion_api::BudgetFor { scope: "agent".to_owned(), name: Some(id.to_owned()) },
            agent_name: name.map(str::to_owned),
            limit: 2.0,
            spent: Some(0.5),
        };
        let open = OpenAllowance {
            id: "a-1".to_owned(),
            agent: Some(id.to_owned()),
            agent_name: Some("bob".to_owned()),
            rest: 0.25,
            used_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let list = BudgetList { budgets: vec![budget(Some("ann")), budget(None)], unsettled: vec![open] };
        let text = super::budgets(&list, &crate::view::samples::look());
        assert!(text.contains("agent ann") && text.contains(&format!("agent {id}")), "{text}");
        assert!(text.contains("$0.2500 of agent bob") && text.contains("(a-1)"), "{text}");
    }

    #[test]
    fn what_is_not_known_is_said_beside_the_cost() {
        let cost =
            Cost { by: "agent".to_owned(), lines: vec![line("ada")], total: line("total"), beside_gateway_usd: 0.12 };
        let text = super::cost(&cost, &crate::view::samples::look());
        assert!(text.contains("ada") && text.contains("$0.5000"), "{text}");
        assert!(text.contains("1 calls of unknown price; $0.2500 not settled"), "{text}");
        assert!(
            text.ends_with(
                "beside the gateway: $0.1200, by programs with a login of their own; no budget here holds for it\n"
            ),
            "{text}"
        );
    }
}
