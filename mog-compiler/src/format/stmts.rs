//! Statements.

use crate::ast::{BinaryOp, ExprId, ExprKind, Name, Span, StmtId, StmtKind, TypeExprId, sym};
use crate::lexer::T;

use super::Printer;
use super::layout::Piece;

impl Printer<'_> {
    /// A statement without its end.
    pub(super) fn statement(&mut self, id: StmtId) {
        match self.ast[id].kind {
            StmtKind::Error => self.lost = true,
            StmtKind::Let { name, ty, value } => self.let_statement(name, ty, value),
            StmtKind::Const { ty, value, .. } => {
                self.token(T::Const);
                self.space();
                self.binding(ty, value, "=");
            }
            StmtKind::Assign { target, op, value } => {
                self.expr(target);
                self.space();
                self.instead(assignment(op));
                self.space();
                self.expr(value);
            }
            StmtKind::Expr(value) => self.value_in_lines(value, true),
            StmtKind::While { condition, body } => {
                self.instead("while");
                self.space();
                self.head(condition);
                self.space();
                self.block(body, true);
            }
            StmtKind::Loop(body) => {
                self.instead("loop");
                self.space();
                self.block(body, true);
            }
            StmtKind::For { second, iterable, body, .. } => {
                self.for_head(second, iterable);
                self.space();
                self.block(body, true);
            }
            StmtKind::Item(item) => self.item(item),
        }
    }

    fn let_statement(&mut self, name: Name, ty: Option<TypeExprId>, value: ExprId) {
        if name.symbol == sym::UNDERSCORE && ty.is_none() {
            self.skip_if(T::Let);
            return self.binding(ty, value, "=");
        }
        if !self.optional(T::Let) {
            self.insert("let");
        }
        self.space();
        self.binding(ty, value, if ty.is_some() { "=" } else { ":=" });
    }

    /// A name, its type and its value.
    fn binding(&mut self, ty: Option<TypeExprId>, value: ExprId, sign: &'static str) {
        self.any();
        if let Some(ty) = ty {
            self.token(T::Colon);
            self.space();
            self.ty(ty);
        }
        self.space();
        self.instead(sign);
        self.space();
        self.expr(value);
    }

    fn for_head(&mut self, second: Option<Name>, iterable: ExprId) {
        self.token(T::For);
        self.space();
        let value = self.ast[iterable];
        let parens = self.at(T::LParen);
        let closer = self.token_after(value.span.end);
        let bare = parens && self.is_bare_in_head(Span::new(self.next().start, closer.end));
        if bare {
            self.skip(T::LParen);
        } else if parens {
            self.token(T::LParen);
        }
        self.any();
        if second.is_some() {
            self.token(T::Comma);
            self.space();
            self.any();
        }
        self.space();
        self.instead(if second.is_none() && self.counts_to(iterable) { ":=" } else { "in" });
        self.space();
        self.head(iterable);
        if bare {
            self.skip(T::RParen);
        } else if parens {
            self.token(T::RParen);
        }
    }

    /// Whether it is `a to b`.
    fn counts_to(&self, id: ExprId) -> bool {
        let ExprKind::Range { start, .. } = self.ast[id].kind else { return false };
        self.token_after(self.ast[start].span.end).kind == T::Ident
    }

    /// Whether it is an expression that could be its block's value.
    pub(super) fn has_value(&self, id: StmtId) -> bool {
        match self.ast[id].kind {
            StmtKind::Expr(value) => {
                !matches!(self.ast[value].kind, ExprKind::Return(_) | ExprKind::Break | ExprKind::Continue)
            }
            _ => false,
        }
    }

    /// What is between two statements: a semicolon only if it `matters` after the first, or the line end would not do.
    pub(super) fn statement_end(&mut self, matters: bool) {
        if !self.at(T::Semi) {
            return;
        }
        self.comments_behind();
        self.semicolons();
        let next = self.next();
        if matters || next.kind == T::Ident && next.symbol == sym::IS {
            self.push(Piece::Text(";"));
        } else if next.kind == T::PipePipe {
            self.unended = Some((self.pieces.len(), self.at));
            self.push(Piece::Nothing);
        }
    }

    /// Before `||` that is printed as such: at the beginning of a statement it would go on with the one before.
    pub(super) fn end_statement_before_bars(&mut self) {
        if let Some((place, next)) = self.unended
            && next == self.at
            && let Some(piece) = self.pieces.get_mut(place)
        {
            *piece = Piece::Text(";");
        }
    }

    /// Leaves out semicolons.
    pub(super) fn semicolons(&mut self) {
        while self.skip_if(T::Semi) {}
    }
}

const fn assignment(op: Option<BinaryOp>) -> &'static str {
    match op {
        Some(BinaryOp::Add) => "+=",
        Some(BinaryOp::Sub) => "-=",
        Some(BinaryOp::Mul) => "*=",
        Some(BinaryOp::Div) => "/=",
        Some(BinaryOp::Rem) => "%=",
        Some(BinaryOp::BitAnd) => "&=",
        Some(BinaryOp::BitOr) => "|=",
        Some(BinaryOp::BitXor) => "^=",
        Some(BinaryOp::Shl) => "<<=",
        Some(BinaryOp::Shr) => ">>=",
        _ => "=",
    }
}
