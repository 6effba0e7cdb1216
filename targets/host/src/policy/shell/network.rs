//! What commands reach of the network: nothing, or the hosts that a policy lists, through a proxy.

use std::path::PathBuf;

use super::Sandbox;
use super::bubblewrap::unavailable;
use crate::policy::Surroundings;
use crate::policy::http::{Client, Proxy};
use crate::{CallError, Notes};

/// Hosts that commands reach.
pub(super) struct Network {
    client: Client,
    forwarder: PathBuf,
}

impl Network {
    /// What there is of it in a sandbox.
    pub(super) fn new(sandbox: Sandbox, surroundings: &Surroundings) -> Result<Option<Self>, String> {
        let Some(http) = surroundings.network.as_ref().filter(|_| sandbox == Sandbox::Standard) else {
            return Ok(None);
        };
        let Some(forwarder) = surroundings.forwarder.clone() else {
            return Err("with [http] granted, commands reach the network through the `mog` command, or another program \
                        that `Surroundings::forwarder` has to name"
                .to_owned());
        };
        Ok(Some(Self { client: http.client(None)?, forwarder }))
    }

    /// Opens the way out for one command, until it is dropped.
    pub(super) fn open(&self, notes: Notes) -> Result<WayOut<'_>, CallError> {
        let proxy = Proxy::start(&self.client, notes).map_err(unavailable)?;
        Ok(WayOut { proxy, forwarder: &self.forwarder })
    }
}

/// The only way out of walls.
pub(super) struct WayOut<'n> {
    pub(super) proxy: Proxy,
    /// What takes connections inside; see [`forward`](super::forward::forward).
    pub(super) forwarder: &'n PathBuf,
}
