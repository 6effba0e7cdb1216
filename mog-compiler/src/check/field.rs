//! Fields, indices and slices.

use smallvec::smallvec;

use super::infer::Want;
use super::method::{self, tables};
use super::scope::Def;
use super::tensor::NO_ARITHMETIC;
use super::typename::built_in;
use super::{Checker, builtin, foreign};
use crate::ast::{self, List, Name, Span};
use crate::hir::{ArithOp, Asked, Builtin, ExprId, ExprKind};
use crate::types::{Ty, TyKind, Types};

impl<'a> Checker<'a> {
    /// The name that an expression is, if it is one.
    pub(super) fn as_name(&self, id: ast::ExprId) -> Option<Name> {
        match self.ast[id] {
            ast::Expr { kind: ast::ExprKind::Name(symbol), span } => Some(Name { symbol, span }),
            _ => None,
        }
    }

    /// `base.name`, not called.
    #[inline(never)]
    pub(super) fn field(&mut self, base: ast::ExprId, name: Name, span: Span, asked: Asked) -> ExprId {
        if let Some(node) = self.member(base, name, span) {
            return node;
        }
        if let ast::ExprKind::Index { base: whole, indices } = self.ast[self.ast.without_parens(base)].kind {
            // Of `soa S`, `ps[i].x` reads one column.
            let node = self.infer(whole, Want::Any);
            if let Some(rows) = self.rows_of(self.ty_of(node)) {
                self.note_row(self.ast[base].span, rows);
                return self.soa_field(node, rows, self.ast.list(indices), name, span, asked);
            }
            let node = self.index_of_node(node, indices, self.ast[base].span, Asked::No);
            return self.field_of_value(node, name, span, asked);
        }
        let node = self.infer(base, Want::Any);
        self.field_of_value(node, name, span, asked)
    }

    /// `base.name` where the base is not a value: a module, a type, a capability, a caught failure.
    #[inline(never)]
    fn member(&mut self, base: ast::ExprId, name: Name, span: Span) -> Option<ExprId> {
        if let Some(Def::Enum(id)) = self.type_expr(base) {
            return Some(self.variant_value(id, name, &[], false, span));
        }
        let of = self.as_name(base)?;
        let text = self.text(name.symbol);
        match self.lookup(of) {
            Some(Def::Module(unit)) => Some(self.module_value(unit, name, span)),
            Some(Def::Caught(message, kind)) => {
                let local = match text {
                    "kind" => kind,
                    "message" => message,
                    _ => return None,
                };
                Some(self.emit(ExprKind::Local(local), Types::STR, span))
            }
            Some(_) => None,
            None if text == "available" => {
                let capability = self.text(of.symbol);
                let capability = self.string(capability);
                Some(self.emit(ExprKind::Available(capability), Types::BOOL, span))
            }
            None => self.type_constant(of, name, span).or_else(|| self.foreign_member(of, name, span)),
        }
    }

    /// `int.MAX` and its like.
    fn type_constant(&mut self, of: Name, name: Name, span: Span) -> Option<ExprId> {
        let kind = built_in(self.text(of.symbol))?;
        let text = self.text(name.symbol);
        let ty = self.hir.types.intern(kind.clone());
        let value = match (kind, text) {
            (TyKind::Int(kind), "MAX") => ExprKind::Int(kind.range().1 as i64),
            (TyKind::Int(kind), "MIN") => ExprKind::Int(kind.range().0 as i64),
            (TyKind::F32, "MAX") => ExprKind::Float(f32::MAX.into()),
            (TyKind::F32, "MIN") => ExprKind::Float(f32::MIN.into()),
            (TyKind::Float, "MAX") => ExprKind::Float(f64::MAX),
            (TyKind::Float, "MIN") => ExprKind::Float(f64::MIN),
            (TyKind::Float, "INF" | "INFINITY") => ExprKind::Float(f64::INFINITY),
            (TyKind::Float, "NAN") => ExprKind::Float(f64::NAN),
            (TyKind::Float, "EPSILON") => ExprKind::Float(f64::EPSILON),
            _ => {
                let of = self.text(of.symbol);
                self.error(name.span, "unknown-field", format!("`{of}` has no `{text}`"))
                    .help("it has MAX and MIN");
                return Some(self.broken(span));
            }
        };
        Some(self.emit(value, ty, span))
    }

