//! Submodules of a person's repository, from its index read as a file: git itself would execute what the repository says.

use std::io::{self, Read};
use std::path::PathBuf;

use crate::words;

/// An index that is larger is not looked into.
const INDEX_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A longer path is none: the file is not git's.
const PATH_BYTES_MAX: usize = 4_096;
const SIGNATURE: &[u8] = b"DIRC";
const HEADER_BYTES: usize = 12;
/// Times, device, inode, mode, owner and size of an entry.
const STAT_BYTES: usize = 40;
/// Where the mode stands among them.
const MODE_AT: usize = 24;
const GITLINK: u32 = 0o160_000;
/// Flags that say so are followed by two bytes more.
const EXTENDED: u16 = 0x4000;

/// The paths at which other repositories belong.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gitlinks {
    /// The first of them, as many as were asked for: an agent may have written the file, with millions.
    pub named: Vec<PathBuf>,
    /// All of them.
    pub count: usize,
}

/// The paths in an index at which another repository belongs, as far as it can be read, the first `named_max` by name; `object_bytes` is
/// the length of an object's name (20, or 32 with SHA-256). Entries that a split index keeps in its other file are not found.
///
/// # Errors
/// When it cannot be read, has more than 64 MiB, or is no index.
pub fn gitlinks(index: impl Read, object_bytes: usize, named_max: usize) -> io::Result<Gitlinks> {
    let mut bytes = Vec::new();
    index.take(INDEX_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > INDEX_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    parse(&bytes, object_bytes, named_max).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn parse(bytes: &[u8], object_bytes: usize, named_max: usize) -> Option<Gitlinks> {
    let (signature, rest) = bytes.split_at_checked(SIGNATURE.len())?;
    let (version, count) = (number(rest, 0)?, number(rest, 4)?);
    if signature != SIGNATURE || !(2..=4).contains(&version) {
        return None;
    }
    let (mut at, mut path, mut found) = (HEADER_BYTES, Vec::new(), Gitlinks::default());
    for _ in 0..count {
        let entry = at;
        let mode = number(bytes, entry + MODE_AT)?;
        at += STAT_BYTES + object_bytes;
        let flags = u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
        at += if version > 2 && flags & EXTENDED != 0 { 4 } else { 2 };
        if version == 4 {
            let (cut, after) = varint(bytes, at)?;
            path.truncate(path.len().checked_sub(cut)?);
            at = after;
        } else {
            path.clear();
        }
        let length = bytes.get(at..)?.iter().position(|byte| *byte == 0)?;
        if path.len() + length > PATH_BYTES_MAX {
            return None;
        }
        path.extend_from_slice(&bytes[at..at + length]);
        at += length + 1;
        if version < 4 {
            // Up to a multiple of eight, with one zero at least.
            at = entry + (at - entry).next_multiple_of(8);
        }
        if mode == GITLINK {
            found.count += 1;
            if found.named.len() < named_max {
                found.named.push(words::path(&path));
            }
        }
    }
    Some(found)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A number as git packs it, and what comes behind it.
fn varint(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        value = value.checked_mul(128)?.checked_add(usize::from(byte & 127))?;
        if byte & 128 == 0 {
            return Some((value, at));
        }
        value = value.checked_add(1)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_no_index() {
        for bytes in
            [&b""[..], b"DIRC", b"DIRC\0\0\0\x02\0\0\0\x01", b"DIRC\0\0\0\x05\0\0\0\0", b"TREE\0\0\0\x02\0\0\0\0"]
        {
            assert_eq!(parse(bytes, 20, 5), None, "{bytes:?}");
        }
        assert_eq!(parse(b"DIRC\0\0\0\x02\0\0\0\0", 20, 5), Some(Gitlinks::default()));
        // As many entries as there can be, and none of them there.
        assert_eq!(parse(&[&b"DIRC\0\0\0\x04\xff\xff\xff\xff"[..], &[0; 100]].concat(), 20, 5), None);
    }

    /// An entry of version 4.
    fn entry(cut: u8, name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; STAT_BYTES + 20 + 2];
        bytes[MODE_AT..MODE_AT + 4].copy_from_slice(&GITLINK.to_be_bytes());
        [&bytes, &[cut][..], name, &[0]].concat()
    }

    #[test]
    fn a_small_file_with_many_long_paths_takes_no_memory() {
        let index = |name: &[u8]| {
            let header = [b"DIRC\0\0\0\x04", &10_001_u32.to_be_bytes()[..]].concat();
            [header, entry(0, name), entry(0, b"").repeat(10_000)].concat()
        };
        let found = parse(&index(&[b'x'; PATH_BYTES_MAX]), 20, 5).expect("an index");
        assert_eq!((found.named.len(), found.count), (5, 10_001));
        assert_eq!(parse(&index(&[b'x'; PATH_BYTES_MAX + 1]), 20, 5), None);
    }
}
