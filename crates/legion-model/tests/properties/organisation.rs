//! Organisations made from lists of hires.

use legion_model::{
    AgentId, Body, Bounds, Command, Decided, DriverKind, HireOrder, Limits, MessageId, OnRestart, Order, Organisation,
    Party, Refusal,
};
use uuid::Uuid;

/// The agent of a number; numbers begin at 1.
pub fn agent(number: usize) -> AgentId {
    AgentId(Uuid::from_u128(number as u128))
}

/// A hire that asks for nothing in particular.
pub fn plain_hire(number: usize, parent: Party) -> HireOrder {
    HireOrder {
        agent: agent(number),
        message: MessageId(Uuid::from_u128((1 << 64) + number as u128)),
        parent,
        task: Body::from("do it"),
        task_head: "do it".to_owned(),
        task_bytes: 5,
        name: None,
        role: None,
        driver: DriverKind::Command,
        command: Some(vec!["true".to_owned()]),
        model: None,
        cwd: (parent == Party::Root).then(|| "/work".to_owned()),
        tools: None,
        permission_mode: None,
        containment: legion_model::ContainmentAsk::default(),
        limits: Limits::default(),
        on_restart: OnRestart::Idle,
        files: Vec::new(),
    }
}

pub fn hire(state: &mut Organisation, order: HireOrder) -> Result<Decided, Refusal> {
    state.step(&Command::own(jiff::Timestamp::UNIX_EPOCH, Order::Hire(Box::new(order))))
}

/// A tree: each agent hangs below the one that its number names, counted over those before it; 0 is the person.
pub fn tree(parents: &[usize]) -> Organisation {
    let mut state = Organisation::new(Bounds { depth_max: 100, ..Bounds::default() });
    for (index, parent) in parents.iter().enumerate() {
        let parent = match parent % (index + 1) {
            0 => Party::Root,
            number => agent(number).into(),
        };
        hire(&mut state, plain_hire(index + 1, parent)).expect("there is room");
    }
    state
}
