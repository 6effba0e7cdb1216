//! Patterns and `match`.

use super::Checker;
use super::consts::{Constant, Value};
use super::finish::Later;
use super::infer::{Join, Want};
use super::scope::Def;
use super::suggest::nearest;
use crate::ast::{self, FieldPat, List, MatchArm, Name, Span};
use crate::hir::{Arm, ExprId, ExprKind, LocalId, PatId, PatKind};
use crate::types::{EnumId, Ty, TyKind, Types};

/// The names that a pattern binds.
type Bound = Vec<(Name, LocalId)>;

impl<'a> Checker<'a> {
    /// `match value { … }`.
    #[inline(never)]
    pub(super) fn match_expr(
        &mut self,
        value: ast::ExprId,
        arms: List<MatchArm>,
        span: Span,
        want: Want,
    ) -> ExprId {
        let want = match want {
            Want::Type(ty) if self.shallow(ty) == Types::UNIT => Want::Dropped,
            want => want,
        };
        let arms = self.ast.list(arms);
        let subject = self.subject(value, arms.iter().map(|arm| arm.pattern));
        let ty = self.ty_of(subject);
        if ty == Types::UNIT {
            self.nothing_to_use(subject, "match");
        }
        let mut join = Join::new(want);
        let mut checked = Vec::with_capacity(arms.len());
        for arm in arms {
            checked.push(self.match_arm(arm, ty, &mut join));
        }
        let node = self.emit(ExprKind::Match(subject, checked), join.ty(), span);
        self.later.push(Later::Match(node));
        node
    }

    fn match_arm(&mut self, arm: &MatchArm, ty: Ty, join: &mut Join) -> Arm {
        let mark = self.mark();
        let pat = self.pattern(arm.pattern, ty);
        let guard = arm.guard.map(|guard| self.condition(guard));
        let body = self.expr(arm.body, join.want());
        join.add(self.ty_of(body));
        self.leave(mark);
        Arm { pat, guard, body }
    }

    /// A pattern for values of a type; its names come into scope.
    pub(super) fn pattern(&mut self, id: ast::PatId, ty: Ty) -> PatId {
        let mut bound = Bound::new();
        let pat = self.sub_pattern(id, ty, &mut bound, None);
        for (name, local) in bound {
            self.declare(name, Def::Local(local));
        }
        pat
    }

    /// A part of a pattern. In the later alternatives of `a | b`, names must be those of the first.
    fn sub_pattern(&mut self, id: ast::PatId, ty: Ty, bound: &mut Bound, first: Option<&Bound>) -> PatId {
        use ast::PatKind as P;
        let ast::Pat { kind, span } = self.ast[id];
        let kind = match kind {
            P::Error | P::Wildcard => PatKind::Wild,
            P::Name(symbol) => self.name_pattern(Name { symbol, span }, ty, bound, first),
            P::Literal(literal) => self.literal_pattern(literal, ty),
            P::Range { start, end, inclusive } => self.range_pattern(start, end, inclusive, ty, span),
            P::Or(list) => self.or_pattern(list, ty, bound, first),
            P::None => match self.option_inner(ty, span) {
                Some(_) => PatKind::None,
                None => PatKind::Wild,
            },
            P::Some(inner) => match self.option_inner(ty, span) {
                Some(ty) => PatKind::Some(self.sub_pattern(inner, ty, bound, first)),
                None => self.broken_pattern(&[inner], bound, first),
            },
            P::Ok(inner) => match self.result_inner(ty, span) {
                Some(ty) => PatKind::Ok(self.sub_pattern(inner, ty, bound, first)),
                None => self.broken_pattern(&[inner], bound, first),
            },
            P::Err(inner) => match self.result_inner(ty, span) {
                Some(_) => PatKind::Err(self.sub_pattern(inner, Types::STR, bound, first)),
                None => self.broken_pattern(&[inner], bound, first),
            },
            P::Variant { path, args, parens } => self.variant_pattern(path, args, parens, ty, bound, first),
            P::Struct { path, fields, .. } => self.struct_pattern(path, fields, ty, bound, first),
        };
        self.pat(kind, ty, span)
    }

