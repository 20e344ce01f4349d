//! Reads `/proc`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};

use uuid::Uuid;

/// More of an environment than this is not searched.
const ENVIRONMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Generations that are looked up. One that hides deeper is found by nobody.
const LINEAGE_MAX: usize = 1_024;

/// What `/proc/<pid>/stat` says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub pid: u32,
    pub state: u8,
    pub parent: u32,
    pub group: u32,
    /// Own time, user and system, in clock ticks.
    pub ticks: u64,
    /// The time of children that ended and were reaped.
    pub children_ticks: u64,
    /// In clock ticks since boot.
    pub start_time: u64,
    pub threads: u64,
    pub resident_pages: u64,
}

impl Stat {
    /// Whether only its entry in the table is left.
    pub fn ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// Returns what is known of `pid`.
///
/// # Errors
/// `NotFound` when there is no such process.
pub(crate) fn stat(pid: u32) -> io::Result<Stat> {
    let gone = || io::Error::from(io::ErrorKind::NotFound);
    let text = match fs::read(format!("/proc/{pid}/stat")) {
        // A process that ends while it is read gives ESRCH.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Err(gone()),
        other => other?,
    };
    parse(pid, &text).ok_or_else(gone)
}

fn parse(pid: u32, text: &[u8]) -> Option<Stat> {
    // The name stands in parentheses and may hold any byte, parentheses too.
    let end = text.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&text[end + 1..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Numbered from 1 in proc(5); the state is number 3.
    let number = |index: usize| fields.get(index - 3)?.parse::<u64>().ok();
    Some(Stat {
        pid,
        state: *fields.first()?.as_bytes().first()?,
        parent: u32::try_from(number(4)?).ok()?,
        group: u32::try_from(number(5)?).ok()?,
        ticks: number(14)? + number(15)?,
        children_ticks: number(16)? + number(17)?,
        start_time: number(22)?,
        threads: number(20)?,
        resident_pages: number(24)?,
    })
}

/// Returns the id of this boot.
pub(crate) fn boot_id() -> io::Result<Uuid> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Uuid::try_parse(text.trim()).map_err(io::Error::other)
}

/// Returns the pids of all processes that can be seen.
pub(crate) fn pids() -> io::Result<impl Iterator<Item = u32>> {
    Ok(fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

/// Returns every live process below `root`, parents before children.
pub(crate) fn descendants(root: u32) -> io::Result<Vec<Stat>> {
    let mut children: HashMap<u32, Vec<Stat>> = HashMap::new();
    for stat in pids()?.filter_map(|pid| stat(pid).ok()) {
        children.entry(stat.parent).or_default().push(stat);
    }
    let mut found = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            parents.push(child.pid);
            found.push(child);
        }
    }
    found.retain(|stat| !stat.ended());
    Ok(found)
}

/// Returns a process and those above it, nearest first, as far as they can be seen: who started it, or took it over when that one ended.
pub fn lineage(pid: u32) -> Vec<u32> {
    let above = |below: &u32| stat(*below).ok().map(|stat| stat.parent).filter(|parent| *parent > 0);
    std::iter::successors(Some(pid), above).take(LINEAGE_MAX).collect()
}

/// Returns the process that is the second in a namespace of processes below `root`: the program that a sandbox holds, whose
/// first process only waits for it.
pub(crate) fn second_inside(root: u32) -> Option<Stat> {
    let is_second = |stat: &Stat| {
        let status = fs::read_to_string(format!("/proc/{}/status", stat.pid)).ok()?;
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        let numbers: Vec<&str> = numbers.split_ascii_whitespace().collect();
        (numbers.len() > 1 && numbers.last() == Some(&"2")).then_some(())
    };
    descendants(root).ok()?.into_iter().find(|stat| is_second(stat).is_some())
}

/// Returns the value of `name` in the environment `pid` was started with; `None` also when it
/// may not be read or the process is gone.
pub(crate) fn variable(pid: u32, name: &str) -> Option<Vec<u8>> {
    let file = File::open(format!("/proc/{pid}/environ")).ok()?;
    let mut environment = Vec::new();
    file.take(ENVIRONMENT_BYTES_MAX).read_to_end(&mut environment).ok()?;
    environment.split(|&byte| byte == 0).find_map(|entry| {
        let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(value.to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_leads_from_a_process_to_who_started_it() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = lineage(child.id());
        assert_eq!(found[..2], [child.id(), std::process::id()]);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(lineage(child.id()), [child.id()], "nothing is known of one that is gone");
    }

    #[test]
    fn a_name_full_of_parentheses_does_not_shift_the_fields() {
        let mut text = b"7 (a) R 9 (b ) S 42".to_vec();
        for field in 5..=24 {
            text.extend(format!(" {field}").into_bytes());
        }
        let stat = parse(7, &text).unwrap();
        assert_eq!((stat.state, stat.parent, stat.start_time), (b'S', 42, 22));
        assert_eq!((stat.ticks, stat.children_ticks), (14 + 15, 16 + 17));
    }
}
