//! Gates: commands that judge a tree, one at a time, in one warm directory per project that nobody else uses.

mod environment;
mod others;
mod place;
mod reading;
mod run;
mod start;
mod verdict;

pub(super) use environment::environment;
pub(super) use reading::Reading;
pub(super) use run::run;
