//! Which events a command means, or why it is refused. Pure: the state is only read.

mod allowances;
mod lanes;
mod order;
mod providers;
mod routes;

pub(super) use allowances::used_up;
pub(super) use order::decide;
