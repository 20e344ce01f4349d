//! What the decoder makes of what the real programs wrote. The transcripts are recorded by the tests in `claude/`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use legion_agents::AgentEvent;
use legion_agents::claude::Decoder;

/// Characters of one event in the snapshot.
const EVENT_CHARACTERS_MAX: usize = 400;

fn check(version: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/transcripts/claude-{version}"));
    let mut cases = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let transcript = fs::read(&path).unwrap();
        let mut decoder = Decoder::new();
        let mut names = Names::default();
        let mut story = String::new();
        for event in transcript.split(|byte| *byte == b'\n').flat_map(|line| decoder.stdout_line(line)) {
            assert!(!matches!(event, AgentEvent::Garbage { .. }), "{}: {event:?}", path.display());
            let line: String = names.shorten(&format!("{event:?}")).chars().take(EVENT_CHARACTERS_MAX).collect();
            story.push_str(&line);
            story.push('\n');
        }
        assert_eq!(decoder.version(), Some(version));
        let case = path.file_stem().unwrap().to_string_lossy();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("claude-{version}-{case}"), story);
        });
        cases += 1;
    }
    assert!(cases >= 15, "only {cases} transcripts in {}", directory.display());
}

#[test]
fn transcripts_of_2_1_197_mean_what_they_did() {
    check("2.1.197");
}

#[test]
fn transcripts_of_2_1_329_mean_what_they_did() {
    check("2.1.329");
}

/// Replaces ids by names in the order of their appearance, so that a new recording changes little.
#[derive(Default)]
struct Names(HashMap<String, usize>);

impl Names {
    fn shorten(&mut self, text: &str) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let mut short = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(is_word) {
            short.push_str(&rest[..start]);
            let end = rest[start..].find(|c| !is_word(c)).map_or(rest.len(), |length| start + length);
            let word = &rest[start..end];
            let digits = word.chars().filter(char::is_ascii_digit).count();
            let is_id = word.starts_with("toolu_") || (word.len() >= 9 && digits >= 2 && !word.contains("2-1-"));
            if is_id && !word.chars().all(|c| c.is_ascii_digit()) {
                let next = self.0.len() + 1;
                let number = *self.0.entry(word.to_owned()).or_insert(next);
                short.push_str(&format!("<{number}>"));
            } else {
                short.push_str(word);
            }
            rest = &rest[end..];
        }
        short + rest
    }
}
