//! Placeholders until the library lands.
use super::vm::{Stop, Vm};
use crate::module::TypeId;
#[allow(missing_docs, clippy::all, dead_code)]
impl Vm<'_> {
    pub(crate) fn alloc_map(&mut self, _: TypeId) -> Result<u64, Stop> { Err(Stop::OutOfMemory) }
    pub(crate) fn map_insert(&mut self, _: u64, _: u64, _: &[u64]) -> Result<(), Stop> { Err(Stop::OutOfMemory) }
}
pub(crate) mod library {
    use super::{Stop, Vm};
    pub(crate) fn call(_: &mut Vm<'_>, _: crate::isa::Lib, _: &[u8], _: u8) -> Result<(), Stop> { Err(Stop::OutOfMemory) }
}
