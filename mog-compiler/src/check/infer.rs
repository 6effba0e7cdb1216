//! Types of expressions: making, unifying and fitting them.

use super::Checker;
use crate::ast::Span;
use crate::hir::{ExprId, ExprKind};
use crate::types::{Ty, TyKind, Types};

/// How deep a type may nest; deeper ones are refused, so that no pass over types can recurse further.
const MAX_DEPTH: u8 = 60;

/// How many parts of types one unification looks at before it gives up.
const MAX_WORK: u32 = 10_000;

/// What the place of an expression asks of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Want {
    /// A value of any type.
    Any,
    /// Nothing: the value is dropped.
    Dropped,
    /// A value that fits this type.
    Type(Ty),
}

impl Want {
    /// The type, if there is one.
    pub(super) fn ty(self) -> Option<Ty> {
        match self {
            Self::Type(ty) => Some(ty),
            _ => None,
        }
    }
}

/// The common type of the branches of an `if`, `match` or `try`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join {
    want: Want,
    found: Option<Ty>,
    ends: bool,
}

impl Join {
    /// Before the first branch.
    pub(super) fn new(want: Want) -> Self {
        Self { want, found: None, ends: false }
    }

    /// What the next branch should give.
    pub(super) fn want(&self) -> Want {
        match (self.want, self.found) {
            (Want::Any, Some(ty)) => Want::Type(ty),
            (want, _) => want,
        }
    }

    /// A branch of this type was seen.
    pub(super) fn add(&mut self, ty: Ty) {
        if ty != Types::NEVER {
            self.ends = true;
            self.found.get_or_insert(ty);
        }
    }

    /// The type of the whole.
    pub(super) fn ty(&self) -> Ty {
        match self.want {
            _ if !self.ends => Types::NEVER,
            Want::Dropped => Types::UNIT,
            Want::Type(ty) => ty,
            Want::Any => self.found.unwrap_or(Types::NEVER),
        }
    }
}

