//! Any value as text: as printing shows it, or as JSON.
//!
//! The text grows at the front of the free words, a frame for each value around the current one at their back.

use crate::error::Failure;
use crate::heap::access::{CORRUPT, View};
use crate::heap::{AnyTag, Fresh, LIVE, NULL};
use crate::library::entries::Map;
use crate::library::parse::put_fmt;
use crate::library::tensor::PARTS;
use crate::library::text::{float_text_steps, write_float, write_int, write_quoted};
use crate::machine::{Stop, Vm};
use crate::module::{Packing, TypeId, TypeKind, TypeRecord};

type Done = Result<(), Stop>;

/// Levels that printing shows.
const SHOWN_DEPTH: usize = 64;
/// Levels that JSON may have.
pub(super) const JSON_DEPTH: usize = 512;

/// Why a value is not written as JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    Cycle,
    Depth,
    Function,
    Handle,
}

impl Refusal {
    const fn describe(self) -> &'static [u8] {
        match self {
            Self::Cycle => b"a value that contains itself has no JSON form",
            Self::Depth => b"nested too deeply for JSON",
            Self::Function => b"a function has no JSON form",
            Self::Handle => b"a handle has no JSON form",
        }
    }
}

/// A value whose parts are being worked on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) ty: TypeId,
    /// Where in the type's components the next part is.
    pub(super) component: u16,
    /// Parts to come.
    pub(super) left: u16,
    /// Words from `place` to the next part.
    pub(super) slot: u16,
    /// Parts done; of an array or map, the next element or entry.
    pub(super) step: u32,
    /// The arena's word of the object's header, or of a tag: of no two values the same.
    pub(super) place: u32,
}

/// A number as a frame holds it.
pub(super) fn narrow<T: TryFrom<usize>>(number: usize) -> Result<T, Stop> {
    T::try_from(number).map_err(|_| CORRUPT)
}

impl Frame {
    pub(super) const fn to_words(self) -> [u64; 2] {
        let shape = self.ty.0 as u64 | (self.component as u64) << 16 | (self.left as u64) << 32;
        [shape | (self.slot as u64) << 48, self.step as u64 | (self.place as u64) << 32]
    }

    pub(super) const fn from_words([shape, rest]: [u64; 2]) -> Self {
        Self {
            ty: TypeId(shape as u16),
            component: (shape >> 16) as u16,
            left: (shape >> 32) as u16,
            slot: (shape >> 48) as u16,
            step: rest as u32,
            place: (rest >> 32) as u32,
        }
    }
}

/// Where a value is: words of the arena, or a slot value by itself.
#[derive(Clone, Copy, Debug)]
enum Source {
    Place(usize),
    Slot(u64),
}

/// A variant of an enum: its name, where its payload types are among the components, how many they are, and the
/// slots of payloads before its own.
pub(super) struct Payload {
    pub(super) name: u16,
    pub(super) component: usize,
    pub(super) count: u16,
    pub(super) before: usize,
}

/// Finds a variant of an enum type by its number.
pub(super) fn variant(view: &View<'_>, record: &TypeRecord<'_>, number: u64) -> Option<Payload> {
    find_variant(view, record, |at, _| at == number).map(|(_, found)| found)
}

/// Finds a variant of an enum type by its number or the number of its name.
pub(super) fn find_variant(
    view: &View<'_>,
    record: &TypeRecord<'_>,
    wanted: impl Fn(u64, u16) -> bool,
) -> Option<(u64, Payload)> {
    let (mut at, mut before) = (0, 0);
    for number in 0.. {
        let &[name, count] = record.components.get(at..at + 2)? else { return None };
        if wanted(number, name) {
            return Some((number, Payload { name, component: at + 2, count, before }));
        }
        let types = record.components.get(at + 2..at + 2 + usize::from(count))?;
        before += types.iter().map(|&ty| view.module.types.value_size(TypeId(ty))).sum::<usize>();
        at += 2 + usize::from(count);
    }
    None
}

