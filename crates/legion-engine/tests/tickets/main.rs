//! Tickets with real git, real agents (shell scripts under real shims) and real gates.

mod attempts;
mod gates;
mod kill;
mod landing;
mod person;
mod restart;
mod support;
mod teams;
