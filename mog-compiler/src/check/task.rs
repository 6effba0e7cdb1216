//! Futures: `await`, `spawn`, `all` and `race`.

use super::Checker;
use super::infer::Want;
use crate::ast::{self, Arg, Span};
use crate::hir::{Asked, ExprId, ExprKind, Group};
use crate::types::{TyKind, Types};

impl Checker<'_> {
    /// `await e`. Of a capability call it is the call itself, which suspends the task; that is a partial operation.
    #[inline(never)]
    pub(super) fn awaited(&mut self, value: ast::ExprId, span: Span, asked: Asked) -> ExprId {
        let in_entry = self.session && self.frames.last().is_some_and(|frame| frame.init);
        self.awaits |= in_entry;
        if !self.is_in_async() && !in_entry {
            self.await_outside(span);
        }
        let value = self.ast.without_parens(value);
        let node = match self.ast[value].kind {
            ast::ExprKind::Call { .. } => {
                self.awaited_call = Some(self.ast[value].span);
                self.operation(value, asked, Want::Any)
            }
            _ => self.infer(value, Want::Any),
        };
        match self.kind(self.ty_of(node)) {
            &TyKind::Future(inner) => self.emit(ExprKind::Await(node), inner, span),
            TyKind::Error | TyKind::Never => node,
            _ if matches!(self.hir.expr(node).kind, ExprKind::CallImport(..)) => node,
            TyKind::Var(_) => {
                let inner = self.hir.types.fresh();
                let future = self.future_of(inner, span);
                if self.unify(self.ty_of(node), future) {
                    self.emit(ExprKind::Await(node), inner, span)
                } else {
                    self.broken(span)
                }
            }
            _ => {
                self.not_a_future(node, span);
                node
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn await_outside(&mut self, span: Span) {
        let declared = self.frames.last().and_then(|frame| frame.declared).map(|id| &self.ast[id]);
        let head =
            declared.and_then(|function| Some(Span::new(function.span.start, function.name?.span.end)));
        let help = match head {
            Some(_) => "declare the function around it as `async fn`",
            None => "closures and top-level statements do not wait: write a loop in an `async fn`",
        };
        let fix = head.map(|head| (head, format!("async {}", self.source(head))));
        let report =
            self.error(span, "await-outside-async", "`await` stands only in an `async fn`").help(help);
        if let Some((head, write)) = fix {
            report.fix(head, write);
        }
    }

    /// Says that `await` is missing before a future whose value is meant, which then stands for any value. `suffixed`
    /// tells whether something follows that would bind to the future.
    pub(super) fn missing_await(&mut self, node: ExprId, suffixed: bool) -> bool {
        if !matches!(self.kind(self.ty_of(node)), TyKind::Future(_)) {
            return false;
        }
        let span = self.hir.expr(node).span;
        let text = self.source(span);
        let fix = if suffixed { format!("(await {text})") } else { format!("await {text}") };
        self.error(span, "missing-await", "this is a future, its value is yet to come")
            .help("`await` waits for it, in an `async fn`")
            .fix(span, fix);
        if let Some(expr) = self.hir.exprs.get_mut(node.0 as usize) {
            expr.ty = Types::ERROR;
        }
        true
    }

    /// Warns about a future that is printed instead of its value.
    pub(super) fn printed_future(&mut self, node: ExprId) {
        if matches!(self.kind(self.ty_of(node)), TyKind::Future(_)) {
            let span = self.hir.expr(node).span;
            let text = self.source(span);
            self.warning(span, "missing-await", "this is a future, its value is yet to come")
                .help("`await` waits for it, in an `async fn`")
                .fix(span, format!("await {text}"));
        }
    }

    #[cold]
    #[inline(never)]
    fn not_a_future(&mut self, node: ExprId, span: Span) {
        let (found, of) = (self.show(self.ty_of(node)), self.hir.expr(node).span);
        let text = self.source(of).to_owned();
        self.error(span, "not-a-future", format!("this is `{found}`, so there is nothing to wait for"))
            .help("`await` takes the call of an `async fn`")
            .fix(span, text);
    }

    /// `spawn f()`.
    #[inline(never)]
    pub(super) fn spawned(&mut self, value: ast::ExprId, span: Span) -> ExprId {
        let inner = self.ast.without_parens(value);
        self.spawned_call = Some(self.ast[inner].span);
        let node = self.infer(inner, Want::Any);
        let ty = self.ty_of(node);
        match self.kind(ty) {
            TyKind::Future(_) => self.emit(ExprKind::Spawn(node), ty, span),
            TyKind::Error | TyKind::Never => node,
            _ => {
                let found = self.show(ty);
                self.error(span, "not-a-future", format!("this is `{found}`, which cannot run beside"))
                    .help("`spawn` takes the call of an `async fn`");
                self.broken(span)
            }
        }
    }

    /// `all(futures)`, `race(futures)`.
    #[inline(never)]
    pub(super) fn group(&mut self, group: Group, arg: &Arg, span: Span) -> ExprId {
        let inner = self.hir.types.fresh();
        let future = self.future_of(inner, span);
        let futures = self.array_of(future, span);
        let before = self.hir.exprs.len();
        let node = self.infer(arg.value, Want::Type(futures));
        let node = if self.waits_in_closure(node, before) {
            self.broken(self.hir.expr(node).span)
        } else {
            self.coerce(node, futures)
        };
        let result = match group {
            Group::All => self.array_of(inner, span),
            Group::Race => inner,
        };
        let ty = self.future_of(result, span);
        self.emit(ExprKind::Group(group, node), ty, span)
    }

    /// Whether these are values where futures are due, because a closure in the expression, whose nodes begin at `before`,
    /// calls a capability's `async fn`; then says so.
    fn waits_in_closure(&mut self, node: ExprId, before: usize) -> bool {
        let TyKind::Array(element) = *self.kind(self.ty_of(node)) else { return false };
        if matches!(self.kind(element), TyKind::Future(_) | TyKind::Var(_) | TyKind::Error) {
            return false;
        }
        let waiting = self.hir.exprs.iter().skip(before).find(|expr| {
            matches!(&expr.kind, ExprKind::CallImport(import, ..)
                if self.hir.imports.get(import.0 as usize).is_some_and(|import| import.is_async))
        });
        let Some(span) = waiting.map(|call| call.span) else { return false };
        let text = self.source(span);
        // With `spawn` the closure gives something.
        self.diagnostics.forget("no-value", self.hir.expr(node).span);
        self.error(span, "missing-spawn", "this is waited for at once: a closure has no futures of its own")
            .help("`spawn` lets it run beside the others")
            .fix(span, format!("spawn {text}"));
        true
    }

    fn is_in_async(&self) -> bool {
        self.frames.last().and_then(|frame| frame.declared).is_some_and(|id| self.ast[id].is_async)
    }

    /// Whether a call of an async capability function makes a future: in an `async fn` unless it is awaited there, and
    /// where it is spawned. Elsewhere the program waits for the call.
    pub(super) fn makes_future(&self, span: Span) -> bool {
        self.awaited_call != Some(span) && (self.is_in_async() || self.spawned_call == Some(span))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn dropped_future(&mut self, node: ExprId) {
        if matches!(self.hir.expr(node).kind, ExprKind::Spawn(_)) {
            return;
        }
        let span = self.hir.expr(node).span;
        let report = self.warning(span, "unused-future", "this future is dropped, so it never starts");
        let before = Span { start: span.start, end: span.start };
        report.help("write `await` before it, or `spawn` to let it run beside").fix(before, "await ");
    }
}