impl Payload {
    /// Steps that finding it took.
    pub(super) const fn steps(&self) -> u64 {
        self.component as u64 / 2
    }
}

struct Printer<'p, 'v, 'f> {
    view: View<'v>,
    out: &'p mut Fresh<'f>,
    json: bool,
    refused: Option<Refusal>,
}

impl Printer<'_, '_, '_> {
    fn put(&mut self, text: &str) -> Done {
        self.out.put(text.as_bytes())
    }

    /// Writes the JSON or the printed form of the same thing.
    fn either(&mut self, json: &str, shown: &str) -> Done {
        self.put(if self.json { json } else { shown })
    }

    fn name(&mut self, number: u16) -> Done {
        let name = self.view.module.string(number);
        self.put(name)
    }

    fn run(&mut self, ty: TypeId, place: usize) -> Done {
        self.value(ty, Source::Place(place))?;
        while let Some(words) = self.out.top::<2>() {
            if self.refused.is_some() {
                return Ok(());
            }
            self.out.cost += 6;
            self.step(Frame::from_words(words))?;
        }
        Ok(())
    }

    fn float(&mut self, value: u64, single: bool) -> Done {
        self.out.cost += float_text_steps(value);
        let value = f64::from_bits(value);
        if self.json && !value.is_finite() {
            return self.put("null");
        }
        write_float(value, single, self.out).map_err(|_| Stop::OutOfMemory)
    }

    fn string(&mut self, reference: u64) -> Done {
        let bytes = self.view.string(reference)?;
        self.out.cost += bytes.len() as u64 / 8;
        write_quoted(self.out, bytes, self.json)
    }

    fn refuse(&mut self, why: Refusal) -> Done {
        self.refused = Some(why);
        Ok(())
    }

    fn push(&mut self, frame: Frame) -> Done {
        self.out.push(frame.to_words())
    }

    /// Writes a value, or its beginning and leaves a frame for the rest.
    fn value(&mut self, mut ty: TypeId, mut source: Source) -> Done {
        let view = self.view;
        loop {
            let slot = |offset: usize| match source {
                Source::Place(place) => view.place(place + offset),
                Source::Slot(value) => value,
            };
            let first = slot(0);
            match ty {
                TypeId::UNIT => return self.either("null", "()"),
                TypeId::BOOL => return self.put(if first == 0 { "false" } else { "true" }),
                _ if ty.is_float() => return self.float(first, ty != TypeId::FLOAT),
                TypeId::STR => return self.string(first),
                TypeId::HANDLE if self.json => return self.refuse(Refusal::Handle),
                TypeId::HANDLE => return self.put("handle"),
                TypeId::ANY => match AnyTag::from_slot(first).ok_or(CORRUPT)? {
                    AnyTag::None => return self.either("null", "none"),
                    AnyTag::Bool => return self.put(if slot(1) == 0 { "false" } else { "true" }),
                    AnyTag::Int => return write_int(self.out, slot(1), TypeId::INT),
                    AnyTag::Float => return self.float(slot(1), false),
                    AnyTag::Str => return self.string(slot(1)),
                    AnyTag::Array => return self.object(TypeId::ARRAY_ANY, slot(1)),
                    AnyTag::Map => return self.object(TypeId::MAP_ANY, slot(1)),
                },
                _ if ty.0 < TypeId::FLOAT.0 => return write_int(self.out, first, ty),
                _ => {}
            }
            let record = view.module.types.record(ty).ok_or(CORRUPT)?;
            let place = match source {
                Source::Place(place) => place,
                Source::Slot(_) if record.kind.is_reference() => return self.object(ty, first),
                Source::Slot(_) => return Err(CORRUPT),
            };
            let component = record.components.first().map(|&ty| TypeId(ty));
            match record.kind {
                TypeKind::Option if first == 0 => return self.either("null", "none"),
                TypeKind::Option if self.json => {
                    (ty, source) = (component.ok_or(CORRUPT)?, Source::Place(place + 1));
                }
                TypeKind::Option | TypeKind::Result if first == 0 || record.kind == TypeKind::Option => {
                    self.either("{\"ok\":", if record.kind == TypeKind::Option { "some(" } else { "ok(" })?;
                    return self.open(ty, 0, 1, 1, place);
                }
                TypeKind::Result => {
                    self.either("{\"err\":", "err(")?;
                    let size = component.map_or(0, |payload| view.module.types.value_size(payload));
                    self.string(view.place(place + 1 + size))?;
                    return self.either("}", ")");
                }
                TypeKind::Enum => return self.variant(ty, &record, first, place),
                _ => return self.object(ty, first),
            }
        }
    }

    fn open(&mut self, ty: TypeId, component: usize, left: u16, slot: usize, place: usize) -> Done {
        let (component, slot) = (narrow(component)?, narrow(slot)?);
        let frame = Frame { ty, component, left, slot, step: 0, place: narrow(place)? };
        self.push(frame)
    }

    /// Begins an enum's value whose payload slots follow the word at a place.
    fn variant(&mut self, ty: TypeId, record: &TypeRecord<'_>, number: u64, place: usize) -> Done {
        let found = variant(&self.view, record, number).ok_or(CORRUPT)?;
        self.out.cost += found.steps();
        // A boxed variant's payload is alone in its object.
        let before = if record.kind == TypeKind::Enum { found.before } else { 0 };
        if self.json {
            self.put(if found.count == 0 { "\"" } else { "{\"" })?;
            self.name(found.name)?;
            self.put(match found.count {
                0 => "\"",
                1 => "\":",
                _ => "\":[",
            })?;
        } else {
            self.name(record.extra)?;
            self.put(".")?;
            self.name(found.name)?;
            if found.count > 0 {
                self.put("(")?;
            }
        }
        if found.count == 0 { Ok(()) } else { self.open(ty, found.component, found.count, 1 + before, place) }
    }

    /// Whether an object is among those around it. For JSON the answer may come some rounds late, but it comes.
    fn is_open(&self, place: usize, depth: usize) -> bool {
        let same = |below: usize| {
            self.out.nth::<2>(below).is_some_and(|words| Frame::from_words(words).place as usize == place)
        };
        if self.json {
            // The frame at the largest power of two: a descent that repeats passes it again.
            depth > 0 && same(depth - (1 << depth.ilog2()))
        } else {
            (0..depth).any(same)
        }
    }

    /// Begins an object.
    fn object(&mut self, ty: TypeId, reference: u64) -> Done {
        let (header, _) = self.view.object(reference)?;
        let record = self.view.module.types.record(ty).ok_or(CORRUPT)?;
        if matches!(record.kind, TypeKind::Fn | TypeKind::Captures | TypeKind::Future | TypeKind::Task) {
            let is_future = matches!(record.kind, TypeKind::Future | TypeKind::Task);
            return match self.json {
                true => self.refuse(Refusal::Function),
                false => self.put(if is_future { "future" } else { "fn" }),
            };
        }
        let place = self.view.heap_place(reference as usize);
        let depth = self.out.stacked() / 2;
        self.out.cost += depth.min(SHOWN_DEPTH) as u64 / 8;
        let open = self.is_open(place, depth);
        if open || depth >= if self.json { JSON_DEPTH } else { SHOWN_DEPTH } {
            if self.json {
                return self.refuse(if open { Refusal::Cycle } else { Refusal::Depth });
            }
            return self.put("…");
        }
        match record.kind {
            TypeKind::Struct => {
                let fields = (record.components.len() / 2) as u16;
                if !self.json && record.extra != u16::MAX {
                    self.name(record.extra)?;
                    self.put(" ")?;
                }
                self.put(if self.json || fields == 0 { "{" } else { "{ " })?;
                self.open(ty, 0, fields, 1, place)
            }
            TypeKind::Tensor => {
                let dtype = view_dtype(&self.view, ty)?;
                self.either("{\"dtype\":\"", "tensor<")?;
                self.put(dtype)?;
                self.either("\",", ">(")?;
                self.open(ty, 0, 2, 1, place)
            }
            TypeKind::BoxedEnum => {
                let number = header.ty().0.checked_sub(ty.0.saturating_add(1)).ok_or(CORRUPT)?;
                self.variant(ty, &record, u64::from(number), place)
            }
            TypeKind::Array => {
                self.put("[")?;
                self.open(ty, 0, 0, 0, place)
            }
            TypeKind::Map => {
                self.put("{")?;
                self.open(ty, 0, 0, 0, place)
            }
            _ => Err(CORRUPT),
        }
    }

    fn separate(&mut self, first: bool) -> Done {
        if first { Ok(()) } else { self.either(",", ", ") }
    }

    /// Writes the next part of the innermost value, or its end.
    fn step(&mut self, frame: Frame) -> Done {
        let record = self.view.module.types.record(frame.ty).ok_or(CORRUPT)?;
        match record.kind {
            TypeKind::Array => self.array_step(frame),
            TypeKind::Map => self.map_step(frame),
            _ => self.component_step(frame, &record),
        }
    }

    fn next(&mut self, frame: Frame) {
        self.out.set_top(frame.to_words());
    }

    fn close(&mut self, end: &str) -> Done {
        self.out.pop::<2>();
        self.put(end)
    }

    fn array_step(&mut self, frame: Frame) -> Done {
        let reference = (frame.place as usize).saturating_sub(self.view.heap_place(0));
        let array = self.view.array(reference as u64)?;
        let index = frame.step as usize;
        if index >= array.len {
            return self.close("]");
        }
        self.separate(index == 0)?;
        self.next(Frame { step: frame.step + 1, ..frame });
        let source = if array.packing == Packing::Words {
            Source::Place(self.view.heap_place(array.element_at(index)))
        } else {
            Source::Slot(self.view.element(&array, index, 0)?)
        };
        self.value(array.element, source)
    }

    fn map_step(&mut self, frame: Frame) -> Done {
        let reference = (frame.place as usize).saturating_sub(self.view.heap_place(0));
        let map = Map::of(&self.view, reference as u64)?;
        let mut index = frame.step as usize;
        while index < map.used && map.entry_word(&self.view, index)? & LIVE == 0 {
            index += 1;
            self.out.cost += 1;
        }
        if index >= map.used {
            return self.close("}");
        }
        // `left` tells whether an entry was written before.
        self.separate(frame.left == 0)?;
        self.next(Frame { step: index as u32 + 1, left: 1, ..frame });
        let key = self.view.heap_place(map.entry_at(index) + 1);
        let quoted = self.json && map.key != TypeId::STR;
        if quoted {
            self.put("\"")?;
        }
        self.value(map.key, Source::Place(key))?;
        if quoted {
            self.put("\"")?;
        }
        self.either(":", ": ")?;
        self.value(map.value, Source::Place(key + 1))
    }

    fn component_step(&mut self, frame: Frame, record: &TypeRecord<'_>) -> Done {
        if frame.left == 0 {
            return match record.kind {
                TypeKind::Struct if record.components.is_empty() || self.json => self.close("}"),
                TypeKind::Struct => self.close(" }"),
                TypeKind::Option => self.close(")"),
                TypeKind::Tensor => self.close(if self.json { "}" } else { ")" }),
                _ if !self.json => self.close(")"),
                TypeKind::Result => self.close("}"),
                _ => self.close(if frame.step == 1 { "}" } else { "]}" }),
            };
        }
        self.separate(frame.step == 0)?;
        let mut at = usize::from(frame.component);
        if record.kind == TypeKind::Struct {
            let name = record.components.get(at).copied().ok_or(CORRUPT)?;
            if self.json {
                self.put("\"")?;
            }
            self.name(name)?;
            self.either("\":", ": ")?;
            at += 1;
        }
        if record.kind == TypeKind::Tensor && self.json {
            self.put("\"")?;
            self.put(PARTS.get(at).ok_or(CORRUPT)?)?;
            self.put("\":")?;
        }
        let ty = TypeId(record.components.get(at).copied().ok_or(CORRUPT)?);
        let size = self.view.module.types.value_size(ty);
        self.next(Frame {
            component: at as u16 + 1,
            left: frame.left - 1,
            slot: frame.slot.saturating_add(size as u16),
            step: frame.step + 1,
            ..frame
        });
        self.value(ty, Source::Place(frame.place as usize + usize::from(frame.slot)))
    }
}

