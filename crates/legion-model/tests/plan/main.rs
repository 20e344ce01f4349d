//! Plans from outside: what is refused and in which words, what is only warned of, and what comes out.

mod accepted;
mod build;
mod graphs;
mod problems;
mod warnings;
