//! Exceptions written beside the code: `// tidy: clock: why`, on the line itself or in the comment right above it.

use crate::tidy::source::Source;

/// A reason shorter than this says nothing.
const REASON_CHARACTERS_MIN: usize = 10;

/// Whether the line of the offset carries a waiver of the rule, with a reason.
pub fn is_waived(source: &Source, offset: usize, rule: &str) -> bool {
    let line = source.line(offset);
    if states_waiver(source.line_text(line), rule) {
        return true;
    }
    (1..line)
        .rev()
        .map(|above| source.line_text(above).trim_start())
        .take_while(|text| text.starts_with("//"))
        .any(|text| states_waiver(text, rule))
}

fn states_waiver(line: &str, rule: &str) -> bool {
    let Some((_, comment)) = line.split_once("// tidy: ") else { return false };
    comment
        .strip_prefix(rule)
        .and_then(|rest| rest.strip_prefix(": "))
        .is_some_and(|reason| reason.trim().chars().count() >= REASON_CHARACTERS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waived(text: &str) -> bool {
        let source = Source::new("crates/x/src/y.rs", text.to_owned());
        is_waived(&source, text.find("now()").expect("in the text"), "clock")
    }

    #[test]
    fn a_waiver_names_the_rule_and_a_reason() {
        assert!(waived("x\nlet a = now(); // tidy: clock: shown to a person only"));
        assert!(waived("// tidy: clock: shown to a person only,\n// never stored\nlet a = now();"));
        assert!(!waived("// tidy: clock:\nlet a = now();"));
        assert!(!waived("// tidy: spawn: shown to a person only\nlet a = now();"));
        assert!(!waived("// tidy: clock: shown to a person only\nlet b = 1;\nlet a = now();"));
    }
}