    fn foreign_member(&mut self, of: Name, name: Name, span: Span) -> Option<ExprId> {
        let (module, text) = (self.text(of.symbol), self.text(name.symbol));
        if let Some(value) = foreign::constant_of(module, text) {
            let report = self.error(span, "unknown-name", format!("there is no `{module}.{text}`"));
            report.help(format!("write `{value}`")).fix(span, value);
            return Some(self.broken(span));
        }
        None
    }

    /// A top-level name of a module, used as a value.
    fn module_value(&mut self, unit: u32, name: Name, span: Span) -> ExprId {
        match self.module_member(unit, name) {
            Some(def) => self.def_value(def, name.symbol, span),
            None => self.unknown_member(unit, name),
        }
    }

    /// Reports a name that a module does not have.
    #[cold]
    #[inline(never)]
    pub(super) fn unknown_member(&mut self, unit: u32, name: Name) -> ExprId {
        let text = self.text(name.symbol);
        let Some(unit) = self.units.get(unit as usize) else { return self.broken(name.span) };
        let known = unit.names.stack.iter().map(|entry| unit.ast.text(entry.symbol));
        let near = self.nearest(text, known);
        let near = near.map(str::to_owned);
        self.error(name.span, "unknown-name", format!("the module has no `{text}`"))
            .suggest(name.span, near.as_deref());
        self.broken(name.span)
    }

    /// A field of a value.
    fn field_of_value(&mut self, node: ExprId, name: Name, span: Span, asked: Asked) -> ExprId {
        let ty = self.ty_of(node);
        let text = self.text(name.symbol);
        if self.rows_of(ty).is_some() {
            return self.field_of_soa(node, name, span);
        }
        match *self.kind(ty) {
            TyKind::Struct(id) => match self.field_of(id, text) {
                Some((slot, ty)) => self.emit(ExprKind::Field(node, slot as u32), ty, span),
                None => {
                    self.unknown_field(id, name);
                    self.broken(span)
                }
            },
            TyKind::Map(key, value) if method::method_of(self.kind(ty), text).is_none() => {
                self.map_field(node, key, value, name, span, asked)
            }
            TyKind::Any if text != "len" => {
                let key = self.string(text);
                let (ty, asked) = self.asked_result(Types::ANY, asked, span);
                self.emit(ExprKind::AnyField(node, key, asked), ty, span)
            }
            TyKind::Str | TyKind::Array(_) | TyKind::Map(..) | TyKind::Any if text == "len" => {
                self.length(node, span)
            }
            TyKind::Never => node,
            TyKind::Error => self.broken(span),
            TyKind::Tensor(_) => match method::method_of(self.kind(ty), text) {
                Some(row) if row.params.is_empty() && row.builtin != Builtin::TensorTranspose => {
                    self.apply_method(row, node, name, &[], asked, span)
                }
                _ => self.no_such_field(node, name, span),
            },
            _ => self.no_such_field(node, name, span),
        }
    }

    /// `m.k`, which reads a string key.
    fn map_field(
        &mut self,
        node: ExprId,
        key: Ty,
        value: Ty,
        name: Name,
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let index = self.field_key(key, name);
        let (ty, asked) = self.asked_option(value, asked, span);
        self.emit(ExprKind::Index(node, index, asked), ty, span)
    }

    /// The key that a field name means.
    pub(super) fn field_key(&mut self, key: Ty, name: Name) -> ExprId {
        let text = self.text(name.symbol);
        if !self.unify(key, Types::STR) {
            let found = self.show(key);
            self.error(
                name.span,
                "unknown-field",
                format!("`.{text}` reads a string key; the keys of this map are `{found}`"),
            )
            .help("write m[key]");
        }
        self.string_expr(text, name.span)
    }

