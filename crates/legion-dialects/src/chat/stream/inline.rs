//! Thoughts within the text: `<think>…</think>` in front of it.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Parts the thought in front of a text from the text, in whatever fragments they come.
#[derive(Debug, Default)]
pub struct Inline {
    state: State,
    /// What may be the beginning of a mark.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far.
    #[default]
    Before,
    Within,
    /// Directly after the thought: white space there belongs to neither.
    Behind,
    Text,
}

impl Inline {
    /// The thought and the text of a whole answer.
    pub fn split(text: &str) -> (String, String) {
        let mut inline = Self::default();
        let (mut thought, mut rest) = inline.push(text);
        let (more_thought, more_rest) = inline.finish();
        thought.push_str(&more_thought);
        rest.push_str(&more_rest);
        (thought, rest)
    }

    /// What is known of thought and text after the next fragment.
    pub fn push(&mut self, fragment: &str) -> (String, String) {
        let (mut thought, mut text) = (String::new(), String::new());
        if self.state == State::Text {
            return (thought, fragment.to_owned());
        }
        self.held.push_str(fragment);
        loop {
            match self.state {
                State::Before => {
                    let trimmed = self.held.trim_start();
                    if let Some(rest) = trimmed.strip_prefix(OPEN) {
                        self.held = rest.trim_start_matches('\n').to_owned();
                        self.state = State::Within;
                    } else if OPEN.starts_with(trimmed) {
                        break;
                    } else {
                        self.state = State::Text;
                    }
                }
                State::Within => {
                    if let Some(at) = self.held.find(CLOSE) {
                        thought.push_str(&self.held[..at]);
                        self.held.drain(..at + CLOSE.len());
                        self.state = State::Behind;
                    } else {
                        let keep = held_back(&self.held);
                        let rest = self.held.split_off(self.held.len() - keep);
                        thought.push_str(&std::mem::replace(&mut self.held, rest));
                        break;
                    }
                }
                State::Behind => {
                    self.held = self.held.trim_start().to_owned();
                    if self.held.is_empty() {
                        break;
                    }
                    self.state = State::Text;
                }
                State::Text => {
                    text.push_str(&std::mem::take(&mut self.held));
                    break;
                }
            }
        }
        (thought, text)
    }

    /// What was held back, at the end.
    pub fn finish(&mut self) -> (String, String) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Within => (held, String::new()),
            State::Before | State::Behind | State::Text => (String::new(), held),
        }
    }
}

/// How many bytes at the end may be the beginning of the closing mark.
fn held_back(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|length| text.ends_with(&CLOSE[..*length])).unwrap_or(0)
}
