//! Hire: rights only narrow going down.

use std::collections::BTreeSet;

use super::{Decision, gone};
use crate::agent::{PermissionMode, Spec};
use crate::command::{Answer, HireOrder};
use crate::containment::{Permissions, Tier, is_inside};
use crate::driver::DriverKind;
use crate::event::Event;
use crate::ids::Party;
use crate::limits::Limits;
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};
use crate::tools;

/// Characters of a name.
const NAME_CHARS_MAX: usize = 64;
/// Characters of a role.
const ROLE_CHARS_MAX: usize = 64;
/// Files named at a hire.
const FILES_MAX: usize = 200;
/// Paths of each right named at a hire.
const PATHS_MAX: usize = 64;
/// Tools named at a hire.
const TOOLS_MAX: usize = 200;

pub(super) fn hire(state: &Organisation, by: Party, order: &HireOrder) -> Decision {
    if let Party::Agent(parent) = order.parent
        && !state.agents.contains_key(&parent)
    {
        return Err(gone(state, parent));
    }
    super::tell::check_text(state, "task", &order.task, order.task_bytes)?;
    if order.files.len() > FILES_MAX || order.tools.as_ref().is_some_and(|tools| tools.len() > TOOLS_MAX) {
        return Err(invalid(format!("at most {FILES_MAX} files and {TOOLS_MAX} tools can be named at a hire")));
    }
    check_room(state, order.parent)?;
    let spec = narrowed(state, order)?;
    let name = name(state, order)?;
    if order
        .role
        .as_ref()
        .is_some_and(|role| role.chars().count() > ROLE_CHARS_MAX || role.chars().any(char::is_control))
    {
        return Err(invalid(format!("a role has at most {ROLE_CHARS_MAX} characters and no control characters")));
    }
    let warnings = warnings(order, &spec);
    let events = vec![
        Event::AgentHired { agent: order.agent, name, role: order.role.clone(), parent: order.parent, by, spec },
        task(state, order),
    ];
    Ok((events, Answer::Hired { agent: order.agent, warnings }))
}

/// A hire by the engine, for a ticket.
pub(crate) struct TicketHire<'a> {
    pub(crate) order: &'a HireOrder,
    /// The name that it gets when it is free.
    pub(crate) name: &'a str,
}

/// Hires for a ticket. The directory is a clone that the engine made, so it need not be inside the parent's; everything else
/// narrows as with any hire.
pub(crate) fn hire_for_ticket(state: &Organisation, hire: &TicketHire<'_>) -> Result<Vec<Event>, Refusal> {
    let order = hire.order;
    check_room(state, order.parent)?;
    let spec = narrowed_in(state, order, order.cwd.clone().unwrap_or_default(), None)?;
    let name = free_name(hire.name, |name| state.reports(order.parent).any(|sibling| sibling.name == name));
    let role = order.role.clone();
    let by = order.parent;
    let hired = Event::AgentHired { agent: order.agent, name, role, parent: order.parent, by, spec };
    Ok(vec![hired, task(state, order)])
}

fn task(state: &Organisation, order: &HireOrder) -> Event {
    Event::MessageAccepted {
        message: order.message,
        from: order.parent,
        from_name: state.name(order.parent),
        to: order.agent.into(),
        message_kind: MessageKind::Task,
        body: order.task.clone(),
        urgency: Urgency::Queue,
        by: None,
        approval: None,
    }
}

/// Headcount and depth, here and above.
fn check_room(state: &Organisation, parent: Party) -> Result<(), Refusal> {
    let bounds = &state.bounds;
    if state.agents.len() as u64 >= u64::from(bounds.headcount_max) {
        return Err(limit(format!(
            "the project has {} agents already, which is the service's limit",
            state.agents.len()
        ))
        .hint("fire agents that are done, or raise `limits.headcount`"));
    }
    let level = state.level(parent) + 1;
    if level > bounds.depth_max {
        return Err(limit(format!(
            "an agent below {} would be on level {level}; the service's depth limit is {}",
            state.called(parent),
            bounds.depth_max
        )));
    }
    for (distance, member) in std::iter::once(parent).chain(state.ancestors(parent)).enumerate() {
        let Some(agent) = member.agent().and_then(|id| state.agents.get(&id)) else { continue };
        if let Some(depth) = agent.spec.limits.depth
            && distance as u32 + 1 > depth
        {
            return Err(limit(format!(
                "the depth limit of {} is {depth}: no agent may be hired {} levels below it",
                state.called(member),
                distance + 1
            )));
        }
        if let Some(headcount) = agent.spec.limits.headcount {
            let below = state.subtree(member).len();
            if below as u64 >= u64::from(headcount) {
                return Err(limit(format!(
                    "the headcount limit of {} is {headcount}, and {below} agents are below it",
                    state.called(member)
                ))
                .hint("fire one that is done"));
            }
        }
    }
    Ok(())
}

