//! Tensors: an object with the shape and the data, two arrays.

use mog_core::TrapCode;
use mog_core::isa::Lib;

use super::{Lowering, Val};
use crate::hir::{Asked, Builtin};
use crate::ir::Ext;
use crate::ir::dtype_id;
use crate::types::{Ty, TyKind, Types};

/// The slots of a tensor's object.
const SHAPE: u8 = 0;
const DATA: u8 = 1;

impl Lowering<'_, '_> {
    /// A built-in of tensors; `None` if it is another.
    pub(super) fn tensor(
        &mut self,
        builtin: Builtin,
        values: &[Val],
        asked: Asked,
        ty: Ty,
        dst: Option<Val>,
    ) -> Option<Val> {
        let lib = match builtin {
            Builtin::TensorNew => Lib::TensorNew,
            Builtin::TensorFill => Lib::TensorFill,
            Builtin::TensorRandn => Lib::TensorRandn,
            Builtin::TensorReshape => Lib::TensorReshape,
            Builtin::TensorTranspose => Lib::TensorTranspose,
            _ => return self.part_of_tensor(builtin, values, asked, ty, dst),
        };
        let operands = match builtin {
            Builtin::TensorReshape | Builtin::TensorTranspose => {
                values.iter().map(|value| Ext::Reg(value.slot)).collect()
            }
            _ => self.typed(ty, values),
        };
        let dst = self.target(dst, ty);
        self.lib(lib, dst, &operands);
        Some(dst)
    }

    fn part_of_tensor(
        &mut self,
        builtin: Builtin,
        values: &[Val],
        asked: Asked,
        ty: Ty,
        dst: Option<Val>,
    ) -> Option<Val> {
        let (&tensor, rest) = values.split_first()?;
        let &TyKind::Tensor(dtype) = self.hir().types.kind(tensor.ty) else { return None };
        Some(match builtin {
            Builtin::TensorDtype => self.string(dtype.name(), dst),
            Builtin::TensorShape => {
                let shape = self.shape(tensor);
                let (from, to) = (self.int(0, None), self.length(shape, None));
                let operands = [shape, from, to].map(|value| Ext::Reg(value.slot));
                self.optional(Lib::ArraySlice, &operands, Asked::No, TrapCode::Corrupt, ty, dst)
            }
            Builtin::TensorNdim => {
                let shape = self.shape(tensor);
                self.length(shape, dst)
            }
            Builtin::TensorSize => {
                let data = self.data(tensor);
                self.length(data, dst)
            }
            Builtin::TensorGet if asked == Asked::Yes => {
                let element = match *self.hir().types.kind(ty) {
                    TyKind::Option(element) => element,
                    _ => ty,
                };
                let place = self.place_in(Lib::TensorFind, tensor, rest);
                let (data, dst) = (self.data(tensor), self.target(dst, ty));
                self.find_element(data, place, element, dst);
                dst
            }
            Builtin::TensorGet => {
                let place = self.place_in(Lib::TensorOffset, tensor, rest);
                let data = self.data(tensor);
                self.get_element(data, place, ty, dst)
            }
            Builtin::TensorSet => {
                let (&value, indices) = rest.split_last()?;
                let place = self.place_in(Lib::TensorOffset, tensor, indices);
                let data = self.data(tensor);
                self.set_element(data, place, value);
                self.unit_value()
            }
            _ => return None,
        })
    }

    fn shape(&mut self, tensor: Val) -> Val {
        let shape = self.fresh(Types::ARRAY_INT);
        self.load_slots(shape, tensor, SHAPE, 1);
        shape
    }

    /// The array of the elements. The language has no name for its type; it goes under the tensor's.
    fn data(&mut self, tensor: Val) -> Val {
        let TyKind::Tensor(dtype) = *self.hir().types.kind(tensor.ty) else { return tensor };
        let slot = self.unit.layouts.numbers(dtype_id(dtype));
        let data = self.fresh_slot(slot, tensor.ty);
        self.load_slots(data, tensor, DATA, 1);
        data
    }

    /// Where in the data the element with these indices is.
    fn place_in(&mut self, lib: Lib, tensor: Val, indices: &[Val]) -> Val {
        let mut operands = vec![Ext::Reg(tensor.slot), Ext::Byte(indices.len() as u8)];
        operands.extend(indices.iter().map(|index| Ext::Reg(index.slot)));
        let place = self.fresh(Types::INT);
        self.lib(lib, place, &operands);
        place
    }
}
