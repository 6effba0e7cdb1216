//! Tensors: made, given another shape, looked up. What is computed with them is the host's business.

use crate::error::TrapCode;
use crate::heap::access::{Array, CORRUPT, MAX_LEN, TOO_LARGE, View, element_words, float_bits};
use crate::heap::{Fresh, ObjectHeader};
use crate::isa::Operands;
use crate::library::array::{copy_elements, word_steps};
use crate::machine::{Fault, Stop, Vm, store_packed};
use crate::module::{Packing, TypeId, TypeKind};

type Done = Result<(), Stop>;

/// Dimensions that a tensor may have.
const MAX_DIMS: usize = 8;
/// Names of a tensor's parts where it is written as a map.
pub(super) const PARTS: [&str; 2] = ["shape", "data"];

/// Sizes of the dimensions, and how many elements those make.
pub(super) struct Shape {
    sizes: heapless::Vec<usize, MAX_DIMS>,
    pub(super) count: usize,
}

fn fault(code: TrapCode, first: i64, second: i64) -> Fault {
    Fault { stop: Stop::Trap(code), detail: [first, second] }
}

impl Shape {
    fn of(sizes: heapless::Vec<usize, MAX_DIMS>) -> Result<Self, Stop> {
        let product = || sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        let count = if sizes.contains(&0) { 0 } else { product().ok_or(TOO_LARGE)? };
        if count > MAX_LEN { Err(TOO_LARGE) } else { Ok(Self { sizes, count }) }
    }

    /// The shape that an array of ints says.
    fn read(view: &View<'_>, reference: u64) -> Result<Self, Fault> {
        let array = view.array(reference)?;
        Self::checked(array.len, |index| view.element(&array, index, 0))
    }

    /// A shape of sizes that may be anything.
    pub(super) fn checked(
        dimensions: usize,
        size: impl Fn(usize) -> Result<u64, Stop>,
    ) -> Result<Self, Fault> {
        if dimensions > MAX_DIMS {
            return Err(fault(TrapCode::TooManyDimensions, dimensions as i64, MAX_DIMS as i64));
        }
        let mut sizes = heapless::Vec::new();
        for index in 0..dimensions {
            let size = size(index)?.cast_signed();
            if size < 0 {
                return Err(fault(TrapCode::NegativeDimension, size, index as i64));
            }
            let size = usize::try_from(size).ok().filter(|&size| size <= MAX_LEN).ok_or(TOO_LARGE)?;
            sizes.push(size).map_err(|_| CORRUPT)?;
        }
        Ok(Self::of(sizes)?)
    }

    fn require(&self, count: usize) -> Result<(), Fault> {
        if self.count == count {
            return Ok(());
        }
        Err(fault(TrapCode::ShapeMismatch, self.count as i64, count as i64))
    }
}

/// A tensor, seen through a [`View`].
struct Tensor {
    ty: TypeId,
    shape: Shape,
    data: Array,
}

impl Tensor {
    fn read(view: &View<'_>, reference: u64) -> Result<Self, Fault> {
        let (header, rest) = view.object(reference)?;
        let kind = view.module.types.record(header.ty()).map(|record| record.kind);
        let (Some(TypeKind::Tensor), &[shape, data, ..]) = (kind, rest) else { return Err(CORRUPT.into()) };
        let tensor = Self { ty: header.ty(), shape: Shape::read(view, shape)?, data: view.array(data)? };
        tensor.shape.require(tensor.data.len)?;
        Ok(tensor)
    }
}

/// The types of the arrays of a tensor: its shape and its data.
fn parts(view: &View<'_>, ty: TypeId) -> Result<[TypeId; 2], Stop> {
    match view.module.types.record(ty).map(|record| (record.kind, record.components)) {
        Some((TypeKind::Tensor, &[shape, data])) => Ok([TypeId(shape), TypeId(data)]),
        _ => Err(CORRUPT),
    }
}

/// A new tensor, all zero.
struct Made {
    reference: u64,
    data: usize,
    packing: Packing,
    words: usize,
}

