//! Statements.

use smallvec::smallvec;

use super::Checker;
use super::infer::Want;
use super::scope::{Def, Loop, Variable};
use crate::ast::{self, BlockId, ItemKind, Name, Span, StmtId, StmtKind, TypeExprId, sym};
use crate::hir::{ExprId, ExprKind, GlobalId, LocalId};
use crate::types::{Ty, TyKind, Types};

impl<'a> Checker<'a> {
    /// A statement; nothing for declarations, which leave no trace in the program.
    pub(super) fn stmt(&mut self, id: StmtId) -> Option<ExprId> {
        let ast::Stmt { kind, span } = self.ast[id];
        match kind {
            StmtKind::Error => None,
            StmtKind::Let { name, ty, value } => Some(self.let_stmt(name, ty, value, span)),
            StmtKind::Const { name, ty, value } => self.local_const(name, ty, value),
            StmtKind::Assign { target, op, value } => Some(self.assign(target, op, value, span)),
            StmtKind::Expr(value) => Some(self.effect(value)),
            StmtKind::While { condition, body } => Some(self.while_stmt(condition, body, span)),
            StmtKind::Loop(body) => Some(self.endless(body, span)),
            StmtKind::For { first, second, iterable, body } => {
                Some(self.for_stmt(first, second, iterable, body, span))
            }
            StmtKind::Item(item) => {
                if let ItemKind::Fn(function) = self.ast[item].kind {
                    self.check_declared(function);
                }
                None
            }
        }
    }

    /// A statement of the file itself: a binding is module state.
    pub(super) fn top_level_stmt(&mut self, id: StmtId) -> Option<ExprId> {
        match self.ast[id].kind {
            StmtKind::Let { name, ty, value } if name.symbol != sym::UNDERSCORE => {
                Some(self.module_variable(name, ty, value, self.ast[id].span))
            }
            StmtKind::Const { .. } => None,
            StmtKind::Expr(value) if self.session => Some(self.shown(value)),
            _ => self.stmt(id),
        }
    }

    /// An expression as an entry of a session: its value is printed, if it has one.
    fn shown(&mut self, value: ast::ExprId) -> ExprId {
        if !self.may_be_shown(value) {
            return self.effect(value);
        }
        let node = self.expr(value, Want::Any);
        let span = self.ast[value].span;
        let text = match self.kind(self.ty_of(node)) {
            TyKind::Unit | TyKind::Never | TyKind::Error => return node,
            _ => self.text_of(node, span),
        };
        self.out("println", text, span)
    }

    /// Whether an expression is more than a statement: one with blocks is if the first of them ends with a value that is no
    /// call.
    fn may_be_shown(&self, value: ast::ExprId) -> bool {
        use ast::ExprKind as K;
        let (mut value, mut in_block) = (value, false);
        loop {
            let block = match self.ast[value].kind {
                K::If { otherwise: None, .. } => None,
                K::If { arms, .. } => self.ast.list(arms).first().map(|arm| arm.body),
                K::Block(block) | K::Try { body: block, .. } => Some(block),
                K::Match { arms, .. } => match self.ast.list(arms).first() {
                    Some(arm) => {
                        (value, in_block) = (arm.body, true);
                        continue;
                    }
                    None => None,
                },
                K::Call { .. } => return !in_block,
                K::Spawn(_) => None,
                _ => return true,
            };
            let Some(tail) = block.and_then(|block| self.ast[block].tail) else { return false };
            (value, in_block) = (tail, true);
        }
    }

    fn module_variable(
        &mut self,
        name: Name,
        ty: Option<TypeExprId>,
        value: ast::ExprId,
        span: Span,
    ) -> ExprId {
        if let Some(
            Def::Func(_) | Def::Struct(_) | Def::Enum(_) | Def::Alias(_) | Def::Module(_) | Def::Const(_),
        ) = self.peek_own(name.symbol)
        {
            let text = self.text(name.symbol);
            self.error(name.span, "declared-twice", format!("`{text}` is declared twice"))
                .help("give the variable another name");
        }
        let text = self.text(name.symbol).to_owned();
        let ty = ty.map(|ty| self.resolve_type(ty));
        if let Some(function) = self.self_reference(name, value) {
            let ty = ty.unwrap_or_else(|| self.hir.types.fresh());
            let global = self.new_global(text, ty, Variable::default());
            self.declare(name, Def::Global(global));
            let node = self.closure_named(function, self.ast[value].span, Want::Type(ty), Some(ty));
            let node = self.coerce(node, ty);
            return self.define_global(global, node, span);
        }
        let node = self.expr(value, ty.map_or(Want::Any, Want::Type));
        let ty = self.bound_type(ty, node, name);
        let global = self.new_global(text, ty, Variable::default());
        self.declare(name, Def::Global(global));
        self.define_global(global, node, span)
    }

