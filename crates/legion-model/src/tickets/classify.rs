//! Classes of errors: only the right ones are tried again.

use serde::{Deserialize, Serialize};

use crate::run::Outcome;

/// Why an attempt did not succeed, as far as it matters for what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// Passes by itself: the network, an overloaded server, an agent that died.
    Transient,
    /// Nothing more may be used until a window ends.
    Quota,
    /// Nobody is logged in, or a key is wrong: a person has to act.
    Auth,
    /// The work is not good enough: a gate, a review, no change, out of time.
    Task,
    /// It does not merge with the newest target.
    Conflict,
    /// Trying again cannot help.
    Fatal,
}

impl ErrorClass {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::Task => "task",
            Self::Conflict => "conflict",
            Self::Fatal => "fatal",
        }
    }
}

/// Words of providers and agent programs, in lower case, that tell a class. The first list that matches counts.
const WORDS: &[(ErrorClass, &[&str])] = &[
    (
        ErrorClass::Auth,
        &[
            "authentication_error",
            "invalid api key",
            "invalid x-api-key",
            "oauth token has expired",
            "please run /login",
            "not logged in",
            "permission_error",
            "401 unauthorized",
            "api error: 401",
            "api error: 403",
        ],
    ),
    (
        ErrorClass::Quota,
        &[
            "usage limit",
            "rate_limit_error",
            "rate limit",
            "insufficient_quota",
            "credit balance is too low",
            "billing_error",
            "api error: 429",
            "quota exceeded",
        ],
    ),
    (
        ErrorClass::Transient,
        &[
            "overloaded",
            "api error: 500",
            "api error: 502",
            "api error: 503",
            "api error: 504",
            "api error: 529",
            "internal server error",
            "connection error",
            "connection reset",
            "econnreset",
            "econnrefused",
            "etimedout",
            "enotfound",
            "socket hang up",
            "fetch failed",
            "request timed out",
        ],
    ),
];

/// The class of a run that did not complete, from its outcome and what was said about it.
pub fn classify(outcome: Outcome, error: Option<&str>, started: bool) -> ErrorClass {
    if !started {
        // The program could not be executed at all.
        return ErrorClass::Fatal;
    }
    let said = error.unwrap_or_default().to_lowercase();
    for (class, words) in WORDS {
        if words.iter().any(|word| said.contains(word)) {
            return *class;
        }
    }
    match outcome {
        Outcome::Killed | Outcome::Interrupted => ErrorClass::Transient,
        Outcome::Completed | Outcome::Failed | Outcome::Limit => ErrorClass::Task,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_providers_tell_the_class() {
        let class = |text: &str| classify(Outcome::Failed, Some(text), true);
        assert_eq!(class("API Error: 529 {\"type\":\"overloaded_error\"}"), ErrorClass::Transient);
        assert_eq!(class("Claude AI usage limit reached|1760000000"), ErrorClass::Quota);
        assert_eq!(class("Invalid API key · Please run /login"), ErrorClass::Auth);
        assert_eq!(class("exit code 1: 3 tests failed"), ErrorClass::Task);
        assert_eq!(classify(Outcome::Killed, None, true), ErrorClass::Transient);
        assert_eq!(classify(Outcome::Failed, Some("no such file"), false), ErrorClass::Fatal);
    }
}