fn narrowed(state: &Organisation, order: &HireOrder) -> Result<Spec, Refusal> {
    let parent = order.parent.agent().and_then(|id| state.agents.get(&id));
    let cwd = match (&order.cwd, parent.map(|parent| &parent.spec)) {
        (Some(cwd), Some(spec)) if !is_inside(cwd, &spec.cwd) => {
            let whose = state.called(order.parent);
            return Err(limit(format!("the directory `{cwd}` is outside of the directory of {whose}, `{}`", spec.cwd))
                .hint("a report works in its parent's directory or below it"));
        }
        (Some(cwd), _) => cwd.clone(),
        (None, Some(spec)) => spec.cwd.clone(),
        (None, None) => return Err(invalid("a hire by the person needs a directory")),
    };
    let permissions = permissions(order, parent.map(|parent| &parent.spec), &cwd, &state.called(order.parent))?;
    narrowed_in(state, order, cwd, permissions)
}

/// Everything but the directory, and what may be reached.
fn narrowed_in(
    state: &Organisation,
    order: &HireOrder,
    cwd: String,
    permissions: Option<Permissions>,
) -> Result<Spec, Refusal> {
    let parent = order.parent.agent().and_then(|id| state.agents.get(&id));
    let parent_spec = parent.map(|parent| &parent.spec);
    let whose = state.called(order.parent);

    let command = match order.driver {
        DriverKind::Command => {
            let inherited =
                parent_spec.filter(|spec| spec.driver == DriverKind::Command).and_then(|spec| spec.command.clone());
            let command = order.command.clone().or(inherited).filter(|words| !words.is_empty());
            Some(command.ok_or_else(|| {
                invalid("the driver `command` needs a program").hint("give one with `--command 'PROGRAM ARGS'`")
            })?)
        }
        DriverKind::Claude if order.command.is_some() => {
            return Err(invalid("`command` goes with the driver `command` only").hint("add `--driver command`"));
        }
        DriverKind::Claude => None,
    };

    Ok(Spec {
        driver: order.driver,
        command,
        model: model(order, parent_spec, &whose)?,
        cwd,
        tools: tool_set(order, parent_spec, &whose)?,
        permission_mode: permission_mode(order, parent_spec, &whose)?,
        tier: tier(state, order, parent_spec, &whose)?,
        permissions,
        limits: limits(state, order, parent_spec, &whose)?,
        on_restart: order.on_restart,
        files: order.files.clone(),
    })
}

fn model(order: &HireOrder, parent: Option<&Spec>, whose: &str) -> Result<Option<String>, Refusal> {
    let model = order.model.clone().or_else(|| parent.and_then(|spec| spec.model.clone()));
    if model.as_ref().is_some_and(|model| {
        model.is_empty()
            || model.len() > 200
            || model.chars().any(|c| c.is_control() || c.is_whitespace())
            || model.starts_with('-')
    }) {
        return Err(invalid("a model's name has 1 to 200 characters, no spaces, and does not begin with `-`"));
    }
    let own = order.limits.models.as_ref();
    for set in [parent.and_then(|spec| spec.limits.models.as_ref()), own].into_iter().flatten() {
        match &model {
            Some(model) if !set.contains(model) => {
                return Err(limit(format!(
                    "the model `{model}` is not among the models allowed by {whose}: {}",
                    list(set)
                )));
            }
            None if order.driver.capabilities().reports_cost => {
                return Err(limit(format!("a model must be named, because only these are allowed: {}", list(set))));
            }
            _ => {}
        }
    }
    Ok(model)
}

