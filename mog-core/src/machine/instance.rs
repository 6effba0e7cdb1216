//! An instance: one module in one arena, from linking to the result.

use core::borrow::{Borrow, BorrowMut};

use super::arguments::ArgumentSlots;
use super::binding::{ABSENT, ImportBinding, REFUSED};
use super::frames::Link;
use super::run::Outcome;
use super::tasks::Tasks;
use super::vm::{Collection, Counters, Dispatch, NO_DETAIL, State, Stop, Vm};
use super::window::WINDOW;
use crate::error::Failure;
use crate::heap::{MAX_WORDS, Memory, NULL, ObjectHeader, Value};
use crate::host::{Binding, Builder, Host, operand_count};
use crate::module::{Callee, Import, Module, Records, Requirement, TypeId};

/// How an instance is set up.
#[derive(Clone, Copy, Default, Debug)]
pub struct Config {
    /// Mixed into the hashes of map keys. The same seed gives the same steps.
    pub seed: u64,
    /// Which dispatcher runs.
    pub dispatch: Dispatch,
    /// Collect before every allocation: finds mistakes in the machine, makes it slow.
    pub collect_always: bool,
    /// The most words of stack that the frames around the running one may take up. Without a limit calls nest until
    /// the arena is full.
    pub max_stack: Option<usize>,
}

/// Why an instance could not be set up or entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StartError {
    /// The arena is too small for the module's state and one frame.
    ArenaTooSmall {
        /// Words that it needs at least, [`Module::slack`] among them.
        needs: usize,
    },
    /// The host grants an import, but with another signature.
    SignatureMismatch {
        /// The import's number.
        import: u16,
    },
    /// The program requires a capability of which the host grants nothing.
    MissingCapability {
        /// The requirement's number in the metadata.
        requirement: usize,
    },
    /// There is no such function.
    NoFunction,
    /// The arguments do not fit the function's parameters.
    Arguments,
    /// The arguments do not fit the arena.
    OutOfMemory,
}

/// A module in an arena, ready to run. State and module are its own, or borrowed from a host that keeps them where they are:
/// on a microcontroller in static memory, so that they take no stack.
pub struct Instance<'a, S = State, M = Module<'a>> {
    module: M,
    pub(super) arena: &'a mut [u64],
    pub(super) state: S,
}

impl<'a> Instance<'a> {
    /// Links a module's imports to what the host grants and lays out the arena. The module should have been
    /// verified by [`Module::load`]; one that was not can at worst trap or compute nonsense.
    ///
    /// # Errors
    /// If the arena is too small, a required capability is missing, or a signature differs.
    pub fn new(
        module: Module<'a>,
        arena: &'a mut [u64],
        host: &mut dyn Host,
        config: Config,
    ) -> Result<Self, StartError> {
        Self::new_in(State::new(), module, arena, host, config)
    }
}

