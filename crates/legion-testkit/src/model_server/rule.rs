//! A rule: what answers where no script is written.

use std::fmt;
use std::sync::OnceLock;

use super::request::ModelRequest;
use super::script::Step;

type Answers = dyn Fn(&ModelRequest) -> Option<Step> + Send + Sync;

/// At most one rule, which stays.
#[derive(Default)]
pub(super) struct Rule(OnceLock<Box<Answers>>);

impl Rule {
    /// Returns false when there is one already.
    pub fn set(&self, rule: Box<Answers>) -> bool {
        self.0.set(rule).is_ok()
    }

    pub fn step(&self, request: &ModelRequest) -> Option<Step> {
        self.0.get()?(request)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Rule").field(&self.0.get().is_some()).finish()
    }
}
