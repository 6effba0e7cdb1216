//! `[random]`: whether chance is the same in each run.

use serde::{Deserialize, Serialize};

use super::Policy;
use crate::RuntimeBuilder;

/// How `random` is seeded.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Random {
    /// The seed, as for [`RuntimeBuilder::seed`]; without one, each run has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Random {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl RuntimeBuilder {
    /// Sets what a policy says of the runtime: those limits that it gives, and its seed. What it grants,
    /// [`Policy::capabilities`] gives.
    #[must_use]
    pub fn policy(self, policy: &Policy) -> Self {
        let limited = self.limits(&policy.limits);
        match policy.random.seed {
            Some(seed) => limited.seed(seed),
            None => limited,
        }
    }
}
