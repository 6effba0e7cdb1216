//! Collection: exact, sliding, linear in the heap, without recursion and without memory of its own.
//!
//! Four passes. *Mark* follows references from the roots; objects that are marked but not yet looked into are
//! linked through the upper halves of their headers. *Place* walks the heap and writes into each marked header
//! where the object will be; a run of dead objects becomes one gap. *Update* turns all references into new
//! places. *Move* slides the objects down, run by run, and cleans their headers. The order of objects never
//! changes, so the object at word 0 stays there. A text buffer keeps what the longest view of it needs: marking
//! notes that in the upper half of its header, and placing makes a dead object of the rest.
//!
//! Nothing here trusts what it reads: a reference to nowhere is skipped, a heap that is not a sequence of objects
//! ends the program, and the work on any bytes is linear.

use super::access::{ANY_BUFFER, CORRUPT, RAW_HEADER};
use super::text::{TEXT_BUFFER, VIEW_WORDS};
use super::{AnyTag, CONSTANT, LIVE, ObjectHeader, halves, join};
use crate::features::{HAS_MAPS, TASKS, lacks};
use crate::machine::{State, Stop, Vm, WINDOW};
use crate::module::{Module, TypeId, TypeKind};

/// The low half of a header.
const LOW: u64 = 0xffff_ffff;
/// The end of the list of gray objects.
const END: u32 = u32::MAX;

/// What an object is to the collector.
#[derive(Clone, Copy)]
enum Shape<'a> {
    /// No references in it.
    Leaf,
    /// Slots of these types from the second word on.
    Object(&'a [u16]),
    /// Such slots, and behind them registers of these runs.
    Task(&'a [u16], &'a [u16]),
    /// One buffer.
    Array,
    /// A text buffer.
    View,
    /// Two buffers.
    Map,
    /// Repetitions of these slots.
    Buffer(&'a [u16]),
    /// Repetitions of an entry word and these slots.
    Entries(&'a [u16]),
}

/// How large an object is.
#[derive(Clone, Copy)]
enum Size {
    /// So many words.
    Words(usize),
    /// Two words, and as many as the second one says.
    Buffer,
    /// Two words, and those of as many bytes as the second one says.
    Text,
}

/// What a header says, as far as no other word is needed.
#[derive(Clone, Copy)]
struct Kind<'a> {
    /// The header's type and buffer flags.
    key: u32,
    shape: Shape<'a>,
    size: Size,
}

impl Kind<'_> {
    /// The words of an object of this kind, of which these are the first; `None` if it has more than these.
    #[inline]
    fn size(&self, words: &[u64]) -> Option<usize> {
        let second = || words.get(1).copied();
        let size = match self.size {
            Size::Words(words) => words,
            Size::Buffer => usize::try_from(second()?).ok()?.checked_add(2)?,
            Size::Text => 2 + (halves(second()?).0 as usize).div_ceil(8),
        };
        (size <= words.len()).then_some(size)
    }
}

/// Kinds that the collector remembers: few where native stack is scarce.
const KINDS: usize = if cfg!(target_pointer_width = "32") { 1 } else { 8 };

/// The bits of a header that make its kind.
const KEY: u64 = 0xffff | ANY_BUFFER | ObjectHeader::VIEW;

/// Whether a header is that of a text buffer that was reached.
const fn is_marked_text(header: u64) -> bool {
    header & (KEY | ObjectHeader::MARK) == TEXT_BUFFER.0 | ObjectHeader::MARK
}

fn holds_references(slots: &[u16]) -> bool {
    slots.iter().any(|&slot| TypeId(slot).is_reference() || TypeId(slot) == TypeId::ANY_PAYLOAD)
}

