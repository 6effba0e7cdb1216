//! The host's side: what it grants, and what its functions see of a call.

mod build;
mod callback;
mod table;

pub use crate::machine::DirectCall;
pub use build::Builder;
pub(crate) use callback::{Answer, operand_count, operand_types};
pub use table::{Capability, DirectFunction, StaticHost};

use core::ops::Range;

use crate::error::{Failure, TrapCode};
use crate::features::HAS_MAPS;
use crate::heap::{Data, Memory, SlotValues, Value};
use crate::isa::Operands;
use crate::machine::Vm;
use crate::module::{Import, Module, TypeId, TypeKind, TypeRecord};

/// What a host answers when an import is linked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// Granted: the host's own number for the function, below `u16::MAX - 1`.
    Granted(u16),
    /// Not granted: the program runs, and a call fails as denied.
    Refused,
    /// Granted, but with another signature than the program was compiled for: the program is not started.
    Mismatch,
}

/// What a host function answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    /// Done; the result was set (nothing to set for `()`).
    Done,
    /// It did not work; [`Call::fail`] set the message.
    Failed,
    /// Not allowed.
    Denied,
    /// Not done yet. The task that made the call waits, and others go on, until [`Instance::complete`] names this
    /// token; then the machine asks again by [`Host::resume`]. A call made where no task can wait is asked for
    /// again at the next run.
    ///
    /// [`Instance::complete`]: crate::Instance::complete
    Pending(u32),
    /// The program is to call one of its functions first; [`Call::call_back`] said which. Then the machine asks again by
    /// [`Host::resume`].
    CallBack,
    /// The result does not fit the arena.
    OutOfMemory,
    /// The run ends here; another run makes the call again.
    Halt,
}

/// Everything that a program can reach outside its arena. Policies, recording, replay, C and firmware are all
/// implementations of this trait.
pub trait Host {
    /// Looks up an import when a program is linked. The signature's components are parameters, then result; for
    /// an undeclared import all of them are `any`.
    fn bind(&mut self, import: &Import<'_>, signature: TypeRecord<'_>, module: &Module<'_>) -> Binding;

    /// Whether any function of a capability is granted, for `requires`, `optional` and `.available`.
    fn grants(&self, capability: &str) -> bool;

    /// Whether a function is denied by name. A call of it then fails even where the program declared the
    /// capability as optional and nothing of it is granted.
    fn denies(&self, capability: &str, function: &str) -> bool {
        let _ = (capability, function);
        false
    }

    /// Carries out a call of the function that [`Host::bind`] gave this number.
    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply;

    /// Carries out a call at once if it can: where nothing but its arguments is looked at, nobody has to know of it,
    /// and the result is one slot that needs no room in the arena, or none. Such a call takes a fraction of the time
    /// and the same steps. It gives that slot; nothing looks at it where there is none. If it is
    /// [left](DirectCall::leave) to [`Host::call`], what was done already is for the host to remember.
    fn call_direct(&mut self, function: u16, call: DirectCall<'_, '_>) -> u64 {
        let _ = function;
        call.leave()
    }

    /// Goes on with a call that was pending, or that had the program [call a function](Call::call_back).
    /// Tokens of the latter kind come from the program's registers: whether it is one of this function's own is for the
    /// host to check.
    fn resume(&mut self, function: u16, token: u32, call: &mut Call<'_, '_>) -> Reply {
        let _ = token;
        self.call(function, call)
    }

    /// Learns that nobody waits any more for a pending call: its task was cancelled.
    fn cancelled(&mut self, token: u32) {
        let _ = token;
    }

    /// Learns of a failure that ended a task for which nobody waits.
    fn spawn_failed(&mut self, failure: Failure, message: &str) {
        let _ = (failure, message);
    }

    /// Learns of a call that was refused because its function was not granted.
    fn refused(&mut self, call: &mut Call<'_, '_>) {
        let _ = call;
    }

    /// Learns of a call that did nothing, because the program declared its capability as optional and the host
    /// grants nothing of it.
    fn skipped(&mut self, call: &mut Call<'_, '_>) {
        let _ = call;
    }
}

/// What the program says of a call, wherever it stands.
pub(crate) struct CallSite<'a> {
    /// The number of the import in the module.
    pub(crate) import: u16,
    /// Its function type.
    pub(crate) signature: TypeRecord<'a>,
    /// The registers of the arguments, and of what calls of functions among them need.
    pub(crate) operands: Operands<'a>,
    /// The first register of the result.
    pub(crate) dst: u8,
    /// Whether the result is a `Result`, so that a failure is not raised.
    pub(crate) asked: bool,
}

