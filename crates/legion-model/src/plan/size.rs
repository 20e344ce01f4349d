//! How large a plan is once its defaults are in each ticket: a short file can stand for very much.

use super::spec::{PlanSpec, TicketFields};

/// Bytes of all texts of all tickets, with the defaults merged in.
pub(super) fn text_bytes(plan: &PlanSpec) -> u64 {
    let defaults = Sizes::of(&plan.defaults);
    let one = |text: &Option<String>| text.as_ref().map_or(0, |text| text.len() as u64);
    plan.tickets
        .iter()
        .map(|ticket| {
            let own = Sizes::of(&ticket.fields)
                .0
                .into_iter()
                .zip(defaults.0)
                .map(|(own, default)| own.or(default).unwrap_or(0));
            own.sum::<u64>() + one(&ticket.title) + one(&ticket.prompt)
        })
        .sum()
}

/// The sizes of the fields that hold text of any length.
struct Sizes([Option<u64>; 6]);

impl Sizes {
    fn of(fields: &TicketFields) -> Self {
        let text = |text: &Option<String>| text.as_ref().map(|text| text.len() as u64);
        // An entry of a list costs something even when it is empty.
        let list = |list: &Option<Vec<String>>| {
            list.as_ref().map(|list| list.iter().map(|text| text.len() as u64 + size_of::<String>() as u64).sum())
        };
        Self([
            text(&fields.context),
            text(&fields.plan),
            list(&fields.criteria),
            list(&fields.gate),
            list(&fields.files),
            list(&fields.command),
        ])
    }
}
