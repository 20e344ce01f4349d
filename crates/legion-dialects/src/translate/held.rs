//! Warnings, each once and not without end.

use crate::warning::Warning;

/// Warnings kept of one translation: they go into a header.
const WARNINGS_MAX: usize = 64;

/// Drops repetitions, keeping the order, and what is over the bound.
pub fn once(warnings: &mut Vec<Warning>) {
    let mut kept: Vec<Warning> = Vec::new();
    for warning in warnings.drain(..) {
        if kept.len() < WARNINGS_MAX && !kept.contains(&warning) {
            kept.push(warning);
        }
    }
    *warnings = kept;
}