impl Vm<'_> {
    /// The text of a value whose slots are in registers.
    fn value_text(&mut self, ty: TypeId, register: usize, json: bool) -> Result<Result<u64, Refusal>, Stop> {
        self.attempt(|view, out| {
            let place = view.reg_place(register);
            let mut printer = Printer { view, out, json, refused: None };
            let done = printer.run(ty, place);
            let refused = printer.refused;
            out.cost += out.text_len() as u64 / 4;
            done?;
            if let Some(refusal) = refused {
                out.drop_text();
                return Ok(Err(refusal));
            }
            out.finish_text().map(Ok)
        })
    }
}

pub(super) fn display(vm: &mut Vm<'_>, dst: usize, ty: TypeId, value: usize) -> Done {
    vm.pay(6)?;
    let first = vm.get(value);
    let string = if ty == TypeId::STR {
        first
    } else if ty == TypeId::ANY && first == AnyTag::Str as u64 {
        vm.get(value + 1)
    } else {
        vm.value_text(ty, value, false)?.map_err(|_| CORRUPT)?
    };
    vm.give(dst, [string])
}

pub(super) fn json_text(vm: &mut Vm<'_>, dst: usize, ty: TypeId, value: usize) -> Done {
    vm.pay(6)?;
    match vm.value_text(ty, value, true)? {
        Ok(string) => vm.give(dst, [0, string, NULL]),
        Err(refusal) => {
            let message = vm.compose(|_, out| out.put(refusal.describe()))?;
            vm.give(dst, [Failure::Failed as u64, NULL, message])
        }
    }
}

