//! Signed programs: [`sign`] makes one, [`Program::load_signed`] takes it if a key that is trusted made it, and its
//! [`Manifest`] bounds its runs.

pub use mog_signature::{
    Limits, MAX_NAME, PublicKey, Refused, SecretKey, Trust, Unsignable, is_signed, sign,
};

use crate::{Error, Program, RuntimeBuilder};

/// What was signed with a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// Which program it is.
    pub name: String,
    /// Which version of it; later ones are higher.
    pub version: u32,
    /// What it may use at most.
    pub limits: Limits,
    /// The host functions that it calls, such as `log.write`.
    pub capabilities: Vec<String>,
}

impl Manifest {
    pub(crate) fn new(manifest: &mog_signature::Manifest<'_>) -> Self {
        Self {
            name: manifest.name.to_owned(),
            version: manifest.version,
            limits: manifest.limits,
            capabilities: manifest.capabilities().map(str::to_owned).collect(),
        }
    }
}

impl RuntimeBuilder {
    /// The same within the limits of a signed program's manifest.
    ///
    /// # Errors
    /// If it asks for more than is allowed here.
    pub(crate) fn within_manifest(mut self, program: &Program) -> Result<Self, Error> {
        let Some(Limits { memory, steps, host_calls }) = program.manifest().map(|known| known.limits) else {
            return Ok(self);
        };
        let refused = |what| Error::Untrusted(Refused::Limit(what));
        if let Some(memory) = memory {
            let asked = usize::try_from(memory).ok().filter(|&asked| asked <= self.memory);
            self.memory = asked.ok_or_else(|| refused("memory"))?;
        }
        if let Some(steps) = steps {
            self.steps = Some(steps).filter(|&asked| asked <= self.steps).ok_or_else(|| refused("steps"))?;
        }
        if let Some(calls) = host_calls {
            let asked = Some(calls).filter(|&asked| asked <= self.host_calls);
            self.host_calls = asked.ok_or_else(|| refused("host calls"))?;
        }
        Ok(self)
    }
}
