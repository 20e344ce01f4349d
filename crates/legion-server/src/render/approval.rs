//! Permission requests.

use legion_api as api;
use legion_engine::Engine;
use legion_model::{Approval, Body, Organisation};
use serde_json::Value;

use crate::fault::Result;

/// A request whose input is not fetched yet.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) approval: api::Approval,
    pub(crate) input: Body,
}

pub(crate) fn asked(state: &Organisation, approval: &Approval) -> Asked {
    let wire = api::Approval {
        id: approval.id.to_string(),
        agent: approval.agent.to_string(),
        agent_name: state.name(approval.agent.into()),
        tool: approval.tool.clone(),
        input: Value::Null,
        at: approval.at,
        deadline: approval.deadline,
    };
    Asked { approval: wire, input: approval.input.clone() }
}

pub(crate) async fn whole(engine: &Engine, asked: Asked) -> Result<api::Approval> {
    let text = engine.text(&asked.input).await?;
    // An agent program may ask with anything: what is no JSON is shown as the text it is.
    let input = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(api::Approval { input, ..asked.approval })
}
