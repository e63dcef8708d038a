//! Prints steps and stops at the first that fails.

use std::fmt::Display;

/// A step did not happen; it has been printed.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {reason}")]
pub struct Stop {
    /// What should have happened.
    pub step: String,
    /// What the stand-ins say instead.
    pub reason: String,
}

/// Counts and prints steps.
#[derive(Debug, Default)]
pub struct Script {
    done: usize,
}

impl Script {
    /// How many steps happened.
    pub fn done(&self) -> usize {
        self.done
    }

    /// A headline.
    #[allow(clippy::print_stdout, reason = "the demo is this text")]
    pub fn part(&self, title: &str) {
        println!("\n{title}");
    }

    /// Prints `step` once `outcome` is good.
    ///
    /// # Errors
    /// It is not: the reason is printed below the step.
    #[allow(clippy::print_stdout, reason = "the demo is this text")]
    pub fn step<T, E: Display>(&mut self, step: &str, outcome: Result<T, E>) -> Result<T, Stop> {
        match outcome {
            Ok(value) => {
                self.done += 1;
                println!("  ok    {step}");
                Ok(value)
            }
            Err(error) => {
                println!("  FAIL  {step}\n        {error}");
                Err(Stop {
                    step: step.to_owned(),
                    reason: error.to_string(),
                })
            }
        }
    }
}
