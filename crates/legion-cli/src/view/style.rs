//! Colour. It only ever repeats what the words say.

use legion_api::{AgentStatus, Outcome};

/// What a word means, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Style {
    #[default]
    Plain,
    Head,
    Faint,
    Good,
    Busy,
    Warn,
    Bad,
}

impl Style {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Head => Some("1"),
            Self::Faint => Some("2"),
            Self::Good => Some("32"),
            Self::Busy => Some("36"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
        }
    }

    pub(crate) fn of_status(status: AgentStatus) -> Self {
        match status {
            AgentStatus::Working => Self::Busy,
            AgentStatus::Idle => Self::Plain,
        }
    }

    pub(crate) fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Good,
            Outcome::Failed | Outcome::Killed => Self::Bad,
            Outcome::Interrupted | Outcome::Limit => Self::Warn,
        }
    }
}

/// Whether to colour at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    on: bool,
}

impl Palette {
    pub(crate) fn new(on: bool) -> Self {
        Self { on }
    }

    /// The text in its colour.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        match style.code() {
            Some(code) if self.on && !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_added_only_when_it_is_on() {
        assert_eq!(Palette::new(false).paint(Style::Bad, "failed"), "failed");
        assert_eq!(Palette::new(true).paint(Style::Bad, "failed"), "\u{1b}[31mfailed\u{1b}[0m");
        assert_eq!(Palette::new(true).paint(Style::Plain, "idle"), "idle");
    }
}
