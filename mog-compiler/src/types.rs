//! The compiler's types: interned, so that two types are equal when their handles are.

use core::hash::BuildHasher;
use core::ops::Deref;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

/// A handle to an interned type of [`Types`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Ty(pub u32);

/// A struct declaration's number in [`Types::structs`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StructId(pub u32);

/// An enum declaration's number in [`Types::enums`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EnumId(pub u32);

/// The number of a type of handles in [`Types::handles`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HandleId(pub u32);

/// The widths of integers. A value lives sign- or zero-extended in a 64-bit register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the variants are the language's own names")]
pub enum IntKind {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

impl IntKind {
    /// Smallest and largest value; those of `u64` as `i128` so that all fit.
    #[must_use]
    pub const fn range(self) -> (i128, i128) {
        match self {
            Self::I8 => (i8::MIN as i128, i8::MAX as i128),
            Self::I16 => (i16::MIN as i128, i16::MAX as i128),
            Self::I32 => (i32::MIN as i128, i32::MAX as i128),
            Self::I64 => (i64::MIN as i128, i64::MAX as i128),
            Self::U8 => (0, u8::MAX as i128),
            Self::U16 => (0, u16::MAX as i128),
            Self::U32 => (0, u32::MAX as i128),
            Self::U64 => (0, u64::MAX as i128),
        }
    }

    /// The name as the language prints it: `int` for the 64-bit signed kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "int",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
        }
    }

    /// Width in bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::I8 | Self::U8 => 8,
            Self::I16 | Self::U16 => 16,
            Self::I32 | Self::U32 => 32,
            Self::I64 | Self::U64 => 64,
        }
    }
}

/// What a tensor's elements are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the variants are the language's own names")]
pub enum Dtype {
    F16,
    Bf16,
    F32,
    F64,
    Int(IntKind),
}

impl Dtype {
    /// The name, which is also what `t.dtype` gives.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Int(IntKind::I64) => "i64",
            Self::Int(kind) => kind.name(),
        }
    }
}

/// What a type is made of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum TyKind {
    /// `()`: no value, no register.
    Unit,
    /// The type of an expression that never ends normally (`return`, `break`, `panic`).
    Never,
    /// Stands in after an error was reported; compatible with everything, so that nothing cascades.
    Error,
    /// `bool`.
    Bool,
    /// `int` and the sized integers.
    Int(IntKind),
    /// `float`, 64 bits.
    Float,
    /// `f32`, kept in a 64-bit register and rounded after every operation.
    F32,
    /// `string`.
    Str,
    /// `any`.
    Any,
    /// `[T]`.
    Array(Ty),
    /// `{K: V}`.
    Map(Ty, Ty),
    /// `?T`.
    Option(Ty),
    /// `Result<T>`.
    Result(Ty),
    /// `fn(A, B) -> R`: parameters and result.
    Fn(Vec<Ty>, Ty),
    /// `Future<T>`.
    Future(Ty),
    /// `tensor<T>`.
    Tensor(Dtype),
    /// A declared struct, or the columns of `soa S`.
    Struct(StructId),
    /// A declared enum.
    Enum(EnumId),
    /// A declared type whose values only the host makes and looks into.
    Handle(HandleId),
    /// An inference variable; bound through [`Types::bind`].
    Var(u32),
}

/// Fields or variants: names with what belongs to them, in order; found by name in the same time however many
/// there are.
#[derive(Clone, Debug)]
pub struct Members<T> {
    list: Vec<(String, T)>,
    /// Positions by name; only of lists that are too long to look through.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<T> Members<T> {
    /// Members up to which comparing names is quicker.
    const FEW: usize = 8;

