//! Expressions: the way from a node of the tree to its checked form, names, blocks and branches.

use smallvec::{SmallVec, smallvec};

use super::consts::Constant;
use super::infer::{Join, Want};
use super::scope::Def;
use super::{Checker, builtin, foreign};
use crate::ast::{self, BlockId, IfArm, List, Name, Span, StmtKind, Symbol};
use crate::hir::{Arm, Asked, ExprId, ExprKind, Exprs, LocalId, Pat, PatId, PatKind};
use crate::types::{Ty, TyKind, Types};

/// An `else if` chain longer than this becomes a flat match, so that no pass recurses over its length.
const LONG_CHAIN: usize = 32;

impl<'a> Checker<'a> {
    /// Checks an expression and fits it to what its place wants.
    pub(super) fn expr(&mut self, id: ast::ExprId, want: Want) -> ExprId {
        let node = match want {
            Want::Dropped => self.effect(id),
            _ => self.infer(id, want),
        };
        match want {
            Want::Any => node,
            Want::Type(ty) => self.coerce(node, ty),
            Want::Dropped => match self.ty_of(node) {
                Types::UNIT | Types::NEVER | Types::ERROR => node,
                _ => {
                    let span = self.hir.expr(node).span;
                    self.emit(ExprKind::Block(smallvec![node], None), Types::UNIT, span)
                }
            },
        }
    }

    /// Checks an expression whose value is dropped.
    pub(super) fn effect(&mut self, id: ast::ExprId) -> ExprId {
        let node = self.infer(id, Want::Dropped);
        self.check_dropped(id, node);
        node
    }

    /// Checks an expression. The wanted type is a hint; the caller fits the result to it.
    pub(super) fn infer(&mut self, id: ast::ExprId, want: Want) -> ExprId {
        let ast::Expr { kind, span } = self.ast[id];
        match kind {
            ast::ExprKind::Name(symbol) => self.name(symbol, span, want),
            _ => self.infer_kind(id, kind, span, want),
        }
    }

    /// [`Checker::infer`] for what is no name.
    #[inline(never)]
    fn infer_kind(&mut self, id: ast::ExprId, kind: ast::ExprKind, span: Span, want: Want) -> ExprId {
        use ast::ExprKind as K;
        match kind {
            K::Error => self.broken(span),
            K::Unit => self.emit(ExprKind::Unit, Types::UNIT, span),
            K::None => self.none(span, want),
            K::Bool(value) => self.emit(ExprKind::Bool(value), Types::BOOL, span),
            K::Int(value) => self.int_literal(value, false, span, want),
            K::Float(value) => self.float_literal(value, span, want),
            K::Str(text) => self.string_literal(text, span),
            K::FString(parts) => self.f_string(parts, span),
            K::Name(symbol) => self.name(symbol, span, want),
            K::Paren(inner) => self.infer(inner, want),
            K::Array(elements) => self.array_literal(elements, span, want),
            K::Repeat { value, count } => self.array_fill(value, count, span, want),
            K::Map(entries) => self.map_literal(entries, span, want),
            K::Struct { path, fields } => self.struct_literal(path, fields, span),
            K::Chain { level: ast::Level::Arithmetic, first, rest } => {
                self.arithmetic(first, rest, span, want)
            }
            K::Chain { level: ast::Level::Comparison, first, rest } => self.comparison(first, rest, span),
            K::Chain { level: ast::Level::Logic, .. } | K::Is { .. } => {
                let mark = self.mark();
                let node = self.condition(id);
                self.leave(mark);
                node
            }
            K::Unary { op, operand } => self.unary(op, operand, span, want),
            K::Cast { .. }
            | K::Call { .. }
            | K::Field { .. }
            | K::Index { .. }
            | K::Slice { .. }
            | K::Await(_) => self.partial(id, want),
            K::Range { start, end, .. } => self.range_value(span, [start, end]),
            K::Question(value) => self.question(value, span),
            K::Spawn(value) => self.spawned(value, span),
            K::If { arms, otherwise } => self.if_expr(arms, otherwise, span, want),
            K::Match { value, arms } => self.match_expr(value, arms, span, want),
            K::Block(block) => self.block(block, want),
            K::Try { body, name, handler } => self.try_expr(body, name, handler, span, want),
            K::Closure(function) => self.closure(function, span, want),
            K::TensorType(element) => self.tensor_type_as_value(element, span),
            K::Soa { path, count } => self.soa(self.ast.list(path), count, span),
            K::Return(value) => self.return_expr(value, span),
            K::Break | K::Continue => self.loop_exit(matches!(kind, K::Break), span),
        }
    }