fn kind_of<'a>(module: &Module<'a>, header: ObjectHeader) -> Option<Kind<'a>> {
    let types = &module.types;
    let slots =
        || types.record(header.ty()).map(|record| record.slots).filter(|slots| holds_references(slots));
    let (shape, size) = if header.has(ObjectHeader::RAW) {
        (Shape::Leaf, Size::Buffer)
    } else if HAS_MAPS && header.has(ObjectHeader::ENTRIES) {
        (slots().map_or(Shape::Leaf, Shape::Entries), Size::Buffer)
    } else if header.has(ObjectHeader::BUFFER) {
        (slots().map_or(Shape::Leaf, Shape::Buffer), Size::Buffer)
    } else if header.ty() == TypeId::UNIT {
        // The state of a module that has none.
        (Shape::Leaf, Size::Words(1))
    } else if header.ty() == TypeId::STR {
        if header.has(ObjectHeader::VIEW) {
            (Shape::View, Size::Words(VIEW_WORDS))
        } else {
            (Shape::Leaf, Size::Text)
        }
    } else {
        let record = types.record(header.ty())?;
        match record.kind {
            TypeKind::Struct | TypeKind::Captures | TypeKind::Variant | TypeKind::Tensor => {
                (slots().map_or(Shape::Leaf, Shape::Object), Size::Words(1 + record.slots.len()))
            }
            TypeKind::Task if !lacks(TASKS) => {
                let function = module.function(record.extra)?;
                let size = 1 + record.slots.len() + usize::from(function.frame);
                (Shape::Task(record.slots, module.register_runs(&function)), Size::Words(size))
            }
            TypeKind::Array => (Shape::Array, Size::Words(2)),
            TypeKind::Map if HAS_MAPS => (Shape::Map, Size::Words(3)),
            _ => return None,
        }
    };
    Some(Kind { key: (header.0 & KEY) as u32, shape, size })
}

/// The words of the object at a place; `None` if there is none, or it ends beyond the heap.
pub(crate) fn object_size(module: &Module<'_>, heap: &[u64], at: usize) -> Option<usize> {
    let rest = heap.get(at..)?;
    let kind = kind_of(module, ObjectHeader(*rest.first()?))?;
    kind.size(rest)
}

struct Collector<'c, 'm> {
    module: &'m Module<'m>,
    heap: &'c mut [u64],
    gray: u32,
    /// Words that marking looked at.
    looked: usize,
    /// Kinds that were met lately, each at the place that its key gives.
    kinds: [Kind<'m>; KINDS],
}

impl<'c, 'm> Collector<'c, 'm> {
    fn new(module: &'m Module<'m>, heap: &'c mut [u64]) -> Self {
        let none = Kind { key: u32::MAX, shape: Shape::Leaf, size: Size::Words(1) };
        Self { module, heap, gray: END, looked: 0, kinds: [none; KINDS] }
    }

    /// Shape and size in words of the object at a place; `None` if there is none.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn shape(&mut self, at: usize) -> Option<(Shape<'m>, usize)> {
        let rest = self.heap.get(at..)?;
        let header = *rest.first()?;
        let key = (header & KEY) as u32;
        // So that, where there are places enough, neither buffers nor views share one with what they belong to.
        let place = self.kinds.get_mut((key ^ key >> 16 ^ key >> 17) as usize & (KINDS - 1))?;
        if place.key != key {
            *place = kind_of(self.module, ObjectHeader(header))?;
        }
        let size = place.size(rest)?;
        Some((place.shape, size))
    }

    /// Marks what a reference refers to.
    fn mark(&mut self, reference: u64) {
        if reference >= CONSTANT {
            return;
        }
        let Some(header) = self.heap.get_mut(reference as usize) else { return };
        if *header & ObjectHeader::MARK != 0 {
            return;
        }
        let leaf = *header & ObjectHeader::RAW != 0 || *header & KEY == u64::from(TypeId::STR.0);
        let link = if leaf { 0 } else { core::mem::replace(&mut self.gray, reference as u32) };
        *header = join(*header as u32 | ObjectHeader::MARK as u32, link);
    }

