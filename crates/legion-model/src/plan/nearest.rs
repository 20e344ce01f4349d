//! What somebody may have meant who wrote a name that does not exist.

/// Bytes of a name above which no other is looked for.
const NAME_BYTES_MAX: usize = 64;

/// The candidate that takes the fewest changes to reach, if they are few for the length of the word. Case does not count.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > NAME_BYTES_MAX {
        return None;
    }
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let mut best: Option<(usize, &str)> = None;
    let mut limit = (word.len() / 3).clamp(1, 3);
    for candidate in candidates {
        if candidate.is_empty() || candidate.len() > NAME_BYTES_MAX || candidate.len() + 3 * limit < word.len() {
            continue;
        }
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        if let Some(distance) = distance(&word, &letters, limit)
            // All letters changed is another word.
            && distance < word.len().max(letters.len())
            && best.is_none_or(|(least, _)| distance < least)
        {
            best = Some((distance, candidate));
            limit = distance;
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out, replaced or exchanged with their neighbour; `None` when more than `limit`.
fn distance(left: &[char], right: &[char], limit: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    let mut older: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut least = (previous[j] + usize::from(a != b)).min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                least = least.min(older[j - 1] + 1);
            }
            row.push(least);
        }
        if row.iter().min().is_some_and(|least| *least > limit) {
            return None;
        }
        older = std::mem::replace(&mut previous, row);
    }
    previous.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["schema", "api", "api-tests", "login", "12", "13"];
        for (word, name) in [
            ("shcema", Some("schema")),
            ("scema", Some("schema")),
            ("API", Some("api")),
            ("api-test", Some("api-tests")),
            ("ap", Some("api")),
            ("lgoin", Some("login")),
            ("frontend", None),
            ("x", None),
            ("", None),
            ("1", Some("12")),
            ("99", None),
        ] {
            assert_eq!(nearest(word, names), name, "{word}");
        }
    }
}
