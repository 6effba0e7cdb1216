//! Deep equality.
//!
//! Pairs of objects that must be equal are listed in the free words, each once: objects already taken to be equal
//! are joined into sets, through the upper halves of their headers, which are cleared in the end. So the work is
//! in proportion to what is reachable, values may contain themselves, and nothing nests.

use crate::error::TrapCode;
use crate::heap::access::{CORRUPT, index};
use crate::heap::{AnyTag, CONSTANT, LIVE, ObjectHeader, halves, join};
use crate::library::display::variant;
use crate::library::entries::Map;
use crate::machine::{Stop, Vm};
use crate::module::{Packing, TypeId, TypeKind, TypeRecord};

type Done = Result<(), Stop>;

/// Strings from this length on are joined too, so that no two are compared often.
const LONG: usize = 64;

/// A comparison under way.
struct Comparison<'c, 'a> {
    vm: &'c mut Vm<'a>,
    /// Pairs of objects in the list, and how many of them were looked into.
    listed: usize,
    done: usize,
    /// Pairs of parts on the stack at the other end of the free words.
    stacked: usize,
    /// Steps taken, and how many are too many: only strings of the module and hashes made to collide get there.
    steps: u64,
    limit: u64,
}

/// Two places in the arena that must hold equal values.
#[derive(Clone, Copy, Debug)]
struct Pair {
    ty: TypeId,
    a: usize,
    b: usize,
}

/// Whether a float and an int are the same number.
fn same_number(float: u64, int: u64) -> bool {
    let (float, int) = (f64::from_bits(float), int.cast_signed());
    float == int as f64 && float < 9_223_372_036_854_775_808.0 && float as i64 == int
}

impl<'c, 'a> Comparison<'c, 'a> {
    fn new(vm: &'c mut Vm<'a>) -> Self {
        let limit = 1000 + 64 * vm.arena.len() as u64;
        Self { vm, listed: 0, done: 0, stacked: 0, steps: 0, limit }
    }

    fn word(&self, place: usize) -> Result<u64, Stop> {
        self.vm.arena.get(place).copied().ok_or(CORRUPT)
    }

    fn list_at(&self, number: usize) -> usize {
        self.vm.state.split + self.vm.state.top + number
    }

    fn spend(&mut self, steps: u64) -> Done {
        self.steps += steps;
        if self.steps > self.limit { Err(Stop::from(TrapCode::TooLarge)) } else { Ok(()) }
    }

    /// Compares, and leaves all headers as they were.
    fn run(&mut self, pair: Pair) -> Result<bool, Stop> {
        let equal = self.walk(pair);
        for number in 0..self.listed {
            let (a, b) = halves(self.word(self.list_at(number)).unwrap_or(u64::MAX));
            for reference in [a, b] {
                if let Some(header) = self.vm.heap_mut().get_mut(index(u64::from(reference))) {
                    *header &= 0xffff_ffff;
                }
            }
        }
        self.vm.charge(self.steps + self.listed as u64);
        equal
    }

    fn walk(&mut self, pair: Pair) -> Result<bool, Stop> {
        let mut equal = self.value(pair)? && self.drain()?;
        while equal && self.done < self.listed {
            let (a, b) = halves(self.word(self.list_at(self.done))?);
            self.done += 1;
            equal = self.objects(u64::from(a), u64::from(b))?;
        }
        Ok(equal)
    }