impl<'a, S: BorrowMut<State>, M: Borrow<Module<'a>>> Instance<'a, S, M> {
    /// The same with a state, and a module, that are kept elsewhere. What was in the state is overwritten; after an
    /// error, no program can be gone on with in it.
    ///
    /// # Errors
    /// As for [`Instance::new`].
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn new_in(
        mut state: S,
        module: M,
        arena: &'a mut [u64],
        host: &mut dyn Host,
        config: Config,
    ) -> Result<Self, StartError> {
        let usable = arena.len().min(MAX_WORDS);
        let arena = arena.get_mut(..usable).unwrap_or(&mut []);
        // If it fails, nothing of an earlier instance can be gone on with.
        state.borrow_mut().entry = None;
        let needs = least_words(module.borrow());
        if arena.len() < needs {
            return Err(StartError::ArenaTooSmall { needs });
        }
        link(module.borrow(), arena, host)?;
        state.borrow_mut().begin(module.borrow(), arena, config);
        Ok(Self { module, arena, state })
    }

    /// Puts an instance together again from what [`Instance::detach`] gave, or a place where that is kept, and the same
    /// module and arena.
    #[must_use]
    #[inline]
    pub const fn attach(module: M, arena: &'a mut [u64], state: S) -> Self {
        Self { module, arena, state }
    }

    /// The state, to keep while nothing runs.
    #[must_use]
    pub fn detach(self) -> S {
        self.state
    }

    #[inline]
    fn state(&self) -> &State {
        self.state.borrow()
    }

    #[inline]
    fn vm(&mut self) -> Vm<'_> {
        Vm { module: self.module.borrow(), arena: self.arena, state: self.state.borrow_mut() }
    }

    /// Drops what runs or has ended: no frame is left, and nothing of an earlier run keeps objects alive. The module's
    /// state stays.
    pub fn clear_stack(&mut self) {
        self.state.borrow_mut().clear_stack();
    }

    /// Enters a function, which the next run carries out. Whatever ran before is dropped; the module's state
    /// stays. The closure makes the arguments: it is given a builder with so many words of room, and pushes the
    /// slots of all parameters in order.
    ///
    /// # Errors
    /// If there is no such function, the arena has no room, or the closure gives `None` or a wrong number of
    /// slots.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn enter(
        &mut self,
        function: u16,
        words: usize,
        arguments: impl FnOnce(&mut Builder<'_, '_>, &mut heapless::Vec<u64, WINDOW>) -> Option<()>,
    ) -> Result<(), StartError> {
        let callee = self.module().callee(function).ok_or(StartError::NoFunction)?;
        let mut vm = self.vm();
        vm.open(callee, &ArgumentSlots::NONE)?;
        vm.reserve(words).map_err(|_| StartError::OutOfMemory)?;
        let mut slots = heapless::Vec::new();
        arguments(&mut Builder::new(&mut vm), &mut slots).ok_or(StartError::Arguments)?;
        if slots.len() != usize::from(callee.params) {
            return Err(StartError::Arguments);
        }
        for (register, &slot) in (0..=u8::MAX).zip(&slots) {
            vm.set_reg(register, slot);
        }
        vm.state.entry = Some(function);
        Ok(())
    }

    /// Enters a function with arguments that need no room, and runs it. This is [`Instance::enter`] and [`Instance::run`], in
    /// a fraction of the time where the function is a short one; only where it stood cannot be told once it has returned.
    /// Gives the first slot of the result, as [`Instance::result_slot`] does, or how the run ended if not so.
    ///
    /// # Errors
    /// As for [`Instance::enter`].
    #[inline]
    pub fn call(
        &mut self,
        callee: Callee,
        arguments: &ArgumentSlots,
        host: &mut dyn Host,
        steps: u64,
    ) -> Result<Result<u64, Outcome>, StartError> {
        self.vm().run_call(callee, arguments, host, steps)
    }

    /// Runs what was entered, for at most so many steps more (an overdraft of the last run is paid first). What has ended,
    /// in whatever way, does not go on.
    #[inline]
    pub fn run(&mut self, host: &mut dyn Host, steps: u64) -> Outcome {
        self.vm().run_entered(steps, |vm| vm.run(host))
    }

    /// The same for one instruction, after which it is paused if it did not end otherwise: for profiles, which want to
    /// know what each costs.
    pub fn step(&mut self, host: &mut dyn Host, steps: u64) -> Outcome {
        self.vm().run_entered(steps, |vm| vm.step(host))
    }

    /// Sets how many host calls it may still make: the run ends before the next one beyond them, and another run goes
    /// on with it. There is no limit at first.
    #[inline]
    pub fn limit_host_calls(&mut self, calls: u64) {
        self.state.borrow_mut().host_calls_left = calls;
    }

    /// How many host calls it may still make.
    #[must_use]
    #[inline]
    pub fn host_calls_left(&self) -> u64 {
        self.state().host_calls_left
    }

    /// Steps that the last run was allowed and did not take.
    #[must_use]
    #[inline]
    pub fn steps_left(&self) -> u64 {
        self.state().fuel.max(0).unsigned_abs()
    }

    /// The host has what a pending call waited for, and gives it when the next run asks for it with
    /// [`Host::resume`]. The order of completions is the order in which their tasks go on. False if no call is
    /// pending under this token.
    pub fn complete(&mut self, token: u32) -> bool {
        self.vm().complete(token)
    }

    /// The result of the function that returned.
    #[must_use]
    pub fn result(&self) -> Option<Value<'_>> {
        self.result_slots().map(|(ty, slots)| self.memory().value(ty, slots))
    }

    /// The type and the slots of the result of the function that returned.
    #[must_use]
    pub fn result_slots(&self) -> Option<(TypeId, &[u64])> {
        let module = self.module();
        let function = module.function(self.state().entry?)?;
        let signature = module.types.record(function.signature)?;
        let ty = TypeId(*signature.components.last()?);
        let start = self.result_start();
        Some((ty, self.arena.get(start..start + module.types.value_size(ty))?))
    }

    /// The first slot of the result of the function that returned. It means nothing where the result has none.
    #[must_use]
    #[inline]
    pub fn result_slot(&self) -> u64 {
        self.arena.get(self.result_start()).copied().unwrap_or(0)
    }

    #[inline]
    fn result_start(&self) -> usize {
        self.state().bindings + 1
    }

    /// The failure that ended the program, or the message of its panic.
    #[must_use]
    pub fn failure(&self) -> (Failure, &str) {
        let (kind, message) = self.state().failure;
        (Failure::from_kind(kind), self.memory().string(message).unwrap_or(""))
    }

    /// Heap and module.
    #[must_use]
    pub fn memory(&self) -> Memory<'_> {
        let heap = self.arena.get(self.state().split..).unwrap_or(&[]);
        Memory { module: self.module(), heap }
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &Module<'a> {
        self.module.borrow()
    }

    /// What it has done so far.
    #[must_use]
    #[inline]
    pub fn counters(&self) -> Counters {
        self.state().counters
    }

    /// The instruction at which it stands, and those from which the functions around it were called: innermost
    /// first. Each with the number of its function. After an [`Instance::call`] that returned there may be none.
    pub fn call_stack(&self) -> impl Iterator<Item = (u16, usize)> + '_ {
        let state = self.state();
        // After a quick call nothing has been noted.
        let mut next = state.entry.filter(|_| !state.quick).map(|_| (state.base, state.pc));
        core::iter::from_fn(move || {
            let (base, pc) = next?;
            next = base
                .checked_sub(1)
                .and_then(|at| Link::from_word(*self.arena.get(at)?))
                // What was not verified may call without a frame of its own.
                .filter(|link| link.delta > 0)
                .and_then(|link| Some((base.checked_sub(usize::from(link.delta))?, link.pc.checked_sub(1)?)));
            Some((self.module().function_at(pc)?, pc))
        })
    }
}