    fn define_global(&mut self, global: GlobalId, value: ExprId, span: Span) -> ExprId {
        let node = self.emit(ExprKind::SetGlobal(global, value), Types::UNIT, span);
        self.definitions.push((global, node));
        node
    }

    /// The closure that a binding gives a name by which it may call itself: one that nothing else has.
    fn self_reference(&self, name: Name, value: ast::ExprId) -> Option<ast::FnId> {
        match self.ast[value].kind {
            ast::ExprKind::Closure(function)
                if name.symbol != sym::UNDERSCORE && self.peek_own(name.symbol).is_none() =>
            {
                Some(function)
            }
            _ => None,
        }
    }

    /// `x := value`.
    #[inline(never)]
    fn let_stmt(&mut self, name: Name, ty: Option<TypeExprId>, value: ast::ExprId, span: Span) -> ExprId {
        let ty = ty.map(|ty| self.resolve_type(ty));
        if let Some(function) = self.self_reference(name, value) {
            return self.let_closure(name, ty, function, value, span);
        }
        self.warn_shadowing(name, value, span);
        let node = self.expr(value, ty.map_or(Want::Any, Want::Type));
        if name.symbol == sym::UNDERSCORE {
            return node;
        }
        let ty = self.bound_type(ty, node, name);
        let local = self.declare_local(name, ty);
        if self.ty_of(node) == Types::NEVER {
            return node;
        }
        self.emit(ExprKind::Let(local, Some(node)), Types::UNIT, span)
    }

    /// `f := fn(…) { … f(…) … }`: the variable is there before the closure, if the closure uses it.
    fn let_closure(
        &mut self,
        name: Name,
        ty: Option<Ty>,
        function: ast::FnId,
        value: ast::ExprId,
        span: Span,
    ) -> ExprId {
        let ty = ty.unwrap_or_else(|| self.hir.types.fresh());
        let local = self.declare_local(name, ty);
        let node = self.closure_named(function, self.ast[value].span, Want::Type(ty), Some(ty));
        let node = self.coerce(node, ty);
        let Some(variable) = self.variable(local).filter(|variable| variable.captured) else {
            return self.emit(ExprKind::Let(local, Some(node)), Types::UNIT, span);
        };
        variable.assigned = true;
        let before = self.emit(ExprKind::Let(local, None), Types::UNIT, span);
        let set = self.emit(ExprKind::SetLocal(local, node), Types::UNIT, span);
        self.emit(ExprKind::Block(smallvec![before, set], None), Types::UNIT, span)
    }

    /// The type of a new variable.
    fn bound_type(&mut self, written: Option<Ty>, node: ExprId, name: Name) -> Ty {
        let ty = written.unwrap_or_else(|| self.ty_of(node));
        if ty == Types::NEVER {
            return Types::UNIT;
        }
        if ty == Types::UNIT {
            let text = self.text(name.symbol);
            self.nothing_to_use(node, &format!("call `{text}`"));
            return Types::ERROR;
        }
        ty
    }

    /// `total := total + x` in a loop makes a new variable every time round, which nobody means.
    fn warn_shadowing(&mut self, name: Name, value: ast::ExprId, span: Span) {
        let Some(mark) = self.frames.last().and_then(|frame| frame.loops.last()).map(|inside| inside.mark)
        else {
            return;
        };
        let ast::ExprKind::Chain { first, rest, .. } = self.ast[value].kind else { return };
        let is_name = |id: ast::ExprId| self.as_name(id).is_some_and(|found| found.symbol == name.symbol);
        if !is_name(first) && !self.ast.list(rest).iter().any(|term| is_name(term.operand)) {
            return;
        }
        if let Some((at, entry)) = self.find_entry(name.symbol)
            && at < mark
            && matches!(entry.def, Def::Local(_) | Def::Global(_))
        {
            let text = self.text(name.symbol);
            let place = Span::new(span.start, self.ast[value].span.start);
            self.warning(
                name.span,
                "shadowed-in-loop",
                format!("this makes a new `{text}` in every round and leaves the outer one as it is"),
            )
            .help("assign to the outer variable with `=`")
            .fix(place, format!("{text} = "));
        }
    }

    /// The body of a loop, and whether a `break` leaves it.
    fn loop_body(&mut self, body: BlockId) -> (ExprId, bool) {
        let mark = self.mark();
        if let Some(frame) = self.frame() {
            frame.loops.push(Loop { left: false, mark });
        }
        let body = self.block(body, Want::Dropped);
        let ended = self.frame().and_then(|frame| frame.loops.pop());
        (body, ended.is_some_and(|ended| ended.left))
    }