/// A call of a host function: its arguments to read, its result to set.
pub struct Call<'v, 'a> {
    vm: &'v mut Vm<'a>,
    site: &'v CallSite<'a>,
    dst: u8,
    failure: Option<u64>,
    answer: Option<Answer>,
}

impl<'v, 'a> Call<'v, 'a> {
    pub(crate) fn new(vm: &'v mut Vm<'a>, site: &'v CallSite<'a>, answer: Option<Answer>) -> Self {
        let mut dst = site.dst;
        if site.asked {
            vm.set_reg(dst, 0);
            dst = dst.wrapping_add(1);
        }
        Self { vm, site, dst, failure: None, answer }
    }

    pub(crate) const fn failure(&self) -> Option<u64> {
        self.failure
    }

    /// The number of the import in the module.
    #[must_use]
    pub const fn import_index(&self) -> u16 {
        self.site.import
    }

    /// Names of the capability and the function, from the module.
    #[must_use]
    pub fn import(&self) -> Option<Import<'a>> {
        self.vm.module.metadata().imports().nth(usize::from(self.site.import))
    }

    /// Steps of the program so far.
    #[must_use]
    pub const fn step(&self) -> u64 {
        self.vm.state.counters.steps
    }

    /// How many arguments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.site.signature.components.len().saturating_sub(1)
    }

    /// Whether there are no arguments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An argument.
    #[must_use]
    pub fn arg(&self, index: usize) -> Option<Value<'_>> {
        let (_, params) = self.site.signature.components.split_last()?;
        let ty = TypeId(*params.get(index)?);
        let types = self.vm.module.types;
        let start: usize = params.get(..index)?.iter().map(|&ty| types.value_size(TypeId(ty))).sum();
        let (registers, _) = self.site.operands.skip(start).split_at(types.value_size(ty))?;
        let slots: SlotValues = registers.iter().map(|register| self.vm.reg(register)).collect();
        Some(self.memory().value(ty, &slots))
    }

    /// An int argument of a declared function, without the way over [`Value`].
    #[must_use]
    pub fn int_arg(&self, slot: usize) -> i64 {
        self.site.operands.get(slot).map_or(0, |register| self.vm.reg(register)).cast_signed()
    }

    /// Heap and module.
    #[must_use]
    pub fn memory(&self) -> Memory<'_> {
        self.vm.memory()
    }

    /// The module that makes the call.
    #[must_use]
    pub const fn module(&self) -> &Module<'a> {
        self.vm.module
    }

    /// The type of the result.
    #[must_use]
    pub fn result_type(&self) -> TypeId {
        self.site.signature.components.last().copied().map_or(TypeId::UNIT, TypeId)
    }

    /// Charges steps for work that the host does, on top of those of the call itself.
    pub fn charge(&mut self, steps: u64) {
        self.vm.charge(steps);
    }

    /// Room for new objects: so many words of heap. Collects if it must, so it comes before [`Call::arg`] is
    /// read for the last time.
    ///
    /// # Errors
    /// If what the program can reach leaves no such room.
    pub fn build(&mut self, words: usize) -> Result<Builder<'_, 'a>, Reply> {
        match self.vm.reserve(words) {
            Ok(()) => Ok(Builder::new(self.vm)),
            Err(_) => Err(Reply::OutOfMemory),
        }
    }

    /// Sets the result's slots, as [`Builder`] made them.
    pub fn set_result(&mut self, slots: &[u64]) {
        let size = self.vm.module.types.value_size(self.result_type());
        for (n, &slot) in slots.iter().take(size).enumerate() {
            self.vm.set_reg(self.dst.wrapping_add(n as u8), slot);
        }
    }

    /// Sets an int or bool result.
    pub fn return_int(&mut self, value: i64) -> Reply {
        self.set_result(&[value.cast_unsigned()]);
        Reply::Done
    }

    /// Sets a float result.
    pub fn return_float(&mut self, value: f64) -> Reply {
        self.set_result(&[value.to_bits()]);
        Reply::Done
    }

    /// Sets a string result.
    pub fn return_str(&mut self, text: &str) -> Reply {
        match self.vm.new_string(text) {
            Ok(string) => {
                self.set_result(&[string]);
                Reply::Done
            }
            Err(_) => Reply::OutOfMemory,
        }
    }

    /// A new string with a part of a string argument, given by its bytes, for [`Call::set_result`]: what lies in the
    /// arena cannot be borrowed while a result is made. `None` if the argument has no such part.
    ///
    /// # Errors
    /// If what the program can reach leaves no room.
    pub fn copy_part(&mut self, index: usize, part: Range<usize>) -> Result<Option<u64>, Reply> {
        let Some(Data::Str(text)) = self.arg(index).map(|value| value.data()) else { return Ok(None) };
        if text.get(part.clone()).is_none() {
            return Ok(None);
        }
        self.vm.reserve(Builder::string_words(part.len())).map_err(|_| Reply::OutOfMemory)?;
        // Making room can move the argument.
        let Some(&reference) = self.arg(index).as_ref().and_then(|value| value.slots().last()) else {
            return Ok(None);
        };
        let copy = self
            .vm
            .fresh(|view, fresh| fresh.string(view.string(reference)?.get(part).ok_or(TrapCode::Corrupt)?));
        copy.map(Some).map_err(|_| Reply::OutOfMemory)
    }

    /// The call did not work; why. Longer messages than the arena has room for are dropped.
    pub fn fail(&mut self, message: &str) -> Reply {
        match self.vm.new_string(message) {
            Ok(string) => {
                self.failure = Some(string);
                Reply::Failed
            }
            Err(_) => Reply::OutOfMemory,
        }
    }

    /// The call is not allowed; why. As [`Call::fail`], but the program ends as denied if it does not catch it.
    pub fn deny(&mut self, message: &str) -> Reply {
        match self.fail(message) {
            Reply::Failed => Reply::Denied,
            other => other,
        }
    }

    /// Sets what a call of an absent optional capability gives: false, 0, "", an empty collection or none. A
    /// failure if the type has no such value.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn set_neutral_result(&mut self) -> Result<(), Reply> {
        let ty = self.result_type();
        let types = self.vm.module.types;
        let kind = types.record(ty).map(|record| record.kind);
        let none = [0; 2];
        let slots: &[u64] = match (ty, kind) {
            (TypeId::STR, _) => return self.return_neutral(|builder| builder.string("")),
            (_, Some(TypeKind::Array)) => return self.return_neutral(|builder| builder.array(ty, 0)),
            (_, Some(TypeKind::Map)) if HAS_MAPS => {
                return self.return_neutral(|builder| builder.map(ty));
            }
            (_, Some(TypeKind::Option)) => none.get(..1).unwrap_or(&none),
            (_, Some(_)) | (TypeId::HANDLE, _) => {
                return Err(self.fail("the capability is not available"));
            }
            (_, None) => &none,
        };
        self.set_result(slots);
        Ok(())
    }

    fn return_neutral(
        &mut self,
        make: impl FnOnce(&mut Builder<'_, 'a>) -> Option<u64>,
    ) -> Result<(), Reply> {
        let made = make(&mut self.build(8)?).ok_or(Reply::OutOfMemory)?;
        self.set_result(&[made]);
        Ok(())
    }
}
