//! `soa S`: structs stored by columns. A value is a struct whose fields are arrays, one for each field of `S`.

use smallvec::smallvec;

use super::Checker;
use super::assign::Assigned;
use super::infer::Want;
use crate::ast::{self, Name, Span};
use crate::hir::{Asked, Builtin, ExprId, ExprKind, Exprs};
use crate::types::{Members, StructDef, StructId, Ty, TyKind, Types};

/// How deep structs may nest in a struct of which `soa` makes empty ones.
const MAX_NESTING: u32 = 30;

impl Checker<'_> {
    /// `soa S` as a type.
    pub(super) fn soa_type(&mut self, path: &[Name]) -> Ty {
        match self.struct_named(path) {
            Some((_, ty)) if self.rows_of(ty).is_some() => Types::ERROR,
            Some((rows, _)) => {
                let columns = self.columns(rows);
                self.hir.types.intern(TyKind::Struct(columns))
            }
            None => Types::ERROR,
        }
    }

    /// The struct of the columns of a struct. Its fields are known at the end of the check.
    fn columns(&mut self, rows: StructId) -> StructId {
        if let Some(&known) = self.columns.get(&rows) {
            return known;
        }
        let structs = &self.hir.types.structs;
        let name = structs.get(rows.0 as usize).map_or("", |def| def.name.as_str());
        let def = StructDef { name: format!("soa {name}"), fields: Members::default(), rows: Some(rows) };
        let id = StructId(structs.len() as u32);
        self.hir.types.structs.push(def);
        self.columns.insert(rows, id);
        id
    }

    /// Gives the columns of every `soa` their types, now that those of all fields are known.
    pub(super) fn finish_columns(&mut self) {
        for at in 0..self.hir.types.structs.len() {
            let Some(rows) = self.hir.types.structs.get(at).and_then(|def| def.rows) else { continue };
            let fields = self.hir.types.structs.get(rows.0 as usize).map(|def| def.fields.to_vec());
            let fields = fields.unwrap_or_default().into_iter();
            let fields = fields.map(|(name, ty)| (name, self.array_of(ty, Span::default()))).collect();
            if let Some(def) = self.hir.types.structs.get_mut(at) {
                def.fields = Members::new(fields);
            }
        }
    }

    /// The struct `S` of a type `soa S`.
    pub(super) fn rows_of(&self, ty: Ty) -> Option<StructId> {
        match *self.kind(ty) {
            TyKind::Struct(id) => self.hir.types.structs.get(id.0 as usize)?.rows,
            _ => None,
        }
    }

    /// `soa S[n]`: every field of every row is zero, empty or none.
    pub(super) fn soa(&mut self, path: &[Name], count: ast::ExprId, span: Span) -> ExprId {
        let count = self.expr(count, Want::Type(Types::INT));
        let ty = self.soa_type(path);
        let Some(rows) = self.rows_of(ty) else { return self.broken(span) };
        let TyKind::Struct(columns) = *self.kind(ty) else { return self.broken(span) };
        let def = self.hir.types.structs.get(rows.0 as usize);
        let (name, fields) = def.map(|def| (def.name.clone(), def.fields.to_vec())).unwrap_or_default();
        if fields.is_empty() {
            self.error(span, "no-fields", format!("`{name}` has no fields, so there is nothing to store"));
        }
        let mut before = Exprs::new();
        let count = self.kept(count, &mut before);
        let mut values = Exprs::with_capacity(fields.len());
        for (field, ty) in fields {
            let Some(zero) = self.zero(ty, span, 0) else {
                let shown = self.show(ty);
                self.error(span, "no-empty-value", format!("`soa {name}` cannot start out: its field `{field}` is `{shown}`, which has no empty value"))
                    .help(format!("make it optional: {field}: ?{shown}"));
                return self.emit(ExprKind::Unit, Types::ERROR, span);
            };
            let count = self.again(count);
            let column = self.array_of(ty, span);
            values.push(self.filled(zero, count, column, span));
        }
        let made = self.emit(ExprKind::StructLit(columns, values), ty, span);
        self.after(before, made)
    }

    /// The value of a type that stands for nothing yet.
    fn zero(&mut self, ty: Ty, span: Span, depth: u32) -> Option<ExprId> {
        let kind = match *self.kind(ty) {
            TyKind::Bool => ExprKind::Bool(false),
            TyKind::Int(_) => ExprKind::Int(0),
            TyKind::Float | TyKind::F32 => ExprKind::Float(0.0),
            TyKind::Str => ExprKind::Str(self.string("")),
            TyKind::Option(_) | TyKind::Any => ExprKind::None,
            TyKind::Array(_) => ExprKind::ArrayLit(Exprs::new()),
            TyKind::Map(..) => ExprKind::MapLit(Vec::new()),
            TyKind::Struct(id) if depth < MAX_NESTING && self.rows_of(ty).is_none() => {
                let fields = self.hir.types.structs.get(id.0 as usize).map(|def| def.fields.to_vec());
                let values = fields?.into_iter().map(|(_, ty)| self.zero(ty, span, depth + 1));
                ExprKind::StructLit(id, values.collect::<Option<_>>()?)
            }
            TyKind::Error => ExprKind::Unit,
            _ => return None,
        };
        Some(self.emit(kind, ty, span))
    }

    /// The array of a column, and its type.
    fn column(&mut self, soa: ExprId, slot: usize, ty: Ty, span: Span) -> ExprId {
        let column = self.array_of(ty, span);
        self.emit(ExprKind::Field(soa, slot as u32), column, span)
    }

    /// The one index of `ps[i]`.
    fn row_index(&mut self, indices: &[ast::ExprId], span: Span) -> ExprId {
        let nodes: Exprs = indices.iter().map(|&index| self.expr(index, Want::Type(Types::INT))).collect();
        match nodes.as_slice() {
            &[index] => index,
            _ => {
                self.error(span, "too-many-indices", "a `soa` has one index").help("write ps[i].field");
                self.broken(span)
            }
        }
    }

    /// `ps[i].x`.
    pub(super) fn soa_field(
        &mut self,
        soa: ExprId,
        rows: StructId,
        indices: &[ast::ExprId],
        name: Name,
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let index = self.row_index(indices, span);
        let Some((slot, ty)) = self.field_of(rows, self.text(name.symbol)) else {
            self.unknown_field(rows, name);
            return self.broken(span);
        };
        let column = self.column(soa, slot, ty, span);
        let (ty, asked) = self.asked_option(ty, asked, span);
        self.emit(ExprKind::Index(column, index, asked), ty, span)
    }

    /// `ps[i].x = value`.
    pub(super) fn assign_soa_field(
        &mut self,
        soa: ExprId,
        rows: StructId,
        indices: &[ast::ExprId],
        name: Name,
        assigned: Assigned,
    ) -> ExprId {
        let index = self.row_index(indices, assigned.span);
        let Some((slot, ty)) = self.field_of(rows, self.text(name.symbol)) else {
            self.unknown_field(rows, name);
            return self.broken_value(assigned);
        };
        let column = self.column(soa, slot, ty, name.span);
        self.assign_element(column, index, ty, assigned)
    }

    fn row_fields(&self, rows: StructId) -> Vec<Ty> {
        let def = self.hir.types.structs.get(rows.0 as usize);
        def.map(|def| def.fields.iter().map(|(_, ty)| *ty).collect()).unwrap_or_default()
    }

    /// `ps[i]`: a copy of the row as a struct.
    pub(super) fn soa_row(&mut self, soa: ExprId, rows: StructId, index: ast::ExprId, span: Span) -> ExprId {
        let index = self.expr(index, Want::Type(Types::INT));
        let mut before = Exprs::new();
        let (soa, index) = (self.kept(soa, &mut before), self.kept(index, &mut before));
        let mut values = Exprs::new();
        for (slot, ty) in self.row_fields(rows).into_iter().enumerate() {
            let (soa, index) = (self.again(soa), self.again(index));
            let column = self.column(soa, slot, ty, span);
            values.push(self.emit(ExprKind::Index(column, index, Asked::No), ty, span));
        }
        let ty = self.hir.types.intern(TyKind::Struct(rows));
        let made = self.emit(ExprKind::StructLit(rows, values), ty, span);
        self.after(before, made)
    }

    /// `ps[i] = value`: the struct's fields go into the columns.
    pub(super) fn assign_soa_row(
        &mut self,
        soa: ExprId,
        rows: StructId,
        index: ast::ExprId,
        assigned: Assigned,
    ) -> ExprId {
        let span = assigned.span;
        let index = self.expr(index, Want::Type(Types::INT));
        if assigned.op.is_some() {
            return self.no_place(soa, assigned);
        }
        let ty = self.hir.types.intern(TyKind::Struct(rows));
        let value = self.expr(assigned.value, Want::Type(ty));
        let mut statements = Exprs::new();
        let soa = self.kept(soa, &mut statements);
        let index = self.kept(index, &mut statements);
        let value = self.kept(value, &mut statements);
        for (slot, ty) in self.row_fields(rows).into_iter().enumerate() {
            let (soa, index, value) = (self.again(soa), self.again(index), self.again(value));
            let column = self.column(soa, slot, ty, span);
            let field = self.emit(ExprKind::Field(value, slot as u32), ty, span);
            statements.push(self.emit(ExprKind::SetIndex(column, index, field), Types::UNIT, span));
        }
        self.emit(ExprKind::Block(statements, None), Types::UNIT, span)
    }

    /// A value in a variable of its own.
    fn kept(&mut self, node: ExprId, before: &mut Exprs) -> ExprId {
        let (ty, span) = (self.ty_of(node), self.hir.expr(node).span);
        let local = self.new_local(ty);
        before.push(self.emit(ExprKind::Let(local, Some(node)), Types::UNIT, span));
        self.emit(ExprKind::Local(local), ty, span)
    }

    /// The same variable once more.
    fn again(&mut self, node: ExprId) -> ExprId {
        let expr = self.hir.expr(node).clone();
        self.emit(expr.kind, expr.ty, expr.span)
    }

    /// `ps.len`; nothing else can be said of the whole.
    pub(super) fn field_of_soa(&mut self, node: ExprId, name: Name, span: Span) -> ExprId {
        let ty = self.ty_of(node);
        let text = self.text(name.symbol);
        let Some(rows) = self.rows_of(ty) else { return self.broken(span) };
        if text == "len" {
            let first = self.row_fields(rows).first().copied().unwrap_or(Types::ERROR);
            let column = self.column(node, 0, first, span);
            return self.emit(
                ExprKind::Builtin(Builtin::ArrayLen, smallvec![column], Asked::No),
                Types::INT,
                span,
            );
        }
        if self.field_of(rows, text).is_some() {
            let message = format!("`{text}` is a field of each row, not of the whole");
            self.error(name.span, "unknown-field", message).help(format!("write ps[i].{text}"));
        } else {
            let found = self.show(ty);
            self.error(name.span, "unknown-field", format!("`{found}` has no field `{text}`"))
                .help("it has len; a row's fields are read with ps[i].field");
        }
        self.broken(span)
    }
}
