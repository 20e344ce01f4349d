//! Whether calls are recorded, or answered from a record.

/// What is done with calls beside answering them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CassetteMode {
    #[default]
    Off,
    /// Calls go to their provider; request, answer and times are recorded under this name.
    Record { name: String },
    /// Calls are answered from this record. No provider is asked.
    Replay { name: String, matching: Matching, pace: Pace },
}

/// Which record answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// The one of the same request, each once, in the order of the record.
    Strict,
    /// The one that is most like it, when none is the same.
    Nearest,
}

/// How fast a record is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// With the pauses of the record.
    Recorded,
    /// Without any pause.
    Full,
}
