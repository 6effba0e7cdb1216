//! `[env]`: which variables of the environment a program may know.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Section, Surroundings};
use crate::{CallError, Capability, Function, ToMog};

/// The variables of the host's environment that `env.get` gives. All others are denied, whether or not they are set.
///
/// ```
/// # use mog::{CapabilitySet, policy::Env};
/// CapabilitySet::new().grant_group(Env::new(["LANG", "TZ"]));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Env {
    names: Vec<String>,
}

impl Env {
    /// These variables.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect() }
    }
}

impl Capability for Env {
    const NAME: &'static str = "env";

    fn functions(self) -> Vec<(&'static str, Function)> {
        let get = Function::dynamic(move |args| {
            let name = args.text(0)?;
            if !self.names.iter().any(|known| known == name) {
                return Err(CallError::denied(format_args!("variable '{name}' not in allowlist")));
            }
            Ok(std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).to_mog())
        });
        vec![("get", get)]
    }
}

impl Section for Env {
    fn resolve(&mut self, _: &Path) {}

    fn functions(&self, _: &Surroundings) -> Result<Vec<(&'static str, Function)>, String> {
        // `var_os` may panic at such a name.
        match self.names.iter().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
            Some(name) => Err(format!("no variable can be called {name:?}")),
            None => Ok(Capability::functions(self.clone())),
        }
    }
}
