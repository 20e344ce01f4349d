//! A row of steps: each with a header, its time and its outcome. A failed step does not hide the outcome of the next ones.

use anyhow::Result;
use std::time::{Duration, Instant};

pub struct Steps {
    done: Vec<Step>,
}

pub struct Step {
    name: &'static str,
    took: Duration,
    error: Option<String>,
}

impl Steps {
    pub fn new() -> Steps {
        Steps { done: Vec::new() }
    }

    /// Runs one step and gives whether it succeeded.
    pub fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) -> bool {
        let step = self.run_last(name, step);
        let seconds = step.took.as_secs_f64();
        match &step.error {
            None => println!("--- {name}: ok in {seconds:.1} s"),
            Some(error) => println!("--- {name}: FAILED in {seconds:.1} s: {error}"),
        }
        step.error.is_none()
    }

    /// Runs one step and prints nothing after it: what the step itself wrote stays the end of the output.
    pub fn run_last(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) -> &Step {
        println!("\n=== {name}");
        let started = Instant::now();
        let error = step().err().map(|error| format!("{error:#}"));
        self.done.push(Step { name, took: started.elapsed(), error });
        self.done.last().expect("pushed above")
    }

    /// Prints the time of every step so far.
    pub fn print_times(&self) {
        println!("\n=== times so far");
        for step in &self.done {
            let outcome = if step.error.is_none() { "ok" } else { "FAILED" };
            println!("{:>8.1} s  {:<8} {}", step.took.as_secs_f64(), outcome, step.name);
        }
    }

    /// The names of the steps that failed, each with its error.
    pub fn failures(&self) -> Vec<String> {
        self.done.iter().filter_map(|step| step.error.as_ref().map(|error| format!("{}: {error}", step.name))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_named_and_the_next_one_still_runs() {
        let mut steps = Steps::new();
        assert!(!steps.run("first", || anyhow::bail!("broken")));
        assert!(steps.run("second", || Ok(())));
        assert_eq!(steps.failures(), ["first: broken"]);
    }
}
