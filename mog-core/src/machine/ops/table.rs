//! Where each instruction's function is, so that the dispatchers can name them by the table's rows.

pub(in super::super) use super::call::*;
pub(in super::super) use super::control::*;
pub(in super::super) use super::float::*;
pub(in super::super) use super::host::*;
pub(in super::super) use super::int::*;
pub(in super::super) use super::library::*;
pub(in super::super) use super::object::*;
