//! Restoring a snapshot: what is relied on, and where it is checked.
//!
//! The machine survives any bytes in its arena, with errors at worst. A restored instance promises more: each reference
//! is to an object of the type that its place says, each frame is one that its code can have made. So no hostile
//! snapshot can show a host a value of a wrong type, or make a program take a step that it could not have taken.
//!
//! Objects have to be told from other words. One bit for each word of the heap says where objects begin; these bits lie
//! in the words above the heap while the check runs, those beyond the program's arena among them.

use core::cell::Cell;

use super::Config;
use super::binding::ImportBinding;
use super::frames::{Link, OUTERMOST};
use super::instance::{Instance, link};
use super::snapshot::{MAGIC, Saved, SnapshotError, hash};
use super::tasks::{self, Tasks};
use super::vm::State;
use crate::heap::text::{self, TEXT_BUFFER, buffer_of, is_boundary, used_of};
use crate::heap::{AnyTag, CONSTANT, LIVE, NULL, ObjectHeader, halves, object_size};
use crate::host::Host;
use crate::isa::{Insn, Op, ext_words};
use crate::module::{Function, Module, Packing, TypeId, TypeKind};

type Check = Result<(), SnapshotError>;

const fn require(condition: bool, what: &'static str) -> Check {
    if condition { Ok(()) } else { Err(SnapshotError::Invalid(what)) }
}

/// Reads what [`Instance::snapshot`] wrote.
struct Reader<'s> {
    rest: &'s [u8],
}

impl<'s> Reader<'s> {
    fn take<T: serde::Deserialize<'s>>(&mut self) -> Result<T, SnapshotError> {
        let (value, rest) = postcard::take_from_bytes(self.rest).map_err(|_| SnapshotError::NotASnapshot)?;
        self.rest = rest;
        Ok(value)
    }
}

impl<'a> Instance<'a> {
    /// Restores an instance in an arena that gives the program as much room as the one that was saved: the same number of
    /// words when both targets have one register window, else [`Module::slack`] more or less. Imports are linked
    /// anew. Where the heap was almost full the check needs more words than the program had, one for 64: they are not used
    /// afterwards. Calls that were pending are so still, under their tokens, and the host has to complete them.
    ///
    /// # Errors
    /// If the bytes are not a snapshot of this module, or anything in them does not fit it. The arena then holds
    /// nothing of use.
    pub fn restore(
        module: Module<'a>,
        arena: &'a mut [u64],
        host: &mut dyn Host,
        config: Config,
        snapshot: &[u8],
    ) -> Result<Self, SnapshotError> {
        let mut reader = Reader { rest: snapshot };
        let magic: [u8; 5] = reader.take()?;
        match (magic, MAGIC) {
            (found, known) if found == known => {}
            ([a, b, c, d, found], [e, f, g, h, _]) if [a, b, c, d] == [e, f, g, h] => {
                return Err(SnapshotError::Version { found });
            }
            _ => return Err(SnapshotError::NotASnapshot),
        }
        let saved: Saved = reader.take()?;
        if saved.module != hash(&module) {
            return Err(SnapshotError::OtherModule);
        }
        let bindings = ImportBinding::words(module.header.imports);
        let words = (saved.arena as usize).saturating_add(bindings + module.slack());
        if arena.len() < words {
            return Err(SnapshotError::ArenaTooSmall { needs: words });
        }
        link(&module, arena, host).map_err(SnapshotError::Link)?;

        let mut state = saved.state(&module, bindings);
        (state.dispatch, state.collect_always) = (config.dispatch, config.collect_always);
        state.max_stack = config.max_stack;
        let stack = (saved.stack as usize).saturating_add(bindings);
        let heap = state.split.checked_add(state.top).filter(|&end| end <= words);
        require(heap.is_some() && stack <= state.split, "the sizes of stack and heap")?;
        for place in (bindings..stack).chain(state.split..state.split + state.top) {
            let word = reader.take()?;
            if let Some(slot) = arena.get_mut(place) {
                *slot = word;
            }
        }
        if !reader.rest.is_empty() {
            return Err(SnapshotError::NotASnapshot);
        }
        check(&module, arena, &state, stack)?;
        Ok(Self::attach(module, arena.get_mut(..words).unwrap_or(&mut []), state))
    }
}