    /// The new value of a reference.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn forward(&self, reference: u64) -> u64 {
        if reference >= CONSTANT {
            return reference;
        }
        match self.heap.get(reference as usize) {
            Some(&header) if header & ObjectHeader::MARK != 0 => u64::from(halves(header).1),
            _ => reference,
        }
    }

    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    fn touch(&mut self, mark: bool, at: usize) {
        let Some(&reference) = self.heap.get(at) else { return };
        if mark {
            self.mark(reference);
        } else {
            let new = self.forward(reference);
            if let Some(word) = self.heap.get_mut(at) {
                *word = new;
            }
        }
    }

    /// The same for a half word that refers to a buffer.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    fn touch_buffer(&mut self, mark: bool, data: u32) -> u32 {
        let Some(reference) = data.checked_sub(2) else { return data };
        if mark {
            self.mark(u64::from(reference));
            data
        } else {
            (self.forward(u64::from(reference)) as u32).wrapping_add(2)
        }
    }

    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    fn touch_slots(&mut self, mark: bool, slots: &[u16], at: usize) {
        for (offset, &slot) in slots.iter().enumerate() {
            let slot = TypeId(slot);
            let reference = slot.is_reference()
                || slot == TypeId::ANY_PAYLOAD && offset > 0 && is_tagged(self.heap, at + offset);
            if reference {
                self.touch(mark, at + offset);
            }
        }
    }

    /// Marks or updates what an object refers to; gives its size. Where flash is not scarce, there is one of it for each.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    fn visit(&mut self, mark: bool, at: usize) -> Option<usize> {
        let (shape, size) = self.shape(at)?;
        match shape {
            Shape::Leaf => {}
            Shape::Object(slots) => self.touch_slots(mark, slots, at + 1),
            Shape::Task(..) if lacks(TASKS) => {}
            Shape::Entries(..) if !HAS_MAPS => {}
            Shape::Task(slots, runs) => {
                self.touch_slots(mark, slots, at + 1);
                references(runs, at + 1 + slots.len(), |at, tagged| {
                    if !tagged || is_tagged(self.heap, at) {
                        self.touch(mark, at);
                    }
                });
            }
            Shape::Array | Shape::View | Shape::Map => {
                // The last word has a buffer in its upper half; a map's also in its lower half.
                let word = at + size - 1;
                let (low, high) = halves(self.heap.get(word).copied()?);
                let low =
                    if HAS_MAPS && matches!(shape, Shape::Map) { self.touch_buffer(mark, low) } else { low };
                let high = self.touch_buffer(mark, high);
                *self.heap.get_mut(word)? = join(low, high);
                if mark && matches!(shape, Shape::View) {
                    self.need(at, high);
                }
            }
            Shape::Buffer(&[_]) => {
                for word in at + 2..at + size {
                    self.touch(mark, word);
                }
            }
            Shape::Buffer(slots) => {
                for place in elements(at, size, slots.len()) {
                    self.touch_slots(mark, slots, place);
                }
            }
            Shape::Entries(slots) => {
                for place in elements(at, size, slots.len() + 1) {
                    if self.heap.get(place).is_some_and(|&word| word & LIVE != 0) {
                        self.touch_slots(mark, slots, place + 1);
                    }
                }
            }
        }
        Some(size)
    }

    /// Notes that the view at a place needs its bytes of a buffer.
    fn need(&mut self, at: usize, data: u32) {
        let len = self.heap.get(at + 1).map_or(0, |&size| halves(size).0);
        let buffer = data.checked_sub(2).and_then(|at| self.heap.get_mut(at as usize));
        if let Some(header) = buffer.filter(|header| is_marked_text(**header)) {
            *header = join(*header as u32, halves(*header).1.max(len));
        }
    }

    /// Takes what no view needs from the text buffer at a place, of so many words; gives how many it has then.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn trim(&mut self, at: usize, size: usize) -> Option<usize> {
        let &[header, ref rest @ ..] = self.heap.get(at..at + size)? else { return None };
        let needed = halves(header).1;
        let words = 1 + (needed as usize).div_ceil(8);
        if words >= rest.len() {
            return Some(size);
        }
        let place = self.heap.get_mut(at + 1..at + size)?;
        let (kept, free) = place.split_at_mut_checked(1 + words)?;
        if let [size, used, ..] = kept {
            (*size, *used) = (words as u64, u64::from(needed));
        }
        match free {
            // As if it were the state of a module that has none.
            [one] => *one = ObjectHeader::new(TypeId::UNIT, 0).0,
            [first, second, rest @ ..] => (*first, *second) = (RAW_HEADER, rest.len() as u64),
            [] => {}
        }
        Some(2 + words)
    }

    /// Marks or updates every reference of the stack and of the list of tasks; gives how many words were looked at.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn roots(&mut self, mark: bool, state: &mut State, stack: &mut [u64]) -> usize {
        let module = self.module;
        let mut touch = |word: &mut u64| {
            if mark {
                self.mark(*word);
            } else {
                *word = self.forward(*word);
            }
        };
        if !lacks(TASKS) {
            state.tasks.roots().into_iter().for_each(&mut touch);
        }
        let (mut base, mut pc, mut looked) = (state.base, state.pc, 0);
        loop {
            let function = module.function_at(pc).and_then(|number| module.function(number));
            let runs = function.map_or(&[][..], |function| module.register_runs(&function));
            references(runs, base, |at, tagged| {
                if (!tagged || is_tagged(stack, at))
                    && let Some(word) = stack.get_mut(at)
                {
                    touch(word);
                }
            });
            looked += function.map_or(0, |function| usize::from(function.frame));
            let Some(&link) = base.checked_sub(1).and_then(|at| stack.get(at)) else { return looked };
            let delta = (link >> 32) as usize & 0xff;
            if link == u64::MAX || delta == 0 {
                return looked;
            }
            let Some(caller) = base.checked_sub(delta) else { return looked };
            base = caller;
            pc = link as u32 as usize;
        }
    }

    /// Marks everything that marked objects refer to.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn mark_all(&mut self) -> Result<(), Stop> {
        // Objects do not overlap, so they cannot add up to more than the heap.
        let limit = self.heap.len();
        while self.gray != END {
            let at = self.gray as usize;
            self.gray = self.heap.get(at).map_or(END, |&header| halves(header).1);
            self.looked += self.visit(true, at).ok_or(CORRUPT)?;
            if self.looked > limit {
                return Err(CORRUPT);
            }
        }
        Ok(())
    }

    /// Finds the new places; gives the end of all objects.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn place(&mut self) -> Result<usize, Stop> {
        let (mut at, mut new) = (0, 0);
        let mut gap: Option<usize> = None;
        while at < self.heap.len() {
            let (_, mut size) = self.shape(at).ok_or(CORRUPT)?;
            if self.heap.get(at).is_some_and(|&header| is_marked_text(header)) {
                size = self.trim(at, size).ok_or(CORRUPT)?;
            }
            let header = self.heap.get_mut(at).ok_or(CORRUPT)?;
            if *header & ObjectHeader::MARK == 0 {
                gap.get_or_insert(at);
            } else {
                *header = join(*header as u32, new as u32);
                new += size;
                self.close_gap(&mut gap, at)?;
            }
            at += size;
        }
        self.close_gap(&mut gap, at)?;
        Ok(new)
    }

    /// Notes the length of a run of dead objects in the upper half of its first word.
    fn close_gap(&mut self, gap: &mut Option<usize>, end: usize) -> Result<(), Stop> {
        if let Some(start) = gap.take() {
            *self.heap.get_mut(start).ok_or(CORRUPT)? = join(0, (end - start) as u32);
        }
        Ok(())
    }

    /// The length of the gap at a place, if there is one: what is placed and has no mark.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn gap(&self, at: usize) -> Option<usize> {
        let &header = self.heap.get(at)?;
        (header & ObjectHeader::MARK == 0).then(|| (halves(header).1 as usize).max(1))
    }

    /// Updates the references in all objects.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn update(&mut self) -> Result<(), Stop> {
        let mut at = 0;
        while at < self.heap.len() {
            at += match self.gap(at) {
                Some(gap) => gap,
                None => self.visit(false, at).ok_or(CORRUPT)?,
            };
        }
        Ok(())
    }

    /// Moves all objects.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn slide(&mut self) -> Result<(), Stop> {
        let (mut at, mut new) = (0, 0);
        while at < self.heap.len() {
            if let Some(gap) = self.gap(at) {
                at += gap;
                continue;
            }
            let start = at;
            while at < self.heap.len() && self.gap(at).is_none() {
                let (_, size) = self.shape(at).ok_or(CORRUPT)?;
                if let Some(header) = self.heap.get_mut(at) {
                    *header &= LOW & !ObjectHeader::MARK;
                }
                at += size;
            }
            if start != new {
                self.heap.copy_within(start..at, new);
            }
            new += at - start;
        }
        Ok(())
    }
}

