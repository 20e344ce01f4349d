//! Tickets with real git, real agents (shell scripts under real shims) and real gates.

mod landing;
mod support;