fn tool_set(order: &HireOrder, parent: Option<&Spec>, whose: &str) -> Result<Option<BTreeSet<String>>, Refusal> {
    let parents = parent.and_then(|spec| spec.tools.as_ref());
    let Some(asked) = &order.tools else { return Ok(parents.cloned()) };
    for tool in asked {
        if !tools::is_known(tool) {
            return Err(invalid(format!("no tool is called `{}`", crate::body::clip(tool, 80))).hint(format!(
                "known tools: {}, mcp__SERVER, mcp__SERVER__TOOL; a pattern stands in parentheses: `Bash(git *)`",
                tools::KNOWN.join(", ")
            )));
        }
        if let Some(parents) = parents
            && !tools::covers(parents, tool)
        {
            return Err(limit(format!("the tool `{tool}` is not among the tools of {whose}: {}", list(parents)))
                .hint("tools only narrow going down"));
        }
    }
    Ok(Some(asked.iter().cloned().collect()))
}

fn permission_mode(order: &HireOrder, parent: Option<&Spec>, whose: &str) -> Result<PermissionMode, Refusal> {
    let ceiling = parent.map(|spec| spec.permission_mode);
    let mode = order.permission_mode.or(ceiling).unwrap_or(PermissionMode::AcceptEdits);
    match ceiling {
        Some(ceiling) if mode > ceiling => Err(limit(format!(
            "the permission mode `{}` is laxer than `{}` of {whose}",
            mode.as_str(),
            ceiling.as_str()
        ))),
        _ => Ok(mode),
    }
}

fn tier(state: &Organisation, order: &HireOrder, parent: Option<&Spec>, whose: &str) -> Result<Tier, Refusal> {
    let above = parent.map(|spec| spec.tier);
    let tier = order.containment.tier.or(above).unwrap_or(state.bounds.tier);
    match above {
        Some(above) if tier < above => {
            Err(limit(format!("the tier `{tier}` holds less than the tier `{above}` of {whose}"))
                .hint("an agent is held at least as its parent is"))
        }
        _ => Ok(tier),
    }
}

/// The paths that it may reach. Of a parent that was given some, a child gets no others.
fn permissions(
    order: &HireOrder,
    parent: Option<&Spec>,
    cwd: &str,
    whose: &str,
) -> Result<Option<Permissions>, Refusal> {
    let Some(asked) = order.containment.permissions.clone() else {
        return Ok(parent.and_then(|spec| spec.permissions.clone()));
    };
    if [&asked.read, &asked.write, &asked.execute].into_iter().any(|list| list.len() > PATHS_MAX) {
        return Err(invalid(format!("at most {PATHS_MAX} paths of each right can be named at a hire")));
    }
    if !asked.may_read(cwd) {
        return Err(invalid(format!("the agent could not read its own directory `{cwd}`"))
            .hint("add it to `read`, or give another directory"));
    }
    if let Some(above) = parent.map(Spec::reach)
        && let Some((right, path)) = above.wider(&asked)
    {
        return Err(limit(format!("it would {right} `{path}`, which {whose} may not"))
            .hint("permissions only narrow going down"));
    }
    Ok(Some(asked))
}

fn limits(state: &Organisation, order: &HireOrder, parent: Option<&Spec>, whose: &str) -> Result<Limits, Refusal> {
    let asked = &order.limits;
    let above = parent.map(|spec| spec.limits.clone()).unwrap_or_default();
    for (word, value) in [("max turns", asked.turns.map(u64::from)), ("timeout", asked.seconds)] {
        if value == Some(0) {
            return Err(invalid(format!("a {word} of 0 would end every run at once")));
        }
    }
    let left = state.budget_left(order.parent);
    if let (Some(budget), Some(left)) = (asked.budget, left)
        && budget > left
    {
        return Err(limit(format!(
            "a budget of {budget} is more than the {left} that is left of the budget of {whose}"
        )));
    }
    if asked.budget.is_none() && left.is_some_and(|left| left.0 == 0) {
        return Err(limit(format!("nothing is left of the budget of {whose}")));
    }
    let headcount_left = above
        .headcount
        .map(|headcount| headcount.saturating_sub(state.subtree(order.parent).len() as u32).saturating_sub(1));
    Ok(Limits {
        turns: narrower("max turns", asked.turns, above.turns, whose)?,
        seconds: narrower("timeout in seconds", asked.seconds, above.seconds, whose)?,
        budget: asked.budget,
        headcount: narrower("headcount", asked.headcount, headcount_left, whose)?,
        depth: narrower("depth", asked.depth, above.depth.map(|depth| depth.saturating_sub(1)), whose)?,
        models: match (&asked.models, &above.models) {
            (Some(asked), Some(above)) if !asked.is_subset(above) => {
                let extra: BTreeSet<String> = asked.difference(above).cloned().collect();
                return Err(limit(format!(
                    "the models {} are not among those allowed by {whose}: {}",
                    list(&extra),
                    list(above)
                )));
            }
            (asked, above) => asked.clone().or_else(|| above.clone()),
        },
    })
}