    /// Parts of a pattern that is wrong anyway: their names are still bound.
    fn broken_pattern(&mut self, parts: &[ast::PatId], bound: &mut Bound, first: Option<&Bound>) -> PatKind {
        for &part in parts {
            self.sub_pattern(part, Types::ERROR, bound, first);
        }
        PatKind::Wild
    }

    /// A bare name: a variant, a constant, or a new variable.
    #[inline(never)]
    fn name_pattern(&mut self, name: Name, ty: Ty, bound: &mut Bound, first: Option<&Bound>) -> PatKind {
        let text = self.text(name.symbol);
        if let TyKind::Enum(id) = *self.kind(ty) {
            if let Some((number, payload)) = self.variant_of(id, text) {
                return self.bare_variant(id, number, text, &payload, name.span);
            }
            if text.starts_with(|c: char| c.is_ascii_uppercase()) && self.is_near_variant(id, text) {
                self.unknown_variant(id, name);
                return PatKind::Wild;
            }
        }
        if let Some(Def::Const(number)) = self.peek(name.symbol) {
            self.note_use(name);
            return match self.const_value(number, name.span) {
                Constant::Known(value, found) => self.value_pattern(value, found, ty, name.span),
                Constant::Variable(_) => self.no_constant_pattern(name.span),
                Constant::Broken => PatKind::Wild,
            };
        }
        self.binding(name, ty, bound, first)
    }

    /// A variant written without its values: all of them are ignored, which must be said.
    fn bare_variant(&mut self, id: EnumId, number: u32, text: &str, payload: &[Ty], span: Span) -> PatKind {
        if payload.is_empty() {
            return PatKind::Variant(id, number, Vec::new());
        }
        let blanks = vec!["_"; payload.len()].join(", ");
        let write = format!("({blanks})");
        self.error(span, "wrong-argument-count", format!("`{text}` carries values"))
            .help("name them, or ignore them with `_`")
            .fix(span.after(), write);
        PatKind::Wild
    }

    fn is_near_variant(&self, id: EnumId, text: &str) -> bool {
        let def = self.hir.types.enums.get(id.0 as usize);
        def.is_some_and(|def| nearest(text, def.variants.iter().map(|(name, _)| name.as_str())).is_some())
    }

    fn no_constant_pattern(&mut self, span: Span) -> PatKind {
        self.error(span, "bad-pattern", "only numbers, strings and booleans can stand in a pattern")
            .help("bind the value and compare it in a guard: v if v == LIMIT => …");
        PatKind::Wild
    }

    fn binding(&mut self, name: Name, ty: Ty, bound: &mut Bound, first: Option<&Bound>) -> PatKind {
        let text = self.text(name.symbol);
        if bound.iter().any(|(known, _)| known.symbol == name.symbol) {
            self.error(name.span, "declared-twice", format!("`{text}` is bound twice in this pattern"));
            return PatKind::Wild;
        }
        let Some(first) = first else {
            let local = self.new_local(ty);
            bound.push((name, local));
            return PatKind::Bind(local);
        };
        let Some(&(declared, local)) = first.iter().find(|(known, _)| known.symbol == name.symbol) else {
            self.error(
                name.span,
                "uneven-alternatives",
                format!("`{text}` is not bound by the first alternative"),
            )
            .help("alternatives bind the same names");
            return PatKind::Wild;
        };
        bound.push((name, local));
        self.note_again(name, declared, Def::Local(local));
        let known = self.local_ty(local);
        if !self.unify(known, ty) {
            let (known, found) = (self.show(known), self.show(ty));
            self.error(
                name.span,
                "uneven-alternatives",
                format!("`{text}` is `{known}` in the first alternative, `{found}` here"),
            );
        }
        PatKind::Bind(local)
    }

