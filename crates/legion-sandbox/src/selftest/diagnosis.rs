//! From what went wrong to why, and how to mend it. Pure.

use std::time::Duration;

use super::facts::Facts;
use super::report::Verdict;
use crate::tier::Tier;

const APPARMOR_PROFILE: &str = "\
write this to /etc/apparmor.d/bwrap and run `sudo apparmor_parser -r /etc/apparmor.d/bwrap`:
    abi <abi/4.0>,
    include <tunables/global>
    profile bwrap /usr/bin/bwrap flags=(unconfined) {
      userns,
      include if exists <local/bwrap>
    }";

/// No bubblewrap was found.
pub(super) fn without_bubblewrap() -> Verdict {
    fails(
        "bubblewrap is not installed",
        "install it: `apt install bubblewrap`, `dnf install bubblewrap` or `pacman -S bubblewrap`",
    )
}

/// The tier did not come about; `said` is what the programs wrote to their standard error.
pub(super) fn not_made(tier: Tier, said: &str, facts: &Facts) -> Verdict {
    if said.contains("Landlock does not hold") {
        return without_landlock(tier, facts);
    }
    if said.contains("a directory above it is closed") {
        return fails(
            said.trim(),
            "open that directory to others for passing (`chmod o+x`), or use a place that is open",
        );
    }
    if tier == Tier::Full
        && (said.contains("Unknown option --disable-userns") || said.contains("Unknown option --size"))
    {
        return fails("this bubblewrap is too old", "install bubblewrap 0.8 or newer");
    }
    if tier == Tier::Full && said.contains("bwrap:") {
        return without_namespaces(said, facts);
    }
    if said.contains("system call filter") {
        return fails(said.trim(), "use a kernel with seccomp filters (CONFIG_SECCOMP_FILTER)");
    }
    fails(said.trim(), "this is not known to happen: report it with this text")
}

/// It was given up: something hangs, or the machine has no time for it. In tier `none`, the attempts outside are meant.
pub(super) fn too_slow(tier: Tier, limit: Duration) -> Verdict {
    let busy = "try again when this machine is less busy";
    match tier {
        Tier::Full => fails(
            &format!(
                "it did not come about within {limit:?}, and was given up: bubblewrap hangs, or this machine is very busy"
            ),
            &format!(
                "run `bwrap --ro-bind / / true` by hand: when that hangs too, install bubblewrap again; else {busy}"
            ),
        ),
        Tier::Landlock => fails(&format!("its attempts did not end within {limit:?}, and were given up"), busy),
        Tier::None => fails(&format!("the attempts outside of it did not end within {limit:?}"), busy),
    }
}

/// Something got out.
pub(super) fn escaped(probes: &[&str]) -> Verdict {
    let what = probes.join(", ");
    fails(
        &format!("it does not hold: an agent could {what}"),
        "do not use this tier on this machine, and report it with this text",
    )
}

/// Something that was granted is not possible.
pub(super) fn denied(probes: &[&str], said: &str) -> Verdict {
    let what = probes.join(", ");
    fails(&format!("what is granted does not work: {what} {said}"), "report it with this text")
}

/// Too many of the controls failed.
pub(super) fn not_shown(done: usize, tried: usize) -> Verdict {
    fails(
        &format!("it cannot be shown to hold: outside of it too only {done} of {tried} attempts succeed"),
        "something else confines this service already: run it where it has its user's usual rights",
    )
}

/// All the controls of one kind failed.
pub(super) fn kind_not_shown(kind: &str) -> Verdict {
    fails(
        &format!("it cannot be shown to hold: outside of it too no attempt on {kind} succeeds"),
        "something else confines this service already: run it where it has its user's usual rights",
    )
}