impl State {
    /// That of no program: for [`Instance::new_in`]. All zeros, so that a static one takes no flash.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            split: 0,
            top: 0,
            base: 0,
            pc: 0,
            acc: 0,
            facc: 0.0,
            fuel: 0,
            paid: 0,
            collection: Collection::Here,
            seed: 0,
            collect_always: false,
            bindings: 0,
            max_stack: None,
            host_calls_left: 0,
            waiting: None,
            failure: (0, 0),
            detail: NO_DETAIL,
            entry: None,
            ended: false,
            quick: false,
            tasks: Tasks { running: 0, ready: 0, last_ready: 0, pending: 0, entry_pc: 0, ended: 0 },
            dispatch: Dispatch::Fastest,
            noted: 0,
            counters: Counters::NONE,
        }
    }

    /// Lays out the arena, in which the imports are linked.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn begin(&mut self, module: &Module<'_>, arena: &mut [u64], config: Config) {
        let bindings = ImportBinding::words(module.header.imports);
        let split = bindings + 1 + WINDOW;
        let slots = state_slots(module);
        // The state's object: integers and floats begin as zero, references as null.
        let object = arena.get_mut(split..).unwrap_or(&mut []);
        let header = ObjectHeader::new(TypeId(module.header.state_type), 0).0;
        let zeros = slots.iter().map(|&slot| if TypeId(slot).is_reference() { NULL } else { 0 });
        for (word, value) in object.iter_mut().zip(core::iter::once(header).chain(zeros)) {
            *word = value;
        }
        *self = Self {
            split,
            top: 1 + slots.len(),
            base: bindings + 1,
            seed: config.seed,
            collect_always: config.collect_always,
            bindings,
            max_stack: config.max_stack,
            host_calls_left: u64::MAX,
            failure: (0, NULL),
            tasks: Tasks::NONE,
            dispatch: config.dispatch,
            counters: Counters {
                peak_words: least_words(module).saturating_sub(module.slack()),
                ..Counters::NONE
            },
            ..Self::new()
        };
    }
}

