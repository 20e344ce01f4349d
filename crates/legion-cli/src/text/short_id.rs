//! Ids as a person reads them.

const SHORT: usize = 8;

/// Shortens ids to eight characters, or to as many as tell those shown together apart.
#[derive(Debug, Clone)]
pub(crate) struct ShortIds {
    length: usize,
}

impl Default for ShortIds {
    fn default() -> Self {
        Self { length: SHORT }
    }
}

impl ShortIds {
    /// For ids that are shown together.
    pub(crate) fn of<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut ids: Vec<&str> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let shared = ids.windows(2).map(|pair| shared_prefix(pair[0], pair[1])).max().unwrap_or(0);
        Self { length: SHORT.max(shared + 1) }
    }

    /// The id cut to the common length.
    pub(crate) fn short<'a>(&self, id: &'a str) -> &'a str {
        match id.char_indices().nth(self.length) {
            Some((end, _)) => id[..end].trim_end_matches('-'),
            None => id,
        }
    }
}

fn shared_prefix(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_characters_when_they_tell_ids_apart() {
        let ids = ShortIds::of(["0b6e4f0e-0000-4000-8000-000000000001", "1c6e4f0e-0000-4000-8000-000000000001"]);
        assert_eq!(ids.short("0b6e4f0e-0000-4000-8000-000000000001"), "0b6e4f0e");
        assert_eq!(ids.short("root"), "root");
    }

    #[test]
    fn more_when_ids_begin_alike() {
        let ids = ShortIds::of(["0b6e4f0e-12aa-4000", "0b6e4f0e-12bb-4000", "0b6e4f0e-12aa-4000"]);
        assert_eq!(ids.short("0b6e4f0e-12aa-4000"), "0b6e4f0e-12a");
    }
}