/// The name of the type of a tensor's elements.
pub(super) fn view_dtype(view: &View<'_>, ty: TypeId) -> Result<&'static str, Stop> {
    view.module.types.tensor_element(ty).and_then(TypeId::dtype).ok_or(CORRUPT)
}

/// A type as a message names it.
pub(super) fn write_type(view: &View<'_>, out: &mut Fresh<'_>, ty: TypeId) -> Done {
    const NAMES: [&str; 14] =
        ["()", "bool", "int", "i8", "i16", "i32", "u8", "u16", "u32", "u64", "float", "f32", "string", "any"];
    if let Some(name) = NAMES.get(usize::from(ty.0)) {
        return put_fmt(out, format_args!("{name}"));
    }
    if ty.is_float() {
        return put_fmt(out, format_args!("{}", ty.dtype().unwrap_or_default()));
    }
    let record = view.module.types.record(ty).ok_or(CORRUPT)?;
    match record.kind {
        TypeKind::Tensor => put_fmt(out, format_args!("tensor<{}>", view_dtype(view, ty)?)),
        TypeKind::Struct | TypeKind::Enum | TypeKind::BoxedEnum if record.extra != u16::MAX => {
            out.put(view.module.string(record.extra).as_bytes())
        }
        TypeKind::Array => out.put(b"array"),
        TypeKind::Map => out.put(b"map"),
        TypeKind::Option => out.put(b"optional"),
        TypeKind::Result => out.put(b"Result"),
        TypeKind::Fn | TypeKind::Captures => out.put(b"fn"),
        TypeKind::Future | TypeKind::Task => out.put(b"future"),
        _ => out.put(b"value"),
    }
}
