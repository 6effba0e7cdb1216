//! Expressions: operators, operands and what follows them.

use crate::ast::{Arg, ExprId, ExprKind, FnId, Level, List, Span, Term, UnaryOp};
use crate::lexer::T;

use super::layout::Piece;
use super::{Bars, Printer};

impl<'a> Printer<'a> {
    pub(super) fn expr(&mut self, id: ExprId) {
        let expr = self.ast[id];
        match expr.kind {
            ExprKind::Error => self.lost = true,
            ExprKind::Unit => {
                self.token(T::LParen);
                self.token(T::RParen);
            }
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Str(_)
            | ExprKind::Name(_)
            | ExprKind::Break
            | ExprKind::Continue => self.any(),
            ExprKind::Float(_) => {
                if self.at(T::Dot) {
                    // `.5`, as other implementations write it.
                    self.insert("0");
                    self.token(T::Dot);
                }
                self.any();
            }
            ExprKind::FString(_) => self.verbatim(expr.span),
            ExprKind::Paren(inner) => self.parens(inner),
            ExprKind::Array(elements) => self.array(elements),
            ExprKind::Repeat { value, count } => self.repeat(value, count),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Struct { path, fields } => self.struct_literal(path, fields),
            ExprKind::Chain { level, first, rest } => self.chain(level, first, rest),
            ExprKind::Unary { op, operand } => self.unary(op, operand, false),
            ExprKind::Cast { value, ty } => {
                self.expr(value);
                self.space();
                self.token(T::As);
                self.space();
                self.ty(ty);
            }
            ExprKind::Is { value, pattern } => {
                self.before_comparison(value);
                self.space();
                self.token(T::Ident);
                self.space();
                self.pattern(pattern);
            }
            ExprKind::Range { start, end, inclusive } => {
                self.expr(start);
                if self.at(T::Ident) {
                    self.space();
                    self.token(T::Ident); // `to`
                    self.space();
                } else {
                    self.token(if inclusive { T::DotDotEq } else { T::DotDot });
                }
                self.expr(end);
            }
            ExprKind::Call { .. }
            | ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Question(_) => self.postfix(id),
            ExprKind::Await(inner) | ExprKind::Spawn(inner) => {
                self.any();
                self.space();
                self.expr(inner);
            }
            ExprKind::If { arms, otherwise } => self.if_value(arms, otherwise),
            ExprKind::Match { value, arms } => self.match_value(value, arms),
            ExprKind::Block(block) => self.block_value(block),
            ExprKind::Try { body, name, handler } => self.try_value(body, name, handler),
            ExprKind::Closure(function) => self.closure(function),
            ExprKind::TensorType(element) => {
                self.token(T::Ident);
                self.token(T::Lt);
                self.ty(element);
                self.angle();
            }
            ExprKind::Soa { path, count } => {
                self.token(T::Ident);
                self.space();
                self.path(path);
                self.token(T::LBracket);
                self.expr(count);
                self.token(T::RBracket);
            }
            ExprKind::Return(value) => {
                self.token(T::Return);
                if let Some(value) = value {
                    self.space();
                    self.expr(value);
                }
            }
        }
    }

