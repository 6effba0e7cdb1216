//! Types as a host states them: for declarations that programs are compiled with, and to compare with the types
//! that a program was compiled for.

use std::borrow::Cow;
use std::fmt;

use mog_core::heap::Variants;
use mog_core::module::{TypeKind, TypeRecord};
use mog_core::{Module, TypeId};

use crate::Dtype;

/// How deep types are compared.
const MAX_DEPTH: u32 = 64;

/// How many parts of a type are printed.
const MAX_PARTS: u32 = 60;

/// A type of the language, as a host function takes or gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the variants are the language's names for the types")]
pub enum Type {
    /// Whatever the program passes or expects; checked at each call.
    Any,
    /// No value.
    Unit,
    Bool,
    Int,
    I8,
    I16,
    I32,
    U8,
    U16,
    U32,
    U64,
    Float,
    F32,
    Str,
    Array(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Tensor(Dtype),
    Option(Box<Type>),
    /// As the result of a function: it may fail, and the program sees the value alone.
    Result(Box<Type>),
    /// A struct: its name, and names and types of its fields.
    Struct(Cow<'static, str>, Vec<(Cow<'static, str>, Type)>),
    /// An enum: its name, and names of its variants with the types of what they carry.
    Enum(Cow<'static, str>, Vec<(Cow<'static, str>, Vec<Type>)>),
    /// A value of the host's that the program cannot look into, by the name of its type.
    Handle(Cow<'static, str>),
    /// A function of the program's: types of its parameters, and of its result.
    Function(Vec<Type>, Box<Type>),
    /// A struct or enum that is declared elsewhere.
    Named(Cow<'static, str>),
}

impl Type {
    /// A struct type.
    ///
    /// ```
    /// # use mog::Type;
    /// let product = Type::record("Product", [("name", Type::Str), ("price", Type::Float)]);
    /// assert_eq!(product.to_string(), "Product");
    /// ```
    pub fn record<K: Into<Cow<'static, str>>>(
        name: impl Into<Cow<'static, str>>,
        fields: impl IntoIterator<Item = (K, Type)>,
    ) -> Self {
        Self::Struct(name.into(), fields.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// `[T]`.
    #[must_use]
    pub fn array(element: Self) -> Self {
        Self::Array(Box::new(element))
    }

    /// `{K: V}`.
    #[must_use]
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    /// `?T`.
    #[must_use]
    pub fn option(payload: Self) -> Self {
        Self::Option(Box::new(payload))
    }

    /// What a function with this result gives a program: of a `Result`, the value.
    pub(crate) fn delivered(&self) -> &Self {
        match self {
            Self::Result(value) => value,
            other => other,
        }
    }

    /// Declarations of the named types in this one, inner ones first, each once. Different ones of the same name
    /// are all there, for the compiler to object to.
    pub(crate) fn declare_named(&self, into: &mut Vec<String>) {
        match self {
            Self::Array(inner) | Self::Option(inner) | Self::Result(inner) => inner.declare_named(into),
            Self::Function(params, result) => {
                params.iter().for_each(|ty| ty.declare_named(into));
                result.declare_named(into);
            }
            Self::Map(key, value) => {
                key.declare_named(into);
                value.declare_named(into);
            }
            Self::Struct(name, fields) => {
                fields.iter().for_each(|(_, ty)| ty.declare_named(into));
                let fields: Vec<_> = fields.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
                declare(format!("struct {name} {{ {} }}", fields.join(", ")), into);
            }
            Self::Enum(name, variants) => {
                variants.iter().flat_map(|(_, payload)| payload).for_each(|ty| ty.declare_named(into));
                let variants: Vec<_> = variants
                    .iter()
                    .map(|(name, payload)| match payload.as_slice() {
                        [] => name.to_string(),
                        payload => format!("{name}({})", list(payload)),
                    })
                    .collect();
                declare(format!("enum {name} {{ {} }}", variants.join(", ")), into);
            }
            Self::Handle(name) => {
                declare(format!("type {name} // only the host makes and reads these"), into)
            }
            _ => {}
        }
    }

    const fn is_int(&self) -> bool {
        matches!(
            self,
            Self::Int | Self::I8 | Self::I16 | Self::I32 | Self::U8 | Self::U16 | Self::U32 | Self::U64
        )
    }

    /// Whether values of the program's type can be passed to this one.
    pub(crate) fn accepts(&self, ty: TypeId, module: &Module<'_>) -> bool {
        self.matches(ty, module, Direction::ToHost, MAX_DEPTH)
    }

    /// Whether values of this type can be given where the program has its type.
    pub(crate) fn gives(&self, ty: TypeId, module: &Module<'_>) -> bool {
        self.matches(ty, module, Direction::ToProgram, MAX_DEPTH)
    }

    fn matches(&self, ty: TypeId, module: &Module<'_>, direction: Direction, depth: u32) -> bool {
        if depth == 0 || ty == TypeId::ANY || matches!(self, Self::Any) {
            return true;
        }
        let inner = |own: &Self, ty: u16| own.matches(TypeId(ty), module, direction, depth - 1);
        match ty {
            TypeId::UNIT => return *self == Self::Unit,
            TypeId::BOOL => return *self == Self::Bool,
            ty if ty.is_float() => return matches!(self, Self::Float | Self::F32),
            TypeId::STR => return *self == Self::Str,
            TypeId::HANDLE => return matches!(self, Self::Handle(_)),
            _ if ty.0 <= TypeId::U64.0 => return self.is_int(),
            _ => {}
        }
        let Some(record) = module.types.record(ty) else { return false };
        match (self, record.kind, record.components) {
            (Self::Array(own), TypeKind::Array, &[element]) => inner(own, element),
            (Self::Map(own_key, own_value), TypeKind::Map, &[key, value]) => {
                inner(own_key, key) && inner(own_value, value)
            }
            (Self::Option(own), TypeKind::Option, &[payload]) => inner(own, payload),
            // What goes to the host as an argument comes from it as an argument's argument.
            (Self::Function(own, own_result), TypeKind::Fn, &[ref params @ .., result]) => {
                let given = |(own, &ty): (&Self, &u16)| {
                    own.matches(TypeId(ty), module, Direction::ToProgram, depth - 1)
                };
                direction == Direction::ToHost
                    && own.len() == params.len()
                    && own.iter().zip(params).all(given)
                    && inner(own_result.delivered(), result)
            }
            // A value that is always there fits where it may be missing.
            (own, TypeKind::Option, &[payload]) => direction == Direction::ToProgram && inner(own, payload),
            (Self::Result(own), TypeKind::Result, &[payload]) => inner(own, payload),
            (Self::Named(_), TypeKind::Struct | TypeKind::Enum | TypeKind::BoxedEnum, _) => true,
            (Self::Struct(_, own), TypeKind::Struct, fields) => {
                let fields = || fields.as_chunks::<2>().0.iter().map(|&[name, ty]| (module.string(name), ty));
                let fits = |(name, own): &(Cow<'_, str>, Self)| match fields().find(|field| field.0 == name) {
                    Some((_, ty)) => inner(own, ty),
                    None => direction == Direction::ToProgram || matches!(own, Self::Option(_)),
                };
                let given = |name: &str| own.iter().any(|(own, _)| own == name);
                own.iter().all(fits)
                    && (direction == Direction::ToHost
                        || fields().all(|(name, ty)| given(name) || is_option(module, TypeId(ty))))
            }
            (Self::Enum(_, own), TypeKind::Enum | TypeKind::BoxedEnum, _) => {
                let theirs = || Variants::of(record).map(|(name, payload)| (module.string(name), payload));
                let fits = |own: &[Self], payload: &[u16]| {
                    own.len() == payload.len() && own.iter().zip(payload).all(|(own, &ty)| inner(own, ty))
                };
                match direction {
                    Direction::ToHost => theirs().all(|(name, payload)| {
                        own.iter().any(|(known, own)| known == name && fits(own, payload))
                    }),
                    Direction::ToProgram => own.iter().all(|(known, own)| {
                        theirs().any(|(name, payload)| known == name && fits(own, payload))
                    }),
                }
            }
            (Self::Map(..), TypeKind::Struct | TypeKind::Tensor, _) => true,
            (Self::Tensor(own), TypeKind::Tensor, _) => {
                module.types.tensor_element(ty).and_then(Dtype::of) == Some(*own)
            }
            _ => false,
        }
    }
}

fn declare(text: String, into: &mut Vec<String>) {
    if !into.contains(&text) {
        into.push(text);
    }
}

fn list(types: &[Type]) -> String {
    types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToHost,
    ToProgram,
}

fn is_option(module: &Module<'_>, ty: TypeId) -> bool {
    module.types.record(ty).is_some_and(|record| record.kind == TypeKind::Option)
}

/// As the language writes it.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Unit => f.write_str("()"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::I8 => f.write_str("i8"),
            Self::I16 => f.write_str("i16"),
            Self::I32 => f.write_str("i32"),
            Self::U8 => f.write_str("u8"),
            Self::U16 => f.write_str("u16"),
            Self::U32 => f.write_str("u32"),
            Self::U64 => f.write_str("u64"),
            Self::Float => f.write_str("float"),
            Self::F32 => f.write_str("f32"),
            Self::Str => f.write_str("string"),
            Self::Array(element) => write!(f, "[{element}]"),
            Self::Map(key, value) => write!(f, "{{{key}: {value}}}"),
            Self::Tensor(dtype) => write!(f, "tensor<{dtype}>"),
            Self::Option(payload) => write!(f, "?{payload}"),
            Self::Result(payload) => write!(f, "Result<{payload}>"),
            Self::Function(params, result) if **result == Self::Unit => write!(f, "fn({})", list(params)),
            Self::Function(params, result) => write!(f, "fn({}) -> {result}", list(params)),
            Self::Struct(name, _) | Self::Enum(name, _) | Self::Handle(name) | Self::Named(name) => {
                f.write_str(name)
            }
        }
    }
}