    /// `1 | 2`.
    #[inline(never)]
    fn or_pattern(
        &mut self,
        list: List<ast::PatId>,
        ty: Ty,
        bound: &mut Bound,
        first: Option<&Bound>,
    ) -> PatKind {
        let list = self.ast.list(list);
        let mut pats = Vec::with_capacity(list.len());
        let mut lead: Option<Bound> = None;
        for &id in list {
            let mut own = Bound::new();
            let pat = self.sub_pattern(id, ty, &mut own, lead.as_ref().or(first));
            if let Some(lead) = &lead
                && own.len() < lead.len()
                && !self.has_error_in(self.ast[id].span)
            {
                let missing = lead.iter().find(|(symbol, _)| !own.iter().any(|(known, _)| known == symbol));
                let missing = missing.map_or("", |(name, _)| self.text(name.symbol));
                let span = self.ast[id].span;
                self.error(
                    span,
                    "uneven-alternatives",
                    format!("this alternative does not bind `{missing}`"),
                )
                .help("alternatives bind the same names");
            }
            pats.push(pat);
            lead.get_or_insert(own);
        }
        bound.extend(lead.unwrap_or_default());
        PatKind::Or(pats)
    }

    /// `T` of the `?T` that a pattern is matched against.
    fn option_inner(&mut self, ty: Ty, span: Span) -> Option<Ty> {
        match *self.kind(ty) {
            TyKind::Option(inner) => Some(inner),
            TyKind::Error => Some(Types::ERROR),
            TyKind::Var(_) => {
                let inner = self.hir.types.fresh();
                let option = self.option_of(inner, span);
                self.unify(ty, option);
                Some(inner)
            }
            _ => {
                let found = self.show(ty);
                let help = match self.kind(ty) {
                    TyKind::Result(_) => "a `Result` is ok(v) or err(e)",
                    _ => "`some` and `none` are for `?T`",
                };
                self.error(
                    span,
                    "bad-pattern",
                    format!("this pattern is for `?T`, but the value is `{found}`"),
                )
                .help(help);
                None
            }
        }
    }

    /// `T` of the `Result<T>` that a pattern is matched against.
    fn result_inner(&mut self, ty: Ty, span: Span) -> Option<Ty> {
        match *self.kind(ty) {
            TyKind::Result(inner) => Some(inner),
            TyKind::Error => Some(Types::ERROR),
            TyKind::Var(_) => {
                let inner = self.hir.types.fresh();
                let result = self.result_of(inner, span);
                self.unify(ty, result);
                Some(inner)
            }
            _ => {
                let found = self.show(ty);
                let help = match self.kind(ty) {
                    TyKind::Option(_) => "a `?T` is some(v) or none",
                    _ => "`ok` and `err` are for `Result<T>`",
                };
                self.error(
                    span,
                    "bad-pattern",
                    format!("this pattern is for `Result<T>`, but the value is `{found}`"),
                )
                .help(help);
                None
            }
        }
    }

    /// A literal, or a constant named in a range.
    #[inline(never)]
    fn literal_pattern(&mut self, literal: ast::ExprId, ty: Ty) -> PatKind {
        let span = self.ast[literal].span;
        let node = self.infer(literal, Want::Type(ty));
        let found = self.ty_of(node);
        match self.fold(node) {
            Some(value) => self.value_pattern(value, found, ty, span),
            None if found == Types::ERROR => PatKind::Wild,
            None => self.no_constant_pattern(span),
        }
    }