    fn parens(&mut self, inner: ExprId) {
        self.token(T::LParen);
        self.open();
        self.indent();
        self.separate(Piece::Soft);
        self.expr(inner);
        self.separate_closer(Piece::Soft, false);
        self.token(T::RParen);
        self.close();
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Operators

    /// Operators of one level. A line ends behind an operator, where it never ends the statement.
    fn chain(&mut self, level: Level, first: ExprId, rest: List<Term>) {
        let place = if level == Level::Arithmetic { Piece::Fill } else { Piece::Line };
        self.open();
        if level == Level::Comparison {
            self.before_comparison(first);
        } else {
            self.expr(first);
        }
        self.indent();
        for term in self.ast.list(rest) {
            self.space();
            self.instead(term.op.text());
            self.separate(place);
            self.expr(term.operand);
        }
        self.dedent();
        self.close();
    }

    /// The left side of a comparison, where `not` is warned about: it stays, and with it the warning.
    fn before_comparison(&mut self, id: ExprId) {
        match self.ast[id].kind {
            ExprKind::Unary { op, operand } => self.unary(op, operand, true),
            _ => self.expr(id),
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: ExprId, keeps_word: bool) {
        match op {
            UnaryOp::Not if self.at(T::Not) && keeps_word => {
                self.any();
                self.space();
            }
            UnaryOp::Not => self.instead("!"),
            UnaryOp::Neg => self.token(T::Minus),
            UnaryOp::BitNot => self.token(T::Tilde),
        }
        self.expr(operand);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What follows an operand

    /// A value with calls, fields and indices after it. When several methods are called and they do not fit, each
    /// begins a line.
    fn postfix(&mut self, id: ExprId) {
        let mut links = Vec::new();
        let mut head = id;
        while let Some(base) = self.base(head) {
            links.push(head);
            head = base;
        }
        links.reverse();
        let is_call =
            |at: usize| links.get(at).is_some_and(|&id| matches!(self.ast[id].kind, ExprKind::Call { .. }));
        let is_method = |at: usize| {
            links.get(at).is_some_and(|&id| matches!(self.ast[id].kind, ExprKind::Field { .. }))
                && is_call(at + 1)
        };
        let methods: Vec<bool> = (0..links.len()).map(is_method).collect();
        let several = methods.iter().filter(|method| **method).count() > 1;
        let short_head = matches!(self.ast[head].kind, ExprKind::Name(_));
        let last_args = if several && is_call(links.len() - 1) { links.len() - 1 } else { links.len() };
        if several {
            self.open();
        }
        let start_breaks = self.breaks;
        self.expr(head);
        if several {
            self.indent();
        }
        let mut before_last = None;
        for (at, (&link, &method)) in links.iter().zip(&methods).enumerate() {
            if several && method && !(short_head && at == 0) {
                self.separate(Piece::Soft);
            }
            if at == last_args {
                before_last = Some((self.pieces.len(), self.breaks));
                self.push(Piece::Nothing);
                self.push(Piece::Nothing);
            }
            self.link(link);
        }
        if several {
            let end = self.pieces.len();
            self.dedent();
            self.close();
            // If nothing but the last arguments takes several lines, the calls before may still share one.
            if let Some((place, breaks)) = before_last
                && breaks == start_breaks
                && self.breaks > breaks
            {
                self.pieces.swap(place, end);
                self.pieces.swap(place + 1, end + 1);
            }
        }
    }

    /// What a suffix belongs to.
    fn base(&self, id: ExprId) -> Option<ExprId> {
        match self.ast[id].kind {
            ExprKind::Call { callee: base, .. }
            | ExprKind::Field { base, .. }
            | ExprKind::Index { base, .. }
            | ExprKind::Slice { base, .. }
            | ExprKind::Question(base) => Some(base),
            _ => None,
        }
    }

    fn link(&mut self, id: ExprId) {
        let expr = self.ast[id];
        match expr.kind {
            ExprKind::Call { args, .. } => self.args(args, expr.span),
            ExprKind::Field { .. } => {
                self.token(T::Dot);
                self.any();
            }
            ExprKind::Index { indices, .. } => {
                let indices = self.ast.list(indices);
                self.list(T::LBracket, T::RBracket, Piece::Soft, Piece::Line, indices.len(), |p, at| {
                    if let Some(&index) = indices.get(at) {
                        p.expr(index);
                    }
                });
            }
            ExprKind::Slice { start, end, inclusive, .. } => {
                self.token(T::LBracket);
                if let Some(start) = start {
                    self.expr(start);
                }
                if inclusive {
                    self.token(T::DotDotEq);
                } else {
                    self.instead(":");
                }
                if let Some(end) = end {
                    self.expr(end);
                }
                self.token(T::RBracket);
            }
            _ => self.token(T::Question),
        }
    }

    fn args(&mut self, args: List<Arg>, call: Span) {
        let args = self.ast.list(args);
        let element = |p: &mut Self, at: usize| {
            let Some(arg) = args.get(at) else { return };
            if arg.name.is_some() {
                p.any();
                p.token(T::Colon);
                p.space();
            }
            p.expr(arg.value);
        };
        if self.hugs(args, call) {
            self.hugged(T::LParen, T::RParen, args.len(), element);
        } else {
            self.bracketed(T::LParen, T::RParen, args.len(), element);
        }
    }

    /// Whether the last argument has brackets or a body of its own that can take the lines, and the others are short.
    fn hugs(&self, args: &[Arg], call: Span) -> bool {
        let Some((last, others)) = args.split_last() else { return false };
        let value = self.ast[last.value];
        let brackets = matches!(
            value.kind,
            ExprKind::Closure(_) | ExprKind::Array(_) | ExprKind::Map(_) | ExprKind::Struct { .. }
        );
        brackets
            && others.iter().all(|arg| self.is_short(arg.value))
            && !self.has_comment_in(Span::new(self.next().start, value.span.start))
            && !self.has_comment_in(Span::new(value.span.end, call.end))
    }

    /// Whether it is a name or a literal of no great length, or a field of such.
    fn is_short(&self, id: ExprId) -> bool {
        let expr = self.ast[id];
        match expr.kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Name(_)
            | ExprKind::Str(_)
            | ExprKind::FString(_) => {
                expr.span.end - expr.span.start <= 40 && !expr.span.text(self.source).contains('\n')
            }
            ExprKind::Unary { operand: inner, .. } | ExprKind::Field { base: inner, .. } => {
                self.is_short(inner)
            }
            _ => false,
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Closures

    fn closure(&mut self, id: FnId) {
        let function = self.ast[id];
        let Some(body) = function.body else { return self.lost = true };
        if self.optional(T::Async) {
            self.space();
        }
        let bars = !self.at(T::Fn);
        // In braces line ends would count again, and with them those of comments.
        let kept = bars && (self.bars == Bars::Kept || self.has_comment_in(function.span));
        let params = self.ast.list(function.params);
        if kept && self.at(T::PipePipe) {
            self.end_statement_before_bars();
            self.token(T::PipePipe);
        } else if self.at(T::PipePipe) {
            self.instead("fn()");
        } else if kept {
            self.hugged(T::Pipe, T::Pipe, params.len(), |p, at| p.param(params, at));
        } else {
            if bars {
                self.insert("fn");
            } else {
                self.token(T::Fn);
            }
            self.params(params);
        }
        if let Some(result) = function.result {
            self.result(result);
        }
        self.space();
        if kept && !self.ast[body].braced {
            self.bare_body(body);
        } else {
            self.short_block(body);
        }
    }
}