fn check(module: &Module<'_>, arena: &mut [u64], state: &State, stack_end: usize) -> Check {
    let (stack, rest) = arena.split_at_mut(state.split);
    let (heap, free) = rest.split_at_mut(state.top);
    let starts = free.get_mut(..heap.len().div_ceil(64));
    let needs = state.split + heap.len() + heap.len().div_ceil(64);
    let starts = starts.ok_or(SnapshotError::ArenaTooSmall { needs })?;
    starts.fill(0);
    let mut at = 0;
    while at < heap.len() {
        let size = object_size(module, heap, at).ok_or(SnapshotError::Invalid("an object's size or type"))?;
        if let Some(word) = starts.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
        at += size;
    }
    let stack = stack.get(..stack_end).unwrap_or(&[]);
    let unread = Cell::new(heap.len() as u64);
    let checker = Checker { module, heap, starts, stack, state, unread };
    let of_state = checker.header(0).map(ObjectHeader::ty);
    require(of_state == Some(TypeId(module.header.state_type)), "the module's state")?;
    let mut at = 0;
    while at < heap.len() {
        checker.object(at)?;
        at += object_size(module, heap, at).unwrap_or(1);
    }
    checker.string(state.failure.1)?;
    checker.task_lists()?;
    checker.frames()
}

/// What is restored, before anybody relies on it.
struct Checker<'c, 'm> {
    module: &'c Module<'m>,
    heap: &'c [u64],
    /// A bit for each word of the heap at which an object begins.
    starts: &'c [u64],
    /// The words in use: bindings and frames.
    stack: &'c [u64],
    state: &'c State,
    /// Words of buffers that no collection was seen to own.
    unread: Cell<u64>,
}

impl Checker<'_, '_> {
    /// The header of the object at a place, if one begins there.
    fn header(&self, reference: u64) -> Option<ObjectHeader> {
        let at = usize::try_from(reference).ok()?;
        let starts = self.starts.get(at / 64)? >> (at % 64) & 1 != 0;
        if starts { self.heap.get(at).map(|&word| ObjectHeader(word)) } else { None }
    }

    fn word(&self, object: u64, offset: usize) -> u64 {
        usize::try_from(object).ok().and_then(|at| self.heap.get(at + offset)).copied().unwrap_or(NULL)
    }

    fn kind(&self, reference: u64) -> Option<TypeKind> {
        let header = self.header(reference).filter(|header| !header.has_any_buffer())?;
        self.module.types.record(header.ty()).map(|record| record.kind)
    }

    fn string(&self, reference: u64) -> Check {
        let fits = match reference {
            NULL => true,
            constant if constant >= CONSTANT => constant - CONSTANT < u64::from(self.module.header.strings),
            _ => self
                .header(reference)
                .is_some_and(|header| header.ty() == TypeId::STR && !header.has_any_buffer()),
        };
        require(fits, "a reference to a string")
    }

    /// A reference in a slot of this type.
    fn reference(&self, slot: TypeId, reference: u64) -> Check {
        if slot == TypeId::STR {
            return self.string(reference);
        }
        if reference == NULL {
            return Ok(());
        }
        let wrong = SnapshotError::Invalid("a reference to an object of another type");
        let header = self.header(reference).filter(|header| !header.has_any_buffer()).ok_or(wrong)?;
        let ty = header.ty();
        let types = &self.module.types;
        let fits = match types.record(slot).map(|record| record.kind) {
            _ if slot == TypeId::OBJECT => types.record(ty).is_some(),
            Some(TypeKind::Fn) => self.is_closure(reference, ty, slot),
            Some(TypeKind::BoxedEnum) => types.record(ty).is_some_and(|record| {
                record.kind == TypeKind::Variant && ty.0.checked_sub(record.extra + 1) == Some(slot.0)
            }),
            Some(TypeKind::Future) => types.record(ty).is_some_and(|record| {
                record.kind == TypeKind::Task && record.components.first() == Some(&slot.0)
            }),
            _ => ty == slot,
        };
        require(fits, "a reference to an object of another type")
    }

    /// Whether an object is a closure whose function has this signature.
    fn is_closure(&self, reference: u64, captures: TypeId, signature: TypeId) -> bool {
        let number = u16::try_from(self.word(reference, 1)).ok();
        let function = number.and_then(|number| self.module.function(number));
        function.is_some_and(|function| function.captures == captures && function.signature == signature)
    }

    /// Consecutive slots of these types.
    fn slots(&self, types: &[u16], words: &[u64]) -> Check {
        let mut previous = 0;
        for (&slot, &word) in types.iter().zip(words) {
            match TypeId(slot) {
                TypeId::ANY_PAYLOAD => self.payload(previous, word)?,
                slot if slot.is_reference() => self.reference(slot, word)?,
                _ => {}
            }
            previous = word;
        }
        Ok(())
    }