/// A type of a module's, printed as the language writes it, cut with `…` if it is huge: what shares its parts can be
/// exponentially long.
#[derive(Clone, Copy, Debug)]
pub struct TypeText<'m, 'a> {
    module: &'m Module<'a>,
    ty: TypeId,
}

impl<'m, 'a> TypeText<'m, 'a> {
    /// The text of a type.
    #[must_use]
    pub const fn new(module: &'m Module<'a>, ty: TypeId) -> Self {
        Self { module, ty }
    }

    fn own(&self, record: TypeRecord<'a>, left: &mut u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let around = |before, components: &[u16], after, left: &mut u32, f: &mut fmt::Formatter<'_>| {
            f.write_str(before)?;
            self.list(components, left, f)?;
            f.write_str(after)
        };
        match (record.kind, record.components) {
            (TypeKind::Array, element) => around("[", element, "]", left, f),
            (TypeKind::Map, &[key, value]) => {
                around("{", &[key], ": ", left, f)?;
                around("", &[value], "}", left, f)
            }
            (TypeKind::Tensor, _) => {
                let element = self.module.types.tensor_element(self.ty);
                write!(f, "tensor<{}>", element.and_then(TypeId::dtype).unwrap_or("?"))
            }
            (TypeKind::Option, payload) => around("?", payload, "", left, f),
            (TypeKind::Result, payload) => around("Result<", payload, ">", left, f),
            (TypeKind::Struct | TypeKind::Enum | TypeKind::BoxedEnum, _) => {
                f.write_str(self.module.string(record.extra))
            }
            (TypeKind::Fn, &[ref params @ .., result]) => {
                around("fn(", params, ")", left, f)?;
                if TypeId(result) == TypeId::UNIT { Ok(()) } else { around(" -> ", &[result], "", left, f) }
            }
            _ => f.write_str("?"),
        }
    }

