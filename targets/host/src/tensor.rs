//! Tensors outside a program: shape and elements, for the host's own operations.

use std::fmt;

use mog_core::TypeId;
use mog_core::half::{bf16_from_f64, bf16_to_f64, f16_from_f64, f16_to_f64};

use crate::{FromMog, Mismatch, ToMog, Type, Value};

/// What a tensor's elements are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the variants are the language's names for the types")]
pub enum Dtype {
    F16,
    Bf16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

impl Dtype {
    const ALL: [(Self, TypeId); 12] = [
        (Self::F16, TypeId::F16),
        (Self::Bf16, TypeId::BF16),
        (Self::F32, TypeId::F32),
        (Self::F64, TypeId::FLOAT),
        (Self::I8, TypeId::I8),
        (Self::I16, TypeId::I16),
        (Self::I32, TypeId::I32),
        (Self::I64, TypeId::INT),
        (Self::U8, TypeId::U8),
        (Self::U16, TypeId::U16),
        (Self::U32, TypeId::U32),
        (Self::U64, TypeId::U64),
    ];

    /// The name, as in `tensor<f32>`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.element().dtype().unwrap_or_default()
    }

    /// The type with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(dtype, _)| dtype.name() == name).map(|(dtype, _)| *dtype)
    }

    /// Bytes of one element.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// Whether the elements are floats.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }

    pub(crate) fn of(element: TypeId) -> Option<Self> {
        Self::ALL.iter().find(|(_, ty)| *ty == element).map(|(dtype, _)| *dtype)
    }

    fn element(self) -> TypeId {
        Self::ALL.iter().find(|(dtype, _)| *dtype == self).map_or(TypeId::FLOAT, |(_, ty)| *ty)
    }

    /// An element's bytes as a register holds it: the bits of a 64-bit float, or an int.
    pub(crate) fn register(self, bytes: &[u8]) -> u64 {
        let mut word = [0; 8];
        word.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
        let raw = u64::from_le_bytes(word);
        match self {
            Self::F16 => f16_to_f64(raw as u16).to_bits(),
            Self::Bf16 => bf16_to_f64(raw as u16).to_bits(),
            Self::F32 => f64::from(f32::from_bits(raw as u32)).to_bits(),
            Self::I8 => i64::from(raw as i8).cast_unsigned(),
            Self::I16 => i64::from(raw as i16).cast_unsigned(),
            Self::I32 => i64::from(raw as i32).cast_unsigned(),
            Self::F64 | Self::I64 | Self::U8 | Self::U16 | Self::U32 | Self::U64 => raw,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A tensor of any element type, as bytes: each element's least significant first, the last index changing fastest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnyTensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl AnyTensor {
    /// A tensor of these bytes; `None` if they are more or fewer than the shape says.
    #[must_use]
    pub fn new(dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> Option<Self> {
        let size = count(&shape)?.checked_mul(dtype.size())?;
        (size == bytes.len()).then_some(Self { dtype, shape, bytes })
    }

    /// The type of the elements.
    #[must_use]
    pub const fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The sizes of the dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements' bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() / self.dtype.size()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The elements as values: floats, or integers.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Value> + '_ {
        self.registers().map(|bits| match self.dtype {
            dtype if dtype.is_float() => Value::Float(f64::from_bits(bits)),
            Dtype::U64 => Value::Uint(bits),
            _ => Value::Int(bits.cast_signed()),
        })
    }

    /// The elements as registers hold them.
    pub(crate) fn registers(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.bytes.chunks_exact(self.dtype.size()).map(|bytes| self.dtype.register(bytes))
    }
}

/// How many elements a shape makes.
fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
}

/// A binary16 float, by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct F16(pub u16);

/// A bfloat16 float, by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bf16(pub u16);

impl F16 {
    /// The nearest one.
    #[must_use]
    pub const fn from_f64(value: f64) -> Self {
        Self(f16_from_f64(value))
    }

    /// Its value.
    #[must_use]
    pub const fn to_f64(self) -> f64 {
        f16_to_f64(self.0)
    }

    const fn to_le_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    const fn from_le_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_le_bytes(bytes))
    }
}

impl Bf16 {
    /// The nearest one.
    #[must_use]
    pub const fn from_f64(value: f64) -> Self {
        Self(bf16_from_f64(value))
    }

    /// Its value.
    #[must_use]
    pub const fn to_f64(self) -> f64 {
        bf16_to_f64(self.0)
    }

    const fn to_le_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    const fn from_le_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_le_bytes(bytes))
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that a tensor's elements can be.
pub trait Element: Copy + sealed::Sealed {
    /// Its name in the language.
    const DTYPE: Dtype;

    #[doc(hidden)]
    fn put(self, bytes: &mut Vec<u8>);

