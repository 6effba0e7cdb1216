//! Placeholders until the heap's access functions land.
use super::vm::{Stop, Vm};
use crate::module::TypeId;
#[allow(missing_docs, clippy::all, dead_code)]
impl Vm<'_> {
    pub(crate) fn reserve(&mut self, _: usize) -> Result<(), Stop> { Err(Stop::OutOfMemory) }
    pub(crate) fn grow_stack(&mut self, _: usize) -> Result<(), Stop> { Err(Stop::OutOfMemory) }
    pub(crate) fn alloc_string(&mut self, _: &[u8]) -> Result<u64, Stop> { Err(Stop::OutOfMemory) }
    pub(crate) fn alloc_object(&mut self, _: TypeId, _: &[u64]) -> Result<u64, Stop> { Err(Stop::OutOfMemory) }
    pub(crate) fn alloc_array(&mut self, _: TypeId, _: usize) -> Result<u64, Stop> { Err(Stop::OutOfMemory) }
    pub(crate) fn array_set(&mut self, _: u64, _: usize, _: &[u64]) -> Result<(), Stop> { Err(Stop::OutOfMemory) }
    pub(crate) fn alloc_map(&mut self, _: TypeId) -> Result<u64, Stop> { Err(Stop::OutOfMemory) }
    pub(crate) fn map_insert(&mut self, _: u64, _: u64, _: &[u64]) -> Result<(), Stop> { Err(Stop::OutOfMemory) }
}
pub(crate) mod library {
    use super::{Stop, Vm};
    pub(crate) fn call(_: &mut Vm<'_>, _: crate::isa::Lib, _: &[u8], _: u8) -> Result<(), Stop> { Err(Stop::OutOfMemory) }
}
