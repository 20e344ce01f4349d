//! Single cases of tickets, told step by step.

mod assignments;
mod bad_input;
mod case;
mod gates;
mod makespan;
mod orders;
mod retries;
mod rights;
mod scheduling;
mod teams;