fn without_landlock(tier: Tier, facts: &Facts) -> Verdict {
    let kernel = &facts.kernel;
    let (version, wanted) = if tier == Tier::Full { (1, "5.13") } else { (4, "6.7") };
    if facts.landlock >= version {
        return fails(
            "Landlock is there and was refused to this process",
            "run the service outside of other sandboxes",
        );
    }
    if facts.landlock > 0 {
        return fails(
            &format!(
                "this kernel ({kernel}) has version {} of Landlock, and version {version} is needed",
                facts.landlock
            ),
            &format!("use Linux {wanted} or newer"),
        );
    }
    if facts.modules.as_deref().is_some_and(|modules| !modules.contains("landlock")) {
        return fails(
            &format!("Landlock is switched off in this kernel ({kernel})"),
            "add `landlock` to the list of the kernel's boot option `lsm=`, as `cat /sys/kernel/security/lsm` shows it",
        );
    }
    if facts.in_container {
        return fails(
            "the container allows no Landlock",
            "use Docker 23 or newer, or a seccomp profile that allows the system calls of Landlock",
        );
    }
    fails(&format!("this kernel ({kernel}) has no Landlock"), &format!("use Linux {wanted} or newer"))
}

fn without_namespaces(said: &str, facts: &Facts) -> Verdict {
    let said = said.lines().find(|line| line.contains("bwrap:")).unwrap_or(said).trim();
    let because = |why: &str| format!("{why} (`{said}`)");
    if facts.restricted_by_apparmor {
        return fails(&because("AppArmor gives bubblewrap no rights in a user namespace"), APPARMOR_PROFILE);
    }
    if facts.user_namespaces_off {
        return fails(
            &because("user namespaces are switched off for users"),
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        );
    }
    if facts.user_namespaces_max == Some(0) {
        return fails(&because("no user namespaces are allowed"), "sudo sysctl -w user.max_user_namespaces=15000");
    }
    if facts.in_container {
        return fails(
            &because("the container allows no namespaces"),
            "start it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`, or use tier `landlock`",
        );
    }
    fails(&because("bubblewrap cannot make its namespaces"), "run that bubblewrap by hand to see more")
}

fn fails(why: &str, fix: &str) -> Verdict {
    Verdict::Fails { why: why.to_owned(), fix: fix.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(tier: Tier, said: &str, facts: &Facts) -> String {
        match not_made(tier, said, facts) {
            Verdict::Fails { why, fix } => format!("{why}\n{fix}"),
            Verdict::Works => panic!("it works"),
        }
    }

    #[test]
    fn each_known_trouble_is_told_with_its_cure() {
        let machine = || Facts { kernel: "6.8.0".to_owned(), landlock: 4, ..Facts::default() };
        let mapping = "bwrap: setting up uid map: Permission denied";
        let cases = [
            (Tier::Full, mapping, Facts { restricted_by_apparmor: true, ..machine() }, "userns,"),
            (Tier::Full, mapping, Facts { user_namespaces_off: true, ..machine() }, "unprivileged_userns_clone=1"),
            (Tier::Full, mapping, Facts { user_namespaces_max: Some(0), ..machine() }, "max_user_namespaces=15000"),
            (Tier::Full, mapping, Facts { in_container: true, ..machine() }, "seccomp=unconfined"),
            (Tier::Full, "bwrap: Unknown option --disable-userns", machine(), "0.8 or newer"),
            (
                Tier::Landlock,
                "legion confine: Landlock does not hold on this kernel: x",
                Facts { landlock: 2, ..machine() },
                "6.7 or newer",
            ),
            (
                Tier::Landlock,
                "Landlock does not hold",
                Facts { landlock: 0, modules: Some("capability,yama".into()), ..machine() },
                "`lsm=`",
            ),
            (
                Tier::Landlock,
                "Landlock does not hold",
                Facts { landlock: 0, in_container: true, ..machine() },
                "Docker 23",
            ),
            (Tier::Landlock, "something new", machine(), "something new"),
        ];
        for (tier, said, facts, wanted) in cases {
            let told = fix(tier, said, &facts);
            assert!(told.contains(wanted), "{said:?} with {facts:?} gives {told:?}");
        }
    }
}
