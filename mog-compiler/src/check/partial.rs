//! Partial operations: those that may have no value, such as `a[i]` and `parse_int(s)`.
//!
//! Bare, they give the plain value and fail without one; *asked*, they give `?T` or `Result<T>`. This file decides
//! which: `?`, `is`, `match`, `.unwrap_or(d)` and their like ask through [`Checker::ask`]; a place that wants `?T` or
//! `Result<T>` asks through [`Checker::wants_asking`]. [`Checker::operation`] is the only way to the operations.

use super::Checker;
use super::finish::Later;
use super::infer::Want;
use crate::ast::{self, Arg, Name, PatKind, Span};
use crate::hir::{self, Arm, Asked, CompareOp, ExprId, ExprKind, FailTo, Pat, PatId, UnaryOp};
use crate::types::{Ty, TyKind, Types};

impl Checker<'_> {
    /// Whether a place asks: it wants `?T` or `Result<T>`.
    pub(super) fn wants_asking(&self, want: Want) -> Asked {
        match want.ty().map(|ty| self.kind(ty)) {
            Some(TyKind::Option(_) | TyKind::Result(_)) => Asked::Yes,
            _ => Asked::No,
        }
    }

    /// An expression whose operation, if it is a partial one, is asked.
    pub(super) fn ask(&mut self, id: ast::ExprId) -> ExprId {
        use ast::ExprKind as K;
        let id = self.ast.without_parens(id);
        match self.ast[id].kind {
            K::Cast { .. }
            | K::Call { .. }
            | K::Field { .. }
            | K::Index { .. }
            | K::Slice { .. }
            | K::Await(_) => self.operation(id, Asked::Yes, Want::Any),
            _ => self.infer(id, Want::Any),
        }
    }

    /// An operation that may be partial. Asked ones whose plain value is `?T` or `Result<T>` itself stay bare.
    pub(super) fn operation(&mut self, id: ast::ExprId, asked: Asked, want: Want) -> ExprId {
        let ast::Expr { kind, span } = self.ast[id];
        match kind {
            ast::ExprKind::Cast { value, ty } => self.cast(value, ty, span, asked),
            ast::ExprKind::Call { callee, args } => self.call(callee, args, span, asked, want),
            ast::ExprKind::Field { base, name } => self.field(base, name, span, asked),
            ast::ExprKind::Index { base, indices } => {
                let node = self.index(base, indices, span, asked);
                self.as_single(node, want)
            }
            ast::ExprKind::Slice { base, start, end, inclusive } => {
                self.slice(base, (start, end), inclusive, span, asked)
            }
            ast::ExprKind::Await(value) => self.awaited(value, span, asked),
            _ => self.infer(id, want),
        }
    }

    /// The type of an operation that gives `?T` when asked, and whether it is.
    pub(super) fn asked_option(&mut self, plain: Ty, asked: Asked, span: Span) -> (Ty, Asked) {
        if asked == Asked::No || self.is_wrapped(plain) {
            return (plain, Asked::No);
        }
        (self.option_of(plain, span), Asked::Yes)
    }

    /// The type of an operation that gives `Result<T>` when asked, and whether it is.
    pub(super) fn asked_result(&mut self, plain: Ty, asked: Asked, span: Span) -> (Ty, Asked) {
        if asked == Asked::No || self.is_wrapped(plain) {
            return (plain, Asked::No);
        }
        (self.result_of(plain, span), Asked::Yes)
    }

    fn is_wrapped(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Option(_) | TyKind::Result(_))
    }

    /// Whether an expression is an asked operation, rather than a value that happens to be wrapped.
    pub(super) fn is_asked(&self, node: ExprId) -> bool {
        match &self.hir.expr(node).kind {
            ExprKind::Index(_, _, asked)
            | ExprKind::Slice(_, _, _, asked)
            | ExprKind::AnyField(_, _, asked)
            | ExprKind::Builtin(_, _, asked)
            | ExprKind::CallImport(_, _, asked) => *asked == Asked::Yes,
            ExprKind::FromAny(_) => self.is_wrapped(self.ty_of(node)),
            _ => false,
        }
    }

    /// Turns what an asked operation gives into the other form where the place wants that.
    pub(super) fn as_wanted(&mut self, node: ExprId, want: Want) -> ExprId {
        if !self.is_asked(node) {
            return node;
        }
        match (self.kind(self.ty_of(node)), want.ty().map(|ty| self.kind(ty))) {
            (TyKind::Result(_), Some(TyKind::Option(_))) => self.result_to_option(node),
            (TyKind::Option(_), Some(TyKind::Result(_))) => self.option_to_result(node),
            _ => node,
        }
    }

    /// `match node { ok(v) => some(v), err(_) => none }`
    #[inline(never)]
    pub(super) fn result_to_option(&mut self, node: ExprId) -> ExprId {
        let (ty, span) = (self.ty_of(node), self.hir.expr(node).span);
        let &TyKind::Result(inner) = self.kind(ty) else { return node };
        let option = self.option_of(inner, span);
        let value = self.new_local(inner);
        let bind = self.pat(hir::PatKind::Bind(value), inner, span);
        let ok = self.pat(hir::PatKind::Ok(bind), ty, span);
        let wild = self.pat(hir::PatKind::Wild, ty, span);
        let read = self.emit(ExprKind::Local(value), inner, span);
        let some = self.emit(ExprKind::Some(read), option, span);
        let none = self.emit(ExprKind::None, option, span);
        let arms = vec![Arm { pat: ok, guard: None, body: some }, Arm { pat: wild, guard: None, body: none }];
        self.emit(ExprKind::Match(node, arms), option, span)
    }

    /// `match node { some(v) => ok(v), none => err("none") }`
    #[inline(never)]
    fn option_to_result(&mut self, node: ExprId) -> ExprId {
        let (ty, span) = (self.ty_of(node), self.hir.expr(node).span);
        let &TyKind::Option(inner) = self.kind(ty) else { return node };
        let result = self.result_of(inner, span);
        let value = self.new_local(inner);
        let bind = self.pat(hir::PatKind::Bind(value), inner, span);
        let some = self.pat(hir::PatKind::Some(bind), ty, span);
        let wild = self.pat(hir::PatKind::Wild, ty, span);
        let read = self.emit(ExprKind::Local(value), inner, span);
        let ok = self.emit(ExprKind::Ok(read), result, span);
        let message = self.string_expr("none", span);
        let err = self.emit(ExprKind::Err(message), result, span);
        let arms = vec![Arm { pat: some, guard: None, body: ok }, Arm { pat: wild, guard: None, body: err }];
        self.emit(ExprKind::Match(node, arms), result, span)
    }

    /// A new pattern.
    pub(super) fn pat(&mut self, kind: hir::PatKind, ty: Ty, span: Span) -> PatId {
        let id = PatId(self.hir.pats.len() as u32);
        self.hir.pats.push(Pat { kind, ty, span });
        id
    }

    /// `value?`.
    #[inline(never)]
    pub(super) fn question(&mut self, value: ast::ExprId, span: Span) -> ExprId {
        let node = self.ask(value);
        let ty = self.ty_of(node);
        let inner = match *self.kind(ty) {
            TyKind::Option(inner) | TyKind::Result(inner) => inner,
            TyKind::Error | TyKind::Never => return node,
            TyKind::Var(_) => {
                let inner = self.hir.types.fresh();
                let result = self.result_of(inner, span);
                self.unify(ty, result);
                inner
            }
            _ => {
                let found = self.show(ty);
                let mark = Span::new(self.ast[value].span.end, span.end);
                self.error(
                    span,
                    "nothing-to-unwrap",
                    format!("`?` unwraps `?T` and `Result<T>`; this is `{found}`"),
                )
                .help("leave the `?` out")
                .fix(mark, "");
                return self.broken(span);
            }
        };
        let node = self.failure_form(node);
        let in_try = self.frames.last().is_some_and(|frame| frame.tries > 0 || frame.init);
        let tried = self.emit(ExprKind::Try(node, FailTo::Raise), inner, span);
        if !in_try {
            let ret = self.frames.last().map_or(Types::UNIT, |frame| frame.ret);
            self.later.push(Later::Try(tried, ret));
        }
        tried
    }

    /// In a function that returns `?T`, `?` on a `Result` gives none for a failure.
    fn failure_form(&mut self, node: ExprId) -> ExprId {
        let Some((ret, tries)) = self.frames.last().map(|frame| (frame.ret, frame.tries)) else {
            return node;
        };
        let drops_message = matches!(self.kind(ret), TyKind::Option(_)) && tries == 0;
        if drops_message && matches!(self.kind(self.ty_of(node)), TyKind::Result(_)) {
            return self.result_to_option(node);
        }
        node
    }

    /// `value is pattern`; the pattern's names come into scope.
    #[inline(never)]
    pub(super) fn is_expr(&mut self, value: ast::ExprId, pattern: ast::PatId, span: Span) -> ExprId {
        let node = self.subject(value, [pattern]);
        let ty = self.ty_of(node);
        let pat = self.pattern(pattern, ty);
        self.emit(ExprKind::Is(node, pat), Types::BOOL, span)
    }

    /// What `match` and `is` look at: asked if the patterns are about presence or success, in their form.
    pub(super) fn subject(
        &mut self,
        value: ast::ExprId,
        patterns: impl IntoIterator<Item = ast::PatId>,
    ) -> ExprId {
        let form = patterns.into_iter().find_map(|pattern| self.asks(pattern));
        let Some(option) = form else { return self.infer(value, Want::Any) };
        let node = self.ask(value);
        if !self.is_asked(node) {
            return node;
        }
        match (self.kind(self.ty_of(node)), option) {
            (TyKind::Result(_), true) => self.result_to_option(node),
            (TyKind::Option(_), false) => self.option_to_result(node),
            _ => node,
        }
    }

    /// Whether a pattern is about presence (`some`, `none`: true) or success (`ok`, `err`: false).
    fn asks(&self, pattern: ast::PatId) -> Option<bool> {
        match self.ast[pattern].kind {
            PatKind::Some(_) | PatKind::None => Some(true),
            PatKind::Ok(_) | PatKind::Err(_) => Some(false),
            PatKind::Or(list) => self.ast.list(list).iter().find_map(|&pattern| self.asks(pattern)),
            _ => None,
        }
    }

    /// `value == none`, `value != none`: a look-up that finds nothing is none.
    pub(super) fn compared_with_none(&mut self, other: ast::ExprId, op: CompareOp, span: Span) -> ExprId {
        let value = if self.is_look_up(other) { self.ask(other) } else { self.infer(other, Want::Any) };
        let ty = self.ty_of(value);
        let present = match *self.kind(ty) {
            TyKind::Any => return self.any_compared_with_none(value, op, span),
            TyKind::Option(inner) | TyKind::Result(inner)
                if self.is_asked(value) && self.shallow(inner) == Types::ANY =>
            {
                return self.found_compared_with_none(value, op, span);
            }
            TyKind::Option(_) | TyKind::Error => self.emit(ExprKind::IsPresent(value), Types::BOOL, span),
            TyKind::Var(_) => {
                let inner = self.hir.types.fresh();
                let option = self.option_of(inner, span);
                self.unify(ty, option);
                self.emit(ExprKind::IsPresent(value), Types::BOOL, span)
            }
            _ => {
                let found = self.show(ty);
                self.error(span, "never-none", format!("a `{found}` is never none"))
                    .help("only `?T` and `any` can be none");
                self.emit(ExprKind::Unit, Types::BOOL, span)
            }
        };
        match op {
            CompareOp::Eq => self.emit(ExprKind::Unary(UnaryOp::Not, present), Types::BOOL, span),
            _ => present,
        }
    }

    /// Whether an expression looks something up, rather than calling a function or the host.
    fn is_look_up(&self, id: ast::ExprId) -> bool {
        use ast::ExprKind as K;
        match self.ast[self.ast.without_parens(id)].kind {
            K::Field { .. } | K::Index { .. } | K::Slice { .. } => true,
            K::Call { callee, .. } => match self.ast[callee].kind {
                K::Field { base, .. } => {
                    self.as_name(base).is_none_or(|name| self.peek(name.symbol).is_some())
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn any_compared_with_none(&mut self, value: ExprId, op: CompareOp, span: Span) -> ExprId {
        let none = self.emit(ExprKind::None, Types::ANY, span);
        self.emit(ExprKind::Compare(op, value, none), Types::BOOL, span)
    }

    /// An `any` that was asked for: what is not there is none, as is what holds none.
    fn found_compared_with_none(&mut self, value: ExprId, op: CompareOp, span: Span) -> ExprId {
        let ty = self.ty_of(value);
        let local = self.new_local(Types::ANY);
        let bind = self.pat(hir::PatKind::Bind(local), Types::ANY, span);
        let found = match self.kind(ty) {
            TyKind::Option(_) => hir::PatKind::Some(bind),
            _ => hir::PatKind::Ok(bind),
        };
        let found = self.pat(found, ty, span);
        let wild = self.pat(hir::PatKind::Wild, ty, span);
        let read = self.emit(ExprKind::Local(local), Types::ANY, span);
        let compared = self.any_compared_with_none(read, op, span);
        let absent = self.emit(ExprKind::Bool(op == CompareOp::Eq), Types::BOOL, span);
        let arms = vec![
            Arm { pat: found, guard: None, body: compared },
            Arm { pat: wild, guard: None, body: absent },
        ];
        self.emit(ExprKind::Match(value, arms), Types::BOOL, span)
    }

    /// `x.unwrap_or(d)`, `x.is_some()` and their like.
    #[inline(never)]
    pub(super) fn asking_method(
        &mut self,
        base: ast::ExprId,
        name: Name,
        args: &[Arg],
        span: Span,
    ) -> ExprId {
        let method = self.text(name.symbol);
        let node = self.ask(base);
        let ty = self.ty_of(node);
        let wanted = usize::from(method == "unwrap_or");
        if args.len() != wanted {
            self.wrong_count(name.span, method, wanted, args.len());
            return self.broken(span);
        }
        let inner = match *self.kind(ty) {
            TyKind::Option(inner) | TyKind::Result(inner) => inner,
            TyKind::Error => Types::ERROR,
            _ => return self.never_absent(node, name, args, span),
        };
        if let Some(arg) = args.first() {
            let default = self.expr(arg.value, Want::Type(inner));
            return self.emit(ExprKind::UnwrapOr(node, default), inner, span);
        }
        let is_option = matches!(self.kind(ty), TyKind::Option(_)) && !self.is_asked(node);
        let is_result = matches!(self.kind(ty), TyKind::Result(_)) && !self.is_asked(node);
        if (is_option && matches!(method, "is_ok" | "is_err"))
            || (is_result && matches!(method, "is_some" | "is_none"))
        {
            let found = self.show(ty);
            let ours = match method {
                "is_ok" => "is_some",
                "is_err" => "is_none",
                "is_some" => "is_ok",
                _ => "is_err",
            };
            self.error(name.span, "unknown-method", format!("`{found}` has no method `{method}`"))
                .help(format!("did you mean `{ours}`?"))
                .fix(name.span, ours);
        }
        let present = self.emit(ExprKind::IsPresent(node), Types::BOOL, span);
        match method {
            "is_none" | "is_err" => self.emit(ExprKind::Unary(UnaryOp::Not, present), Types::BOOL, span),
            _ => present,
        }
    }

    #[cold]
    #[inline(never)]
    fn never_absent(&mut self, node: ExprId, name: Name, args: &[Arg], span: Span) -> ExprId {
        for arg in args {
            self.expr(arg.value, Want::Any);
        }
        let (ty, method) = (self.ty_of(node), self.text(name.symbol));
        if ty == Types::NEVER {
            return node;
        }
        let found = self.show(ty);
        self.error(
            name.span,
            "nothing-to-unwrap",
            format!("`{method}` is for `?T` and `Result<T>`; this is always a `{found}`"),
        )
        .help("use the value as it is");
        match method {
            "unwrap_or" => self.emit(ExprKind::Unit, ty, span),
            _ => self.emit(ExprKind::Unit, Types::BOOL, span),
        }
    }
}
