//! Functions of a program that the host calls often: [`PubFn`].

use std::fmt;
use std::marker::PhantomData;

use mog_core::module::TypeKind;
use mog_core::{Callee, Module, TypeId};

use crate::convert::ParamTypes;
use crate::types::{function_text, is_scalar};
use crate::{Arguments, CallStack, Error, FromMog, Program, Runtime, Type, Value};

/// A `pub fn` of a program, or `main`, that was looked up and whose types were compared once, so that a call of it costs
/// little beyond what the function does: `A` is a tuple of what it takes, `R` what it gives.
///
/// It belongs to no runtime: it can be kept, shared, and called in every runtime of its program. In a runtime of another
/// program, such as a newer version of the same, it is a call by name.
///
/// ```
/// # use mog::{CapabilitySet, PubFn, Runtime, compile_mog_source};
/// # fn main() -> Result<(), mog::Error> {
/// let program = compile_mog_source("pub fn area(w: float, h: float) -> float { w * h }")?;
/// let area: PubFn<(f64, f64), f64> = program.pub_fn("area")?;
/// let mut runtime = Runtime::builder().steps(1000).build(program, CapabilitySet::new())?;
/// let sum: Result<f64, _> = (1..=3).map(|n| area.call(&mut runtime, (f64::from(n), 2.0))).sum();
/// assert_eq!(sum?, 12.0);
/// # Ok(())
/// # }
/// ```
pub struct PubFn<A, R> {
    program: Program,
    name: String,
    callee: Callee,
    params: ParamTypes,
    /// Whether its result is nothing, or in one register that says all.
    is_direct: bool,
    types: PhantomData<fn(A) -> R>,
}

impl Program {
    /// The function of this name, to be called with an `A` and to give an `R`. A type that is [`Type::Any`] is checked at
    /// each call instead. Of a function whose result is a `Result<T>`, the `R` is a `T`: what it fails with is an error
    /// of the call.
    ///
    /// # Errors
    /// [`Error::NoFunction`] if the host can call none of this name, [`Error::Types`] if its parameters or its result are
    /// others.
    pub fn pub_fn<A: Arguments, R: FromMog>(&self, name: &str) -> Result<PubFn<A, R>, Error> {
        let export = self.find_export(name).ok_or_else(|| self.no_function(name))?;
        let (module, callee, params) = (self.view(), export.callee, &export.params);
        let signature = module.function(callee.number()).map_or(TypeId::UNIT, |function| function.signature);
        let components = module.types.record(signature).map_or(&[][..], |record| record.components);
        let result = components.last().map_or(TypeId::UNIT, |&ty| TypeId(ty));
        let (own, own_result) = (A::mog_types(), R::mog_type());
        let given = own.iter().zip(params).all(|(own, &ty)| own.gives(TypeId(ty), &module));
        if own.len() != params.len() || !given || !own_result.accepts(delivered(result, &module), &module) {
            let function = function_text(&module, name, signature, "");
            let taken_for = Type::Function(own, Box::new(own_result)).to_string();
            return Err(Error::Types { function, taken_for });
        }
        let is_direct = result == TypeId::UNIT || is_scalar(result);
        let name = name.to_owned();
        Ok(PubFn { program: self.clone(), name, callee, params: export.types, is_direct, types: PhantomData })
    }
}

/// What the host is given of a result: of a `Result`, the value.
fn delivered(result: TypeId, module: &Module<'_>) -> TypeId {
    match module.types.record(result) {
        Some(record) if record.kind == TypeKind::Result => {
            record.components.first().map_or(result, |&payload| TypeId(payload))
        }
        _ => result,
    }
}

impl<A: Arguments, R: FromMog> PubFn<A, R> {
    /// Calls the function, with all limits of the runtime, as [`Runtime::call`] does.
    ///
    /// # Errors
    /// As for [`Runtime::call`]; [`Error::Failed`] if the result is no `R`, such as a number out of its range.
    #[inline]
    pub fn call(&self, runtime: &mut Runtime, arguments: A) -> Result<R, Error> {
        if self.program.is(&runtime.program)
            && let Some(slots) = arguments.slots(&self.params)
            && let Some(called) = runtime.call_slots(self.callee, &slots)
        {
            let slot = called.map_err(|error| *error)?;
            if self.is_direct
                && let Some(result) = R::from_register(slot.cast_signed())
            {
                return Ok(result);
            }
            return result_as(runtime.result()?);
        }
        self.call_by_name(runtime, arguments)
    }

    #[cold]
    fn call_by_name(&self, runtime: &mut Runtime, arguments: A) -> Result<R, Error> {
        result_as(runtime.call(&self.name, arguments)?)
    }
}

fn result_as<R: FromMog>(value: Value) -> Result<R, Error> {
    R::from_mog(value).map_err(|mismatch| {
        let message = format!("the result is not what the host takes it for: {mismatch}");
        Error::Failed { message, stack: CallStack::default() }
    })
}

impl<A, R> Clone for PubFn<A, R> {
    fn clone(&self) -> Self {
        let Self { program, name, callee, params, is_direct, types } = self;
        Self {
            program: program.clone(),
            name: name.clone(),
            callee: *callee,
            params: *params,
            is_direct: *is_direct,
            types: *types,
        }
    }
}

impl<A, R> fmt::Debug for PubFn<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubFn").field("name", &self.name).finish_non_exhaustive()
    }
}
