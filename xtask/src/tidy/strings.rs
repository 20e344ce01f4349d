//! What may not stand in string literals: SQL outside its crate.

use crate::tidy::finding::Finding;
use crate::tidy::source::Source;

const HOME: &str = "crates/legion-store-sqlite/";
/// In capitals, as we write SQL: prose that begins a sentence with "Select" is no statement.
const STATEMENTS: &[&str] =
    &["SELECT ", "INSERT INTO ", "INSERT OR ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ", "CREATE INDEX ", "PRAGMA "];

pub fn inspect(source: &Source) -> Vec<Finding> {
    if source.path.starts_with(HOME) {
        return Vec::new();
    }
    STATEMENTS
        .iter()
        .flat_map(|statement| source.views.strings.match_indices(statement))
        .filter(|(offset, _)| begins_word(&source.views.strings, *offset) && source.is_shipped(*offset))
        .map(|(offset, statement)| {
            source.finding(
                offset,
                format!("SQL (`{}`)", statement.trim_end()),
                "only legion-store-sqlite knows SQL; ask the log",
            )
        })
        .collect()
}

fn begins_word(text: &str, offset: usize) -> bool {
    !text[..offset].ends_with(|before: char| before.is_alphanumeric() || before == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_is_found_in_strings_of_other_crates_only() {
        let count = |path: &str, text: &str| inspect(&Source::new(path, text.to_owned())).len();
        let text = "const A: &str = \"SELECT x FROM y\"; // SELECT nothing";
        assert_eq!(count("crates/legion-engine/src/a.rs", text), 1);
        assert_eq!(count("crates/legion-store-sqlite/src/a.rs", text), 0);
        assert_eq!(count("crates/legion-engine/benches/a.rs", text), 0);
        assert_eq!(count("crates/legion-engine/src/a.rs", "const A: &str = \"Select an agent, UPDATED\";"), 0);
    }
}