    /// `x.len`.
    pub(super) fn length(&mut self, node: ExprId, span: Span) -> ExprId {
        let builtin = match self.kind(self.ty_of(node)) {
            TyKind::Str => Builtin::StrLen,
            TyKind::Array(_) => Builtin::ArrayLen,
            TyKind::Map(..) => Builtin::MapLen,
            _ => Builtin::AnyLen,
        };
        self.emit(ExprKind::Builtin(builtin, smallvec![node], Asked::No), Types::INT, span)
    }

    #[cold]
    #[inline(never)]
    fn no_such_field(&mut self, node: ExprId, name: Name, span: Span) -> ExprId {
        if self.missing_await(node, true) {
            return self.broken(span);
        }
        let (ty, text) = (self.ty_of(node), self.text(name.symbol));
        let found = self.show(ty);
        if method::method_of(self.kind(ty), text).is_some()
            || (builtin::is_method(text) && self.is_unwrappable(ty))
        {
            self.error(name.span, "unknown-field", format!("`{text}` is a method"))
                .help("a call has parentheses")
                .fix(name.span.after(), "()");
            return self.broken(span);
        }
        let message = format!("`{found}` has no field `{text}`");
        if let Some(ours) = foreign::method(text) {
            let write =
                ours.write.map(|write| if write == "len" { write.to_owned() } else { format!("{write}()") });
            self.error(name.span, "unknown-field", message).help(ours.help).fix_with(name.span, write);
            return self.broken(span);
        }
        let help = self.receiver_help(ty, text);
        self.error(name.span, "unknown-field", message).help(help);
        self.broken(span)
    }

