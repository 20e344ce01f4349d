//! A line of the service's log for each call that has ended, or was refused for want of money.

use crate::directory::{Call, Caller};

/// Its name in filters of the log.
const TARGET: &str = "legion::calls";

/// Says how a call went: at `info` where something was lost on its way or a provider was left, else at `debug`.
pub(super) fn tell(call: &Call) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: TARGET,
                agent = call.caller.agent_name.as_deref().or(call.caller.agent.as_deref()).unwrap_or_default(),
                session = call.program_session.as_deref().unwrap_or_default(),
                provider = %call.provider,
                model = %call.model,
                asked = %call.asked_model,
                outcome = call.outcome,
                status = call.status,
                estimated = call.estimated,
                charged_nanos = call.charged_nanos,
                first_byte_ms = call.first_byte_ms,
                total_ms = call.total_ms,
                warnings = ?call.warnings,
                left = ?call.left,
                "a call has ended"
            )
        };
    }
    if call.warnings.is_empty() && call.left.is_empty() { line!(debug) } else { line!(info) }
}

/// Says that a call was sent to no provider for want of money: no call that is counted, and no refusal of access.
pub(super) fn unpaid(caller: &Caller, asked: &str, why: &str) {
    let agent = caller.agent_name.as_deref().or(caller.agent.as_deref()).unwrap_or_default();
    tracing::debug!(target: TARGET, agent, asked, why, "a call was refused");
}
