//! What both the tiers with Landlock do last.

use super::error::HelperError;
use super::{filter, landlock, limits};
use crate::confinement::Confinement;
use crate::tier::Tier;

/// Sets the limits, then gives up everything that was not granted, for this process and all that come from it.
pub(super) fn limit_and_hold(tier: Tier, confinement: &Confinement, program: &str) -> Result<(), HelperError> {
    limits::set_limits(&confinement.grant.limits, tier == Tier::Full)?;
    if tier == Tier::None {
        return Ok(());
    }
    // Whoever looks at this process until it is the program sees nothing of it.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| HelperError::system("hide its memory")(error.into()))?;
    rustix::thread::set_no_new_privs(true).map_err(|error| HelperError::system("give up new rights")(error.into()))?;
    landlock::restrict(tier, confinement, program)?;
    // Last: what it forbids was needed until here.
    filter::apply(tier, confinement)
}