    #[doc(hidden)]
    fn all(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! elements {
    ($($rust:ty, $dtype:ident;)*) => {
        $(
            impl sealed::Sealed for $rust {}

            impl Element for $rust {
                const DTYPE: Dtype = Dtype::$dtype;

                fn put(self, bytes: &mut Vec<u8>) {
                    bytes.extend_from_slice(&self.to_le_bytes());
                }

                fn all(bytes: &[u8]) -> Vec<Self> {
                    bytes.as_chunks().0.iter().map(|&bytes| Self::from_le_bytes(bytes)).collect()
                }
            }
        )*
    };
}

elements! {
    F16, F16; Bf16, Bf16; f32, F32; f64, F64;
    i8, I8; i16, I16; i32, I32; i64, I64;
    u8, U8; u16, U16; u32, U32; u64, U64;
}

/// A tensor whose element type is known: `tensor<f32>` is `Tensor<f32>`.
///
/// ```
/// # use mog::{CapabilitySet, Compiler, Runtime, Tensor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant("ml.double", |t: Tensor<f32>| t.map(|x| x * 2.0));
/// let source = "pub fn run() -> float { t := ml.double(tensor<f32>([2], [1.0, 2.5]))\n t[1] }";
/// let program = Compiler::with(&capabilities).compile(source)?;
/// assert_eq!(Runtime::new(program, capabilities)?.call("run", ())?.to::<f64>()?, 5.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor<T> {
    shape: Vec<usize>,
    data: Vec<T>,
}

impl<T: Element> Tensor<T> {
    /// A tensor of these elements, the last index changing fastest; `None` if they are more or fewer than the shape
    /// says.
    #[must_use]
    pub fn new(shape: Vec<usize>, data: Vec<T>) -> Option<Self> {
        (count(&shape)? == data.len()).then_some(Self { shape, data })
    }

    /// The sizes of the dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements.
    #[must_use]
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The elements, to change.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// A tensor of the same shape, computed element by element.
    #[must_use]
    pub fn map<U>(&self, compute: impl FnMut(T) -> U) -> Tensor<U> {
        Tensor { shape: self.shape.clone(), data: self.data.iter().copied().map(compute).collect() }
    }
}

impl<T: Element> FromMog for Tensor<T> {
    fn mog_type() -> Type {
        Type::Tensor(T::DTYPE)
    }

    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        let tensor = AnyTensor::from_mog(value)?;
        if tensor.dtype == T::DTYPE {
            return Ok(Self { data: T::all(&tensor.bytes), shape: tensor.shape });
        }
        Err(Mismatch::new(format!("tensor<{}>", T::DTYPE), &Value::Tensor(tensor)))
    }
}

impl<T: Element> ToMog for Tensor<T> {
    fn mog_type() -> Type {
        Type::Tensor(T::DTYPE)
    }

    fn to_mog(self) -> Value {
        let mut bytes = Vec::with_capacity(self.data.len() * T::DTYPE.size());
        self.data.into_iter().for_each(|element| element.put(&mut bytes));
        Value::Tensor(AnyTensor { dtype: T::DTYPE, shape: self.shape, bytes })
    }
}

/// From a tensor of any element type, which the program's declarations leave open; or from the map that stands for one
/// where a program passes it as `any`.
impl FromMog for AnyTensor {
    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Tensor(tensor) => Ok(tensor),
            other => from_map(&other).ok_or_else(|| Mismatch::new("a tensor", &other)),
        }
    }
}

impl ToMog for AnyTensor {
    fn to_mog(self) -> Value {
        Value::Tensor(self)
    }
}

/// The tensor that `{"dtype", "shape", "data"}` means.
fn from_map(map: &Value) -> Option<AnyTensor> {
    let dtype = Dtype::named(map.get("dtype")?.as_str()?)?;
    let Value::Array(shape) = map.get("shape")? else { return None };
    let size = |size: &Value| match size {
        Value::Int(size) => usize::try_from(*size).ok(),
        _ => None,
    };
    let shape = shape.iter().map(size).collect::<Option<Vec<_>>>()?;
    let mut bytes = Vec::new();
    let mut put = |value: Value| {
        let put: Result<(), Mismatch> = match dtype {
            Dtype::F16 => value.to::<f64>().map(|value| F16::from_f64(value).put(&mut bytes)),
            Dtype::Bf16 => value.to::<f64>().map(|value| Bf16::from_f64(value).put(&mut bytes)),
            Dtype::F32 => value.to::<f32>().map(|value| value.put(&mut bytes)),
            Dtype::F64 => value.to::<f64>().map(|value| value.put(&mut bytes)),
            Dtype::I8 => value.to::<i8>().map(|value| value.put(&mut bytes)),
            Dtype::I16 => value.to::<i16>().map(|value| value.put(&mut bytes)),
            Dtype::I32 => value.to::<i32>().map(|value| value.put(&mut bytes)),
            Dtype::I64 => value.to::<i64>().map(|value| value.put(&mut bytes)),
            Dtype::U8 => value.to::<u8>().map(|value| value.put(&mut bytes)),
            Dtype::U16 => value.to::<u16>().map(|value| value.put(&mut bytes)),
            Dtype::U32 => value.to::<u32>().map(|value| value.put(&mut bytes)),
            Dtype::U64 => value.to::<u64>().map(|value| value.put(&mut bytes)),
        };
        put.ok()
    };
    match map.get("data")? {
        Value::Array(data) => data.iter().try_for_each(|value| put(value.clone()))?,
        Value::Bytes(data) => data.iter().try_for_each(|&byte| put(Value::from(byte)))?,
        _ => return None,
    }
    AnyTensor::new(dtype, shape, bytes)
}