impl Checker<'_> {
    /// The handle of a type whose parts may be inference variables. Types nested too deeply become errors.
    pub(super) fn make(&mut self, kind: TyKind, span: Span) -> Ty {
        let depth = 1 + self.parts_depth(&kind);
        if depth > MAX_DEPTH {
            if !self.too_deep {
                self.error(span, "type-too-deep", "this type nests too deeply");
            }
            self.too_deep = true;
            return Types::ERROR;
        }
        let ty = self.hir.types.intern(kind);
        let at = ty.0 as usize;
        if at >= self.depths.len() {
            self.depths.resize(at + 1, 1);
        }
        if let Some(slot) = self.depths.get_mut(at) {
            *slot = depth;
        }
        ty
    }

    fn parts_depth(&self, kind: &TyKind) -> u8 {
        let of = |ty: &Ty| {
            let ty = self.hir.types.shallow(*ty);
            self.depths.get(ty.0 as usize).copied().unwrap_or(1)
        };
        match kind {
            TyKind::Array(a) | TyKind::Option(a) | TyKind::Result(a) | TyKind::Future(a) => of(a),
            TyKind::Map(k, v) => of(k).max(of(v)),
            TyKind::Fn(params, ret) => params.iter().map(of).fold(of(ret), u8::max),
            _ => 0,
        }
    }

    /// `[T]`.
    pub(super) fn array_of(&mut self, element: Ty, span: Span) -> Ty {
        self.make(TyKind::Array(element), span)
    }

    /// `?T`.
    pub(super) fn option_of(&mut self, inner: Ty, span: Span) -> Ty {
        self.make(TyKind::Option(inner), span)
    }

    /// `Result<T>`.
    pub(super) fn result_of(&mut self, inner: Ty, span: Span) -> Ty {
        self.make(TyKind::Result(inner), span)
    }

    /// `Future<T>`.
    pub(super) fn future_of(&mut self, inner: Ty, span: Span) -> Ty {
        self.make(TyKind::Future(inner), span)
    }

    /// What a type is made of, at the top level.
    pub(super) fn kind(&self, ty: Ty) -> &TyKind {
        self.hir.types.kind(ty)
    }

    /// A type with the inference variables at its top followed.
    pub(super) fn shallow(&self, ty: Ty) -> Ty {
        self.hir.types.shallow(ty)
    }

    /// The type of an expression, followed at the top.
    pub(super) fn ty_of(&self, id: ExprId) -> Ty {
        self.shallow(self.hir.expr(id).ty)
    }

    /// Whether a type is not known yet.
    pub(super) fn is_open(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Var(_))
    }

    /// The type inside any number of `?`.
    pub(super) fn strip_options(&self, ty: Ty) -> Ty {
        let mut ty = self.shallow(ty);
        while let TyKind::Option(inner) = self.kind(ty) {
            ty = self.shallow(*inner);
        }
        ty
    }

    /// Makes two types equal by binding inference variables; whether that is possible.
    pub(super) fn unify(&mut self, a: Ty, b: Ty) -> bool {
        let mut work = MAX_WORK;
        self.unify_within(a, b, &mut work, 0)
    }

    fn unify_within(&mut self, a: Ty, b: Ty, work: &mut u32, depth: u8) -> bool {
        let (a, b) = (self.shallow(a), self.shallow(b));
        if a == b || a == Types::ERROR || b == Types::ERROR {
            return true;
        }
        *work = work.saturating_sub(1);
        if *work == 0 || depth > 2 * MAX_DEPTH {
            return false;
        }
        match (self.kind(a), self.kind(b)) {
            (TyKind::Var(_), _) => self.bind(a, b, work),
            (_, TyKind::Var(_)) => self.bind(b, a, work),
            (&TyKind::Array(x), &TyKind::Array(y))
            | (&TyKind::Option(x), &TyKind::Option(y))
            | (&TyKind::Result(x), &TyKind::Result(y))
            | (&TyKind::Future(x), &TyKind::Future(y)) => self.unify_within(x, y, work, depth + 1),
            (&TyKind::Map(k, v), &TyKind::Map(l, w)) => {
                self.unify_within(k, l, work, depth + 1) && self.unify_within(v, w, work, depth + 1)
            }
            (TyKind::Fn(ps, r), TyKind::Fn(qs, s)) if ps.len() == qs.len() => {
                let (count, r, s) = (ps.len(), *r, *s);
                let part = |checker: &Self, ty: Ty, at: usize| match checker.kind(ty) {
                    TyKind::Fn(params, _) => params.get(at).copied().unwrap_or(Types::ERROR),
                    _ => Types::ERROR,
                };
                let params = (0..count).all(|at| {
                    let (p, q) = (part(self, a, at), part(self, b, at));
                    self.unify_within(p, q, work, depth + 1)
                });
                params && self.unify_within(r, s, work, depth + 1)
            }
            _ => false,
        }
    }

    fn bind(&mut self, var: Ty, to: Ty, work: &mut u32) -> bool {
        if to == Types::NEVER || self.occurs(var, to, work, 0) {
            return false;
        }
        self.hir.types.bind(var, to);
        true
    }

    /// Whether a type contains a variable, or is too large to tell.
    fn occurs(&self, var: Ty, ty: Ty, work: &mut u32, depth: u8) -> bool {
        let ty = self.shallow(ty);
        *work = work.saturating_sub(1);
        if ty == var || *work == 0 || depth > MAX_DEPTH {
            return true;
        }
        match self.kind(ty) {
            TyKind::Array(a) | TyKind::Option(a) | TyKind::Result(a) | TyKind::Future(a) => {
                self.occurs(var, *a, work, depth + 1)
            }
            TyKind::Map(k, v) => {
                self.occurs(var, *k, work, depth + 1) || self.occurs(var, *v, work, depth + 1)
            }
            TyKind::Fn(params, ret) => {
                params.iter().any(|p| self.occurs(var, *p, work, depth + 1))
                    || self.occurs(var, *ret, work, depth + 1)
            }
            _ => false,
        }
    }

    /// Fits an expression to the type that its place wants: as it is, as `some(…)`, or copied to `any`.
    #[inline]
    pub(super) fn coerce(&mut self, id: ExprId, want: Ty) -> ExprId {
        let (found, want) = (self.ty_of(id), self.shallow(want));
        if found == want || found == Types::NEVER || found == Types::ERROR || want == Types::ERROR {
            return id;
        }
        self.fit(id, found, want)
    }

    #[inline(never)]
    fn fit(&mut self, id: ExprId, found: Ty, want: Ty) -> ExprId {
        match (self.kind(found), self.kind(want)) {
            (TyKind::Option(_) | TyKind::Var(_), TyKind::Option(_)) | (TyKind::Var(_), TyKind::Any) => {}
            (_, &TyKind::Option(inner)) => return self.wrap_some(id, inner, want),
            (_, TyKind::Any) => return self.copied_to_any(id),
            _ => {}
        }
        if !self.unify(found, want) {
            self.mismatch(id, found, want);
        }
        id
    }

    /// A plain value where `?T` is wanted.
    #[inline(never)]
    fn wrap_some(&mut self, id: ExprId, inner: Ty, want: Ty) -> ExprId {
        let (found, span) = (self.ty_of(id), self.hir.expr(id).span);
        let inside = self.shallow(inner);
        if inside != Types::ANY && !matches!(self.kind(inside), TyKind::Option(_)) {
            if !self.unify(found, inside) {
                self.mismatch(id, found, want);
                return id;
            }
            return self.emit(ExprKind::Some(id), want, span);
        }
        let value = self.coerce(id, inside);
        self.emit(ExprKind::Some(value), want, span)
    }

    /// A copy of a value as `any`.
    #[inline(never)]
    pub(super) fn copied_to_any(&mut self, id: ExprId) -> ExprId {
        let (found, span) = (self.ty_of(id), self.hir.expr(id).span);
        if found == Types::ANY || found == Types::ERROR || found == Types::NEVER {
            return id;
        }
        if let ExprKind::None = self.hir.expr(id).kind {
            return self.emit(ExprKind::None, Types::ANY, span);
        }
        if !self.holds_in_any(found) {
            let name = self.show(found);
            self.error(span, "not-any", format!("a value of type `{name}` cannot become `any`"))
                .help("`any` holds booleans, numbers, strings, arrays, maps, structs and none");
        }
        self.emit(ExprKind::ToAny(id), Types::ANY, span)
    }

    /// Whether values of a type can be copied to and from `any`: everything but functions, results, enums, handles, `()` and
    /// maps whose keys are not strings.
    pub(super) fn holds_in_any(&mut self, ty: Ty) -> bool {
        let start = self.shallow(ty);
        if let Some(&known) = self.any_holds.get(&start) {
            return known;
        }
        let (mut open, mut seen, mut holds) = (vec![start], Vec::new(), true);
        while let Some(ty) = open.pop() {
            let ty = self.shallow(ty);
            match self.kind(ty) {
                TyKind::Array(inner) | TyKind::Option(inner) => open.push(*inner),
                TyKind::Map(key, value) if self.shallow(*key) == Types::STR || self.is_open(*key) => {
                    open.push(*value)
                }
                TyKind::Map(..)
                | TyKind::Fn(..)
                | TyKind::Result(_)
                | TyKind::Future(_)
                | TyKind::Enum(_)
                | TyKind::Handle(_)
                | TyKind::Unit => holds = false,
                TyKind::Struct(id) if !seen.contains(id) => {
                    seen.push(*id);
                    let fields = self.hir.types.structs.get(id.0 as usize);
                    open.extend(fields.iter().flat_map(|s| s.fields.iter().map(|field| field.1)));
                }
                _ => {}
            }
            if !holds || open.len() > MAX_WORK as usize {
                break;
            }
        }
        if !seen.is_empty() {
            self.any_holds.insert(start, holds);
        }
        holds
    }
}