    fn none(&mut self, span: Span, want: Want) -> ExprId {
        let ty = match want.ty().map(|ty| self.shallow(ty)) {
            Some(ty) if ty == Types::ANY || matches!(self.kind(ty), TyKind::Option(_)) => ty,
            _ => {
                let inner = self.hir.types.fresh();
                self.option_of(inner, span)
            }
        };
        self.emit(ExprKind::None, ty, span)
    }

    #[cold]
    #[inline(never)]
    fn range_value(&mut self, span: Span, ends: [ast::ExprId; 2]) -> ExprId {
        let [start, end] = ends.map(|id| self.ast[id]);
        let is_text = |end: &ast::Expr| matches!(end.kind, ast::ExprKind::Str(_) | ast::ExprKind::FString(_));
        let report = self.error(span, "range-value", "a range is not a value of its own");
        if is_text(&start) || is_text(&end) {
            report.help("`+` joins strings").fix(Span::new(start.span.end, end.span.start), " + ");
        } else {
            report.help(
                "ranges stand in `for i in a..b`, in slices `xs[a..b]` and in patterns; an array of its numbers is \
                 filled in a loop: `xs := []; for i in a..b { xs.push(i) }`",
            );
        }
        self.broken(span)
    }

    /// Reports a dropped value that the author cannot have meant to drop.
    fn check_dropped(&mut self, id: ast::ExprId, node: ExprId) {
        let ty = self.ty_of(node);
        match self.kind(ty) {
            TyKind::Unit | TyKind::Never | TyKind::Error => {}
            TyKind::Result(_) => self.dropped_result(node),
            TyKind::Future(_) => self.dropped_future(node),
            _ => {
                use ast::ExprKind as K;
                let kind = self.ast[self.ast.without_parens(id)].kind;
                if !matches!(kind, K::Call { .. } | K::Question(_) | K::Await(_) | K::Spawn(_)) {
                    self.dropped_value(id, kind, ty);
                }
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn dropped_result(&mut self, node: ExprId) {
        let span = self.hir.expr(node).span;
        self.error(span, "unused-result", "this `Result` is dropped, and a failure with it")
            .help("pass a failure on with `?`, or handle it with match or `.unwrap_or(…)`")
            .fix(span.after(), "?");
    }

    #[cold]
    #[inline(never)]
    fn dropped_value(&mut self, id: ast::ExprId, kind: ast::ExprKind, ty: Ty) {
        let span = self.ast[id].span;
        let text = self.source(span);
        if matches!(self.kind(ty), TyKind::Fn(..))
            && matches!(kind, ast::ExprKind::Name(_) | ast::ExprKind::Field { .. })
        {
            self.error(span, "unused-value", format!("`{text}` is not called here"))
                .help("a call has parentheses")
                .fix(span.after(), "()");
            return;
        }
        let help = match kind {
            ast::ExprKind::Unary { op: ast::UnaryOp::Neg, .. } => {
                "to go on with the line before, end that line with `-` instead"
            }
            ast::ExprKind::Chain { level: ast::Level::Comparison, .. } if text.contains("==") => {
                "assignment is written with a single `=`"
            }
            _ => "give it a name, return it, or write `_ = …` to drop it",
        };
        if let Some(place) = self.place_of_tail(span) {
            let found = self.show(ty);
            self.error(span, "unused-value", "this function returns nothing, so its last value is dropped")
                .help("to return it, declare what the function returns")
                .fix(place, format!(" -> {found}"));
            return;
        }
        self.error(span, "unused-value", "this value is computed and dropped").help(help);
    }

    /// A boolean whose `is` patterns stay bound for what it guards: names are in scope after it where it holds.
    pub(super) fn condition(&mut self, id: ast::ExprId) -> ExprId {
        match self.ast[id].kind {
            ast::ExprKind::Paren(inner) => self.condition(inner),
            ast::ExprKind::Is { value, pattern } => self.is_expr(value, pattern, self.ast[id].span),
            ast::ExprKind::Chain { level: ast::Level::Logic, first, rest } => {
                self.logic(first, rest, self.ast[id].span)
            }
            _ => {
                let node = self.infer(id, Want::Type(Types::BOOL));
                self.boolean(node)
            }
        }
    }

    /// A name used as a value.
    pub(super) fn name(&mut self, symbol: Symbol, span: Span, want: Want) -> ExprId {
        match self.lookup(Name { symbol, span }) {
            Some(Def::Local(local)) => self.emit(ExprKind::Local(local), self.local_ty(local), span),
            Some(def) => self.def_value(def, symbol, span),
            None => self.unknown_name(symbol, span, want),
        }
    }

    /// A definition used as a value.
    #[inline(never)]
    pub(super) fn def_value(&mut self, def: Def, symbol: Symbol, span: Span) -> ExprId {
        match def {
            Def::Local(local) | Def::Caught(local, _) => {
                self.emit(ExprKind::Local(local), self.local_ty(local), span)
            }
            Def::Global(global) => {
                let ty = self.hir.globals.get(global.0 as usize).map_or(Types::ERROR, |global| global.ty);
                self.note_global_use(global);
                self.emit(ExprKind::Global(global), ty, span)
            }
            Def::Const(number) => match self.const_value(number, span) {
                Constant::Known(value, ty) => self.constant(value, ty, span),
                Constant::Variable(global) => self.def_value(Def::Global(global), symbol, span),
                Constant::Broken => self.broken(span),
            },
            Def::Func(func) => {
                let Some(signature) = self.signatures.get(func.0 as usize) else { return self.broken(span) };
                let ret = signature.future.unwrap_or(signature.ret);
                let kind = TyKind::Fn(signature.params.iter().map(|param| param.ty).collect(), ret);
                let ty = self.make(kind, span);
                self.emit(ExprKind::FuncValue(func), ty, span)
            }
            Def::Struct(_) | Def::Enum(_) | Def::Alias(_) | Def::Module(_) => {
                self.not_a_value(def, symbol, span)
            }
            Def::Broken => self.broken(span),
        }
    }

    #[cold]
    #[inline(never)]
    fn not_a_value(&mut self, def: Def, symbol: Symbol, span: Span) -> ExprId {
        let text = self.text(symbol);
        let (what, help) = match def {
            Def::Struct(_) => ("a struct", format!("make a value with {text} {{ field: value }}")),
            Def::Enum(_) => ("an enum", format!("a value is one of its variants: {text}.Variant")),
            Def::Module(_) => ("a module", format!("use something of it: {text}.name")),
            _ => ("a type", "types stand after `:`, `->` and `as`".to_owned()),
        };
        self.error(span, "not-a-value", format!("`{text}` is {what}, not a value")).help(help);
        self.broken(span)
    }

    #[cold]
    #[inline(never)]
    fn unknown_name(&mut self, symbol: Symbol, span: Span, want: Want) -> ExprId {
        let text = self.text(symbol);
        if let Some(value) = builtin::constant(text) {
            return self.emit(ExprKind::Float(value), Types::FLOAT, span);
        }
        if self.is_lost(symbol) {
            return self.broken(span);
        }
        if self.is_out_of_reach(symbol) {
            self.error(
                span,
                "out-of-reach",
                format!("`{text}` belongs to the enclosing function; a nested `fn` cannot use it"),
            )
            .help("a closure can: name := fn(…) { … }; or pass it as a parameter");
        } else if builtin::is_function(text) {
            let params = match want.ty().map(|ty| self.kind(ty)) {
                Some(TyKind::Fn(params, _)) if params.len() == 2 => Some("a, b"),
                Some(TyKind::Fn(..)) => Some("x"),
                _ => None,
            };
            let write = params.map(|params| format!("fn({params}) {{ {text}({params}) }}"));
            let help = match text {
                _ if write.is_some() => "wrap it in a function".to_owned(),
                "ok" | "err" => "a result is told apart by `match`, `is ok(v)` and `is err(e)`".to_owned(),
                "int" | "float" | "str" | "string" | "bool" => {
                    format!("a value is converted with `x as {text}`, a type stands after `:` and `->`")
                }
                _ => format!("to call it, write `{text}(…)`"),
            };
            self.error(span, "not-a-value", format!("the built-in `{text}` is not a value"))
                .help(help)
                .fix_with(span, write);
        } else if let Some(ours) = foreign::name(text) {
            let report = self.error(span, "unknown-name", format!("there is no `{text}`")).help(ours.help);
            if let Some(fix) = ours.write {
                report.fix(span, fix);
            }
        } else if let Some(owner) = self.owner_of_variant(text) {
            self.error(span, "unknown-name", format!("there is no variable `{text}`"))
                .help(format!("a variant is written with its enum: {owner}.{text}"))
                .fix(span, format!("{owner}.{text}"));
        } else {
            let near = self.nearest(text, self.visible().map(|(name, _)| name));
            let report = self.error(span, "unknown-name", format!("there is no variable `{text}`"));
            match near {
                _ if text == "_" => report.help("`_` stands for what is not used: it has no value"),
                Some(near) => report.help(format!("did you mean `{near}`?")).fix(span, near),
                None => report.help(format!("a variable is made with `{text} := …`")),
            };
        }
        self.broken(span)
    }

    /// A block. Its names end with it.
    #[inline(never)]
    pub(super) fn block(&mut self, id: BlockId, want: Want) -> ExprId {
        let block = self.ast[id];
        let want = match want {
            Want::Type(ty) if self.shallow(ty) == Types::UNIT => Want::Dropped,
            want => want,
        };
        let mark = self.mark();
        let stmts = self.ast.list(block.stmts);
        self.declare_local_items(stmts);
        let mut nodes = Exprs::with_capacity(stmts.len() + usize::from(block.tail.is_some()));
        let mut ends = true;
        let due = matches!(want, Want::Type(_)) && block.tail.is_none();
        for (at, &stmt) in stmts.iter().enumerate() {
            if !ends {
                self.unreachable_code(self.ast[stmt].span);
            }
            let node = match self.ast[stmt].kind {
                // The value that is due may be here, before a `;` too many.
                StmtKind::Expr(value) if due && at + 1 == stmts.len() => {
                    Some(self.infer(value, Want::Dropped))
                }
                _ => self.stmt(stmt),
            };
            if let Some(node) = node {
                ends &= self.ty_of(node) != Types::NEVER;
                nodes.push(node);
            }
        }
        let mut ty = Types::UNIT;
        let tail = match (block.tail, want) {
            (Some(tail), Want::Dropped) => {
                let node = self.effect(tail);
                ends &= self.ty_of(node) != Types::NEVER;
                nodes.push(node);
                None
            }
            (Some(tail), want) => {
                let node = self.expr(tail, want);
                ty = self.ty_of(node);
                Some(node)
            }
            (None, Want::Type(wanted)) if ends => {
                ty = self.no_tail(block, wanted, nodes.last().copied());
                None
            }
            _ => None,
        };
        self.leave(mark);
        let ty = if ends { ty } else { Types::NEVER };
        self.emit(ExprKind::Block(nodes, tail), ty, block.span)
    }

    fn declare_local_items(&mut self, stmts: &[ast::StmtId]) {
        let item = |&stmt: &ast::StmtId| match self.ast[stmt].kind {
            StmtKind::Item(item) => Some(item),
            _ => None,
        };
        if stmts.iter().any(|stmt| item(stmt).is_some()) {
            let items: Vec<ast::ItemId> = stmts.iter().filter_map(item).collect();
            self.declare_items(&items);
            self.check_defaults(&items);
        }
    }

    #[cold]
    #[inline(never)]
    fn unreachable_code(&mut self, span: Span) {
        self.warning(span, "unreachable-code", "this is never reached");
    }

    /// A block that should have a value and has none.
    #[cold]
    #[inline(never)]
    fn no_tail(&mut self, block: ast::Block, wanted: Ty, last: Option<ExprId>) -> Ty {
        let stmt = self.ast.list(block.stmts).last().map(|&stmt| self.ast[stmt]);
        let value = match (stmt.map(|stmt| stmt.kind), last) {
            (Some(StmtKind::Expr(value)), Some(node)) => Some((value, node)),
            _ => None,
        };
        let ty = value.map_or(Types::UNIT, |(_, node)| self.ty_of(node));
        if ty == Types::ERROR {
            return Types::ERROR;
        }
        let place = stmt.map_or(block.span, |stmt| stmt.span);
        if self.is_open(wanted) {
            if let Some((value, node)) = value {
                self.check_dropped(value, node);
            }
            self.unify(wanted, Types::UNIT);
            return Types::UNIT;
        }
        let wanted_name = self.show(wanted);
        let semicolon = self.semicolon_after(place).filter(|_| ty != Types::UNIT && self.unify(ty, wanted));
        let is_result =
            matches!(self.kind(wanted), TyKind::Result(inner) if self.shallow(*inner) == Types::UNIT);
        let help = if is_result {
            "end with ok(())".to_owned()
        } else if semicolon.is_some() {
            "the value of a block is its last expression, without `;`".to_owned()
        } else {
            "end with an expression, or with `return value`".to_owned()
        };
        let message = format!("this block ends without a value where `{wanted_name}` is due");
        let fix = semicolon.map(|_| "");
        self.error(place, "missing-value", message).help(help).fix_with(semicolon.unwrap_or(place), fix);
        Types::ERROR
    }

    /// Where the `;` after a statement stands.
    fn semicolon_after(&self, stmt: Span) -> Option<Span> {
        let rest = self.source.get(stmt.end as usize..)?;
        let gap = rest.len() - rest.trim_start().len();
        let at = stmt.end + gap as u32;
        rest.trim_start().starts_with(';').then(|| Span::new(at, at + 1))
    }

    #[inline(never)]
    fn if_expr(&mut self, arms: List<IfArm>, otherwise: Option<BlockId>, span: Span, want: Want) -> ExprId {
        let arms = self.ast.list(arms);
        let inner = match (otherwise, want) {
            (Some(_), want) => want,
            // An `else` is missing, or the value was never meant: then the branches say nothing more.
            (None, Want::Type(ty)) if self.shallow(ty) != Types::UNIT => Want::Any,
            (None, Want::Any) => Want::Any,
            (None, _) => Want::Dropped,
        };
        let mut join = Join::new(inner);
        let mut checked: SmallVec<[(ExprId, ExprId); 4]> = SmallVec::new();
        for arm in arms {
            let mark = self.mark();
            let condition = self.condition(arm.condition);
            let body = self.branch(arm.body, &mut join);
            self.leave(mark);
            checked.push((condition, body));
        }
        let last = otherwise.map(|block| self.branch(block, &mut join));
        let ty = match otherwise {
            Some(_) => join.ty(),
            None => self.if_without_else(span, want, join.ty()),
        };
        if checked.len() > LONG_CHAIN {
            return self.flat_chain(checked, last, ty, span);
        }
        let mut rest = last;
        while let Some((condition, body)) = checked.pop() {
            rest = Some(self.emit(ExprKind::If(condition, body, rest), ty, span));
        }
        rest.unwrap_or_else(|| self.broken(span))
    }

    /// A block that is one of several; all of them give the same type.
    fn branch(&mut self, block: BlockId, join: &mut Join) -> ExprId {
        let want = join.want();
        let mut node = self.block(block, want);
        if let Want::Type(ty) = want {
            node = self.coerce(node, ty);
        }
        join.add(self.ty_of(node));
        node
    }

    /// The type of an `if` that has no `else`: nothing.
    fn if_without_else(&mut self, span: Span, want: Want, found: Ty) -> Ty {
        let wanted = match want {
            Want::Type(ty) if !self.unify(ty, Types::UNIT) => Some(ty),
            Want::Any if !matches!(self.kind(found), TyKind::Unit | TyKind::Never) => Some(found),
            _ => None,
        };
        if let Some(ty) = wanted {
            let wanted = self.show(ty);
            self.error(
                span,
                "missing-else",
                format!("this `if` has no `else`, so it cannot give the `{wanted}` that is due"),
            )
            .help("add else { … }, or a value after the `if`");
            return Types::ERROR;
        }
        Types::UNIT
    }

    /// A long `else if` chain as a match whose arms have only guards.
    fn flat_chain(
        &mut self,
        arms: SmallVec<[(ExprId, ExprId); 4]>,
        last: Option<ExprId>,
        ty: Ty,
        span: Span,
    ) -> ExprId {
        let subject = self.emit(ExprKind::Bool(true), Types::BOOL, span);
        let pat = PatId(self.hir.pats.len() as u32);
        self.hir.pats.push(Pat { kind: PatKind::Wild, ty: Types::BOOL, span });
        let mut list: Vec<Arm> =
            arms.into_iter().map(|(condition, body)| Arm { pat, guard: Some(condition), body }).collect();
        let body = last.unwrap_or_else(|| self.emit(ExprKind::Block(Exprs::new(), None), Types::UNIT, span));
        list.push(Arm { pat, guard: None, body });
        self.emit(ExprKind::Match(subject, list), ty, span)
    }

    #[inline(never)]
    fn try_expr(
        &mut self,
        body: BlockId,
        name: Option<Name>,
        handler: BlockId,
        span: Span,
        want: Want,
    ) -> ExprId {
        let mut join = Join::new(want);
        if let Some(frame) = self.frame() {
            frame.tries += 1;
        }
        let body = self.branch(body, &mut join);
        if let Some(frame) = self.frame() {
            frame.tries -= 1;
        }
        let (message, kind): (LocalId, LocalId) = (self.new_local(Types::STR), self.new_local(Types::STR));
        let mark = self.mark();
        if let Some(name) = name {
            self.declare(name, Def::Caught(message, kind));
        }
        let handler = self.branch(handler, &mut join);
        self.leave(mark);
        self.emit(ExprKind::TryCatch(body, message, kind, handler), join.ty(), span)
    }

    /// An expression that may have a value or not, by what its place wants; see [`super::partial`].
    #[inline(never)]
    fn partial(&mut self, id: ast::ExprId, want: Want) -> ExprId {
        let asked = self.wants_asking(want);
        let node = self.operation(id, asked, want);
        match asked {
            Asked::Yes => self.as_wanted(node, want),
            Asked::No => node,
        }
    }
}
