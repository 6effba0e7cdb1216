//! Function records, their registers, and handlers.

use super::code::Body;
use super::invalid;
use super::types::is_slot_type;
use crate::error::{Invalid, LoadError};
use crate::isa::{Insn, Op};
use crate::machine::WINDOW;
use crate::module::{Function, Handler, Module, TypeId, TypeKind};

/// The register types of a function.
pub(super) struct Registers {
    types: [u16; WINDOW],
    len: usize,
}

impl Registers {
    pub(super) fn types(&self) -> &[u16] {
        self.types.get(..self.len).unwrap_or(&[])
    }

    /// Reads the runs of a function, whose frame fits the window.
    fn decode(&mut self, module: &Module<'_>, function: &Function) -> Option<()> {
        let frame = usize::from(function.frame);
        self.len = 0;
        let start = usize::try_from(function.registers).ok()?;
        let count = usize::from(*module.types.pool.get(start)?);
        let (runs, _) = module.types.pool.get(start + 1..)?.get(..count * 2)?.as_chunks();
        let mut previous = TypeId::UNIT;
        for &[ty, len] in runs {
            let (ty, end) = (TypeId(ty), self.len + usize::from(len));
            if len == 0 || end > frame || !is_slot_type(&module.types, ty) {
                return None;
            }
            if (previous == TypeId::ANY) != (ty == TypeId::ANY_PAYLOAD)
                || (matches!(ty, TypeId::ANY | TypeId::ANY_PAYLOAD) && len != 1)
            {
                return None;
            }
            self.types.get_mut(self.len..end)?.fill(ty.0);
            (self.len, previous) = (end, ty);
        }
        (self.len == frame && previous != TypeId::ANY).then_some(())
    }
}

/// Checks all functions with their code.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(super) fn check(module: &Module<'_>) -> Result<(), LoadError> {
    let header = &module.header;
    if header.functions == 0 && !module.code.is_empty() {
        return Err(invalid(Invalid::Function, 0));
    }
    let mut registers = Registers { types: [0; WINDOW], len: 0 };
    for index in 0..header.functions {
        let body = body(module, index, &mut registers);
        // Not taken out of it, which would be a copy on the stack.
        let Some(body) = &body else { return Err(invalid(Invalid::Function, usize::from(index))) };
        body.check().map_err(|(what, offset)| invalid(what, body.start + offset))?;
    }
    Ok(())
}

/// Checks a function's record and decodes its register types; gives what its instructions are checked against.
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn body<'m, 'a>(module: &'m Module<'a>, index: u16, registers: &'m mut Registers) -> Option<Body<'m, 'a>> {
    let function = &module.function(index)?;
    if index == 0 && function.start != 0 {
        return None;
    }
    let (start, end) = (function.start as usize, module.function_end(index) as usize);
    let code = module.code.get(start..end).filter(|code| !code.is_empty())?;
    // The header's largest frame fits the window.
    if u16::from(function.frame) > module.header.max_frame {
        return None;
    }
    registers.decode(module, function)?;
    let types = registers.types();

    let (params, results) = signature(module, function.signature)?;
    if results.len() != usize::from(function.results) {
        return None;
    }
    let mut given = types.get(..usize::from(function.params))?;
    if function.captures != TypeId::UNIT {
        let record = module.types.record(function.captures)?;
        if record.kind != TypeKind::Captures {
            return None;
        }
        given = given.strip_prefix(&[function.captures.0])?;
    }
    if given != params {
        return None;
    }

    // No such range unless `params <= first_ref <= frame`.
    let rest = usize::from(function.params)..usize::from(function.first_ref);
    let plain = |&ty: &u16| matches!(TypeId(ty), TypeId::INT | TypeId::FLOAT);
    types.get(rest)?.iter().all(plain).then_some(Body { module, registers: types, results, code, start })
}

/// The slots of the parameters and of the result of a function type.
pub(super) fn signature<'a>(module: &Module<'a>, ty: TypeId) -> Option<(&'a [u16], &'a [u16])> {
    let record = module.types.record(ty).filter(|record| record.kind == TypeKind::Fn)?;
    record.slots.split_at_checked(usize::from(record.extra))
}

/// Checks the types of tasks, when all functions have been checked: the function gives what the future holds.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(super) fn check_tasks(module: &Module<'_>) -> Result<(), LoadError> {
    let types = &module.types;
    (TypeId::FIRST_OWN.0..=u16::MAX).take(types.len()).try_for_each(|number| {
        let Some(record) = types.record(TypeId(number)).filter(|record| record.kind == TypeKind::Task) else {
            return Ok(());
        };
        let fits = || {
            let future = types.record(TypeId(*record.components.first()?))?;
            let function = module.function(record.extra)?;
            let result = types.record(function.signature)?.components.last()?;
            (future.components.first() == Some(result) && function.captures == TypeId::UNIT).then_some(())
        };
        fits().ok_or(invalid(Invalid::Type, usize::from(number)))
    })
}

/// Checks the handlers, when all functions have been checked.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(super) fn check_handlers(module: &Module<'_>) -> Result<(), LoadError> {
    (0..usize::from(module.header.handlers)).try_for_each(|index| {
        let handler = module.handler(index).and_then(|handler| check_handler(module, &handler));
        handler.ok_or(invalid(Invalid::Handler, index))
    })
}

fn check_handler(module: &Module<'_>, handler: &Handler) -> Option<()> {
    let index = module.function_at(handler.start as usize)?;
    let function = module.function(index)?;
    let code = function.start..module.function_end(index);
    let target = *module.code.get(handler.target as usize)?;
    let fits = handler.start < handler.end
        && handler.end <= code.end
        && code.contains(&handler.target)
        && Insn(target).op() != Some(Op::Ext);
    if !fits {
        return None;
    }
    let message = handler.register.checked_add(1)?;
    let kinds =
        (register_type(module, &function, handler.register)?, register_type(module, &function, message)?);
    (kinds == (TypeId::INT, TypeId::STR)).then_some(())
}

/// The type of one register of a function that was checked.
fn register_type(module: &Module<'_>, function: &Function, register: u8) -> Option<TypeId> {
    let (runs, _) = module.register_runs(function).as_chunks();
    let mut end = 0;
    runs.iter().find_map(|&[ty, len]| {
        end += usize::from(len);
        (usize::from(register) < end).then_some(TypeId(ty))
    })
}
