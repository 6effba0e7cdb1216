//! Literals: numbers, strings, f-strings, arrays, maps and structs.

use std::hash::BuildHasher;

use smallvec::smallvec;

use super::Checker;
use super::infer::Want;
use crate::ast::{self, FPart, FieldInit, List, MapEntry, Name, Span, Symbol};
use crate::hir::{Asked, Builtin, ExprId, ExprKind, Exprs, FuncId, StrId};
use crate::types::{IntKind, StructId, Ty, TyKind, Types};

impl Checker<'_> {
    /// A new expression.
    pub(super) fn emit(&mut self, kind: ExprKind, ty: Ty, span: Span) -> ExprId {
        let id = ExprId(self.hir.exprs.len() as u32);
        self.hir.exprs.push(crate::hir::Expr { kind, ty, span });
        id
    }

    /// The number of a string constant.
    pub(super) fn string(&mut self, text: &str) -> StrId {
        let hash = self.string_hasher.hash_one(text);
        let strings = &self.hir.strings;
        let same = |&id: &u32| strings.get(id as usize).is_some_and(|known| known == text);
        if let Some(&id) = self.string_index.find(hash, same) {
            return StrId(id);
        }
        let id = strings.len() as u32;
        self.hir.strings.push(text.to_owned());
        let (strings, hasher) = (&self.hir.strings, &self.string_hasher);
        self.string_index.insert_unique(hash, id, |&id| {
            hasher.hash_one(strings.get(id as usize).map_or("", String::as_str))
        });
        StrId(id)
    }

    /// A string constant as an expression.
    pub(super) fn string_expr(&mut self, text: &str, span: Span) -> ExprId {
        let id = self.string(text);
        self.emit(ExprKind::Str(id), Types::STR, span)
    }

    /// A string literal.
    pub(super) fn string_literal(&mut self, symbol: Symbol, span: Span) -> ExprId {
        let text = self.text(symbol);
        self.string_expr(text, span)
    }

    /// Whether an expression is made of number literals only, so that it takes the type of what it meets.
    #[inline]
    pub(super) fn is_literal(&self, id: ast::ExprId) -> bool {
        match self.ast[id].kind {
            ast::ExprKind::Int(_) | ast::ExprKind::Float(_) => true,
            ast::ExprKind::Paren(_) | ast::ExprKind::Unary { .. } | ast::ExprKind::Chain { .. } => {
                self.is_made_of_literals(id)
            }
            _ => false,
        }
    }

    #[inline(never)]
    fn is_made_of_literals(&self, id: ast::ExprId) -> bool {
        match self.ast[id].kind {
            ast::ExprKind::Paren(inner) => self.is_literal(inner),
            ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand } => self.is_literal(operand),
            ast::ExprKind::Chain { level: ast::Level::Arithmetic, first, rest } => {
                self.is_literal(first) && self.ast.list(rest).iter().all(|term| self.is_literal(term.operand))
            }
            _ => false,
        }
    }

    /// An integer literal, with the sign that stands before it.
    pub(super) fn int_literal(&mut self, value: u64, negative: bool, span: Span, want: Want) -> ExprId {
        let signed = if negative { -i128::from(value) } else { i128::from(value) };
        let hint = want.ty().map(|ty| self.strip_options(ty));
        let (kind, ty) = match hint.map(|ty| (self.kind(ty), ty)) {
            Some((&TyKind::Int(kind), ty)) => (kind, ty),
            Some((TyKind::Float, ty)) => return self.emit(ExprKind::Float(signed as f64), ty, span),
            Some((TyKind::F32, ty)) => {
                return self.emit(ExprKind::Float(f64::from(signed as f32)), ty, span);
            }
            _ => (IntKind::I64, Types::INT),
        };
        let (low, high) = kind.range();
        if signed < low || signed > high {
            self.out_of_range(signed, kind, span);
        }
        self.emit(ExprKind::Int(signed as i64), ty, span)
    }

    #[cold]
    #[inline(never)]
    fn out_of_range(&mut self, value: i128, kind: IntKind, span: Span) {
        let ((low, high), name) = (kind.range(), kind.name());
        let message = format!("{value} does not fit `{name}`, which holds {low} to {high}");
        let report = self.error(span, "literal-out-of-range", message);
        if kind == IntKind::I64 && value > 0 && value <= i128::from(u64::MAX) {
            report.help("a `u64` would hold it: x: u64 = …");
        }
    }

    /// A float literal.
    pub(super) fn float_literal(&mut self, value: f64, span: Span, want: Want) -> ExprId {
        match want.ty().map(|ty| self.strip_options(ty)) {
            Some(Types::F32) => self.emit(ExprKind::Float(f64::from(value as f32)), Types::F32, span),
            _ => self.emit(ExprKind::Float(value), Types::FLOAT, span),
        }
    }

    /// An f-string.
    #[inline(never)]
    pub(super) fn f_string(&mut self, parts: List<FPart>, span: Span) -> ExprId {
        let mut nodes = Exprs::with_capacity(parts.len());
        for part in self.ast.list(parts) {
            nodes.push(match *part {
                FPart::Text(text) => self.string_literal(text, span),
                FPart::Value { value, decimals: None } => self.displayed(value),
                FPart::Value { value, decimals: Some(decimals) } => self.fixed(value, decimals),
            });
        }
        self.joined(nodes, span)
    }

    /// Strings joined; a single one is itself.
    pub(super) fn joined(&mut self, nodes: Exprs, span: Span) -> ExprId {
        match nodes.as_slice() {
            [] => self.string_expr("", span),
            [one] => *one,
            _ => self.emit(ExprKind::Concat(nodes), Types::STR, span),
        }
    }

    /// The text of a value.
    pub(super) fn displayed(&mut self, value: ast::ExprId) -> ExprId {
        let node = self.expr(value, Want::Any);
        let span = self.ast[value].span;
        if self.ty_of(node) == Types::UNIT {
            self.nothing_to_use(node, "print");
            return self.broken(span);
        }
        self.text_of(node, span)
    }

    /// The same of a value that was checked, and is one.
    pub(super) fn text_of(&mut self, node: ExprId, span: Span) -> ExprId {
        if self.ty_of(node) == Types::STR {
            return node;
        }
        self.printed_future(node);
        self.emit(ExprKind::Display(node), Types::STR, span)
    }

    fn fixed(&mut self, value: ast::ExprId, decimals: u8) -> ExprId {
        let node = self.expr(value, Want::Any);
        self.require_number(node, "{x:.2}");
        self.emit(ExprKind::Fixed(node, decimals), Types::STR, self.ast[value].span)
    }

    /// Whether a function returns a value although it declares none.
    fn returns_undeclared(&self, func: FuncId) -> bool {
        let Some(function) = self.hir.funcs.get(func.0 as usize) else { return false };
        let text = self.source(function.span);
        let tail = text.strip_suffix('}').unwrap_or("").trim_end();
        if !tail.is_empty() && !tail.ends_with([')', '}', ';', '{']) {
            return true;
        }
        let mut returns = text.split("return ").skip(1);
        returns.any(|rest| !rest.trim_start_matches(' ').starts_with(['}', '\n', ';']))
    }

    /// Reports an expression without a value where one is used.
    #[cold]
    #[inline(never)]
    pub(super) fn nothing_to_use(&mut self, node: ExprId, purpose: &str) {
        let span = self.hir.expr(node).span;
        if let ExprKind::Call(func, _) = self.hir.expr(node).kind
            && self.returns_undeclared(func)
        {
            // That is reported where it happens.
            return;
        }
        let text = self.source(span);
        let what = if text.len() > 40 || text.contains('\n') { "this" } else { text };
        self.error(span, "no-value", format!("`{what}` returns nothing, so there is nothing to {purpose}"));
    }

    /// `[a, b]`.
    #[inline(never)]
    pub(super) fn array_literal(&mut self, elements: List<ast::ExprId>, span: Span, want: Want) -> ExprId {
        let elements = self.ast.list(elements);
        let mut element = self.element_hint(want).or_else(|| self.mixed_numbers(elements));
        let mut nodes = Exprs::with_capacity(elements.len());
        for &id in elements {
            let node = self.expr(id, element.map_or(Want::Any, Want::Type));
            let ty = self.ty_of(node);
            if ty == Types::UNIT {
                self.nothing_to_use(node, "put into an array");
            }
            if element.is_none() && ty != Types::NEVER {
                element = Some(ty);
            }
            nodes.push(node);
        }
        let element = element.unwrap_or_else(|| self.hir.types.fresh());
        let ty = self.array_of(element, span);
        self.emit(ExprKind::ArrayLit(nodes), ty, span)
    }

    /// The element type that is wanted of an array literal.
    fn element_hint(&self, want: Want) -> Option<Ty> {
        let wanted = self.strip_options(want.ty()?);
        match self.kind(wanted) {
            TyKind::Array(element) => Some(*element),
            TyKind::Any => Some(Types::ANY),
            _ => None,
        }
    }

    /// `[1, 2.5]`: says which of the two the author should write.
    fn mixed_numbers(&mut self, elements: &[ast::ExprId]) -> Option<Ty> {
        let first = *elements.first()?;
        let ast::ExprKind::Int(_) = self.ast[first].kind else { return None };
        if !elements.iter().any(|&id| matches!(self.ast[id].kind, ast::ExprKind::Float(_))) {
            return None;
        }
        let span = self.ast[first].span;
        let fix = self.as_float_literal(self.source(span));
        let report = self.error(span, "type-mismatch", "this array has ints and floats");
        if let Some(fix) = fix {
            report.help("write the ints as floats").fix(span, fix);
        }
        Some(Types::FLOAT)
    }

    /// `[value; count]`. A literal that makes a new object makes one for every element.
    #[inline(never)]
    pub(super) fn array_fill(
        &mut self,
        value: ast::ExprId,
        count: ast::ExprId,
        span: Span,
        want: Want,
    ) -> ExprId {
        let element = self.element_hint(want);
        let makes_object = matches!(
            self.ast[self.ast.without_parens(value)].kind,
            ast::ExprKind::Array(_)
                | ast::ExprKind::Repeat { .. }
                | ast::ExprKind::Map(_)
                | ast::ExprKind::Struct { .. }
        );
        if makes_object {
            return self.array_of_objects(value, count, element, span);
        }
        let value = self.expr(value, element.map_or(Want::Any, Want::Type));
        let count = self.expr(count, Want::Type(Types::INT));
        let element = element.unwrap_or(self.ty_of(value));
        if element == Types::UNIT {
            self.nothing_to_use(value, "put into an array");
        }
        let ty = self.array_of(element, span);
        self.emit(ExprKind::ArrayFill(value, count), ty, span)
    }

    fn array_of_objects(
        &mut self,
        value: ast::ExprId,
        count: ast::ExprId,
        element: Option<Ty>,
        span: Span,
    ) -> ExprId {
        let count = self.expr(count, Want::Type(Types::INT));
        let bound = self.new_local(Types::INT);
        let keep_bound = self.emit(ExprKind::Let(bound, Some(count)), Types::UNIT, span);
        let value = self.expr(value, element.map_or(Want::Any, Want::Type));
        let ty = self.array_of(element.unwrap_or(self.ty_of(value)), span);
        let bound = self.emit(ExprKind::Local(bound), Types::INT, span);
        let array = self.pushed(value, bound, ty, span);
        self.after(smallvec![keep_bound], array)
    }

    /// An array of that many values, each of them computed anew if it is an object.
    pub(super) fn filled(&mut self, value: ExprId, count: ExprId, ty: Ty, span: Span) -> ExprId {
        match self.hir.expr(value).kind {
            ExprKind::ArrayLit(_) | ExprKind::MapLit(_) | ExprKind::StructLit(..) => {
                self.pushed(value, count, ty, span)
            }
            _ => self.emit(ExprKind::ArrayFill(value, count), ty, span),
        }
    }

    /// An array to which a value is pushed that many times.
    fn pushed(&mut self, value: ExprId, count: ExprId, ty: Ty, span: Span) -> ExprId {
        let array = self.new_local(ty);
        let empty = self.emit(ExprKind::ArrayLit(Exprs::new()), ty, span);
        let keep_array = self.emit(ExprKind::Let(array, Some(empty)), Types::UNIT, span);
        let read = self.emit(ExprKind::Local(array), ty, span);
        let push = self.emit(
            ExprKind::Builtin(Builtin::ArrayPush, smallvec![read, value], Asked::No),
            Types::UNIT,
            span,
        );
        let index = self.new_local(Types::INT);
        let zero = self.emit(ExprKind::Int(0), Types::INT, span);
        let fill = self.emit(ExprKind::ForRange(index, zero, count, false, push), Types::UNIT, span);
        let result = self.emit(ExprKind::Local(array), ty, span);
        self.emit(ExprKind::Block(smallvec![keep_array, fill], Some(result)), ty, span)
    }

    /// `{k: v}`.
    #[inline(never)]
    pub(super) fn map_literal(&mut self, entries: List<MapEntry>, span: Span, want: Want) -> ExprId {
        let entries = self.ast.list(entries);
        let wanted = want.ty().map(|ty| self.strip_options(ty));
        let (mut key, mut value) = match wanted.map(|ty| self.kind(ty)) {
            Some(&TyKind::Map(key, value)) => (Some(key), Some(value)),
            Some(TyKind::Any) => (Some(Types::STR), Some(Types::ANY)),
            _ => (None, None),
        };
        let mut nodes = Vec::with_capacity(entries.len());
        for entry in entries {
            let k = self.map_key(entry.key, key);
            let v = self.expr(entry.value, value.map_or(Want::Any, Want::Type));
            if self.ty_of(v) == Types::UNIT {
                self.nothing_to_use(v, "put into a map");
            }
            key.get_or_insert(self.ty_of(k));
            value.get_or_insert(self.ty_of(v));
            nodes.push((k, v));
        }
        let key = key.unwrap_or_else(|| self.hir.types.fresh());
        let value = value.unwrap_or_else(|| self.hir.types.fresh());
        if let Some(&(first, _)) = nodes.first() {
            self.check_key(key, self.hir.expr(first).span);
        }
        let ty = self.make(TyKind::Map(key, value), span);
        self.emit(ExprKind::MapLit(nodes), ty, span)
    }

    /// The key of a map literal. A bare name is a variable; if there is none, the author meant a string.
    fn map_key(&mut self, key: ast::ExprId, ty: Option<Ty>) -> ExprId {
        let span = self.ast[key].span;
        if let ast::ExprKind::Name(symbol) = self.ast[key].kind
            && self.peek(symbol).is_none()
        {
            let text = self.text(symbol);
            if self.is_lost(symbol) {
                return self.broken(span);
            }
            self.error(span, "unknown-name", format!("there is no variable `{text}`"))
                .help("a string key is written in quotes")
                .fix(span, format!("\"{text}\""));
            return self.broken(span);
        }
        self.expr(key, ty.map_or(Want::Any, Want::Type))
    }

    /// `Point { x: 1.0 }`.
    #[inline(never)]
    pub(super) fn struct_literal(&mut self, path: List<Name>, fields: List<FieldInit>, span: Span) -> ExprId {
        let fields = self.ast.list(fields);
        let Some((id, ty)) = self.struct_named(self.ast.list(path)) else {
            for field in fields {
                self.expr(field.value, Want::Any);
            }
            return self.broken(span);
        };
        for field in fields.iter().filter(|field| field.short) {
            self.note_short(field.name);
        }
        let count = self.hir.types.structs.get(id.0 as usize).map_or(0, |def| def.fields.len());
        if fields.len() == count && self.in_declared_order(id, fields) {
            let mut values = Exprs::with_capacity(count);
            for (slot, field) in fields.iter().enumerate() {
                let ty = self.field_ty(id, slot);
                values.push(self.expr(field.value, Want::Type(ty)));
            }
            return self.emit(ExprKind::StructLit(id, values), ty, span);
        }
        let mut written: Vec<(usize, ExprId)> = Vec::with_capacity(fields.len());
        let mut given = vec![false; count];
        let mut meant = Vec::new();
        for field in fields {
            let found = self.field_of(id, self.text(field.name.symbol));
            let Some((slot, field_ty)) = found else {
                meant.extend(self.unknown_field(id, field.name));
                self.expr(field.value, Want::Any);
                continue;
            };
            let node = self.expr(field.value, Want::Type(field_ty));
            if given.get_mut(slot).is_some_and(|given| std::mem::replace(given, true)) {
                let name = self.text(field.name.symbol);
                self.error(field.name.span, "given-twice", format!("the field `{name}` is given twice"));
                continue;
            }
            written.push((slot, node));
        }
        if written.len() < count {
            // What was only mistyped is not missing too.
            for slot in meant {
                if let Some(given) = given.get_mut(slot) {
                    *given = true;
                }
            }
            self.missing_fields(id, &given, span);
            return self.emit(ExprKind::Unit, ty, span);
        }
        let (before, values) = self.in_order(written, count, span);
        let made = self.emit(ExprKind::StructLit(id, values), ty, span);
        self.after(before, made)
    }

    /// The struct that a path names.
    pub(super) fn struct_named(&mut self, path: &[Name]) -> Option<(StructId, Ty)> {
        let span = path.first()?.span.to(path.last()?.span);
        let ty = self.type_of_path(path);
        match *self.kind(ty) {
            TyKind::Struct(id) => Some((id, ty)),
            TyKind::Error => None,
            _ => {
                let name = self.show(ty);
                self.error(
                    span,
                    "not-a-struct",
                    format!("`{name}` is not a struct, so it has no fields to give"),
                );
                None
            }
        }
    }

    /// Whether a literal gives all fields in the order of their declaration.
    fn in_declared_order(&self, id: StructId, fields: &[FieldInit]) -> bool {
        let def = self.hir.types.structs.get(id.0 as usize);
        def.is_some_and(|def| {
            def.fields.iter().zip(fields).all(|(known, field)| known.0 == self.text(field.name.symbol))
        })
    }

    fn field_ty(&self, id: StructId, slot: usize) -> Ty {
        let def = self.hir.types.structs.get(id.0 as usize);
        def.and_then(|def| def.fields.get(slot)).map_or(Types::ERROR, |(_, ty)| *ty)
    }

    /// A field of a struct by name: its number and type.
    pub(super) fn field_of(&self, id: StructId, name: &str) -> Option<(usize, Ty)> {
        let def = self.hir.types.structs.get(id.0 as usize)?;
        let at = def.fields.find(name)?;
        def.fields.get(at).map(|(_, ty)| (at, *ty))
    }

    /// Reports a field that a struct does not have. Gives the number of the one that is likely meant.
    #[cold]
    #[inline(never)]
    pub(super) fn unknown_field(&mut self, id: StructId, name: Name) -> Option<usize> {
        let text = self.text(name.symbol);
        let def = self.hir.types.structs.get(id.0 as usize)?;
        let fields: Vec<&str> = def.fields.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!("`{}` has no field `{text}`", def.name);
        let near = self.nearest(text, fields.iter().copied()).map(str::to_owned);
        let meant = near.as_ref().and_then(|near| fields.iter().position(|field| field == near));
        let all = fields.join(", ");
        let report = self.error(name.span, "unknown-field", message);
        match near {
            Some(near) => report.help(format!("did you mean `{near}`?")).fix(name.span, near),
            None => report.help(format!("its fields are: {all}")),
        };
        meant
    }

    fn missing_fields(&mut self, id: StructId, given: &[bool], span: Span) {
        let Some(def) = self.hir.types.structs.get(id.0 as usize) else { return };
        let missing = def.fields.iter().zip(given).filter(|(_, given)| !**given);
        let missing: Vec<String> =
            missing.map(|((name, ty), _)| format!("{name}: {}", self.hir.types.display(*ty))).collect();
        if missing.is_empty() {
            return;
        }
        let message = format!("`{}` needs more fields: {}", def.name, missing.join(", "));
        self.error(span, "missing-field", message);
    }

    /// Values in the order of their slots. Where they were written in another order and that can be noticed, each is
    /// computed before, as written.
    pub(super) fn in_order(
        &mut self,
        written: Vec<(usize, ExprId)>,
        count: usize,
        span: Span,
    ) -> (Exprs, Exprs) {
        let sorted = written.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b));
        let simple = sorted || written.iter().all(|(_, id)| self.is_simple(*id));
        let (mut before, mut slots) = (Exprs::new(), vec![None; count]);
        for (slot, mut node) in written {
            if !simple {
                let ty = self.ty_of(node);
                let local = self.new_local(ty);
                before.push(self.emit(ExprKind::Let(local, Some(node)), Types::UNIT, span));
                node = self.emit(ExprKind::Local(local), ty, span);
            }
            if let Some(place) = slots.get_mut(slot) {
                *place = Some(node);
            }
        }
        (before, slots.into_iter().flatten().collect())
    }

    /// An expression after some statements.
    pub(super) fn after(&mut self, before: Exprs, node: ExprId) -> ExprId {
        if before.is_empty() {
            return node;
        }
        let (ty, span) = (self.ty_of(node), self.hir.expr(node).span);
        self.emit(ExprKind::Block(before, Some(node)), ty, span)
    }

    /// Whether computing an expression does nothing and costs nothing.
    pub(super) fn is_simple(&self, id: ExprId) -> bool {
        matches!(
            self.hir.expr(id).kind,
            ExprKind::Bool(_)
                | ExprKind::Int(_)
                | ExprKind::Float(_)
                | ExprKind::Str(_)
                | ExprKind::None
                | ExprKind::Local(_)
                | ExprKind::FuncValue(_)
        )
    }
}