    /// A known value as a pattern for values of a type.
    fn value_pattern(&mut self, value: Value, found: Ty, ty: Ty, span: Span) -> PatKind {
        if !self.unify(found, ty) {
            let (found, wanted) = (self.show(found), self.show(ty));
            let help = match self.kind(ty) {
                TyKind::Any => "convert it first: match x as string { … }",
                TyKind::Option(_) => "a value inside `?T` is matched with some(…)",
                TyKind::Result(_) => "a value inside `Result<T>` is matched with ok(…)",
                _ => "a pattern has the type of what is matched",
            };
            self.error(
                span,
                "type-mismatch",
                format!("this pattern is `{found}`, but the value is `{wanted}`"),
            )
            .help(help);
            return PatKind::Wild;
        }
        match value {
            Value::Bool(value) => PatKind::Bool(value),
            Value::Int(value) => PatKind::Int(value),
            Value::Float(value) => PatKind::Float(value),
            Value::Str(value) => PatKind::Str(value),
            Value::None => PatKind::None,
        }
    }

    /// `3..10`, `3..=10`.
    #[inline(never)]
    fn range_pattern(
        &mut self,
        start: ast::ExprId,
        end: ast::ExprId,
        inclusive: bool,
        ty: Ty,
        span: Span,
    ) -> PatKind {
        let (first, last) = (self.literal_pattern(start, ty), self.literal_pattern(end, ty));
        let (PatKind::Int(first), PatKind::Int(last)) = (first, last) else {
            if !matches!(self.kind(ty), TyKind::Int(_) | TyKind::Error) {
                self.error(span, "bad-pattern", "range patterns are for integers")
                    .help("compare in a guard: x if x >= 0.0 and x < 1.0 => …");
            }
            return PatKind::Wild;
        };
        let below = |a: i64, b: i64| match self.kind(ty) {
            TyKind::Int(crate::types::IntKind::U64) => (a as u64) < b as u64,
            _ => a < b,
        };
        let empty = if inclusive { below(last, first) } else { !below(first, last) };
        match (empty, inclusive) {
            (true, _) => {
                self.warning(span, "empty-range", "this range is empty and never matches");
                PatKind::Range(1, 0)
            }
            (false, true) => PatKind::Range(first, last),
            (false, false) => PatKind::Range(first, last.wrapping_sub(1)),
        }
    }

    /// `Shape.Circle(r)`, `Circle(r)`, `module.LIMIT`.
    #[inline(never)]
    fn variant_pattern(
        &mut self,
        path: List<Name>,
        args: List<ast::PatId>,
        parens: bool,
        ty: Ty,
        bound: &mut Bound,
        first: Option<&Bound>,
    ) -> PatKind {
        let (path, args) = (self.ast.list(path), self.ast.list(args));
        let Some((&name, owner)) = path.split_last() else { return PatKind::Wild };
        let Some(id) = self.pattern_enum(owner, name, ty) else {
            if let Some(pattern) = self.module_constant(owner, name, ty) {
                return pattern;
            }
            return self.broken_pattern(args, bound, first);
        };
        let text = self.text(name.symbol);
        let Some((number, payload)) = self.variant_of(id, text) else {
            self.unknown_variant(id, name);
            return self.broken_pattern(args, bound, first);
        };
        if !parens {
            let checked = self.bare_variant(id, number, text, &payload, name.span);
            return self.fitting_enum(id, ty, name.span).map_or(PatKind::Wild, |()| checked);
        }
        if payload.len() != args.len() {
            self.wrong_payload(text, &payload, args.len(), true, name.span);
            return self.broken_pattern(args, bound, first);
        }
        let fits = self.fitting_enum(id, ty, name.span);
        let pats =
            args.iter().zip(payload).map(|(&arg, ty)| self.sub_pattern(arg, ty, bound, first)).collect();
        fits.map_or(PatKind::Wild, |()| PatKind::Variant(id, number, pats))
    }

