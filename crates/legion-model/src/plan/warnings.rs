//! What is worth a thought in a plan that could start as it is.

use std::collections::HashSet;

use crate::graph::Graph;

use super::bounds::{CHAIN_WARN, PROMPT_BYTES_WARN};
use super::checked::CheckedTicket;
use super::overlap::{self, Found};
use super::phrase::{NAMES_SHOWN, listed};
use super::problem::{PlanWarning, WarningKind};
use super::spec::PlanSpec;

pub(super) fn warnings(plan: &PlanSpec, tickets: &[CheckedTicket], graph: &Graph, found: &Found) -> Vec<PlanWarning> {
    let mut warnings: Vec<PlanWarning> = Vec::new();
    let mut warn = |kind, sentence| warnings.push(PlanWarning { kind, sentence });
    overlap::sentences(tickets, found).into_iter().for_each(|sentence| warn(WarningKind::Overlap, sentence));
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let bytes = |ticket: &CheckedTicket| ticket.prompt.len() + length(&ticket.context) + length(&ticket.plan);
    let long: Vec<&CheckedTicket> = tickets.iter().filter(|ticket| bytes(ticket) > PROMPT_BYTES_WARN).collect();
    if let Some(longest) = long.iter().map(|ticket| bytes(ticket)).max() {
        let names = listed(long.iter().map(|ticket| ticket.key.as_str()), long.len(), NAMES_SHOWN);
        let (limit, longest) = (PROMPT_BYTES_WARN / 1024, longest / 1024);
        warn(
            WarningKind::LongPrompt,
            format!(
                "prompt, context and plan have more than {limit} KiB (up to {longest} KiB) in {names}; agents work better with names of files to read"
            ),
        );
    }
    let (depth, count) = (graph.levels().len(), tickets.len());
    if depth >= CHAIN_WARN && depth * 2 > count {
        warn(
            WarningKind::Chain,
            format!(
                "{depth} of {count} tickets form one chain; more workers will not make it faster, fewer `after` would"
            ),
        );
    }
    let lonely = |at: &usize| tickets[*at].checkpoint && graph.upstream(*at).is_empty();
    let lonely: Vec<usize> = (0..count).filter(lonely).collect();
    if !lonely.is_empty() {
        let names = listed(lonely.iter().map(|at| tickets[*at].key.as_str()), lonely.len(), NAMES_SHOWN);
        warn(
            WarningKind::Checkpoint,
            format!("no `after` in checkpoint {names}; it checks what is there before anything is done"),
        );
    }
    let groups: HashSet<&str> = tickets.iter().filter_map(|ticket| ticket.group.as_deref()).collect();
    let unused: Vec<&str> =
        plan.session.group_caps.keys().map(String::as_str).filter(|group| !groups.contains(group)).collect();
    if !unused.is_empty() {
        let names = listed(unused.iter().copied(), unused.len(), NAMES_SHOWN);
        warn(WarningKind::Group, format!("`group_caps` has {names}, but no ticket is in such a group"));
    }
    if let Some(workers) = plan.session.workers {
        let without = |ticket: &&CheckedTicket| ticket.worker.is_some_and(|worker| worker > workers);
        let without: Vec<&CheckedTicket> = tickets.iter().filter(without).collect();
        if !without.is_empty() {
            let names = listed(without.iter().map(|ticket| ticket.key.as_str()), without.len(), NAMES_SHOWN);
            warn(WarningKind::Worker, format!("the session has {workers} workers; any of them takes {names}"));
        }
    }
    warnings
}
