//! Sets of characters.

/// Characters as ranges, in order and apart from each other. Never `/`, which ends a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    ranges: Vec<(u32, u32)>,
}

const SLASH: u32 = '/' as u32;

impl Class {
    /// The set of these ranges, or of all other characters. `None` when nothing is in it.
    pub(super) fn new(ranges: &[(char, char)], negated: bool) -> Option<Self> {
        let mut sorted: Vec<(u32, u32)> = ranges.iter().map(|(first, last)| (*first as u32, *last as u32)).collect();
        if negated {
            sorted.push((SLASH, SLASH));
        }
        sorted.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (first, last) in sorted {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        let ranges = if negated { complement(&merged) } else { without_slash(&merged) };
        (!ranges.is_empty()).then_some(Self { ranges })
    }

    pub(super) fn contains(&self, char: char) -> bool {
        let code = char as u32;
        let at = self.ranges.partition_point(|(_, last)| *last < code);
        self.ranges.get(at).is_some_and(|(first, _)| *first <= code)
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        let (mut left, mut right) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            if a.0 <= b.1 && b.0 <= a.1 {
                return true;
            }
            if a.1 < b.1 {
                left.next()
            } else {
                right.next()
            };
        }
        false
    }
}

fn complement(ranges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut gaps = Vec::new();
    let mut next = 0;
    for (first, last) in ranges {
        if next < *first {
            gaps.push((next, first - 1));
        }
        next = last + 1;
    }
    if next <= char::MAX as u32 {
        gaps.push((next, char::MAX as u32));
    }
    gaps
}

fn without_slash(ranges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut kept = Vec::new();
    for (first, last) in ranges {
        if (*first..=*last).contains(&SLASH) {
            kept.push((*first, SLASH - 1));
            kept.push((SLASH + 1, *last));
        } else {
            kept.push((*first, *last));
        }
    }
    kept.retain(|(first, last)| first <= last);
    kept
}