    /// Compares the parts on the stack.
    fn drain(&mut self) -> Result<bool, Stop> {
        while let Some(rest) = self.stacked.checked_sub(2) {
            let at = self.vm.arena.len().saturating_sub(self.stacked);
            let (a, b) = halves(self.word(at)?);
            let ty = TypeId(self.word(at + 1)? as u16);
            self.stacked = rest;
            if !self.value(Pair { ty, a: a as usize, b: b as usize })? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn room(&self, words: usize) -> Done {
        if self.vm.free() < self.listed + self.stacked + words { Err(Stop::OutOfMemory) } else { Ok(()) }
    }

    fn push(&mut self, pair: Pair) -> Done {
        self.room(2)?;
        self.stacked += 2;
        let at = self.vm.arena.len().saturating_sub(self.stacked);
        self.vm.set_place(at, join(pair.a as u32, pair.b as u32));
        self.vm.set_place(at + 1, u64::from(pair.ty.0));
        Ok(())
    }

    /// Compares two values as far as no objects are involved; those are listed, other parts stacked.
    fn value(&mut self, pair: Pair) -> Result<bool, Stop> {
        let Pair { mut ty, mut a, mut b } = pair;
        loop {
            self.spend(2)?;
            if ty == TypeId::UNIT {
                return Ok(true);
            }
            let (first, second) = (self.word(a)?, self.word(b)?);
            match ty {
                _ if ty.is_float() => return Ok(f64::from_bits(first) == f64::from_bits(second)),
                TypeId::STR => return self.strings(first, second),
                TypeId::ANY => return self.any([first, self.word(a + 1)?], [second, self.word(b + 1)?]),
                _ if ty.0 < TypeId::FLOAT.0 || ty == TypeId::HANDLE => return Ok(first == second),
                _ => {}
            }
            let record = self.vm.module.types.record(ty).ok_or(CORRUPT)?;
            let component = record.components.first().map(|&ty| TypeId(ty));
            match record.kind {
                TypeKind::Option | TypeKind::Result => {
                    let present = |tag: u64| (tag == 0) == (record.kind == TypeKind::Result);
                    let payload = component.ok_or(CORRUPT)?;
                    match (present(first), present(second)) {
                        (true, true) => (ty, a, b) = (payload, a + 1, b + 1),
                        (false, false) if record.kind == TypeKind::Option => return Ok(true),
                        (false, false) if first == second => {
                            let message = 1 + self.vm.module.types.value_size(payload);
                            (ty, a, b) = (TypeId::STR, a + message, b + message);
                        }
                        _ => return Ok(false),
                    }
                }
                TypeKind::Enum => {
                    if first != second {
                        return Ok(false);
                    }
                    let found = variant(&self.vm.view(), &record, first).ok_or(CORRUPT)?;
                    self.spend(found.steps())?;
                    let mut slot = 1 + found.before;
                    // The payload waits on the stack: it may hold enums of its own.
                    for number in 0..usize::from(found.count) {
                        let component = record.components.get(found.component + number).copied();
                        let ty = TypeId(component.ok_or(CORRUPT)?);
                        self.push(Pair { ty, a: a + slot, b: b + slot })?;
                        slot += self.vm.module.types.value_size(ty);
                    }
                    return Ok(true);
                }
                TypeKind::Fn | TypeKind::Captures => return self.closures(first, second),
                TypeKind::Future | TypeKind::Task => return Ok(first == second),
                _ => return self.references(first, second),
            }
        }
    }

    /// Compares components from one on, so many, each that many numbers after the one before.
    fn components(
        &mut self,
        record: &TypeRecord<'_>,
        [first, count, stride]: [usize; 3],
        mut a: usize,
        mut b: usize,
    ) -> Result<bool, Stop> {
        for number in 0..count {
            let ty = TypeId(record.components.get(first + number * stride).copied().ok_or(CORRUPT)?);
            if !self.value(Pair { ty, a, b })? || !self.drain()? {
                return Ok(false);
            }
            let size = self.vm.module.types.value_size(ty);
            (a, b) = (a + size, b + size);
        }
        Ok(true)
    }

    /// The same closure; or the same function, of which each mention makes a closure without captures.
    fn closures(&self, a: u64, b: u64) -> Result<bool, Stop> {
        if a == b {
            return Ok(true);
        }
        let view = self.vm.view();
        let ((header, first), (_, second)) = (view.object(a)?, view.object(b)?);
        let captures = self.vm.module.types.record(header.ty()).ok_or(CORRUPT)?;
        Ok(captures.slots.len() == 1 && first.first() == second.first())
    }

    fn any(&mut self, [tag, a]: [u64; 2], [other, b]: [u64; 2]) -> Result<bool, Stop> {
        match (AnyTag::from_slot(tag).ok_or(CORRUPT)?, AnyTag::from_slot(other).ok_or(CORRUPT)?) {
            (AnyTag::Int, AnyTag::Float) => Ok(same_number(b, a)),
            (AnyTag::Float, AnyTag::Int) => Ok(same_number(a, b)),
            (kind, other) if kind != other => Ok(false),
            (AnyTag::None, _) => Ok(true),
            (AnyTag::Bool | AnyTag::Int, _) => Ok(a == b),
            (AnyTag::Float, _) => Ok(f64::from_bits(a) == f64::from_bits(b)),
            (AnyTag::Str, _) => self.strings(a, b),
            (AnyTag::Array | AnyTag::Map, _) => self.references(a, b),
        }
    }

    /// The object, or string constant, that stands for the set of an object.
    fn find(&mut self, mut reference: u64) -> Result<u64, Stop> {
        loop {
            if reference >= CONSTANT {
                return Ok(reference);
            }
            let parent = |reference: u64| -> Result<u64, Stop> {
                Ok(u64::from(halves(*self.vm.heap().get(index(reference)).ok_or(CORRUPT)?).1))
            };
            let Some(next) = parent(reference)?.checked_sub(1) else { return Ok(reference) };
            let above = if next >= CONSTANT { 0 } else { parent(next)? };
            if above != 0 {
                // On the way, point past the parent.
                self.set_parent(reference, above)?;
            }
            self.steps += 1;
            reference = next;
        }
    }

    fn set_parent(&mut self, reference: u64, parent: u64) -> Done {
        let header = self.vm.heap_mut().get_mut(index(reference)).ok_or(CORRUPT)?;
        *header = join(*header as u32, parent as u32);
        Ok(())
    }

    /// Joins two sets, by those that stand for them; at least one is an object.
    fn join(&mut self, a: u64, b: u64) -> Done {
        self.room(1)?;
        let (child, parent) = if a < CONSTANT { (a, b) } else { (b, a) };
        self.set_parent(child, parent + 1)?;
        let at = self.list_at(self.listed);
        self.vm.set_place(at, join(a as u32, b as u32));
        self.listed += 1;
        Ok(())
    }

    fn strings(&mut self, a: u64, b: u64) -> Result<bool, Stop> {
        if a == b {
            return Ok(true);
        }
        let view = self.vm.view();
        let (first, second) = (view.string(a)?, view.string(b)?);
        let len = first.len();
        if len != second.len() {
            return Ok(false);
        }
        if len < LONG {
            let equal = first == second;
            self.spend(2)?;
            return Ok(equal);
        }
        let (a, b) = (self.find(a)?, self.find(b)?);
        if a == b {
            return Ok(true);
        }
        let view = self.vm.view();
        let equal = view.string(a)? == view.string(b)?;
        self.spend(len as u64 / 32)?;
        if equal && (a < CONSTANT || b < CONSTANT) {
            self.join(a, b)?;
        }
        Ok(equal)
    }

    /// Lists two objects of the same static type, unless they are known to be equal or different.
    fn references(&mut self, a: u64, b: u64) -> Result<bool, Stop> {
        if a == b {
            return Ok(true);
        }
        let view = self.vm.view();
        let ((first, words), (second, others)) = (view.object(a)?, view.object(b)?);
        if first.ty() != second.ty() {
            return Ok(false);
        }
        let kind = self.vm.module.types.record(first.ty()).ok_or(CORRUPT)?.kind;
        // Lengths of arrays, numbers of live entries of maps.
        let counts = |words: &[u64]| words.first().map(|&counts| halves(counts).0);
        if matches!(kind, TypeKind::Array | TypeKind::Map) && counts(words) != counts(others) {
            return Ok(false);
        }
        let (a, b) = (self.find(a)?, self.find(b)?);
        if a != b {
            self.join(a, b)?;
        }
        Ok(true)
    }

    /// Compares the parts of two listed objects of the same type.
    fn objects(&mut self, a: u64, b: u64) -> Result<bool, Stop> {
        if a >= CONSTANT || b >= CONSTANT {
            return Ok(true);
        }
        self.spend(6)?;
        let view = self.vm.view();
        let ty = ObjectHeader(view.place(view.heap_place(index(a)))).ty();
        let (first, second) = (view.heap_place(index(a)) + 1, view.heap_place(index(b)) + 1);
        if ty == TypeId::STR {
            // Compared before they were listed.
            return Ok(true);
        }
        let record = self.vm.module.types.record(ty).ok_or(CORRUPT)?;
        match record.kind {
            TypeKind::Struct => self.components(&record, [1, record.components.len() / 2, 2], first, second),
            TypeKind::Variant => self.components(&record, [0, record.components.len(), 1], first, second),
            TypeKind::Tensor => self.components(&record, [0, 2, 1], first, second),
            TypeKind::Array => self.arrays(a, b),
            TypeKind::Map => self.maps(a, b),
            _ => Err(CORRUPT),
        }
    }

    fn arrays(&mut self, a: u64, b: u64) -> Result<bool, Stop> {
        let view = self.vm.view();
        let (first, second) = (view.array(a)?, view.array(b)?);
        if first.slots == 0 {
            return Ok(true);
        }
        match (first.packing, first.element) {
            (packing @ (Packing::F32 | Packing::F16 | Packing::BF16), _) => {
                let (x, y) = (view.element_bytes(&first)?, view.element_bytes(&second)?);
                let equal = equal_floats(packing, x, y, first.len);
                self.spend(first.len as u64 / 2)?;
                Ok(equal)
            }
            (Packing::Words, TypeId::INT | TypeId::U64) => {
                let equal = view.elements(&first)? == view.elements(&second)?;
                self.spend(first.len as u64 / 4)?;
                Ok(equal)
            }
            (Packing::Words, ty) => {
                let (mut a, mut b) = (view.heap_place(first.data), view.heap_place(second.data));
                for _ in 0..first.len {
                    if !self.value(Pair { ty, a, b })? || !self.drain()? {
                        return Ok(false);
                    }
                    (a, b) = (a + first.slots, b + first.slots);
                }
                Ok(true)
            }
            (packed, _) => {
                let bytes = first.len * packed.bytes();
                let (x, y) = (view.element_bytes(&first)?, view.element_bytes(&second)?);
                let equal = x.get(..bytes) == y.get(..bytes);
                self.spend(bytes as u64 / 32)?;
                Ok(equal)
            }
        }
    }

    fn maps(&mut self, a: u64, b: u64) -> Result<bool, Stop> {
        let (first, second) = (Map::of(&self.vm.view(), a)?, Map::of(&self.vm.view(), b)?);
        for number in 0..first.used {
            self.spend(2)?;
            let view = self.vm.view();
            let word = first.entry_word(&view, number)?;
            if word & LIVE == 0 {
                continue;
            }
            let place = view.heap_place(first.entry_at(number) + 1);
            let key = view.place(place);
            // Maps that were filled alike have the key at the same place.
            let mut other = None;
            if number < second.used {
                let there = second.entry_word(&view, number)?;
                let found = view.place(view.heap_place(second.entry_at(number) + 1));
                if there & LIVE != 0
                    && there as u32 == word as u32
                    && (found == key || first.key == TypeId::STR && self.strings(key, found)?)
                {
                    other = Some(number);
                }
            }
            if other.is_none() {
                let view = self.vm.view();
                let (found, probes) = second.find(&view, word as u32, key)?;
                let len = if first.key == TypeId::STR { view.string(key)?.len() as u64 / 32 } else { 0 };
                self.spend(probes + len)?;
                other = found;
            }
            let Some(other) = other else { return Ok(false) };
            let there = self.vm.view().heap_place(second.entry_at(other) + 2);
            if !self.value(Pair { ty: first.value, a: place + 1, b: there })? || !self.drain()? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Vm<'_> {
    /// Whether the values at two places, each in a register or an object, are equal. Collects and tries again if
    /// the free words do not suffice; so `places` is asked again.
    fn equal_values(
        &mut self,
        ty: TypeId,
        places: impl Fn(&Self) -> Result<[usize; 2], Stop>,
    ) -> Result<bool, Stop> {
        for last in [false, true] {
            let [a, b] = places(self)?;
            match Comparison::new(self).run(Pair { ty, a, b }) {
                Err(Stop::OutOfMemory) if !last => self.free_garbage()?,
                other => return other,
            }
        }
        Err(Stop::OutOfMemory)
    }
}

pub(super) fn equal(vm: &mut Vm<'_>, dst: usize, ty: TypeId, a: usize, b: usize) -> Done {
    vm.pay(4)?;
    let base = vm.state.base;
    let equal = vm.equal_values(ty, |_| Ok([base + a, base + b]))?;
    vm.give(dst, [u64::from(equal)])
}

pub(super) fn array_index_of(vm: &mut Vm<'_>, dst: usize, register: usize, element: usize) -> Done {
    let array = vm.array(register)?;
    let found = if array.slots == 0 {
        vm.pay(1)?;
        (array.len > 0).then_some(0)
    } else if array.element == TypeId::STR {
        let needle = vm.bytes(element)?.len() as u64;
        vm.pay(2 + (array.len as u64).saturating_mul(1 + needle / 32))?;
        let view = vm.view();
        let needle = view.string(view.reg(element))?;
        let mut found = None;
        for index in 0..array.len {
            if view.string(view.element(&array, index, 0)?)? == needle {
                found = Some(index);
                break;
            }
        }
        found
    } else if array.packing != Packing::Words || array.element.0 <= TypeId::FLOAT.0 {
        vm.pay(2 + array.len as u64 / 2)?;
        let view = vm.view();
        let needle = view.reg(element);
        let float = array.element.is_float();
        let mut found = None;
        for index in 0..array.len {
            let value = view.element(&array, index, 0)?;
            if if float { f64::from_bits(value) == f64::from_bits(needle) } else { value == needle } {
                found = Some(index);
                break;
            }
        }
        found
    } else {
        deep_index_of(vm, register, element)?
    };
    vm.give(dst, [found.map_or(u64::MAX, |index| index as u64)])
}

/// Whether so many packed floats are equal: nothing equals NaN, and the two zeros are the same.
fn equal_floats(packing: Packing, x: &[u8], y: &[u8], len: usize) -> bool {
    if packing == Packing::F32 {
        let ((x, _), (y, _)) = (x.as_chunks(), y.as_chunks());
        let mut pairs = x.iter().zip(y).take(len);
        return pairs.all(|(&x, &y)| f32::from_le_bytes(x) == f32::from_le_bytes(y));
    }
    let infinity = if packing == Packing::F16 { 0x7c00 } else { 0x7f80 };
    let ((x, _), (y, _)) = (x.as_chunks(), y.as_chunks());
    let mut pairs = x.iter().zip(y).take(len).map(|(&x, &y)| (u16::from_le_bytes(x), u16::from_le_bytes(y)));
    pairs.all(|(x, y)| (x == y && x & 0x7fff <= infinity) || (x | y) & 0x7fff == 0)
}

/// Each comparison may be as long as the whole heap, so they are done one by one: `paid` holds the index to go on
/// with while the steps do not suffice.
fn deep_index_of(vm: &mut Vm<'_>, register: usize, element: usize) -> Result<Option<usize>, Stop> {
    let mut index = usize::try_from(core::mem::take(&mut vm.state.paid)).unwrap_or(usize::MAX);
    loop {
        let array = vm.array(register)?;
        if index >= array.len {
            return Ok(None);
        }
        if vm.state.fuel <= 0 {
            vm.state.paid = index as u64;
            return Err(Stop::Pause);
        }
        vm.charge(3);
        let equal = vm.equal_values(array.element, |vm| {
            let array = vm.array(register)?;
            let view = vm.view();
            Ok([view.heap_place(array.element_at(index)), view.reg_place(element)])
        })?;
        if equal {
            return Ok(Some(index));
        }
        index += 1;
    }
}
