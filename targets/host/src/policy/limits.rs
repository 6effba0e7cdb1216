//! `[limits]`: what a program may use up.

use serde::{Deserialize, Serialize};

use super::{Size, Time};
use crate::RuntimeBuilder;

/// The most that a program may use up. What is not given stays what the runtime's [builder](RuntimeBuilder) has.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Limits {
    /// Its memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// How much of its memory nested calls may take up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<Size>,
    /// Steps of each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// The time of each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Time>,
    /// Calls of host functions of each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_calls: Option<u64>,
    /// What it may print and log in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Size>,
}

impl Limits {
    /// Of each limit, the lower one.
    #[must_use]
    pub fn lower(&self, other: &Self) -> Self {
        fn min<T: Ord + Copy>(one: Option<T>, other: Option<T>) -> Option<T> {
            one.into_iter().chain(other).min()
        }
        Self {
            memory: min(self.memory, other.memory),
            stack: min(self.stack, other.stack),
            steps: min(self.steps, other.steps),
            timeout: min(self.timeout, other.timeout),
            host_calls: min(self.host_calls, other.host_calls),
            output: min(self.output, other.output),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn bytes(size: Size) -> usize {
    usize::try_from(size.0).unwrap_or(usize::MAX)
}

impl RuntimeBuilder {
    /// Sets those limits that are given.
    #[must_use]
    pub fn limits(mut self, limits: &Limits) -> Self {
        if let Some(memory) = limits.memory {
            self = self.memory(bytes(memory));
        }
        if let Some(stack) = limits.stack {
            self = self.stack(bytes(stack));
        }
        if let Some(steps) = limits.steps {
            self = self.steps(steps);
        }
        if let Some(timeout) = limits.timeout {
            self = self.timeout(timeout.0);
        }
        if let Some(calls) = limits.host_calls {
            self = self.host_calls(calls);
        }
        if let Some(output) = limits.output {
            self = self.output_limit(output.0);
        }
        self
    }
}