/// The slots of a module's state.
fn state_slots<'a>(module: &Module<'a>) -> &'a [u16] {
    module.types.record(TypeId(module.header.state_type)).map_or(&[], |record| record.slots)
}

/// Words of the smallest arena: the bindings of imports, one frame, the module's state.
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn least_words(module: &Module<'_>) -> usize {
    ImportBinding::words(module.header.imports) + 1 + WINDOW + 1 + state_slots(module).len()
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

/// Asks the host for each import, and notes its answers at the start of the arena.
#[inline(always)]
pub(super) fn link(module: &Module<'_>, arena: &mut [u64], host: &mut dyn Host) -> Result<(), StartError> {
    match missing(module, host) {
        Some(requirement) => Err(StartError::MissingCapability { requirement }),
        None => link_all(module, arena, host).map_err(|import| StartError::SignatureMismatch { import }),
    }
}

/// Links all imports. An error is the number of one that is granted with another signature.
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn link_all(module: &Module<'_>, arena: &mut [u64], host: &mut dyn Host) -> Result<(), u16> {
    // So that nothing of it is what the arena held before.
    if let Some(words) = arena.get_mut(..ImportBinding::words(module.header.imports)) {
        words.fill(u64::MAX);
    }
    let mut imports = module.metadata().imports();
    for index in 0..module.header.imports {
        match link_next(module, index, &mut imports, host) {
            Some(binding) => binding.store(arena, index),
            None => return Err(index),
        }
    }
    Ok(())
}

/// The first capability that the program requires and the host does not grant.
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn missing(module: &Module<'_>, host: &dyn Host) -> Option<usize> {
    module.metadata().requirements().position(|needs| needs.required && !host.grants(needs.capability))
}

/// What the next import is linked to; none if it is granted with another signature.
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn link_next<'a>(
    module: &Module<'a>,
    index: u16,
    imports: &mut Records<'a, Import<'a>>,
    host: &mut dyn Host,
) -> Option<ImportBinding> {
    let import = imports.next();
    let signature = module.import_type(index).and_then(|ty| module.types.record(ty));
    // What was not verified may have no name or no type.
    let (Some(import), Some(signature)) = (&import, signature) else {
        return Some(ImportBinding::new(REFUSED));
    };
    let number = match host.bind(import, signature, module) {
        Binding::Granted(number) => number,
        Binding::Refused if is_absent(module, &*host, import) => ABSENT,
        Binding::Refused => REFUSED,
        Binding::Mismatch => return None,
    };
    let binding = ImportBinding::new(number);
    // A call with further operands is not made directly, nor one that is not granted.
    let plain = number < ABSENT && operand_count(module.types, signature) == 0;
    let result = signature.components.last().map_or(0, |&ty| module.types.value_size(TypeId(ty)));
    Some(match (u8::try_from(signature.extra), plain, result) {
        (Ok(params @ 0..=254), true, 0 | 1) => binding.direct(params, result > 0),
        _ => binding,
    })
}

/// Whether a call of this import does nothing: its capability is optional and not there.
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn is_absent(module: &Module<'_>, host: &dyn Host, import: &Import<'_>) -> bool {
    let optional =
        |requirement: Requirement<'_>| !requirement.required && requirement.capability == import.capability;
    module.metadata().requirements().any(optional)
        && !host.grants(import.capability)
        && !host.denies(import.capability, import.function)
}

impl<'a> Vm<'a> {
    /// Heap and module, to read.
    pub(crate) fn memory(&self) -> Memory<'_> {
        Memory { module: self.module, heap: self.heap() }
    }

    /// A new string, for which room is made.
    pub(crate) fn new_string(&mut self, text: &str) -> Result<u64, Stop> {
        self.reserve(Builder::string_words(text.len()))?;
        self.alloc_string(text.as_bytes())
    }
}
