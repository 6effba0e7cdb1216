//! Where each instruction's function is, so that the dispatchers can name them by the table's rows.

pub(in super::super) use super::call::*;
pub(in super::super) use super::control::*;
pub(in super::super) use super::element::{
    a_get, a_get_f, a_get_next, a_get_prev, a_get_u8, a_set, a_set_u8, a_swap,
};
pub(in super::super) use super::float::*;
pub(in super::super) use super::host::*;
pub(in super::super) use super::int::*;
pub(in super::super) use super::library::*;
pub(in super::super) use super::object::*;