    fn payload(&self, tag: u64, word: u64) -> Check {
        match AnyTag::from_slot(tag) {
            Some(AnyTag::Str) => self.string(word),
            Some(AnyTag::Array) => self.reference(TypeId::ARRAY_ANY, word),
            Some(AnyTag::Map) => self.reference(TypeId::MAP_ANY, word),
            Some(_) => Ok(()),
            // Registers that were never written.
            None => require(tag == NULL && word == NULL, "the tag of an any"),
        }
    }

    /// Registers of these runs.
    fn registers(&self, runs: &[u16], words: &[u64]) -> Check {
        let types = || {
            let runs = runs.as_chunks().0.iter();
            runs.flat_map(|&[slot, count]| core::iter::repeat_n(slot, usize::from(count)))
        };
        require(types().count() <= words.len(), "a frame's size")?;
        let mut previous = 0;
        for (slot, &word) in types().zip(words) {
            self.slots(&[TypeId::ANY.0, slot], &[previous, word])?;
            previous = word;
        }
        Ok(())
    }

    /// The object at a place, whose size is known to be in range.
    fn object(&self, at: usize) -> Check {
        let object = self.heap.get(at..).unwrap_or(&[]);
        let (&header, rest) = object.split_first().ok_or(SnapshotError::Invalid("an object"))?;
        let header = ObjectHeader(header);
        require(header.0 >> 32 == 0 && !header.has(ObjectHeader::MARK), "the header of an object")?;
        let is_text = |bytes: Option<&[u8]>| {
            require(bytes.is_some_and(|bytes| core::str::from_utf8(bytes).is_ok()), "the text of a string")
        };
        if header == TEXT_BUFFER {
            // The whole of it once, so that the check of views is not that of their text.
            let (used, room) = used_of(self.heap, at + 2);
            let bytes =
                rest.get(2..).map(bytemuck::cast_slice::<u64, u8>).and_then(|bytes| bytes.get(..used));
            let has_room = rest.first().is_some_and(|&words| words > 0) && used <= room;
            return is_text(bytes.filter(|_| has_room));
        }
        if header.has(ObjectHeader::RAW) {
            return Ok(());
        }
        let ty = header.ty();
        if header.has_any_buffer() {
            return self.buffer_type(header);
        }
        if ty == TypeId::STR {
            return match buffer_of(self.heap, at) {
                Some(data) => require(self.is_view(at, data), "a reference to the text of a string"),
                None => is_text(text::bytes(self.heap, at)),
            };
        }
        let Some(record) = self.module.types.record(ty) else { return Ok(()) };
        match record.kind {
            TypeKind::Array => {
                let (len, data) = halves(rest.first().copied().unwrap_or(0));
                let buffer = self.buffer(data, ObjectHeader::new(ty, ObjectHeader::BUFFER), len)?;
                let element = record.components.first().map_or(TypeId::UNIT, |&element| TypeId(element));
                if Packing::of(element) != Packing::Words {
                    return Ok(());
                }
                let elements = buffer.chunks_exact(record.slots.len().max(1));
                elements.take(len as usize).try_for_each(|element| self.slots(record.slots, element))
            }
            TypeKind::Map => {
                let (live, used) = halves(rest.first().copied().unwrap_or(0));
                let (entries, index) = halves(rest.get(1).copied().unwrap_or(0));
                require(live <= used, "the entries of a map")?;
                self.buffer(index, ObjectHeader(ObjectHeader::RAW), 0)?;
                let entries = self.buffer(entries, ObjectHeader::new(ty, ObjectHeader::ENTRIES), used)?;
                let entries = entries.chunks_exact(record.slots.len() + 1).take(used as usize);
                entries.filter_map(|entry| entry.split_first()).try_for_each(|(&word, slots)| {
                    if word & LIVE == 0 { Ok(()) } else { self.slots(record.slots, slots) }
                })
            }
            TypeKind::Task => {
                let function = self.module.function(record.extra).ok_or(SnapshotError::Invalid("a task"))?;
                self.slots(record.slots, rest)?;
                let registers = rest.get(record.slots.len()..).unwrap_or(&[]);
                self.registers(self.module.register_runs(&function), registers)?;
                self.task(at as u64, record.extra)
            }
            _ => self.slots(record.slots, rest),
        }
    }