/// Where the elements of a buffer begin, of so many words each. There may be room for a part of one more.
fn elements(at: usize, size: usize, words: usize) -> impl Iterator<Item = usize> {
    (at + 2..(at + size + 1).saturating_sub(words)).step_by(words.max(1))
}

/// The registers of these runs that hold references; the first register is at word `at`. For each also whether it holds one
/// only if the tag before it says so.
fn references(runs: &[u16], mut at: usize, mut each: impl FnMut(usize, bool)) {
    for &[slot, count] in runs.as_chunks().0 {
        let (slot, end) = (TypeId(slot), at + usize::from(count));
        let tagged = slot == TypeId::ANY_PAYLOAD;
        if tagged || slot.is_reference() {
            (at..end).for_each(|at| each(at, tagged));
        }
        at = end;
    }
}

/// Whether the tag before this word says that a reference follows.
fn is_tagged(words: &[u64], at: usize) -> bool {
    at.checked_sub(1).and_then(|tag| words.get(tag)).is_some_and(|&tag| AnyTag::slot_is_reference(tag))
}

impl Vm<'_> {
    /// Frees what the program cannot reach. Moves objects: only references in registers follow.
    #[cold]
    pub(crate) fn collect(&mut self) -> Result<(), Stop> {
        let (split, top) = (self.state.split, self.state.top);
        let (stack, rest) = self.arena.split_at_mut_checked(split).ok_or(CORRUPT)?;
        let heap = rest.get_mut(..top).ok_or(CORRUPT)?;
        let mut collector = Collector::new(self.module, heap);
        collector.mark(0);
        let roots = collector.roots(true, self.state, stack);
        let outcome = collector.mark_all().and_then(|()| {
            let new = collector.place()?;
            collector.update()?;
            collector.roots(false, self.state, stack);
            collector.slide()?;
            Ok(new)
        });
        let work = roots + collector.looked + top;
        self.charge_collector(work as u64 / 2 + 32);
        self.state.counters.collections += 1;
        self.state.top = outcome?;
        Ok(())
    }

    pub(super) fn charge_collector(&mut self, cost: u64) {
        self.state.fuel = self.state.fuel.saturating_sub_unsigned(cost);
        self.state.counters.collector_steps += cost;
    }

    /// Gives the stack this many words more by moving the heap up. May collect.
    pub(crate) fn grow_stack(&mut self, words: usize) -> Result<(), Stop> {
        if self.free() < words {
            self.collect()?;
        }
        if self.free() < words {
            return Err(Stop::OutOfMemory);
        }
        self.move_heap(self.state.split + words);
        self.note_use(0);
        Ok(())
    }

    /// Gives the words above the running frame's window back to the heap.
    pub(crate) fn shrink_stack(&mut self) {
        let end = self.state.base.saturating_add(WINDOW);
        if end < self.state.split {
            self.move_heap(end);
        }
    }

    fn move_heap(&mut self, split: usize) {
        let (old, top) = (self.state.split, self.state.top);
        let ends = old.checked_add(top).zip(split.checked_add(top));
        if let Some((end, new_end)) = ends
            && end.max(new_end) <= self.arena.len()
        {
            self.arena.copy_within(old..end, split);
            self.state.split = split;
            self.charge_collector(top as u64 / 16 + 8);
        }
    }
}