    /// The enum that a variant pattern is about; reports it if there is none and the pattern is no constant either.
    fn pattern_enum(&mut self, owner: &[Name], name: Name, ty: Ty) -> Option<EnumId> {
        if owner.is_empty() {
            if let TyKind::Enum(id) = *self.kind(ty) {
                return Some(id);
            }
            if ty != Types::ERROR {
                let (text, found) = (self.text(name.symbol), self.show(ty));
                self.error(
                    name.span,
                    "bad-pattern",
                    format!("`{text}(…)` is for an enum, but the value is `{found}`"),
                );
            }
            return None;
        }
        if let [module] = owner
            && let Some(Def::Module(_)) = self.peek(module.symbol)
        {
            return None;
        }
        let of = self.type_of_path(owner);
        match *self.kind(of) {
            TyKind::Enum(id) => Some(id),
            TyKind::Error => None,
            _ => {
                let text = self.text(name.symbol);
                self.error(name.span, "bad-pattern", format!("`{text}` is not a variant of an enum"));
                None
            }
        }
    }

    /// `module.LIMIT`.
    fn module_constant(&mut self, owner: &[Name], name: Name, ty: Ty) -> Option<PatKind> {
        let [module] = owner else { return None };
        let Some(Def::Module(unit)) = self.peek(module.symbol) else { return None };
        self.note_use(*module);
        match self.module_member(unit, name) {
            Some(Def::Const(number)) => Some(match self.const_value(number, name.span) {
                Constant::Known(value, found) => self.value_pattern(value, found, ty, name.span),
                Constant::Variable(_) => self.no_constant_pattern(name.span),
                Constant::Broken => PatKind::Wild,
            }),
            Some(_) => Some(self.no_constant_pattern(name.span)),
            None => {
                self.unknown_member(unit, name);
                None
            }
        }
    }

    /// Demands that the value matched is of the pattern's enum.
    fn fitting_enum(&mut self, id: EnumId, ty: Ty, span: Span) -> Option<()> {
        let of = self.hir.types.intern(TyKind::Enum(id));
        self.fitting(of, ty, span)
    }

    fn fitting(&mut self, of: Ty, ty: Ty, span: Span) -> Option<()> {
        if self.unify(of, ty) {
            return Some(());
        }
        let (of, found) = (self.show(of), self.show(ty));
        let help = match self.kind(ty) {
            TyKind::Option(_) => "a value inside `?T` is matched with some(…)",
            TyKind::Result(_) => "a value inside `Result<T>` is matched with ok(…)",
            TyKind::Any => "convert it first with `as`",
            _ => "a pattern has the type of what is matched",
        };
        self.error(span, "type-mismatch", format!("this pattern is for `{of}`, but the value is `{found}`"))
            .help(help);
        None
    }

    /// `Point { x, y: 0.0 }`. Fields that are not named are not looked at.
    #[inline(never)]
    fn struct_pattern(
        &mut self,
        path: List<Name>,
        fields: List<FieldPat>,
        ty: Ty,
        bound: &mut Bound,
        first: Option<&Bound>,
    ) -> PatKind {
        let (path, fields) = (self.ast.list(path), self.ast.list(fields));
        let Some((id, of)) = self.struct_named(path) else {
            let parts: Vec<ast::PatId> = fields.iter().map(|field| field.pattern).collect();
            return self.broken_pattern(&parts, bound, first);
        };
        let span = path.first().map_or(Span::default(), |name| name.span);
        let fits = self.fitting(of, ty, span);
        let mut pats: Vec<(u32, PatId)> = Vec::with_capacity(fields.len());
        for field in fields {
            let found = self.field_of(id, self.text(field.name.symbol));
            let field_ty = found.map_or(Types::ERROR, |(_, ty)| ty);
            if found.is_none() {
                self.unknown_field(id, field.name);
            }
            let pat = if field.short {
                self.note_short(field.name);
                let kind = self.binding(field.name, field_ty, bound, first);
                self.pat(kind, field_ty, field.name.span)
            } else {
                self.sub_pattern(field.pattern, field_ty, bound, first)
            };
            if let Some((slot, _)) = found {
                pats.push((slot as u32, pat));
            }
        }
        fits.map_or(PatKind::Wild, |()| PatKind::Struct(id, pats))
    }
}
