//! Short ways to write plans.

use legion_model::plan::{CheckedPlan, Known, PlanSpec, TicketFields, TicketSpec, UpstreamSpec, check};

/// A ticket with a title and a criterion.
pub fn ticket(key: &str, after: &[&str]) -> TicketSpec {
    TicketSpec {
        key: key.to_owned(),
        title: Some(format!("Do {key}")),
        after: after.iter().map(|key| UpstreamSpec::from(*key)).collect(),
        fields: TicketFields { criteria: Some(vec!["it works".to_owned()]), ..TicketFields::default() },
        ..TicketSpec::default()
    }
}

/// A ticket that declares files.
pub fn touching(key: &str, after: &[&str], files: &[&str]) -> TicketSpec {
    let mut ticket = ticket(key, after);
    ticket.fields.files = Some(texts(files));
    ticket
}

pub fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub fn plan(tickets: Vec<TicketSpec>) -> PlanSpec {
    PlanSpec { tickets, ..PlanSpec::default() }
}

/// The sentences about what is wrong with a plan.
pub fn refused(plan: &PlanSpec) -> Vec<String> {
    check(plan, &Known::default()).expect_err("a problem").iter().map(ToString::to_string).collect()
}

pub fn accepted(plan: &PlanSpec) -> CheckedPlan {
    check(plan, &Known::default()).unwrap_or_else(|problems| panic!("{problems:?}"))
}
