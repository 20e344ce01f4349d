//! The receipt of a hire.

use legion_api::Hired;

use crate::text::{ShortIds, escape_line};

/// Id, name, and what it became.
pub(crate) fn hired(hired: &Hired) -> String {
    let id = ShortIds::default().short(&hired.id).to_owned();
    format!("{id}  {}  L{}  {}  {}", escape_line(&hired.name), hired.level, hired.driver.as_str(), hired.tier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_receipt_begins_with_the_id() {
        let receipt = Hired {
            id: samples::LEADER.to_owned(),
            name: "leader".to_owned(),
            parent: "root".to_owned(),
            level: 1,
            driver: legion_api::Driver::Command,
            model: None,
            cwd: "/w".to_owned(),
            project: "p".to_owned(),
            tier: "full".to_owned(),
            warnings: Vec::new(),
        };
        assert_eq!(hired(&receipt), "0b6e4f0e  leader  L1  command  full");
    }
}