    /// Members of different names.
    #[must_use]
    pub fn new(list: Vec<(String, T)>) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut index = HashTable::new();
        if list.len() > Self::FEW {
            let hash = |at: u32| hasher.hash_one(list.get(at as usize).map_or("", |(name, _)| name));
            index.reserve(list.len(), |&at| hash(at));
            for at in 0..list.len() as u32 {
                index.insert_unique(hash(at), at, |&at| hash(at));
            }
        }
        Self { list, index, hasher }
    }

    /// The position of a member.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        let is = |at: usize| self.list.get(at).is_some_and(|(known, _)| known == name);
        if self.list.len() <= Self::FEW {
            return (0..self.list.len()).find(|&at| is(at));
        }
        self.index.find(self.hasher.hash_one(name), |&at| is(at as usize)).map(|&at| at as usize)
    }
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl<T> Deref for Members<T> {
    type Target = [(String, T)];

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

impl<'m, T> IntoIterator for &'m Members<T> {
    type Item = &'m (String, T);
    type IntoIter = core::slice::Iter<'m, (String, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// A declared struct: its name and its fields in order.
#[derive(Clone, Debug, Default)]
pub struct StructDef {
    /// The declared name.
    pub name: String,
    /// Field names and types, in order of declaration.
    pub fields: Members<Ty>,
    /// Of the columns of `soa S`: the struct `S`. Each field is an array of the values of that field of `S`.
    pub rows: Option<StructId>,
}

/// A declared enum: its name and its variants in order.
#[derive(Clone, Debug, Default)]
pub struct EnumDef {
    /// The declared name.
    pub name: String,
    /// Variant names and the types of their payloads.
    pub variants: Members<Vec<Ty>>,
}

/// How many parts of a type are shown before it is called a large one.
const SHOWN_PARTS: u32 = 60;

/// All types of a program.
#[derive(Debug)]
pub struct Types {
    kinds: Vec<TyKind>,
    /// All but the well-known ones.
    index: HashMap<TyKind, Ty>,
    bindings: Vec<Option<Ty>>,
    /// The declared structs, by [`StructId`].
    pub structs: Vec<StructDef>,
    /// The declared enums, by [`EnumId`].
    pub enums: Vec<EnumDef>,
    /// The names of the declared types of handles, by [`HandleId`].
    pub handles: Vec<String>,
}

macro_rules! well_known {
    ($($name:ident = $index:literal $kind:expr;)*) => {
        impl Types {
            $(#[doc = concat!("The handle of `", stringify!($kind), "`.")] pub const $name: Ty = Ty($index);)*
            const WELL_KNOWN: &'static [TyKind] = &[$($kind),*];
        }
    };
}

well_known! {
    UNIT = 0 TyKind::Unit;
    NEVER = 1 TyKind::Never;
    ERROR = 2 TyKind::Error;
    BOOL = 3 TyKind::Bool;
    INT = 4 TyKind::Int(IntKind::I64);
    FLOAT = 5 TyKind::Float;
    F32 = 6 TyKind::F32;
    STR = 7 TyKind::Str;
    ANY = 8 TyKind::Any;
    ARRAY_STR = 9 TyKind::Array(Types::STR);
    ARRAY_ANY = 10 TyKind::Array(Types::ANY);
    MAP_ANY = 11 TyKind::Map(Types::STR, Types::ANY);
    U8 = 12 TyKind::Int(IntKind::U8);
    ARRAY_U8 = 13 TyKind::Array(Types::U8);
    ARRAY_INT = 14 TyKind::Array(Types::INT);
}

impl Default for Types {
    fn default() -> Self {
        Self::new()
    }
}

impl Types {
    /// A table that holds just the well-known types.
    #[must_use]
    pub fn new() -> Self {
        Self {
            kinds: Self::WELL_KNOWN.to_vec(),
            index: HashMap::new(),
            bindings: Vec::new(),
            structs: Vec::new(),
            enums: Vec::new(),
            handles: Vec::new(),
        }
    }

    /// The handle of a type, made on first use.
    pub fn intern(&mut self, kind: TyKind) -> Ty {
        if let Some(ty) = Self::well_known(&kind) {
            return ty;
        }
        if let Some(&ty) = self.index.get(&kind) {
            return ty;
        }
        let ty = Ty(u32::try_from(self.kinds.len()).unwrap_or(u32::MAX));
        self.kinds.push(kind.clone());
        self.index.insert(kind, ty);
        ty
    }

    /// The handle of a well-known type.
    fn well_known(kind: &TyKind) -> Option<Ty> {
        Some(match *kind {
            TyKind::Unit => Self::UNIT,
            TyKind::Never => Self::NEVER,
            TyKind::Error => Self::ERROR,
            TyKind::Bool => Self::BOOL,
            TyKind::Int(IntKind::I64) => Self::INT,
            TyKind::Int(IntKind::U8) => Self::U8,
            TyKind::Float => Self::FLOAT,
            TyKind::F32 => Self::F32,
            TyKind::Str => Self::STR,
            TyKind::Any => Self::ANY,
            TyKind::Array(Self::STR) => Self::ARRAY_STR,
            TyKind::Array(Self::ANY) => Self::ARRAY_ANY,
            TyKind::Array(Self::U8) => Self::ARRAY_U8,
            TyKind::Array(Self::INT) => Self::ARRAY_INT,
            TyKind::Map(Self::STR, Self::ANY) => Self::MAP_ANY,
            _ => return None,
        })
    }

    /// A new type of handles.
    pub fn handle(&mut self, name: &str) -> Ty {
        let id = HandleId(u32::try_from(self.handles.len()).unwrap_or(u32::MAX));
        self.handles.push(name.to_owned());
        self.intern(TyKind::Handle(id))
    }

    /// What a type is made of, inference variables followed at the top level only.
    #[must_use]
    pub fn kind(&self, ty: Ty) -> &TyKind {
        let ty = self.shallow(ty);
        self.kinds.get(ty.0 as usize).unwrap_or(&TyKind::Error)
    }

    /// Follows bound inference variables at the top level.
    #[must_use]
    #[inline]
    pub fn shallow(&self, ty: Ty) -> Ty {
        // The well-known ones are no variables.
        if (ty.0 as usize) < Self::WELL_KNOWN.len() { ty } else { self.follow(ty) }
    }

    fn follow(&self, mut ty: Ty) -> Ty {
        while let Some(TyKind::Var(n)) = self.kinds.get(ty.0 as usize) {
            match self.bindings.get(*n as usize).copied().flatten() {
                Some(bound) => ty = bound,
                None => break,
            }
        }
        ty
    }

    /// A fresh inference variable.
    pub fn fresh(&mut self) -> Ty {
        let n = u32::try_from(self.bindings.len()).unwrap_or(u32::MAX);
        self.bindings.push(None);
        self.intern(TyKind::Var(n))
    }

    /// Binds an unbound inference variable. The caller has made sure that the type does not contain it.
    pub fn bind(&mut self, var: Ty, to: Ty) {
        if let Some(TyKind::Var(n)) = self.kinds.get(var.0 as usize)
            && let Some(slot) = self.bindings.get_mut(*n as usize)
        {
            *slot = Some(to);
        }
    }

    /// The type with every bound inference variable replaced, at all depths. A variable that was never bound
    /// stays; the checker reports those before lowering.
    pub fn resolve(&mut self, ty: Ty) -> Ty {
        let ty = self.shallow(ty);
        let kind = match self.kind(ty).clone() {
            TyKind::Array(a) => TyKind::Array(self.resolve(a)),
            TyKind::Map(k, v) => TyKind::Map(self.resolve(k), self.resolve(v)),
            TyKind::Option(a) => TyKind::Option(self.resolve(a)),
            TyKind::Result(a) => TyKind::Result(self.resolve(a)),
            TyKind::Future(a) => TyKind::Future(self.resolve(a)),
            TyKind::Fn(params, ret) => {
                let params = params.iter().map(|&p| self.resolve(p)).collect();
                TyKind::Fn(params, self.resolve(ret))
            }
            _ => return ty,
        };
        self.intern(kind)
    }

    /// The type as the language writes it, unless it is huge: what shares its parts can be exponentially long.
    #[must_use]
    pub fn display(&self, ty: Ty) -> String {
        let mut parts = SHOWN_PARTS;
        self.count_parts(ty, &mut parts);
        if parts == 0 { "a large type".to_owned() } else { self.written(ty) }
    }

    fn count_parts(&self, ty: Ty, left: &mut u32) {
        *left = left.saturating_sub(1);
        if *left == 0 {
            return;
        }
        match self.kind(ty) {
            TyKind::Array(a) | TyKind::Option(a) | TyKind::Result(a) | TyKind::Future(a) => {
                self.count_parts(*a, left);
            }
            TyKind::Map(k, v) => {
                self.count_parts(*k, left);
                self.count_parts(*v, left);
            }
            TyKind::Fn(params, ret) => {
                params.iter().for_each(|&p| self.count_parts(p, left));
                self.count_parts(*ret, left);
            }
            _ => {}
        }
    }

    fn written(&self, ty: Ty) -> String {
        match self.kind(ty) {
            TyKind::Unit => "()".into(),
            TyKind::Never => "never".into(),
            TyKind::Error => "unknown".into(),
            TyKind::Bool => "bool".into(),
            TyKind::Int(kind) => kind.name().into(),
            TyKind::Float => "float".into(),
            TyKind::F32 => "f32".into(),
            TyKind::Str => "string".into(),
            TyKind::Any => "any".into(),
            TyKind::Tensor(dtype) => format!("tensor<{}>", dtype.name()),
            TyKind::Array(t) => format!("[{}]", self.written(*t)),
            TyKind::Map(k, v) => format!("{{{}: {}}}", self.written(*k), self.written(*v)),
            TyKind::Option(t) => format!("?{}", self.written(*t)),
            TyKind::Result(t) => format!("Result<{}>", self.written(*t)),
            TyKind::Future(t) => format!("Future<{}>", self.written(*t)),
            TyKind::Fn(params, ret) => {
                let params: Vec<String> = params.iter().map(|&p| self.written(p)).collect();
                let params = params.join(", ");
                match self.kind(*ret) {
                    TyKind::Unit => format!("fn({params})"),
                    _ => format!("fn({params}) -> {}", self.written(*ret)),
                }
            }
            TyKind::Struct(id) => {
                self.structs.get(id.0 as usize).map_or_else(String::new, |s| s.name.clone())
            }
            TyKind::Enum(id) => self.enums.get(id.0 as usize).map_or_else(String::new, |e| e.name.clone()),
            TyKind::Handle(id) => self.handles.get(id.0 as usize).cloned().unwrap_or_default(),
            TyKind::Var(_) => "_".into(),
        }
    }
}
