//! Gates: commands that judge a tree, one at a time, in one warm directory per project that nobody else uses.

mod others;
mod place;
mod reading;
mod run;
mod verdict;
mod warm;

pub(super) use place::remove_all;
pub(super) use reading::Reading;
pub(super) use run::run;
