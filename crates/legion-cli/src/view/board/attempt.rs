use jiff::{SignedDuration, Timestamp};

/// What an open attempt is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    Preparing,
    Running,
    Collecting,
    Reviewing {
        role: String,
    },
    /// A person decides about protected files.
    Held,
    InQueue,
    Building,
    Gate {
        name: String,
        since: Timestamp,
    },
    /// The merge is built, and no gate runs right now.
    Built,
}

impl Stage {
    /// In a few words: what happens now.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Preparing => "its clone is being made".to_owned(),
            Self::Running => "its agent works".to_owned(),
            Self::Collecting => "its work is taken in".to_owned(),
            Self::Reviewing { role } => format!("{role} looks at it"),
            Self::Held => "changes protected files: waits for you".to_owned(),
            Self::InQueue => "in the merge queue".to_owned(),
            Self::Building => "the merge is being built".to_owned(),
            Self::Gate { name, .. } => format!("gate: {name}"),
            Self::Built => "the merge is built".to_owned(),
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AttemptEnd {
    Merged,
    /// With the class of the failure, such as `task` or `conflict`.
    Failed {
        class: String,
    },
    Stopped,
}

/// One try at a ticket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    pub number: u32,
    /// The worker's number; none for a checkpoint that only runs gates.
    pub worker: Option<u32>,
    pub began_at: Timestamp,
    /// When it went into the merge queue: from then on it holds no worker.
    pub queued_at: Option<Timestamp>,
    /// When the merge queue took it up.
    pub landing_at: Option<Timestamp>,
    pub end: Option<(AttemptEnd, Timestamp)>,
    pub why: String,
    /// The last line of what failed, when `why` does not say it.
    pub said: String,
}

impl Attempt {
    pub(crate) fn new(number: u32, worker: Option<u32>, began_at: Timestamp) -> Self {
        Self {
            number,
            worker,
            began_at,
            queued_at: None,
            landing_at: None,
            end: None,
            why: String::new(),
            said: String::new(),
        }
    }

    /// How long it worked, up to the merge queue.
    pub(crate) fn worked(&self, now: Timestamp) -> SignedDuration {
        let until = self.queued_at.or(self.landing_at).unwrap_or_else(|| self.ended_at(now));
        until.duration_since(self.began_at).max(SignedDuration::ZERO)
    }

    /// How long its merge was built, tested and made; the wait for its turn does not count.
    pub(crate) fn landed(&self, now: Timestamp) -> SignedDuration {
        let since = self.landing_at.map(|since| self.ended_at(now).duration_since(since));
        since.unwrap_or_default().max(SignedDuration::ZERO)
    }

    fn ended_at(&self, now: Timestamp) -> Timestamp {
        self.end.as_ref().map_or(now, |(_, at)| *at)
    }
}
