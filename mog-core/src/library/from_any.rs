//! Deep copies from `any` to a type.

use crate::error::TrapCode;
use crate::heap::access::{Array, CORRUPT, RAW_HEADER, View, element_words, float_bits, index};
use crate::heap::{AnyTag, CONSTANT, Fresh, LIVE, NULL, ObjectHeader, halves};
use crate::library::copy::ANY_STRIDE;
use crate::library::display::{Frame, find_variant, narrow, write_type};
use crate::library::entries::{Map, hash_bytes, hash_word};
use crate::library::parse::parse_integer;
use crate::library::tensor::{PARTS, Shape};
use crate::machine::{Stop, Vm, store_packed};
use crate::module::{Packing, TypeId, TypeKind, TypeRecord};

type Done = Result<(), Stop>;

/// Why a value cannot be copied to a type.
#[derive(Clone, Copy, Debug)]
enum Mismatch {
    /// It is something else.
    Kind { wanted: TypeId, found: AnyTag },
    /// It is a number that the type cannot hold.
    Range { wanted: TypeId },
    /// It has no such field.
    Missing { field: u16 },
    /// It is none of the enum's variants.
    Variant { wanted: TypeId },
    /// A key that is none of the map's type.
    Key { wanted: TypeId },
    /// The shape of a tensor does not fit its data.
    Shape { wanted: TypeId },
}

/// What stops a copy.
enum Halt {
    Stop(Stop),
    Mismatch(Mismatch),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

type Copied<T = ()> = Result<T, Halt>;

/// Range of an integer type as slot values.
const fn int_range(ty: TypeId) -> (i64, i64) {
    match ty {
        TypeId::I8 => (i8::MIN as i64, i8::MAX as i64),
        TypeId::I16 => (i16::MIN as i64, i16::MAX as i64),
        TypeId::I32 => (i32::MIN as i64, i32::MAX as i64),
        TypeId::U8 => (0, u8::MAX as i64),
        TypeId::U16 => (0, u16::MAX as i64),
        TypeId::U32 => (0, u32::MAX as i64),
        TypeId::U64 => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    }
}

/// The slot of a scalar type; `None` if the type is no scalar.
fn scalar(ty: TypeId, tag: AnyTag, payload: u64) -> Option<Result<u64, Mismatch>> {
    let number = f64::from_bits(payload);
    let value = match (ty, tag) {
        (TypeId::BOOL, AnyTag::Bool) | (TypeId::STR, AnyTag::Str) | (TypeId::FLOAT, AnyTag::Float) => payload,
        (TypeId::FLOAT, AnyTag::Int) => (payload.cast_signed() as f64).to_bits(),
        (TypeId::F32, AnyTag::Float) => float_bits(f64::from(number as f32)),
        (TypeId::F32, AnyTag::Int) => f64::from(payload.cast_signed() as f32).to_bits(),
        (TypeId::F16 | TypeId::BF16, AnyTag::Float) => payload,
        (TypeId::F16 | TypeId::BF16, AnyTag::Int) => (payload.cast_signed() as f64).to_bits(),
        (wanted, _) if matches!(wanted, TypeId::BOOL | TypeId::STR) || wanted.is_float() => {
            return Some(Err(Mismatch::Kind { wanted: ty, found: tag }));
        }
        _ if ty.0 >= TypeId::FLOAT.0 || ty == TypeId::UNIT => return None,
        (_, AnyTag::Int) => {
            let (low, high) = int_range(ty);
            if !(low..=high).contains(&payload.cast_signed()) {
                return Some(Err(Mismatch::Range { wanted: ty }));
            }
            payload
        }
        (_, AnyTag::Float) => {
            let (low, high) = int_range(ty);
            let whole = number as i64;
            if ty == TypeId::U64 && number >= 0.0 && number as u64 as f64 == number {
                number as u64
            } else if whole as f64 == number && whole != i64::MAX && (low..=high).contains(&whole) {
                whole.cast_unsigned()
            } else {
                return Some(Err(Mismatch::Range { wanted: ty }));
            }
        }
        _ => return Some(Err(Mismatch::Kind { wanted: ty, found: tag })),
    };
    Some(Ok(value))
}

/// A frame: the type's parts still to be filled, `place` is the source object's reference; and where they go.
type Words = [u64; 3];

struct FromAny<'t, 'v, 'f> {
    view: View<'v>,
    out: &'t mut Fresh<'f>,
    seed: u64,
    /// Name of the field that is being filled, for messages.
    field: u16,
}

