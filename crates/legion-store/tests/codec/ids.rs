//! Ids and times of the examples.

use jiff::Timestamp;
use legion_model::AgentId;
use uuid::Uuid;

pub fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0123_4567_89ab_4def_8000_0000_0000_0000 + number)
}

pub fn agent(number: u128) -> AgentId {
    AgentId(uuid(number))
}

pub fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}