impl Made {
    fn new(view: &View<'_>, fresh: &mut Fresh<'_>, ty: TypeId, shape: &Shape) -> Result<Self, Stop> {
        let [shape_type, data_type] = parts(view, ty)?;
        let at = fresh.alloc(3)?;
        let (sizes, place) = fresh.array(view, shape_type, shape.sizes.len())?;
        for (index, &size) in shape.sizes.iter().enumerate() {
            fresh.set(place + index, size as u64)?;
        }
        let (elements, data) = fresh.array(view, data_type, shape.count)?;
        fresh.range_mut(at, 3)?.copy_from_slice(&[ObjectHeader::new(ty, 0).0, sizes, elements]);
        let packing = view.array_shape(data_type)?.1;
        let words = element_words(packing, 1, shape.count)?;
        Ok(Self { reference: at as u64, data, packing, words })
    }

    /// Sets all elements in order.
    fn fill(&self, fresh: &mut Fresh<'_>, values: impl Iterator<Item = Result<u64, Stop>>) -> Done {
        if self.words == 0 {
            return Ok(());
        }
        let words = fresh.range_mut(self.data, self.words)?;
        for (index, value) in values.enumerate() {
            match self.packing {
                Packing::Words => *words.get_mut(index).ok_or(CORRUPT)? = value?,
                packed => store_packed(words, 0, index, packed, value?).ok_or(CORRUPT)?,
            }
        }
        Ok(())
    }
}

impl Vm<'_> {
    fn shape(&mut self, register: usize) -> Result<Shape, Stop> {
        let view = self.view();
        Shape::read(&view, view.reg(register)).map_err(|fault| self.fault(fault))
    }

    fn tensor(&mut self, register: usize) -> Result<Tensor, Stop> {
        let view = self.view();
        Tensor::read(&view, view.reg(register)).map_err(|fault| self.fault(fault))
    }

    /// Whether a shape is one of so many elements.
    fn require_shape(&mut self, shape: &Shape, count: usize) -> Done {
        shape.require(count).map_err(|fault| self.fault(fault))
    }

    /// Pays for a tensor and `each` steps for every eight of its elements, and makes it.
    fn make_tensor(
        &mut self,
        dst: usize,
        ty: TypeId,
        shape: &Shape,
        each: u64,
        fill: impl FnOnce(&View<'_>, &mut Fresh<'_>, &Made) -> Done,
    ) -> Done {
        let view = self.view();
        let [shape_type, data_type] = parts(&view, ty)?;
        let words = 3
            + view.array_words(shape_type, shape.sizes.len())?
            + view.array_words(data_type, shape.count)?;
        self.check_size(words)?;
        self.pay(12 + word_steps(words) + shape.count as u64 * each / 8)?;
        self.reserve(words)?;
        let tensor = self.fresh(|view, fresh| {
            let made = Made::new(&view, fresh, ty, shape)?;
            fill(&view, fresh, &made)?;
            Ok(made.reference)
        })?;
        self.give(dst, [tensor])
    }
}

pub(super) fn tensor_new(vm: &mut Vm<'_>, dst: usize, ty: TypeId, shape: usize, data: usize) -> Done {
    let (shape, source) = (vm.shape(shape)?, vm.array(data)?);
    vm.require_shape(&shape, source.len)?;
    vm.make_tensor(dst, ty, &shape, 16, |view, fresh, made| {
        let source = view.array(view.reg(data))?;
        made.fill(fresh, (0..source.len).map(|index| view.element(&source, index, 0)))
    })
}

pub(super) fn tensor_fill(vm: &mut Vm<'_>, dst: usize, ty: TypeId, shape: usize, number: usize) -> Done {
    let (shape, number) = (vm.shape(shape)?, vm.int(number));
    let element = vm.module.types.tensor_element(ty).ok_or(CORRUPT)?;
    let value = if element.is_float() { (number as f64).to_bits() } else { number.cast_unsigned() };
    let count = if number == 0 { 0 } else { shape.count };
    vm.make_tensor(dst, ty, &shape, 16, |_, fresh, made| {
        made.fill(fresh, core::iter::repeat_n(Ok(value), count))
    })
}

/// Normally distributed numbers, two from each turn: Box and Muller's method over SplitMix64.
struct Normal {
    state: u64,
    kept: Option<f64>,
}

impl Normal {
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Iterator for Normal {
    type Item = Result<u64, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.kept.take().unwrap_or_else(|| {
            // The logarithm's argument is above 0 and at most 1.
            let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
            let angle = 2.0 * core::f64::consts::PI * self.uniform();
            self.kept = Some(radius * libm::sin(angle));
            radius * libm::cos(angle)
        });
        Some(Ok(float_bits(number)))
    }
}