impl FromAny<'_, '_, '_> {
    fn run(&mut self, ty: TypeId, any: [u64; 2], target: usize) -> Copied {
        self.value(ty, any, target)?;
        while let Some([shape, rest, target]) = self.out.top::<3>() {
            self.out.cost += 6;
            self.step(Frame::from_words([shape, rest]), target as usize)?;
        }
        Ok(())
    }

    fn open(&mut self, frame: Frame, target: usize) -> Copied {
        let depth = self.out.stacked() / 3;
        let around: Option<Words> = depth.checked_ilog2().and_then(|log| self.out.nth(depth - (1 << log)));
        if around.is_some_and(|[shape, rest, _]| Frame::from_words([shape, rest]).place == frame.place) {
            return Err(Halt::Stop(Stop::from(TrapCode::CyclicValue)));
        }
        let [shape, rest] = frame.to_words();
        Ok(self.out.push([shape, rest, target as u64])?)
    }

    fn next(&mut self, frame: Frame, target: usize) {
        let [shape, rest] = frame.to_words();
        self.out.set_top([shape, rest, target as u64]);
    }

    fn close(&mut self) -> Copied {
        self.out.pop::<3>();
        Ok(())
    }

    /// Writes a value's slots from a place on. If it is an object, a frame is left to fill it.
    fn value(&mut self, mut ty: TypeId, [tag, payload]: [u64; 2], mut target: usize) -> Copied {
        let view = self.view;
        let found = AnyTag::from_slot(tag).ok_or(CORRUPT)?;
        loop {
            if let Some(slot) = scalar(ty, found, payload) {
                return Ok(self.out.set(target, slot.map_err(Halt::Mismatch)?)?);
            }
            let mismatch = Halt::Mismatch(Mismatch::Kind { wanted: ty, found });
            match (ty, found) {
                (TypeId::UNIT, AnyTag::None) => return Ok(()),
                (TypeId::ANY, _) => {
                    self.out.set(target, tag)?;
                    return match found {
                        AnyTag::Array => self.object(TypeId::ARRAY_ANY, found, payload, target + 1),
                        AnyTag::Map => self.object(TypeId::MAP_ANY, found, payload, target + 1),
                        _ => Ok(self.out.set(target + 1, payload)?),
                    };
                }
                _ => {}
            }
            let Some(record) = view.module.types.record(ty) else { return Err(mismatch) };
            let component = record.components.first().map(|&ty| TypeId(ty));
            match record.kind {
                TypeKind::Option | TypeKind::Result => {
                    self.out.range_mut(target + 1, record.slots.len().saturating_sub(1))?.fill(NULL);
                    let option = record.kind == TypeKind::Option;
                    self.out.set(target, u64::from(option && found != AnyTag::None))?;
                    if option && found == AnyTag::None {
                        return Ok(());
                    }
                    (ty, target) = (component.ok_or(CORRUPT)?, target + 1);
                }
                TypeKind::Enum | TypeKind::BoxedEnum => {
                    return self.variant(ty, &record, [tag, payload], target);
                }
                _ => return self.object(ty, found, payload, target),
            }
        }
    }

    /// The variant of an enum that a string or a map with one entry names, and the object with its payload.
    fn variant(
        &mut self,
        ty: TypeId,
        record: &TypeRecord<'_>,
        [tag, payload]: [u64; 2],
        target: usize,
    ) -> Copied {
        let view = self.view;
        let mismatch = Halt::Mismatch(Mismatch::Variant { wanted: ty });
        let (name, value) = match AnyTag::from_slot(tag) {
            Some(AnyTag::Str) => (payload, None),
            Some(AnyTag::Map) => {
                let map = Map::of(&view, payload)?;
                let Some([key, value @ ..]) = single_entry(&view, &map)? else { return Err(mismatch) };
                (key, Some(value))
            }
            _ => return Err(mismatch),
        };
        let name = view.string(name)?;
        let is_name = |_, number: u16| view.module.string_bytes(usize::from(number)) == Some(name);
        let found = find_variant(&view, record, is_name);
        self.out.cost +=
            found.as_ref().map_or(record.components.len() as u64 / 2, |(_, found)| found.steps());
        let Some((number, found)) = found else { return Err(mismatch) };
        let (mut start, mut before) = (target, found.before);
        if record.kind == TypeKind::BoxedEnum {
            let object_type = TypeId(ty.0.saturating_add(1).saturating_add(narrow(number as usize)?));
            start = self.blank_object(object_type)?;
            self.out.set(target, start as u64)?;
            before = 0;
        } else {
            self.out.range_mut(target, record.slots.len())?.fill(NULL);
            self.out.set(target, number)?;
        }
        let source = match (found.count, value) {
            (0, None) => return Ok(()),
            (1, Some(_)) => payload,
            (count, Some([tag, array])) if tag == AnyTag::Array as u64 => {
                if view.array(array)?.len != usize::from(count) {
                    return Err(mismatch);
                }
                array
            }
            _ => return Err(mismatch),
        };
        let (component, slot) = (narrow(found.component)?, narrow(1 + before)?);
        let place = narrow(index(source))?;
        self.open(Frame { ty, component, left: found.count, slot, step: 0, place }, start)
    }

    /// An object whose slots are null.
    fn blank_object(&mut self, ty: TypeId) -> Result<usize, Stop> {
        let slots = self.view.module.types.record(ty).ok_or(CORRUPT)?.slots.len();
        let at = self.out.alloc(1 + slots)?;
        self.out.range_mut(at, 1 + slots)?.fill(NULL);
        self.out.set(at, ObjectHeader::new(ty, 0).0)?;
        Ok(at)
    }

    fn object(&mut self, ty: TypeId, found: AnyTag, source: u64, target: usize) -> Copied {
        let view = self.view;
        let record = view.module.types.record(ty).ok_or(CORRUPT)?;
        // Only arrays and maps get here as sources: the reference is an object's.
        let frame = |left: usize| -> Result<Frame, Stop> {
            Ok(Frame {
                ty,
                component: 0,
                left: narrow(left)?,
                slot: 1,
                step: 0,
                place: narrow(index(source))?,
            })
        };
        match (record.kind, found) {
            (TypeKind::Struct, AnyTag::Map) => {
                let object = self.blank_object(ty)?;
                self.out.set(target, object as u64)?;
                self.open(frame(record.components.len() / 2)?, object)
            }
            (TypeKind::Tensor, AnyTag::Map) => {
                let object = self.blank_object(ty)?;
                self.out.set(target, object as u64)?;
                self.open(frame(PARTS.len())?, object)
            }
            (TypeKind::Array, AnyTag::Array) => {
                let array = view.array(source)?;
                let (copy, data) = self.out.array(&view, ty, array.len)?;
                self.out.cost += array.len as u64 / 4;
                self.out.set(target, copy)?;
                self.open(frame(0)?, data)
            }
            (TypeKind::Map, AnyTag::Map) => {
                let map = self.out.map(&view, ty, Map::of(&view, source)?.live)?;
                self.out.set(target, map)?;
                self.open(frame(0)?, map as usize)
            }
            _ => Err(Halt::Mismatch(Mismatch::Kind { wanted: ty, found })),
        }
    }

    /// Fills the next part of the innermost object, or leaves it.
    fn step(&mut self, frame: Frame, target: usize) -> Copied {
        let view = self.view;
        let record = view.module.types.record(frame.ty).ok_or(CORRUPT)?;
        let source = u64::from(frame.place);
        match record.kind {
            TypeKind::Array => {
                let array = view.array(source)?;
                let at = frame.step as usize;
                if at >= array.len {
                    return self.close();
                }
                self.next(Frame { step: frame.step + 1, ..frame }, target);
                self.element(frame.ty, &array, at, target)
            }
            TypeKind::Map => {
                let map = Map::of(&view, source)?;
                let number = frame.step as usize;
                if number >= map.used {
                    return self.close();
                }
                self.next(Frame { step: frame.step + 1, ..frame }, target);
                let word = map.entry_word(&view, number)?;
                if word & LIVE == 0 {
                    return Ok(());
                }
                let &[key, tag, payload] = view.range(map.entry_at(number) + 1, 3)? else {
                    return Err(Halt::Stop(CORRUPT));
                };
                let &[key_type, value_type] = record.components else { return Err(Halt::Stop(CORRUPT)) };
                let (hash, key) = self.key(TypeId(key_type), key, word as u32)?;
                let place = self.out.map_append(target as u64, 1 + record.slots.len(), hash, key)?;
                self.value(TypeId(value_type), [tag, payload], place)
            }
            kind => {
                if frame.left == 0 {
                    if kind == TypeKind::Tensor {
                        self.check_tensor(frame.ty, target)?;
                    }
                    return self.close();
                }
                let mut component = usize::from(frame.component);
                let any = if kind == TypeKind::Struct {
                    let name = record.components.get(component).copied().ok_or(CORRUPT)?;
                    component += 1;
                    self.field = name;
                    self.field_value(name, source)?
                } else if kind == TypeKind::Tensor {
                    self.tensor_part(PARTS.get(component).ok_or(CORRUPT)?, source)?
                } else if view.object(source)?.0.ty() == TypeId::MAP_ANY {
                    let map = Map::of(&view, source)?;
                    single_entry(&view, &map)?.map(|[_, tag, payload]| [tag, payload])
                } else {
                    let array = view.array(source)?;
                    let at = frame.step as usize;
                    Some([view.element(&array, at, 0)?, view.element(&array, at, 1)?])
                };
                let ty = TypeId(record.components.get(component).copied().ok_or(CORRUPT)?);
                let next = Frame {
                    component: narrow(component + 1)?,
                    left: frame.left - 1,
                    slot: narrow(usize::from(frame.slot) + view.module.types.value_size(ty))?,
                    step: frame.step + 1,
                    ..frame
                };
                self.next(next, target);
                let optional =
                    view.module.types.record(ty).is_some_and(|record| record.kind == TypeKind::Option);
                let any = match any {
                    Some(any) => any,
                    None if optional || ty == TypeId::ANY || kind == TypeKind::Tensor => {
                        [AnyTag::None as u64, 0]
                    }
                    None => return Err(Halt::Mismatch(Mismatch::Missing { field: self.field })),
                };
                self.value(ty, any, target + usize::from(frame.slot))
            }
        }
    }

    /// The value under the name of a tensor's part, which is no constant of the module's.
    fn tensor_part(&mut self, name: &str, source: u64) -> Result<Option<[u64; 2]>, Stop> {
        let view = self.view;
        let map = Map::of(&view, source)?;
        self.out.cost += map.used as u64;
        for number in 0..map.used {
            let &[key, tag, payload] = view.range(map.entry_at(number) + 1, 3)? else { continue };
            if map.entry_word(&view, number)? & LIVE != 0 && view.string(key)? == name.as_bytes() {
                return Ok(Some([tag, payload]));
            }
        }
        Ok(None)
    }

    /// Whether a tensor that was made here has as many elements as its shape says.
    fn check_tensor(&mut self, ty: TypeId, at: usize) -> Copied {
        let out = &self.out;
        let array = |at: u64| -> Result<(usize, usize), Stop> {
            let (len, data) = halves(out.get(index(at).saturating_add(1))?);
            Ok((len as usize, index(u64::from(data))))
        };
        let (dimensions, sizes) = array(out.get(at + 1)?)?;
        let (count, _) = array(out.get(at + 2)?)?;
        let shape = Shape::checked(dimensions, |index| out.get(sizes.saturating_add(index)));
        if shape.is_ok_and(|shape| shape.count == count) {
            return Ok(());
        }
        Err(Halt::Mismatch(Mismatch::Shape { wanted: ty }))
    }

    /// The value under a field's name.
    fn field_value(&mut self, name: u16, source: u64) -> Result<Option<[u64; 2]>, Stop> {
        let view = self.view;
        let map = Map::of(&view, source)?;
        let key = CONSTANT | u64::from(name);
        let name = view.string(key)?;
        self.out.cost += name.len() as u64 / 8;
        let hash = hash_bytes(self.seed, name);
        let (entry, probes) = map.find(&view, hash, key)?;
        self.out.cost += probes;
        let Some(entry) = entry else { return Ok(None) };
        let place = view.heap_place(map.entry_at(entry) + 2);
        Ok(Some([view.place(place), view.place(place + 1)]))
    }

    /// Fills an element of an array from an element of `[any]`.
    fn element(&mut self, ty: TypeId, source: &Array, at: usize, data: usize) -> Copied {
        let any = [self.view.element(source, at, 0)?, self.view.element(source, at, 1)?];
        let (element, packing, slots) = self.view.array_shape(ty)?;
        if packing == Packing::Words {
            return self.value(element, any, data + at * slots);
        }
        let found = AnyTag::from_slot(any[0]).ok_or(CORRUPT)?;
        let slot = scalar(element, found, any[1]).ok_or(CORRUPT)?.map_err(Halt::Mismatch)?;
        let words = self.out.range_mut(data, element_words(packing, slots, at + 1)?)?;
        Ok(store_packed(words, 0, at, packing, slot).ok_or(CORRUPT)?)
    }

    /// A string key as a key of a type, with its hash.
    fn key(&mut self, ty: TypeId, key: u64, hash: u32) -> Copied<(u32, u64)> {
        if ty == TypeId::STR {
            return Ok((hash, key));
        }
        let wrong = || Halt::Mismatch(Mismatch::Key { wanted: ty });
        let text = self.view.text(key)?;
        self.out.cost += text.len() as u64 / 4;
        let slot = match (ty, text) {
            (TypeId::BOOL, "true") => 1,
            (TypeId::BOOL, "false") => 0,
            (TypeId::BOOL, _) => return Err(wrong()),
            (TypeId::U64, text) => text.parse::<u64>().map_err(|_| wrong())?,
            (_, text) => {
                let value = parse_integer(text).map_err(|_| wrong())?;
                let (low, high) = int_range(ty);
                if !(low..=high).contains(&value) {
                    return Err(wrong());
                }
                value.cast_unsigned()
            }
        };
        Ok((hash_word(self.seed, slot), slot))
    }
}

