//! The system call filter: what no agent program needs, and what would lead around the rest.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter, sock_filter,
};

use super::error::HelperError;
use super::set_id;
use crate::confinement::Confinement;
use crate::tier::Tier;

pub(super) type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Refused whatever their arguments: other processes' memory, mounts, namespaces, the kernel's programs, keys, and
/// interfaces that go around this filter.
const REFUSED: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_userfaultfd,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_acct,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    libc::SYS_vhangup,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
];

#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[i64] =
    &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_uselib, libc::SYS_ustat];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[i64] = &[];

/// Memory and queues that all processes of a user id share, by key and by number: numbers can be guessed. Tier `full` has a
/// namespace of its own for them.
const REFUSED_AMONG_OTHERS: &[i64] = &[
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

/// Their first argument is a process; 0 is the caller itself.
const ABOUT_A_PROCESS: &[i64] = &[
    libc::SYS_prlimit64,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
];
/// Their second argument is a process, a group or a user, by the first; 0 is the caller itself. With each the word for a
/// user: all processes of one.
const ABOUT_SOMEBODY: &[(i64, u32)] =
    &[(libc::SYS_setpriority, libc::PRIO_USER), (libc::SYS_ioprio_set, IOPRIO_WHO_USER)];
const IOPRIO_WHO_USER: u32 = 3;

/// New namespaces, as flags of `clone`. The time namespace is not among them: `clone` cannot make one.
const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// Opens a connection without `connect`, which Landlock does not see before Linux 6.19.
const MSG_FASTOPEN: u32 = 0x2000_0000;
/// On `x86_64`, the calls of the x32 interface have this bit; they would pass by every rule above.
const X32_BIT: u32 = 0x4000_0000;

/// Puts the filters on this process and all that come from it.
pub(super) fn apply(tier: Tier, confinement: &Confinement) -> Result<(), HelperError> {
    let filters = filters(tier, confinement).map_err(|error| HelperError::Filter(error.to_string()))?;
    for filter in filters {
        apply_filter(&filter).map_err(|error| HelperError::Filter(error.to_string()))?;
    }
    Ok(())
}

fn filters(tier: Tier, confinement: &Confinement) -> Result<Vec<BpfProgram>, seccompiler::Error> {
    let mut refused = refused()?;
    sockets(&mut refused, tier, confinement)?;
    if tier == Tier::Landlock {
        among_others(&mut refused)?;
    }
    // Their structures cannot be looked into; programs then fall back on `clone` and `openat`.
    let unknown = Rules::from([(libc::SYS_clone3, Vec::new()), (libc::SYS_openat2, Vec::new())]);
    let mut filters = vec![compile(unknown, libc::ENOSYS)?, compile(refused, libc::EPERM)?];
    if cfg!(target_arch = "x86_64") {
        filters.push(without_x32());
    }
    Ok(filters)
}

fn compile(rules: Rules, error: i32) -> Result<BpfProgram, seccompiler::Error> {
    let architecture = std::env::consts::ARCH.try_into().map_err(seccompiler::Error::Backend)?;
    let refuse = SeccompAction::Errno(error.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture);
    filter.and_then(TryInto::try_into).map_err(seccompiler::Error::Backend)
}

fn refused() -> Result<Rules, seccompiler::Error> {
    let mut rules: Rules = REFUSED.iter().chain(REFUSED_HERE).map(|call| (*call, Vec::new())).collect();
    // A masked comparison finds one bit at a time; each of them is refused.
    let bits = (0..32).map(|bit| 1_u64 << bit).filter(|bit| u64::from(NAMESPACES.cast_unsigned()) & bit != 0);
    let clone = bits.map(|bit| rule(&[has(0, bit)?])).collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_clone, clone);
    // What pushes characters into a terminal, as if a person had typed them.
    let ioctl = [libc::TIOCSTI, libc::TIOCLINUX, libc::TIOCSETD]
        .into_iter()
        .map(|request| rule(&[is(1, u64::from(u32::try_from(request).expect("requests have 32 bits")))?]));
    rules.insert(libc::SYS_ioctl, ioctl.collect::<Result<_, _>>()?);
    for (call, user) in ABOUT_SOMEBODY {
        rules.insert(*call, vec![rule(&[is(0, u64::from(*user))?])?]);
    }
    rules.extend(set_id::refused()?);
    Ok(rules)
}