    #[inline(never)]
    fn while_stmt(&mut self, condition: ast::ExprId, body: BlockId, span: Span) -> ExprId {
        if let ast::ExprKind::Bool(true) = self.ast[self.ast.without_parens(condition)].kind {
            return self.endless(body, span);
        }
        let mark = self.mark();
        let condition = self.condition(condition);
        let (body, _) = self.loop_body(body);
        self.leave(mark);
        self.emit(ExprKind::While(condition, body), Types::UNIT, span)
    }

    /// `loop { … }`. Without a `break` nothing comes after it.
    #[inline(never)]
    fn endless(&mut self, body: BlockId, span: Span) -> ExprId {
        let condition = self.emit(ExprKind::Bool(true), Types::BOOL, span);
        let (body, left) = self.loop_body(body);
        let ty = if left { Types::UNIT } else { Types::NEVER };
        self.emit(ExprKind::While(condition, body), ty, span)
    }

    #[inline(never)]
    fn for_stmt(
        &mut self,
        first: Name,
        second: Option<Name>,
        iterable: ast::ExprId,
        body: BlockId,
        span: Span,
    ) -> ExprId {
        let iterable = self.ast.without_parens(iterable);
        if let ast::ExprKind::Range { start, end, inclusive } = self.ast[iterable].kind {
            return self.for_range(first, second, (start, end, inclusive), body, span);
        }
        let node = self.infer(iterable, Want::Any);
        let ty = self.ty_of(node);
        let mark = self.mark();
        let (key, value, keyed) = match *self.kind(ty) {
            TyKind::Array(element) => (Types::INT, element, false),
            TyKind::Map(key, value) => (key, value, true),
            TyKind::Str => (Types::INT, Types::STR, false),
            TyKind::Any => (Types::ANY, Types::ANY, false),
            TyKind::Error | TyKind::Never => (Types::ERROR, Types::ERROR, false),
            _ => {
                self.not_iterable(node);
                (Types::ERROR, Types::ERROR, false)
            }
        };
        if keyed {
            let k = self.loop_variable(first, key);
            let v = second.map(|name| self.loop_variable(name, value));
            let (body, _) = self.loop_body(body);
            self.leave(mark);
            return self.emit(ExprKind::ForMap(k, v, node, body), Types::UNIT, span);
        }
        let (index, element) = match second {
            Some(second) => (Some(first), second),
            None => (None, first),
        };
        let index =
            index.filter(|name| name.symbol != sym::UNDERSCORE).map(|name| self.loop_variable(name, key));
        let element = self.loop_variable(element, value);
        let (body, _) = self.loop_body(body);
        self.leave(mark);
        let kind = match self.kind(ty) {
            TyKind::Str => ExprKind::ForStr(index, element, node, body),
            TyKind::Any => ExprKind::ForAny(index, element, node, body),
            _ => ExprKind::ForArray(index, element, node, body),
        };
        self.emit(kind, Types::UNIT, span)
    }

    fn loop_variable(&mut self, name: Name, ty: Ty) -> LocalId {
        self.declare_local(name, ty)
    }

    #[cold]
    #[inline(never)]
    fn not_iterable(&mut self, node: ExprId) {
        if self.missing_await(node, false) {
            return;
        }
        let (ty, span) = (self.ty_of(node), self.hir.expr(node).span);
        let (found, text) = (self.show(ty), self.operand_text(node));
        let is_int = matches!(self.kind(ty), TyKind::Int(_));
        let help = match self.kind(ty) {
            TyKind::Int(_) => "count with a range".to_owned(),
            TyKind::Tensor(_) => "count its indices: for i in 0..t.shape[0] { … t[i] … }".to_owned(),
            _ => self.receiver_help(ty, ""),
        };
        let report = self.error(span, "not-iterable", format!("`for` cannot go over `{found}`")).help(help);
        if is_int {
            report.fix(span, format!("0..{text}"));
        }
    }

    #[inline(never)]
    fn for_range(
        &mut self,
        variable: Name,
        second: Option<Name>,
        (start, end, inclusive): (ast::ExprId, ast::ExprId, bool),
        body: BlockId,
        span: Span,
    ) -> ExprId {
        if let Some(second) = second {
            self.error(second.span, "too-many-names", "a range has one variable").help("write for i in a..b");
        }
        let (start, end) = self.sides(start, end);
        let mut ty = self.ty_of(start);
        if self.is_open(ty) {
            self.unify(ty, Types::INT);
            ty = Types::INT;
        } else if !matches!(self.kind(ty), TyKind::Int(_) | TyKind::Error | TyKind::Never) {
            let (found, at) = (self.show(ty), self.hir.expr(start).span);
            self.error(at, "not-an-integer", format!("a range counts integers, not `{found}`"));
            ty = Types::ERROR;
        }
        let mark = self.mark();
        let local = self.loop_variable(variable, ty);
        if let Some(second) = second {
            self.loop_variable(second, Types::ERROR);
        }
        let (body, _) = self.loop_body(body);
        self.leave(mark);
        self.emit(ExprKind::ForRange(local, start, end, inclusive, body), Types::UNIT, span)
    }