/// Key, tag and payload of the only entry of a map.
fn single_entry(view: &View<'_>, map: &Map) -> Result<Option<[u64; 3]>, Stop> {
    if map.live != 1 || map.stride != ANY_STRIDE {
        return Ok(None);
    }
    // The last entry is never a deleted one.
    for number in (0..map.used).rev() {
        if map.entry_word(view, number)? & LIVE != 0 {
            let &[key, tag, payload] = view.range(map.entry_at(number) + 1, 3)? else { return Err(CORRUPT) };
            return Ok(Some([key, tag, payload]));
        }
    }
    Ok(None)
}

pub(super) const fn kind_name(tag: AnyTag) -> &'static [u8] {
    match tag {
        AnyTag::None => b"none",
        AnyTag::Bool => b"bool",
        AnyTag::Int => b"int",
        AnyTag::Float => b"float",
        AnyTag::Str => b"string",
        AnyTag::Array => b"array",
        AnyTag::Map => b"map",
    }
}

fn write_mismatch(view: &View<'_>, out: &mut Fresh<'_>, mismatch: Mismatch, field: u16) -> Done {
    let wanted = match mismatch {
        Mismatch::Missing { field } => {
            out.put(b"missing field ")?;
            return out.put(view.module.string(field).as_bytes());
        }
        Mismatch::Kind { wanted, .. }
        | Mismatch::Range { wanted }
        | Mismatch::Variant { wanted }
        | Mismatch::Key { wanted }
        | Mismatch::Shape { wanted } => wanted,
    };
    if field != u16::MAX {
        out.put(b"field ")?;
        out.put(view.module.string(field).as_bytes())?;
        out.put(b": ")?;
    }
    out.put(match mismatch {
        Mismatch::Kind { .. } => b"expected ",
        Mismatch::Range { .. } => b"number out of range of ",
        Mismatch::Variant { .. } => b"no variant of ",
        Mismatch::Shape { .. } => b"a shape that does not fit the data of ",
        _ => b"key is no ",
    })?;
    write_type(view, out, wanted)?;
    if let Mismatch::Kind { found, .. } = mismatch {
        out.put(b", found ")?;
        out.put(kind_name(found))?;
    }
    Ok(())
}

