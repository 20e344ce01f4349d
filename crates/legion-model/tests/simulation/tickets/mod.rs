//! Whole histories of tickets: a control repository, clones, agents, gates, reviewers, people, and everything that goes wrong.

mod agenda;
mod audit;
mod bugs;
mod checks;
mod hands;
mod histories;
mod history;
mod jobs;
mod people;
mod plans;
mod programs;
mod quiet;
mod repository;
mod service;
mod work;
