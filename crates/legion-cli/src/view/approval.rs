//! A permission request that was decided.

use legion_api::{Approval, ApprovalDecision};

use crate::text::escape_line;

/// Columns of the input that are shown.
const INPUT_COLUMNS: usize = 100;

/// What was decided, in a line.
pub(crate) fn decided(approval: &Approval, decision: ApprovalDecision) -> String {
    let word = match decision {
        ApprovalDecision::Approve => "approved",
        ApprovalDecision::Deny => "denied",
    };
    let input = crate::text::fit(&escape_line(&approval.input.to_string()), INPUT_COLUMNS);
    format!("{word} {} of {} with {input}", escape_line(&approval.tool), escape_line(&approval.agent_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_decision_names_the_agent_and_what_it_asked_for() {
        let approval = Approval {
            id: "1".to_owned(),
            agent: samples::WORKER.to_owned(),
            agent_name: "slugify".to_owned(),
            tool: "Bash".to_owned(),
            input: serde_json::json!({"command": "sh tests/all.sh"}),
            at: samples::moment("11:59:00"),
            deadline: samples::moment("12:59:00"),
        };
        let text = decided(&approval, ApprovalDecision::Approve);
        assert_eq!(text, r#"approved Bash of slugify with {"command":"sh tests/all.sh"}"#);
    }
}
