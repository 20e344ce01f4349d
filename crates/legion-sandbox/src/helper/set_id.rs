//! Files that lend their owner's rights to whoever executes them. What an agent makes in a person's directory belongs to the
//! person, or to root: with such a mode it would be a door for every user of the machine.

use super::filter::{Rules, has, number, rule};

/// Linux 6.6; the number is the same on every machine.
const SYS_FCHMODAT2: i64 = 452;
/// A file without a name, which can be given one; it takes a mode, as a new one does.
const O_TMPFILE_ALONE: i32 = libc::O_TMPFILE & !libc::O_DIRECTORY;

/// Calls that take a mode, and which of their arguments it is.
const WITH_MODE: &[(i64, u8)] = &[
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (SYS_FCHMODAT2, 2),
    // Linux takes these bits off the mode of a new directory; not every file system has to.
    (libc::SYS_mkdirat, 2),
    (libc::SYS_mknodat, 2),
];
#[cfg(target_arch = "x86_64")]
const WITH_MODE_HERE: &[(i64, u8)] =
    &[(libc::SYS_chmod, 1), (libc::SYS_creat, 1), (libc::SYS_mkdir, 1), (libc::SYS_mknod, 1)];
#[cfg(not(target_arch = "x86_64"))]
const WITH_MODE_HERE: &[(i64, u8)] = &[];

/// Calls whose mode counts only where their flags make a file, which are the argument before it.
const OPENING: &[(i64, u8)] = &[(libc::SYS_openat, 3)];
#[cfg(target_arch = "x86_64")]
const OPENING_HERE: &[(i64, u8)] = &[(libc::SYS_open, 2)];
#[cfg(not(target_arch = "x86_64"))]
const OPENING_HERE: &[(i64, u8)] = &[];

/// Refuses each of these calls where its mode has one of the two bits.
pub(super) fn refused() -> Result<Rules, seccompiler::Error> {
    let bits = [libc::S_ISUID, libc::S_ISGID].map(u64::from);
    let mut rules = Rules::new();
    for (call, mode) in WITH_MODE.iter().chain(WITH_MODE_HERE) {
        let refused = bits.iter().map(|bit| rule(&[has(*mode, *bit)?]));
        rules.insert(*call, refused.collect::<Result<_, _>>()?);
    }
    for (call, mode) in OPENING.iter().chain(OPENING_HERE) {
        let making = [libc::O_CREAT, O_TMPFILE_ALONE].map(number);
        let refused = making.iter().flat_map(|making| bits.iter().map(move |bit| (*making, *bit)));
        let refused = refused.map(|(making, bit)| rule(&[has(*mode - 1, making)?, has(*mode, bit)?]));
        rules.insert(*call, refused.collect::<Result<_, _>>()?);
    }
    Ok(rules)
}
