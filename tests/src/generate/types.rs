//! Types of generated code.

use super::Generator;

/// A type.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Ty {
    Unit,
    Int,
    /// A sized integer, by its name.
    Sized(&'static str),
    Float,
    F32,
    Bool,
    Str,
    Array(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Optional(Box<Self>),
    Result(Box<Self>),
    /// By number.
    Struct(usize),
    Enum(usize),
    Fn(Vec<Self>, Box<Self>),
}

/// Sized integers with their least and greatest value.
pub(super) const SIZED: [(&str, i64, i64); 7] = [
    ("u8", 0, 255),
    ("i8", -128, 127),
    ("u32", 0, 4_294_967_295),
    ("i32", -2_147_483_648, 2_147_483_647),
    ("u16", 0, 65_535),
    ("i16", -32_768, 32_767),
    ("u64", 0, i64::MAX),
];

impl Ty {
    pub(super) fn array(element: Self) -> Self {
        Self::Array(Box::new(element))
    }

    pub(super) fn optional(inner: Self) -> Self {
        Self::Optional(Box::new(inner))
    }

    pub(super) fn result(inner: Self) -> Self {
        Self::Result(Box::new(inner))
    }

    /// Whether a partial operation that gives it cannot be asked.
    pub(super) const fn is_wrapper(&self) -> bool {
        matches!(self, Self::Optional(_) | Self::Result(_))
    }

    pub(super) const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Sized(_) | Self::Float | Self::F32)
    }

    pub(super) const fn is_integer(&self) -> bool {
        matches!(self, Self::Int | Self::Sized(_))
    }

    /// Whether values have an order.
    pub(super) const fn is_ordered(&self) -> bool {
        self.is_number() || matches!(self, Self::Str)
    }

    /// Whether values print and compare.
    pub(super) fn is_data(&self) -> bool {
        match self {
            Self::Fn(..) | Self::Unit => false,
            Self::Array(inner) | Self::Optional(inner) | Self::Result(inner) | Self::Map(_, inner) => {
                inner.is_data()
            }
            _ => true,
        }
    }
}

impl Generator<'_> {
    /// The type as it is written.
    pub(super) fn type_text(&self, ty: &Ty) -> String {
        let name = |of: &[super::Declared], number: &usize| {
            of.get(*number).map_or(String::new(), |declared| declared.name.clone())
        };
        match ty {
            Ty::Unit => "()".to_owned(),
            Ty::Int => "int".to_owned(),
            Ty::Sized(name) => (*name).to_owned(),
            Ty::Float => "float".to_owned(),
            Ty::F32 => "f32".to_owned(),
            Ty::Bool => "bool".to_owned(),
            Ty::Str => "string".to_owned(),
            Ty::Array(element) => format!("[{}]", self.type_text(element)),
            Ty::Map(key, value) => format!("{{{}: {}}}", self.type_text(key), self.type_text(value)),
            Ty::Optional(inner) => format!("?{}", self.type_text(inner)),
            Ty::Result(inner) => format!("Result<{}>", self.type_text(inner)),
            Ty::Struct(number) => name(&self.structs, number),
            Ty::Enum(number) => name(&self.enums, number),
            Ty::Fn(params, result) => {
                let params: Vec<String> = params.iter().map(|param| self.type_text(param)).collect();
                format!("fn({}) -> {}", params.join(", "), self.type_text(result))
            }
        }
    }

    /// Some type of data, nested at most so deep.
    pub(super) fn some_type(&mut self, depth: u32) -> Ty {
        match self.choices.below(if depth == 0 { 8 } else { 16 }) {
            0 | 1 => Ty::Int,
            2 => Ty::Str,
            3 => Ty::Bool,
            4 => Ty::Float,
            5 | 6 => Ty::Sized(self.sized()),
            7 => Ty::F32,
            8 | 9 => Ty::array(self.some_type(depth - 1)),
            10 => Ty::Map(Box::new(self.key_type()), Box::new(self.some_type(depth - 1))),
            11 => Ty::optional(self.some_inner(depth - 1)),
            12 => Ty::result(self.some_inner(depth - 1)),
            13 | 14 if !self.structs.is_empty() => Ty::Struct(self.choices.below(self.structs.len())),
            15 if !self.enums.is_empty() => Ty::Enum(self.choices.below(self.enums.len())),
            _ => Ty::array(Ty::Int),
        }
    }

    /// A type for what an optional or result holds: none itself.
    fn some_inner(&mut self, depth: u32) -> Ty {
        let ty = self.some_type(depth);
        if ty.is_wrapper() { Ty::Int } else { ty }
    }

    pub(super) fn sized(&mut self) -> &'static str {
        let names: Vec<&'static str> = SIZED.iter().map(|(name, ..)| *name).collect();
        self.choices.one_of(&names)
    }

    pub(super) fn key_type(&mut self) -> Ty {
        match self.choices.below(6) {
            0..=2 => Ty::Str,
            3 => Ty::Int,
            4 => Ty::Bool,
            _ => Ty::Sized(self.sized()),
        }
    }
}