    fn is_unwrappable(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Option(_) | TyKind::Result(_))
    }

    /// What to do with a value that has neither the field nor the method.
    pub(super) fn receiver_help(&self, ty: Ty, text: &str) -> String {
        match self.kind(ty) {
            TyKind::Option(_) => "it may be none: unwrap it with `?`, `.unwrap_or(default)` or match".into(),
            TyKind::Result(_) => {
                "it may have failed: unwrap it with `?`, `.unwrap_or(default)` or match".into()
            }
            TyKind::Future(_) => "`await` waits for its value".into(),
            TyKind::Var(_) => "its type is not known here; write it, as in `x: Type`".into(),
            TyKind::Any => format!("convert it first, as in `(x as [any]).{text}(…)`"),
            TyKind::Unit => "this returns nothing".into(),
            TyKind::Struct(_) if self.rows_of(ty).is_some() => {
                "it has len; a row is ps[i], its fields ps[i].field, for i in 0..ps.len".into()
            }
            TyKind::Tensor(_)
                if self
                    .nearest(
                        text,
                        tables(self.kind(ty)).iter().flat_map(|rows| rows.iter().map(|row| row.name)),
                    )
                    .is_none() =>
            {
                format!(
                    "it has shape, dtype, ndim, size, reshape(shape), transpose(), t[i, j]; {NO_ARITHMETIC}"
                )
            }
            kind => {
                let names = tables(kind).iter().flat_map(|rows| rows.iter().map(|row| row.name));
                match self.nearest(text, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let names = tables(kind).iter().flat_map(|rows| rows.iter().map(|row| row.name));
                        let names: Vec<&str> = names.collect();
                        if names.is_empty() {
                            "it has none".into()
                        } else {
                            format!("it has: {}", names.join(", "))
                        }
                    }
                }
            }
        }
    }

    /// The type that an expression names, if it names one: `Shape`, `geometry.Shape`.
    pub(super) fn type_expr(&mut self, id: ast::ExprId) -> Option<Def> {
        let def = match self.ast[id].kind {
            ast::ExprKind::Name(symbol) => match self.peek(symbol) {
                Some(def) => {
                    self.note_use(Name { symbol, span: self.ast[id].span });
                    def
                }
                None => return self.declared_enum(self.text(symbol)),
            },
            ast::ExprKind::Field { base, name } => {
                let module = self.as_name(base)?;
                let Some(Def::Module(unit)) = self.peek(module.symbol) else { return None };
                self.note_use(module);
                self.module_member(unit, name)?
            }
            _ => return None,
        };
        match def {
            Def::Alias(number) => {
                let ty = self.alias(number, self.ast[id].span);
                match *self.kind(ty) {
                    TyKind::Enum(id) => Some(Def::Enum(id)),
                    TyKind::Struct(id) => Some(Def::Struct(id)),
                    _ => None,
                }
            }
            Def::Enum(_) | Def::Struct(_) => Some(def),
            _ => None,
        }
    }

    /// `base[i]`.
    #[inline(never)]
    pub(super) fn index(
        &mut self,
        base: ast::ExprId,
        indices: List<ast::ExprId>,
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let node = self.infer(base, Want::Any);
        self.index_of_node(node, indices, span, asked)
    }

    pub(super) fn index_of_node(
        &mut self,
        node: ExprId,
        indices: List<ast::ExprId>,
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let indices = self.ast.list(indices);
        if matches!(self.kind(self.ty_of(node)), TyKind::Tensor(_)) {
            return self.tensor_element(node, indices, span, asked);
        }
        let (Some(&first), true) = (indices.first(), indices.len() == 1) else {
            return self.several_indices(node, indices, span);
        };
        self.index_of_value(node, first, span, asked)
    }

    #[cold]
    #[inline(never)]
    fn several_indices(&mut self, node: ExprId, indices: &[ast::ExprId], span: Span) -> ExprId {
        for &index in indices {
            self.expr(index, Want::Any);
        }
        if self.ty_of(node) != Types::ERROR {
            self.error(span, "too-many-indices", "only tensors have several indices").help("write xs[i][j]");
        }
        self.broken(span)
    }

    fn index_of_value(&mut self, node: ExprId, index: ast::ExprId, span: Span, asked: Asked) -> ExprId {
        let ty = self.ty_of(node);
        if let Some(rows) = self.rows_of(ty) {
            return self.soa_row(node, rows, index, span);
        }
        match *self.kind(ty) {
            TyKind::Array(element) => {
                self.warn_of_negative(node, index, span, asked);
                let index = self.expr(index, Want::Type(Types::INT));
                let (ty, asked) = self.asked_option(element, asked, span);
                self.emit(ExprKind::Index(node, index, asked), ty, span)
            }
            TyKind::Str => {
                self.warn_of_negative(node, index, span, asked);
                let index = self.expr(index, Want::Type(Types::INT));
                let (ty, asked) = self.asked_option(Types::STR, asked, span);
                self.emit(ExprKind::Index(node, index, asked), ty, span)
            }
            TyKind::Map(key, value) => {
                let index = self.expr(index, Want::Type(key));
                let (ty, asked) = self.asked_option(value, asked, span);
                self.emit(ExprKind::Index(node, index, asked), ty, span)
            }
            TyKind::Any => {
                let index = self.any_index(index);
                let (ty, asked) = self.asked_result(Types::ANY, asked, span);
                self.emit(ExprKind::Index(node, index, asked), ty, span)
            }
            TyKind::Never => {
                self.expr(index, Want::Any);
                node
            }
            TyKind::Error => {
                self.expr(index, Want::Any);
                self.broken(span)
            }
            TyKind::Var(_) => self.index_of_unknown(node, index, span, asked),
            _ => {
                self.expr(index, Want::Any);
                self.not_indexable(node, span)
            }
        }
    }

    /// `xs[-1]`: positions do not count from the end.
    fn warn_of_negative(&mut self, node: ExprId, index: ast::ExprId, span: Span, asked: Asked) {
        let ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand } = self.ast[index].kind else { return };
        let place = matches!(
            self.hir.expr(node).kind,
            ExprKind::Local(_) | ExprKind::Global(_) | ExprKind::Field(..)
        );
        if asked == Asked::No && matches!(self.ast[operand].kind, ast::ExprKind::Int(_)) {
            let (whole, from_end) = (self.operand_text(node), self.source(self.ast[operand].span));
            let write = place.then(|| format!("{whole}[{whole}.len - {from_end}]"));
            self.warning(span, "negative-index", "this always fails: positions count from the beginning")
                .help("the last element of an array is `xs.last()`")
                .fix_with(span, write);
        }
    }

    /// An element of something whose type the index must tell: an int is that of an array, a string that of a map.
    fn index_of_unknown(&mut self, node: ExprId, index: ast::ExprId, span: Span, asked: Asked) -> ExprId {
        let index = self.expr(index, Want::Any);
        let element = self.hir.types.fresh();
        let whole = match self.ty_of(index) {
            Types::INT => self.array_of(element, span),
            Types::STR => self.make(TyKind::Map(Types::STR, element), span),
            _ => return self.not_indexable(node, span),
        };
        self.unify(self.ty_of(node), whole);
        let (ty, asked) = self.asked_option(element, asked, span);
        self.emit(ExprKind::Index(node, index, asked), ty, span)
    }

    /// The index of an `any`: an int or a string.
    fn any_index(&mut self, index: ast::ExprId) -> ExprId {
        let node = self.expr(index, Want::Any);
        let ty = self.ty_of(node);
        if ty != Types::INT && ty != Types::STR && ty != Types::ERROR {
            let found = self.show(ty);
            let span = self.hir.expr(node).span;
            self.error(
                span,
                "type-mismatch",
                format!("an `any` is indexed by an int or a string, not `{found}`"),
            );
        }
        node
    }

    #[cold]
    #[inline(never)]
    fn not_indexable(&mut self, node: ExprId, span: Span) -> ExprId {
        if self.missing_await(node, true) {
            return self.broken(span);
        }
        let ty = self.ty_of(node);
        let found = self.show(ty);
        let help = match self.kind(ty) {
            _ if self.is_tensor_element(node) => "a tensor takes all its indices at once: t[i, j]".to_owned(),
            TyKind::Struct(_) => "the fields of a struct are read with `.name`".to_owned(),
            TyKind::Int(_) | TyKind::Float | TyKind::Bool | TyKind::Fn(..) | TyKind::Enum(_) => {
                "arrays, maps and strings have elements".to_owned()
            }
            _ => self.receiver_help(ty, "get"),
        };
        self.error(span, "not-indexable", format!("`{found}` has no elements")).help(help);
        self.broken(span)
    }

    /// `base[a:b]`.
    #[inline(never)]
    pub(super) fn slice(
        &mut self,
        base: ast::ExprId,
        (start, end): (Option<ast::ExprId>, Option<ast::ExprId>),
        inclusive: bool,
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let node = self.infer(base, Want::Any);
        let start = start.map(|id| self.expr(id, Want::Type(Types::INT)));
        let end = end.map(|id| self.expr(id, Want::Type(Types::INT)));
        let end = if inclusive { end.map(|end| self.plus_one(end)) } else { end };
        self.slice_of_value(node, start, end, span, asked)
    }

    fn plus_one(&mut self, node: ExprId) -> ExprId {
        let span = self.hir.expr(node).span;
        let one = self.emit(ExprKind::Int(1), Types::INT, span);
        self.emit(ExprKind::Arith(node, smallvec![(ArithOp::Add, one)]), Types::INT, span)
    }

    /// A slice with its bounds checked.
    pub(super) fn slice_of_value(
        &mut self,
        node: ExprId,
        start: Option<ExprId>,
        end: Option<ExprId>,
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let ty = self.ty_of(node);
        match self.kind(ty) {
            TyKind::Array(_) | TyKind::Str => {
                let (ty, asked) = self.asked_option(ty, asked, span);
                self.emit(ExprKind::Slice(node, start, end, asked), ty, span)
            }
            TyKind::Never => node,
            TyKind::Error => self.broken(span),
            _ => {
                if self.missing_await(node, true) {
                    return self.broken(span);
                }
                let found = self.show(ty);
                let help = self.receiver_help(ty, "slice");
                self.error(span, "not-indexable", format!("`{found}` cannot be sliced")).help(help);
                self.broken(span)
            }
        }
    }
}