    /// Whether the view at a place is of a text buffer, and ends in it at the end of a character.
    fn is_view(&self, at: usize, data: usize) -> bool {
        let buffer = data.checked_sub(2).and_then(|at| self.header(at as u64));
        let ends = || {
            let len = halves(self.word(at as u64, 1)).0 as usize;
            let (used, _) = used_of(self.heap, data);
            let text = bytemuck::cast_slice::<u64, u8>(self.heap.get(data + 1..)?).get(..used)?;
            Some(is_boundary(text, len))
        };
        buffer == Some(TEXT_BUFFER) && ends() == Some(true)
    }

    /// The words of the buffer with this header whose first element is at `data`; none if that is null. It holds at least
    /// so many elements.
    fn buffer(&self, data: u32, header: ObjectHeader, elements: u32) -> Result<&[u64], SnapshotError> {
        if u64::from(data) == NULL {
            // Elements without slots need no buffer.
            require(self.capacity(header, 0) >= u64::from(elements), "the size of a collection")?;
            return Ok(&[]);
        }
        let at = u64::from(data).checked_sub(2);
        let found = at.and_then(|at| self.header(at)).filter(|found| found.0 == header.0);
        require(found.is_some(), "a reference to the elements of a collection")?;
        let words = at.map_or(0, |at| self.word(at, 1));
        require(self.capacity(header, words) >= u64::from(elements), "the size of a collection")?;
        // Buffers have one owner each, so that their words are not more than the heap's.
        let left = self.unread.get().checked_sub(words);
        self.unread.set(left.ok_or(SnapshotError::Invalid("elements of several collections"))?);
        let start = data as usize;
        let end = usize::try_from(words).ok().and_then(|words| start.checked_add(words));
        Ok(end.and_then(|end| self.heap.get(start..end)).unwrap_or(&[]))
    }

    /// Elements that fit so many words of a buffer.
    fn capacity(&self, header: ObjectHeader, words: u64) -> u64 {
        let Some(record) = self.module.types.record(header.ty()) else { return u64::MAX };
        let slots = record.slots.len() as u64;
        if header.has(ObjectHeader::ENTRIES) {
            return words / (slots + 1);
        }
        let element = record.components.first().map_or(TypeId::UNIT, |&element| TypeId(element));
        match Packing::of(element) {
            Packing::Words => words.checked_div(slots).unwrap_or(u64::MAX),
            packed => words.saturating_mul(8) / packed.bytes() as u64,
        }
    }

    /// Whether a buffer is of a collection. Its elements are checked where the collection is, which knows how many of
    /// them it has.
    fn buffer_type(&self, header: ObjectHeader) -> Check {
        let kind = if header.has(ObjectHeader::ENTRIES) { TypeKind::Map } else { TypeKind::Array };
        let record = self.module.types.record(header.ty());
        require(record.is_some_and(|record| record.kind == kind), "the type of a collection")
    }

    /// Whether an instruction begins at this place, and in which function.
    fn instruction(&self, pc: usize) -> Option<(u16, Function)> {
        let op = self.module.code.get(pc).and_then(|&word| Insn(word).op())?;
        let number = self.module.function_at(pc).filter(|_| op != Op::Ext)?;
        Some((number, self.module.function(number)?))
    }

    /// What a task says of itself.
    fn task(&self, task: u64, number: u16) -> Check {
        let (pc, links) = tasks::parts(|offset| self.word(task, offset));
        if let Some(pc) = pc {
            let stands = self.instruction(pc).is_some_and(|(function, _)| function == number);
            require(stands, "where a task stands")?;
        }
        for link in links {
            require(link == NULL || self.kind(link) == Some(TypeKind::Task), "a task's place in a list")?;
        }
        let awaited = tasks::awaited(|offset| self.word(task, offset));
        let fits = match self.kind(awaited) {
            Some(TypeKind::Task) => true,
            Some(TypeKind::Array) => {
                self.header(awaited).is_some_and(|header| self.holds_futures(header.ty()))
            }
            _ => awaited == NULL,
        };
        require(fits, "what a task waits for")
    }

    fn holds_futures(&self, array: TypeId) -> bool {
        let types = &self.module.types;
        let element = types.record(array).and_then(|record| record.components.first().copied());
        element
            .and_then(|element| types.record(TypeId(element)))
            .is_some_and(|record| record.kind == TypeKind::Future)
    }