/// Which kinds of socket may be made.
fn sockets(rules: &mut Rules, tier: Tier, confinement: &Confinement) -> Result<(), seccompiler::Error> {
    let unix = number(libc::AF_UNIX);
    let internet = [number(libc::AF_INET), number(libc::AF_INET6)];
    let netlink = number(libc::AF_NETLINK);
    let with_unix = tier == Tier::Full || !confinement.grant.sockets.is_empty();
    let with_internet = tier == Tier::Full || confinement.network || !confinement.grant.ports.is_empty();
    let mut families = vec![netlink];
    families.extend(with_unix.then_some(unix));
    families.extend(internet.into_iter().filter(|_| with_internet));
    let other = families.iter().map(|family| is_not(0, *family)).collect::<Result<Vec<_>, _>>()?;
    let mut refused = vec![rule(&other)?];
    // Of what the kernel says about itself only routes and addresses, which programs ask for.
    refused.push(rule(&[is(0, netlink)?, is_not(2, number(libc::NETLINK_ROUTE))?])?);
    if tier == Tier::Landlock && with_internet && !confinement.network {
        for family in internet {
            // Landlock sees TCP only: neither datagrams, nor MPTCP, nor whatever else a stream can be made of.
            let tcp = number(libc::IPPROTO_TCP);
            refused.push(rule(&[is(0, family)?, is_not(2, 0)?, is_not(2, tcp)?])?);
            for kind in (0..16).filter(|kind| *kind != number(libc::SOCK_STREAM)) {
                refused.push(rule(&[is(0, family)?, masked(1, 0xF, kind)?])?);
            }
        }
        let flagged = |argument| rule(&[has(argument, u64::from(MSG_FASTOPEN))?]);
        rules.insert(libc::SYS_sendto, vec![flagged(3)?]);
        rules.insert(libc::SYS_sendmsg, vec![flagged(2)?]);
        rules.insert(libc::SYS_sendmmsg, vec![flagged(3)?]);
    }
    rules.insert(libc::SYS_socket, refused);
    Ok(())
}

/// What a namespace would hold: other processes of the same user id.
fn among_others(rules: &mut Rules) -> Result<(), seccompiler::Error> {
    rules.extend(REFUSED_AMONG_OTHERS.iter().map(|call| (*call, Vec::new())));
    for call in ABOUT_A_PROCESS {
        rules.insert(*call, vec![rule(&[is_not(0, 0)?])?]);
    }
    for (call, _) in ABOUT_SOMEBODY {
        rules.entry(*call).or_default().push(rule(&[is_not(1, 0)?])?);
    }
    Ok(())
}

pub(super) fn number(constant: i32) -> u64 {
    u64::try_from(constant).expect("no constant of these is negative")
}

pub(super) fn rule(conditions: &[SeccompCondition]) -> Result<SeccompRule, seccompiler::Error> {
    SeccompRule::new(conditions.to_vec()).map_err(seccompiler::Error::Backend)
}

/// All arguments compared here are `int`: the upper half of the register says nothing.
fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, seccompiler::Error> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value).map_err(seccompiler::Error::Backend)
}

fn is(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::Error> {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn is_not(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::Error> {
    condition(argument, SeccompCmpOp::Ne, value)
}

pub(super) fn has(argument: u8, bit: u64) -> Result<SeccompCondition, seccompiler::Error> {
    masked(argument, bit, bit)
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, seccompiler::Error> {
    condition(argument, SeccompCmpOp::MaskedEq(mask), value)
}

/// Answers calls of the x32 interface as a kernel without it does. By hand: the compiler of filters knows single calls only.
fn without_x32() -> BpfProgram {
    let instruction =
        |code: u32, jt, jf, k| sock_filter { code: u16::try_from(code).expect("codes are small"), jt, jf, k };
    let refuse = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();
    vec![
        // The number of the call is the first word of what a filter sees.
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, X32_BIT),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, refuse),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_of_every_tier_and_grant_compile_and_fit() {
        for tier in [Tier::Full, Tier::Landlock] {
            for (sockets, ports) in [(vec![], vec![]), (vec!["/run/x".into()], vec![]), (vec![], vec![4000])] {
                let mut confinement = Confinement::new("/srv");
                confinement.grant.sockets = sockets;
                confinement.grant.ports = ports;
                for network in [false, true] {
                    confinement.network = network;
                    let filters = filters(tier, &confinement).unwrap();
                    // The kernel's bound for one program.
                    assert!(filters.iter().all(|filter| filter.len() <= 4096 && !filter.is_empty()));
                }
            }
        }
    }
}
