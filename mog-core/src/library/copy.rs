//! Deep copies to `any`.
//!
//! New objects grow at the front of the free words, a frame for each object that is not yet filled at their back.

use core::fmt::Write;

use crate::error::TrapCode;
use crate::heap::access::{CORRUPT, View, float_bits};
use crate::heap::{AnyTag, CONSTANT, Fresh, LIVE};
use crate::library::display::{Frame, narrow, variant, view_dtype};
use crate::library::entries::{Map, hash_bytes};
use crate::library::tensor::PARTS;
use crate::machine::{Stop, Vm};
use crate::module::{Packing, TypeId, TypeKind, TypeRecord};

type Done = Result<(), Stop>;

/// Words of an entry of `{string: any}`.
pub(super) const ANY_STRIDE: usize = 4;

struct ToAny<'t, 'v, 'f> {
    view: View<'v>,
    out: &'t mut Fresh<'f>,
    seed: u64,
}

/// A scalar as `any`.
fn scalar(ty: TypeId, value: u64) -> Option<[u64; 2]> {
    Some(match ty {
        TypeId::UNIT => [AnyTag::None as u64, 0],
        TypeId::BOOL => [AnyTag::Bool as u64, u64::from(value != 0)],
        _ if ty.is_float() => [AnyTag::Float as u64, value],
        TypeId::STR => [AnyTag::Str as u64, value],
        TypeId::U64 if value > i64::MAX as u64 => [AnyTag::Float as u64, float_bits(value as f64)],
        _ if ty.0 < TypeId::FLOAT.0 => [AnyTag::Int as u64, value],
        _ => return None,
    })
}