pub(super) fn from_any(vm: &mut Vm<'_>, dst: usize, ty: TypeId, any: usize) -> Done {
    vm.pay(8)?;
    let seed = vm.state.seed;
    let size = vm.module.types.value_size(ty);
    let copied = vm.attempt(|view, out| {
        // The value's own slots, in a buffer that is garbage right after.
        let target = out.buffer(RAW_HEADER, size)?;
        let any = [view.reg(any), view.reg(any + 1)];
        let mut copy = FromAny { view, out, seed, field: u16::MAX };
        let copied = copy.run(ty, any, target);
        let field = copy.field;
        out.cost += out.made() as u64 / 2;
        match copied {
            Ok(()) => Ok(Ok(target)),
            Err(Halt::Stop(stop)) => Err(stop),
            Err(Halt::Mismatch(mismatch)) => {
                out.forget();
                Ok(Err((mismatch, field)))
            }
        }
    });
    match copied? {
        Ok(target) => {
            let from = vm.state.split.saturating_add(target);
            vm.move_words(from, vm.state.base.saturating_add(dst + 1), size)?;
            vm.give(dst, [0])?;
            vm.give(dst + 1 + size, [NULL])
        }
        Err((mismatch, field)) => {
            vm.give_failure(dst, size, |view, out| write_mismatch(&view, out, mismatch, field))
        }
    }
}