fn narrower<N: Copy + Ord + std::fmt::Display>(
    word: &str,
    asked: Option<N>,
    above: Option<N>,
    whose: &str,
) -> Result<Option<N>, Refusal> {
    match (asked, above) {
        (Some(asked), Some(above)) if asked > above => {
            Err(limit(format!("a {word} of {asked} is more than the {above} that {whose} can give")))
        }
        (asked, above) => Ok(asked.or(above)),
    }
}

fn name(state: &Organisation, order: &HireOrder) -> Result<String, Refusal> {
    let taken = |name: &str| name == "root" || state.reports(order.parent).any(|sibling| sibling.name == name);
    match &order.name {
        Some(name) => {
            let formed = !name.is_empty()
                && name.chars().count() <= NAME_CHARS_MAX
                && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
                && !name.starts_with(['-', '.']);
            if !formed {
                return Err(invalid(format!("`{}` is not a name", crate::body::clip(name, 80))).hint(format!(
                    "letters, digits, `-`, `_` and `.`; at most {NAME_CHARS_MAX}; begins with a letter or digit"
                )));
            }
            if taken(name) {
                return Err(Refusal::new(
                    RefusalKind::Conflict,
                    format!("{} has a report called `{name}` already", state.called(order.parent)),
                )
                .hint("choose another name, or tell that agent"));
            }
            Ok(name.clone())
        }
        None => {
            let base = slug(order.role.as_deref().unwrap_or(&order.task_head));
            Ok(free_name(&base, taken))
        }
    }
}

/// The first of `base`, `base-2`, `base-3` … that is free.
pub(crate) fn free_name(base: &str, taken: impl Fn(&str) -> bool) -> String {
    (1u32..)
        .map(|number| if number == 1 { base.to_owned() } else { format!("{base}-{number}") })
        .find(|name| !taken(name))
        .expect("numbers do not run out before names do")
}

/// A few words of a text as a name.
fn slug(text: &str) -> String {
    const WORDS: usize = 4;
    const CHARS: usize = 32;
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(WORDS)
        .map(str::to_ascii_lowercase)
        .collect();
    let joined: String = words.join("-").chars().take(CHARS).collect();
    let trimmed = joined.trim_matches('-');
    if trimmed.is_empty() { "agent".to_owned() } else { trimmed.to_owned() }
}

fn warnings(order: &HireOrder, spec: &Spec) -> Vec<String> {
    let can = spec.driver.capabilities();
    let mut warnings = Vec::new();
    if spec.tools.is_some() && !can.holds_tools {
        warnings.push(format!("the driver `{}` cannot hold the program to a list of tools", spec.driver.as_str()));
    }
    if spec.limits.turns.is_some() && !can.converses {
        warnings.push(format!("the driver `{}` has no turns to limit", spec.driver.as_str()));
    }
    if order.limits.budget.is_some() && !can.reports_cost {
        warnings.push(format!(
            "the driver `{}` does not report money: its own spending cannot be limited",
            spec.driver.as_str()
        ));
    }
    warnings.extend(order.containment.warnings.iter().cloned());
    warnings
}

fn list(set: &BTreeSet<String>) -> String {
    if set.is_empty() { "none".to_owned() } else { set.iter().cloned().collect::<Vec<_>>().join(", ") }
}

fn invalid(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Invalid, what)
}

fn limit(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Limit, what)
}