pub(super) fn tensor_randn(vm: &mut Vm<'_>, dst: usize, ty: TypeId, shape: usize, seed: usize) -> Done {
    let (shape, state) = (vm.shape(shape)?, vm.get(seed));
    vm.make_tensor(dst, ty, &shape, 128, |_, fresh, made| {
        made.fill(fresh, Normal { state, kept: None }.take(shape.count))
    })
}

pub(super) fn tensor_reshape(vm: &mut Vm<'_>, dst: usize, register: usize, shape: usize) -> Done {
    let (tensor, shape) = (vm.tensor(register)?, vm.shape(shape)?);
    vm.require_shape(&shape, tensor.data.len)?;
    vm.make_tensor(dst, tensor.ty, &shape, 0, |view, fresh, made| {
        let source = Tensor::read(view, view.reg(register)).map_err(|fault| fault.stop)?.data;
        copy_elements(view, fresh, &source, [0, source.len, made.data, 0])
    })
}

/// The order of the axes is reversed.
pub(super) fn tensor_transpose(vm: &mut Vm<'_>, dst: usize, register: usize) -> Done {
    let tensor = vm.tensor(register)?;
    let shape = Shape::of(tensor.shape.sizes.iter().rev().copied().collect())?;
    vm.make_tensor(dst, tensor.ty, &shape, 64, |view, fresh, made| {
        let source = Tensor::read(view, view.reg(register)).map_err(|fault| fault.stop)?.data;
        // For each axis of the new tensor the elements of the old one that lie between its neighbours.
        let steps = tensor
            .shape
            .sizes
            .iter()
            .rev()
            .scan(1usize, |step, &size| Some(core::mem::replace(step, step.saturating_mul(size))));
        let steps: heapless::Vec<usize, MAX_DIMS> = steps.collect();
        let mut axes = Axes { sizes: &shape.sizes, steps: &steps, at: [0; MAX_DIMS], place: 0 };
        made.fill(fresh, (0..shape.count).map(|_| view.element(&source, axes.next(), 0)))
    })
}

/// Walks a tensor in the order of its axes, over elements that lie in another order.
struct Axes<'s> {
    sizes: &'s [usize],
    steps: &'s [usize],
    at: [usize; MAX_DIMS],
    place: usize,
}

impl Axes<'_> {
    /// The place of the next element.
    fn next(&mut self) -> usize {
        let place = self.place;
        for ((at, &size), &step) in self.at.iter_mut().zip(self.sizes).zip(self.steps).rev() {
            *at += 1;
            self.place += step;
            if *at < size {
                break;
            }
            self.place -= step * size;
            *at = 0;
        }
        place
    }
}

/// The place among the elements that indices name; out of range, the index and its dimension.
fn offset(vm: &mut Vm<'_>, register: usize, indices: Operands<'_>) -> Result<Result<usize, [i64; 2]>, Stop> {
    vm.pay(3 + indices.len() as u64)?;
    let view = vm.view();
    let (_, rest) = view.object(view.reg(register))?;
    let sizes = view.array(*rest.first().ok_or(CORRUPT)?)?;
    if sizes.len != indices.len() {
        let counts = [indices.len() as i64, sizes.len as i64];
        return Err(vm.trap(TrapCode::WrongIndexCount, counts));
    }
    let mut place = 0usize;
    for (dimension, index) in indices.iter().enumerate() {
        let (index, size) = (view.reg(usize::from(index)), view.element(&sizes, dimension, 0)?);
        if index >= size {
            return Ok(Err([index.cast_signed(), size.cast_signed()]));
        }
        place = place.saturating_mul(size as usize).saturating_add(index as usize);
    }
    Ok(Ok(place))
}

pub(super) fn tensor_offset(vm: &mut Vm<'_>, dst: usize, tensor: usize, indices: Operands<'_>) -> Done {
    match offset(vm, tensor, indices)? {
        Ok(place) => vm.give(dst, [place as u64]),
        Err(detail) => Err(vm.trap(TrapCode::IndexOutOfRange, detail)),
    }
}

pub(super) fn tensor_find(vm: &mut Vm<'_>, dst: usize, tensor: usize, indices: Operands<'_>) -> Done {
    let place = offset(vm, tensor, indices)?;
    vm.give(dst, [place.map_or(u64::MAX, |place| place as u64)])
}
