//! What a program finds in each tier, with real programs.

mod hold;
mod relay;
mod run;
mod support;
mod toolchain;