    /// `break`, `continue`.
    pub(super) fn loop_exit(&mut self, is_break: bool, span: Span) -> ExprId {
        match self.frames.last_mut().and_then(|frame| frame.loops.last_mut()) {
            Some(inside) => inside.left |= is_break,
            None => {
                let word = if is_break { "break" } else { "continue" };
                self.error(span, "not-in-a-loop", format!("`{word}` stands outside of any loop"))
                    .help("`return` leaves a function or closure");
            }
        }
        let kind = if is_break { ExprKind::Break } else { ExprKind::Continue };
        self.emit(kind, Types::NEVER, span)
    }

    /// `return value`.
    #[inline(never)]
    pub(super) fn return_expr(&mut self, value: Option<ast::ExprId>, span: Span) -> ExprId {
        let ret = self.frames.last().map_or(Types::UNIT, |frame| frame.ret);
        let Some(value) = value else {
            if !self.unify(ret, Types::UNIT) {
                let wanted = self.show(ret);
                let help = match self.kind(ret) {
                    TyKind::Result(inner) if self.shallow(*inner) == Types::UNIT => "write return ok(())",
                    _ => "write return value",
                };
                self.error(
                    span,
                    "missing-value",
                    format!("this function returns `{wanted}`, so `return` needs a value"),
                )
                .help(help);
            }
            return self.emit(ExprKind::Return(None), Types::NEVER, span);
        };
        if self.shallow(ret) == Types::UNIT {
            return self.return_nothing(value, span);
        }
        let node = self.expr(value, Want::Type(ret));
        if self.ty_of(node) == Types::UNIT {
            return self.run_and_return(node, span);
        }
        self.emit(ExprKind::Return(Some(node)), Types::NEVER, span)
    }

    /// `return f()` where neither returns anything.
    fn return_nothing(&mut self, value: ast::ExprId, span: Span) -> ExprId {
        let node = self.infer(value, Want::Any);
        let ty = self.ty_of(node);
        if !matches!(self.kind(ty), TyKind::Unit | TyKind::Never | TyKind::Error) {
            let (found, at) = (self.show(ty), self.ast[value].span);
            let place = self.place_of_result();
            let help = match self.frames.last() {
                Some(frame) if frame.init => "statements outside a function return nothing".to_owned(),
                _ => format!("declare what it returns: fn f() -> {found}"),
            };
            self.error(at, "type-mismatch", format!("this function returns nothing, not `{found}`"))
                .help(help)
                .fix_with(place.unwrap_or(at), place.map(|_| format!(" -> {found}")));
        }
        self.run_and_return(node, span)
    }

    /// The same, if what a span covers is the last thing in a function other than `main`.
    pub(super) fn place_of_tail(&self, span: Span) -> Option<Span> {
        let func = self.frames.last()?.func;
        let function = self.hir.funcs.get(func.0 as usize)?;
        let rest = self.source(Span::new(span.end, function.span.end));
        if rest.trim() == "}" && function.name != "main" { self.place_of_result() } else { None }
    }

    /// Where the current function, if it is a declared one, would say what it returns: behind its parameters.
    fn place_of_result(&self) -> Option<Span> {
        let func = self.frames.last()?.func;
        let function = self.hir.funcs.get(func.0 as usize)?.span;
        let text = self.source(function);
        let mut depth = 0_u32;
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.checked_sub(1)?,
                b'{' => return None,
                _ => continue,
            }
            if byte == b')' && depth == 0 {
                let end = function.start + at as u32 + 1;
                return text.contains("fn ").then_some(Span::new(end, end));
            }
        }
        None
    }

    fn run_and_return(&mut self, node: ExprId, span: Span) -> ExprId {
        let exit = self.emit(ExprKind::Return(None), Types::NEVER, span);
        self.emit(ExprKind::Block(smallvec![node, exit], None), Types::NEVER, span)
    }

    /// A module variable is read or assigned here.
    pub(super) fn note_global_use(&mut self, global: GlobalId) {
        let in_init = self.frames.last().is_some_and(|frame| frame.init);
        if !in_init && let Some(known) = self.globals.get_mut(global.0 as usize) {
            known.captured = true;
        }
    }
}