impl ToAny<'_, '_, '_> {
    fn run(&mut self, ty: TypeId, place: usize) -> Result<[u64; 2], Stop> {
        let any = self.value(ty, place)?;
        while let Some(words) = self.out.top::<3>() {
            self.out.cost += 6;
            let [shape, rest, target] = words;
            self.step(Frame::from_words([shape, rest]), target as usize)?;
        }
        Ok(any)
    }

    fn open(&mut self, frame: Frame, target: usize) -> Done {
        let depth = self.out.stacked() / 3;
        // A descent that repeats passes the frame at the largest power of two again.
        let around = depth.checked_ilog2().and_then(|log| self.out.nth::<3>(depth - (1 << log)));
        if around.is_some_and(|[shape, rest, _]| Frame::from_words([shape, rest]).place == frame.place) {
            return Err(Stop::from(TrapCode::CyclicValue));
        }
        let [shape, rest] = frame.to_words();
        self.out.push([shape, rest, target as u64])
    }

    fn next(&mut self, frame: Frame, target: usize) {
        let [shape, rest] = frame.to_words();
        self.out.set_top([shape, rest, target as u64]);
    }

    fn close(&mut self) -> Done {
        self.out.pop::<3>();
        Ok(())
    }

    /// The hash of a name of the module's.
    fn name_hash(&mut self, name: u64) -> Result<u32, Stop> {
        let bytes = self.view.string(name)?;
        self.out.cost += bytes.len() as u64 / 8;
        Ok(hash_bytes(self.seed, bytes))
    }

    /// A map with one entry, and the place of its value.
    fn single(&mut self, hash: u32, key: u64) -> Result<(u64, usize), Stop> {
        let map = self.out.map(&self.view, TypeId::MAP_ANY, 1)?;
        let place = self.out.map_append(map, ANY_STRIDE, hash, key)?;
        Ok((map, place))
    }

    /// A value as `any`. If it is an object, a frame is left to fill it.
    fn value(&mut self, mut ty: TypeId, mut place: usize) -> Result<[u64; 2], Stop> {
        let view = self.view;
        loop {
            let first = view.place(place);
            if ty == TypeId::ANY {
                let payload = view.place(place + 1);
                return match AnyTag::from_slot(first).ok_or(CORRUPT)? {
                    AnyTag::Array => self.object(TypeId::ARRAY_ANY, payload),
                    AnyTag::Map => self.object(TypeId::MAP_ANY, payload),
                    _ => Ok([first, payload]),
                };
            }
            if let Some(any) = scalar(ty, first) {
                return Ok(any);
            }
            let Some(record) = view.module.types.record(ty) else {
                return Err(Stop::from(TrapCode::Unsupported));
            };
            let component = record.components.first().map(|&ty| TypeId(ty));
            match record.kind {
                TypeKind::Option if first == 0 => return Ok([AnyTag::None as u64, 0]),
                TypeKind::Option => (ty, place) = (component.ok_or(CORRUPT)?, place + 1),
                TypeKind::Result => {
                    let text: &[u8] = if first == 0 { b"ok" } else { b"err" };
                    let key = self.out.string(text)?;
                    let (map, target) = self.single(hash_bytes(self.seed, text), key)?;
                    if first == 0 {
                        let frame =
                            Frame { ty, component: 0, left: 1, slot: 1, step: 0, place: narrow(place)? };
                        self.open(frame, target)?;
                    } else {
                        let payload = component.map_or(0, |payload| view.module.types.value_size(payload));
                        self.out.set(target, AnyTag::Str as u64)?;
                        self.out.set(target + 1, view.place(place + 1 + payload))?;
                    }
                    return Ok([AnyTag::Map as u64, map]);
                }
                TypeKind::Enum => return self.variant(ty, &record, first, place),
                _ => return self.object(ty, first),
            }
        }
    }

    /// An enum's value: its name, or a map from that to its payload.
    fn variant(
        &mut self,
        ty: TypeId,
        record: &TypeRecord<'_>,
        number: u64,
        place: usize,
    ) -> Result<[u64; 2], Stop> {
        let found = variant(&self.view, record, number).ok_or(CORRUPT)?;
        self.out.cost += found.steps();
        let name = CONSTANT | u64::from(found.name);
        if found.count == 0 {
            return Ok([AnyTag::Str as u64, name]);
        }
        let before = if record.kind == TypeKind::Enum { found.before } else { 0 };
        let hash = self.name_hash(name)?;
        let (map, mut target) = self.single(hash, name)?;
        if found.count > 1 {
            let (array, data) = self.out.array(&self.view, TypeId::ARRAY_ANY, usize::from(found.count))?;
            self.out.set(target, AnyTag::Array as u64)?;
            self.out.set(target + 1, array)?;
            target = data;
        }
        let (component, slot) = (narrow(found.component)?, narrow(1 + before)?);
        let frame = Frame { ty, component, left: found.count, slot, step: 0, place: narrow(place)? };
        self.open(frame, target)?;
        Ok([AnyTag::Map as u64, map])
    }

    fn object(&mut self, ty: TypeId, reference: u64) -> Result<[u64; 2], Stop> {
        let view = self.view;
        let (header, _) = view.object(reference)?;
        let record = view.module.types.record(ty).ok_or(CORRUPT)?;
        let place = view.heap_place(reference as usize);
        let frame = Frame { ty, component: 0, left: 0, slot: 1, step: 0, place: narrow(place)? };
        match record.kind {
            TypeKind::Struct => {
                let fields = record.components.len() / 2;
                let map = self.out.map(&view, TypeId::MAP_ANY, fields)?;
                self.open(Frame { left: narrow(fields)?, ..frame }, map as usize)?;
                Ok([AnyTag::Map as u64, map])
            }
            TypeKind::Tensor => {
                let map = self.out.map(&view, TypeId::MAP_ANY, 1 + PARTS.len())?;
                let dtype = self.out.string(view_dtype(&view, ty)?.as_bytes())?;
                let target = self.entry(map, "dtype")?;
                self.put(target, [AnyTag::Str as u64, dtype])?;
                self.open(Frame { left: narrow(PARTS.len())?, ..frame }, map as usize)?;
                Ok([AnyTag::Map as u64, map])
            }
            TypeKind::BoxedEnum => {
                let number = header.ty().0.checked_sub(ty.0.saturating_add(1)).ok_or(CORRUPT)?;
                self.variant(ty, &record, u64::from(number), place)
            }
            TypeKind::Array => {
                let array = view.array(reference)?;
                let (copy, data) = self.out.array(&view, TypeId::ARRAY_ANY, array.len)?;
                self.out.cost += array.len as u64 / 4;
                self.open(frame, data)?;
                Ok([AnyTag::Array as u64, copy])
            }
            TypeKind::Map => {
                let map = self.out.map(&view, TypeId::MAP_ANY, Map::of(&view, reference)?.live)?;
                self.open(frame, map as usize)?;
                Ok([AnyTag::Map as u64, map])
            }
            _ => Err(Stop::from(TrapCode::Unsupported)),
        }
    }

    /// Appends an entry under a name that is no constant of the module's; gives the place of its value.
    fn entry(&mut self, map: u64, name: &str) -> Result<usize, Stop> {
        let key = self.out.string(name.as_bytes())?;
        self.out.map_append(map, ANY_STRIDE, hash_bytes(self.seed, name.as_bytes()), key)
    }

    fn put(&mut self, target: usize, [tag, payload]: [u64; 2]) -> Done {
        self.out.set(target, tag)?;
        self.out.set(target + 1, payload)
    }

    /// Fills the next part of the innermost object, or leaves it.
    fn step(&mut self, frame: Frame, target: usize) -> Done {
        let view = self.view;
        let record = view.module.types.record(frame.ty).ok_or(CORRUPT)?;
        let reference = || (frame.place as usize).saturating_sub(view.heap_place(0)) as u64;
        match record.kind {
            TypeKind::Array => {
                let array = view.array(reference())?;
                let index = frame.step as usize;
                if index >= array.len {
                    return self.close();
                }
                self.next(Frame { step: frame.step + 1, ..frame }, target);
                let any = if array.packing == Packing::Words {
                    self.value(array.element, view.heap_place(array.element_at(index)))?
                } else {
                    scalar(array.element, view.element(&array, index, 0)?).ok_or(CORRUPT)?
                };
                self.put(target + 2 * index, any)
            }
            TypeKind::Map => {
                let map = Map::of(&view, reference())?;
                let number = frame.step as usize;
                if number >= map.used {
                    return self.close();
                }
                self.next(Frame { step: frame.step + 1, ..frame }, target);
                let word = map.entry_word(&view, number)?;
                if word & LIVE == 0 {
                    return Ok(());
                }
                let place = view.heap_place(map.entry_at(number) + 1);
                let (hash, key) = self.key(map.key, view.place(place), word as u32)?;
                let target = self.out.map_append(target as u64, ANY_STRIDE, hash, key)?;
                let any = self.value(map.value, place + 1)?;
                self.put(target, any)
            }
            kind => {
                if frame.left == 0 {
                    return self.close();
                }
                let mut component = usize::from(frame.component);
                let mut place = target + 2 * frame.step as usize;
                if kind == TypeKind::Struct {
                    let key = CONSTANT | u64::from(record.components.get(component).copied().ok_or(CORRUPT)?);
                    let hash = self.name_hash(key)?;
                    place = self.out.map_append(target as u64, ANY_STRIDE, hash, key)?;
                    component += 1;
                }
                if kind == TypeKind::Tensor {
                    place = self.entry(target as u64, PARTS.get(component).ok_or(CORRUPT)?)?;
                }
                let ty = TypeId(record.components.get(component).copied().ok_or(CORRUPT)?);
                let size = view.module.types.value_size(ty);
                let next = Frame {
                    component: narrow(component + 1)?,
                    left: frame.left - 1,
                    slot: narrow(usize::from(frame.slot) + size)?,
                    step: frame.step + 1,
                    ..frame
                };
                self.next(next, target);
                let any = self.value(ty, frame.place as usize + usize::from(frame.slot))?;
                self.put(place, any)
            }
        }
    }

    /// A map's key as a string, with its hash.
    fn key(&mut self, ty: TypeId, key: u64, hash: u32) -> Result<(u32, u64), Stop> {
        let written = match ty {
            TypeId::STR => return Ok((hash, key)),
            TypeId::BOOL => self.out.write_str(if key == 0 { "false" } else { "true" }),
            TypeId::U64 => write!(self.out, "{key}"),
            _ => write!(self.out, "{}", key.cast_signed()),
        };
        written.map_err(|_| Stop::OutOfMemory)?;
        let (len, string) = (self.out.text_len(), self.out.finish_text()?);
        let hash = hash_bytes(self.seed, self.out.string_bytes_mut(string, len)?);
        Ok((hash, string))
    }
}

pub(super) fn to_any(vm: &mut Vm<'_>, dst: usize, ty: TypeId, value: usize) -> Done {
    vm.pay(8)?;
    let seed = vm.state.seed;
    let any = vm.attempt(|view, out| {
        let place = view.reg_place(value);
        let any = ToAny { view, out, seed }.run(ty, place);
        out.cost += out.made() as u64 / 2;
        any
    })?;
    vm.give(dst, any)
}
