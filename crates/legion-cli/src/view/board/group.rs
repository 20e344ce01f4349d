use crate::view::Style;

/// A heading of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Working,
    Verifying,
    Merging,
    Queued,
    Done,
    Error,
}

impl Group {
    /// From top to bottom.
    pub(crate) const ALL: [Self; 6] =
        [Self::Working, Self::Verifying, Self::Merging, Self::Queued, Self::Done, Self::Error];

    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Working => "WORKING",
            Self::Verifying => "VERIFYING",
            Self::Merging => "MERGING",
            Self::Queued => "QUEUED",
            Self::Done => "DONE",
            Self::Error => "ERROR",
        }
    }

    pub(crate) fn style(self) -> Style {
        match self {
            Self::Working | Self::Verifying | Self::Merging => Style::Busy,
            Self::Queued => Style::Plain,
            Self::Done => Style::Good,
            Self::Error => Style::Bad,
        }
    }
}