    /// The lists of tasks end, and the machine's own references are to tasks.
    fn task_lists(&self) -> Check {
        let Tasks { running, ready, last_ready, pending, .. } = self.state.tasks;
        for task in [running, ready, last_ready, pending] {
            require(task == NULL || self.kind(task) == Some(TypeKind::Task), "the list of tasks")?;
        }
        // No list is longer than the heap has words.
        let mut left = self.heap.len();
        let mut last = NULL;
        let mut walk = |first: u64| {
            let mut at = first;
            while at != NULL {
                left = left.checked_sub(1).ok_or(SnapshotError::Invalid("a list of tasks does not end"))?;
                last = at;
                at = tasks::next(|offset| self.word(at, offset));
            }
            Ok(last)
        };
        walk(pending)?;
        let end = if ready == NULL { NULL } else { walk(ready)? };
        require(end == last_ready, "the list of ready tasks")?;
        for at in (0..self.heap.len()).filter(|&at| self.kind(at as u64) == Some(TypeKind::Task)) {
            walk(tasks::waiters(|offset| self.word(at as u64, offset)))?;
        }
        Ok(())
    }

    /// The frames, from the running one to that of the entry.
    fn frames(&self) -> Check {
        let State { bindings, base, pc, entry, tasks, .. } = *self.state;
        let Some(entry) = entry else {
            return require(base == bindings + 1 && tasks.running == NULL, "a frame that no function has");
        };
        let (mut base, mut pc, mut running) = (base, pc, tasks.running);
        loop {
            let (number, function) =
                self.instruction(pc).ok_or(SnapshotError::Invalid("where a function stands"))?;
            let frame = self.stack.get(base..base + usize::from(function.frame));
            let frame = frame.ok_or(SnapshotError::Invalid("a frame's size"))?;
            let limit = usize::from(self.module.header.max_frame);
            require(base + limit + self.module.slack() <= self.state.split, "a frame's place")?;
            self.registers(self.module.register_runs(&function), frame)?;
            let word = base.checked_sub(1).and_then(|at| self.stack.get(at)).copied();
            let word = word.ok_or(SnapshotError::Invalid("a frame's place"))?;
            if word == OUTERMOST {
                let is_entry = base == bindings + 1 && number == entry && running == NULL;
                return require(is_entry, "the outermost frame");
            }
            let caller = base.checked_sub(usize::from((word >> 32) as u8)).filter(|&caller| caller < base);
            let caller = caller.ok_or(SnapshotError::Invalid("a frame's link"))?;
            if Link::is_task(word) {
                let of_task = tasks::function(self.module, self.word(running, 0));
                require(of_task == Some(number) && caller == bindings + 1, "the frame of a task")?;
                running = NULL;
                pc = word as u32 as usize;
                let delta = self.instruction(pc).map(|(_, entry)| usize::from(entry.frame) + 1);
                require(delta == Some(base - caller), "the frame of a task")?;
            } else {
                pc = self.call(word, number, &function, base - caller)?;
            }
            base = caller;
        }
    }

    /// The call from which a frame was entered; gives where it stands.
    fn call(
        &self,
        word: u64,
        number: u16,
        function: &Function,
        delta: usize,
    ) -> Result<usize, SnapshotError> {
        let wrong = SnapshotError::Invalid("a frame's link");
        let link = Link::from_word(word).ok_or(wrong)?;
        let code = self.module.code.get(..link.pc).ok_or(wrong)?;
        let is_ext = |word: &u32| Insn(*word).op() == Some(Op::Ext);
        let at = code.iter().rposition(|word| !is_ext(word)).ok_or(wrong)?;
        let insn = code.get(at).map(|&word| Insn(word)).ok_or(wrong)?;
        let (_, caller) = self.instruction(at).ok_or(wrong)?;
        let arguments = match insn.op() {
            Some(Op::Call) if insn.b16() == number => usize::from(function.params),
            Some(Op::CallClosure) => {
                let mut types = self.module.register_runs(&caller).as_chunks().0.iter();
                let mut end = 0;
                let ty = types.find_map(|&[slot, count]| {
                    end += usize::from(count);
                    (usize::from(insn.b()) < end).then_some(slot)
                });
                require(
                    ty == Some(function.signature.0) && function.captures != TypeId::UNIT,
                    "a frame's link",
                )?;
                usize::from(insn.c())
            }
            _ => return Err(wrong),
        };
        let fits = link.pc == at + 1 + ext_words(1 + arguments)
            && link.dst == insn.a()
            && delta == usize::from(caller.frame) + 1
            && word >> 48 == 0;
        require(fits, "a frame's link")?;
        Ok(at)
    }
}

#[cfg(test)]
mod tests;
