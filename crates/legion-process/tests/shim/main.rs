//! The shim and the service's side of it, with real processes.

mod attach;
mod contain;
mod disk;
mod limits;
mod murder;
mod run;
mod start;
mod stop;
mod support;