    fn list(&self, types: &[u16], left: &mut u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, &ty) in types.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { ", " })?;
            Self { ty: TypeId(ty), ..*self }.put(left, f)?;
        }
        Ok(())
    }

    /// Writes it, with at most so many parts.
    fn put(&self, left: &mut u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(rest) = left.checked_sub(1) else { return f.write_str("…") };
        *left = rest;
        f.write_str(match self.ty {
            TypeId::UNIT => "()",
            TypeId::BOOL => "bool",
            TypeId::INT => "int",
            TypeId::I8 => "i8",
            TypeId::I16 => "i16",
            TypeId::I32 => "i32",
            TypeId::U8 => "u8",
            TypeId::U16 => "u16",
            TypeId::U32 => "u32",
            TypeId::U64 => "u64",
            TypeId::FLOAT => "float",
            TypeId::F32 => "f32",
            TypeId::F16 => "f16",
            TypeId::BF16 => "bf16",
            TypeId::STR => "string",
            TypeId::ANY => "any",
            TypeId::HANDLE => "handle",
            ty => match self.module.types.record(ty) {
                Some(record) => return self.own(record, left, f),
                None => "?",
            },
        })
    }
}

impl fmt::Display for TypeText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.put(&mut { MAX_PARTS }, f)
    }
}

/// A function's name, parameters and result, as a declaration would give them: `fn get(key: string) -> ?string`.
/// `names` are the parameters' names, separated by commas; they may be missing.
#[must_use]
pub fn function_text(module: &Module<'_>, name: &str, signature: TypeId, names: &str) -> String {
    let text = |ty: u16| TypeText::new(module, TypeId(ty)).to_string();
    let Some(record) = module.types.record(signature).filter(|record| record.kind == TypeKind::Fn) else {
        return format!("fn {name}(?)");
    };
    let Some((&result, params)) = record.components.split_last() else { return format!("fn {name}(?)") };
    let mut names = names.split(',').filter(|name| !name.is_empty());
    let params: Vec<String> = params
        .iter()
        .map(|&ty| {
            let ty = text(ty);
            names.next().map_or_else(|| ty.clone(), |name| format!("{name}: {ty}"))
        })
        .collect();
    match TypeId(result) {
        TypeId::UNIT => format!("fn {name}({})", params.join(", ")),
        _ => format!("fn {name}({}) -> {}", params.join(", "), text(result)),
    }
}

/// Whether each parameter is in one register that reads the same as a signed number, a float or a reference.
pub(crate) fn is_plain(signature: TypeRecord<'_>) -> bool {
    let params = signature.components.split_last().map_or(&[][..], |(_, params)| params);
    params.iter().all(|&ty| TypeId(ty) == TypeId::STR || is_scalar(TypeId(ty)))
}

/// Whether a value of this type is in one register that reads the same as a signed number or a float.
pub(crate) fn is_scalar(ty: TypeId) -> bool {
    matches!(ty, TypeId::BOOL | TypeId::FLOAT | TypeId::F32) || (TypeId::INT.0..TypeId::U64.0).contains(&ty.0)
}
