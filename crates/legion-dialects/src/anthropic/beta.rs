//! Beta flags and the fields that go with them.

use crate::translate::Target;
use crate::warning::{Loss, Warning};

/// Fields of a request that need a flag, and how that flag begins.
const GATED: &[(&str, &str)] = &[
    ("container", "code-execution-"),
    ("context_management", "context-management-"),
    ("mcp_servers", "mcp-client-"),
    ("output_config", "effort-"),
    ("output_format", "structured-outputs-"),
    ("speed", "fast-mode-"),
];

/// The `anthropic-beta` header for an upstream. Anthropic itself gets it as it came, whatever flags there are by then; others
/// get the flags that the settings name.
pub fn header(value: &str, target: &Target) -> (Option<String>, Vec<Warning>) {
    if target.anthropic_itself {
        return (Some(value.to_owned()), Vec::new());
    }
    let flags = value.split(',').map(str::trim).filter(|flag| !flag.is_empty());
    let (taken, refused): (Vec<&str>, Vec<&str>) = flags.partition(|flag| takes(target, flag));
    let warnings = refused.into_iter().map(|flag| Warning::new(Loss::BetaDropped, flag)).collect();
    ((!taken.is_empty()).then(|| taken.join(",")), warnings)
}

/// Whether an upstream that is not Anthropic itself is to get a field.
pub fn passes(field: &str, target: &Target) -> bool {
    let Some((_, flag)) = GATED.iter().find(|(name, _)| *name == field) else { return true };
    target.anthropic_itself || target.betas.iter().any(|beta| beta.starts_with(flag))
}

fn takes(target: &Target, flag: &str) -> bool {
    target.betas.iter().any(|beta| beta == flag)
}
