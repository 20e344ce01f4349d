use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An RFC 9457 problem: the body of every answer with a status of 400 and more (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `https://legion.invalid/errors/CODE`; an identifier, not an address.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's meaning in a few words.
    pub title: String,
    pub status: u16,
    /// What happened, to which thing.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Stable code; the same in the command line and in `docs/errors.md`.
    pub code: ProblemCode,
    /// Everything that is wrong, of a thing that has several faults: of a plan, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:literal, $exit:literal, $title:literal;)*) => {
        /// Stable codes of problems, each with one HTTP status and one exit code of the command line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }
        impl ProblemCode {
            /// All codes, for the documentation and its test.
            pub const ALL: &'static [ProblemCode] = &[$(Self::$name,)*];
            /// The code as written.
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $word,)* } }
            /// HTTP status.
            pub fn status(self) -> u16 { match self { $(Self::$name => $status,)* } }
            /// Exit code of the command line.
            pub fn exit_code(self) -> u8 { match self { $(Self::$name => $exit,)* } }
            /// Meaning in a few words.
            pub fn title(self) -> &'static str { match self { $(Self::$name => $title,)* } }
        }
    };
}

codes! {
    /// The request cannot be understood: wrong JSON, field, type or range.
    BadRequest = "LEG0001", 400, 2, "the request is not valid";
    /// No token, or one that opens nothing.
    Unauthorized = "LEG0002", 401, 10, "a valid token is needed";
    /// The caller may not do this to this thing.
    Forbidden = "LEG0003", 403, 11, "the caller may not do this";
    /// The Host or Origin of the request is not ours.
    ForeignOrigin = "LEG0004", 403, 11, "the request comes from somewhere else";
    /// No such agent, message, approval or route.
    NotFound = "LEG0005", 404, 12, "there is no such thing";
    /// The thing is not in a state that allows this, or the name is taken.
    Conflict = "LEG0006", 409, 13, "the present state does not allow this";
    /// The idempotency key was used for another request.
    KeyReused = "LEG0007", 422, 13, "the idempotency key belongs to another request";
    /// Too large: a message, a body, a line.
    TooLarge = "LEG0008", 413, 14, "too large";
    /// A limit of the caller or of its parents forbids it (tools, directory, models, budget, headcount, depth).
    LimitExceeded = "LEG0009", 403, 15, "a limit forbids this";
    /// A queue is full; try again later.
    Busy = "LEG0010", 429, 16, "too much at once";
    /// Waiting would never end: the agents would wait for each other.
    Deadlock = "LEG0011", 409, 17, "the agents would wait for each other";
    /// A driver's program is missing or unusable.
    DriverUnavailable = "LEG0012", 422, 18, "the driver cannot run here";
    /// The disk is full.
    DiskFull = "LEG0013", 507, 19, "the disk is full";
    /// The service is ending.
    ShuttingDown = "LEG0014", 503, 20, "the service is ending";
    /// A fault of Legion's own.
    Internal = "LEG0015", 500, 70, "a fault inside Legion";
    /// The method is not allowed on this path.
    MethodNotAllowed = "LEG0016", 405, 2, "this path does not know this method";
    /// A plan has faults; `problems` lists all of them.
    PlanInvalid = "LEG0017", 422, 2, "the plan is not valid";
    /// The project has no control repository yet, or a commit or bundle cannot be taken in.
    Repository = "LEG0018", 422, 9, "the repository cannot be used";
}

impl Problem {
    /// A problem of the code's own status.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("https://legion.invalid/errors/{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            hint: None,
            code,
            problems: Vec::new(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
