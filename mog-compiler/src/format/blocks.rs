//! Blocks, and the expressions made of them.
//!
//! Statements have lines of their own. What is only a value, `if a { b } else { c }` for instance, stands in one line
//! if it fits.

use crate::ast::{Block, BlockId, ExprId, ExprKind, IfArm, List, MatchArm, Name, Span, StmtKind};
use crate::lexer::T;

use super::Printer;
use super::layout::Piece;

impl Printer<'_> {
    /// A block with its statements in lines of their own. `dropped` says that nobody wants its value.
    pub(super) fn block(&mut self, id: BlockId, dropped: bool) {
        self.block_with(id, dropped, Piece::Hard);
    }

    /// A block in one line if it fits, where it holds a value or a simple statement and nothing else.
    pub(super) fn short_block(&mut self, id: BlockId) {
        let block = self.ast[id];
        let simple = match (self.ast.list(block.stmts), block.tail) {
            ([], Some(value)) => self.is_plain(value),
            (&[stmt], None) => match self.ast[stmt].kind {
                StmtKind::Expr(value) | StmtKind::Assign { value, .. } => self.is_plain(value),
                _ => false,
            },
            _ => false,
        };
        if simple {
            self.open();
            self.block_with(id, false, Piece::Line);
            self.close();
        } else {
            self.block(id, false);
        }
    }

    /// A block where `{}` would be an empty map.
    pub(super) fn block_value(&mut self, id: BlockId) {
        let block = self.ast[id];
        if block.stmts.is_empty() && block.tail.is_none() {
            self.token(T::LBrace);
            self.token(T::Semi);
            self.semicolons();
            self.token(T::RBrace);
        } else {
            self.block(id, false);
        }
    }

    /// A block; one that has no braces gets some.
    fn block_with(&mut self, id: BlockId, dropped: bool, place: Piece<'static>) {
        let block = self.ast[id];
        let empty = block.stmts.is_empty() && block.tail.is_none();
        if !block.braced {
            self.insert("{");
            self.indent();
            self.push(place);
            self.bare_body(id);
            self.dedent();
            self.push(place);
            return self.push(Piece::Text("}"));
        }
        self.token(T::LBrace);
        self.indent();
        self.statements(block, dropped, place);
        match place {
            _ if empty && !self.at_comment() => self.dedent(),
            Piece::Hard if !empty => self.separate_closer(Piece::Blank, false),
            Piece::Hard => self.separate_closer(Piece::Space, true),
            _ => self.separate_closer(place, empty),
        }
        self.token(T::RBrace);
    }

    fn statements(&mut self, block: Block, dropped: bool, place: Piece<'static>) {
        let stmts = self.ast.list(block.stmts);
        self.semicolons();
        for (at, &stmt) in stmts.iter().enumerate() {
            self.separate(if at == 0 { place } else { Piece::Blank });
            let last = at + 1 == stmts.len() && block.tail.is_none();
            let matters = last && !dropped && self.has_value(stmt);
            self.statement(stmt);
            self.statement_end(matters);
        }
        if let Some(value) = block.tail {
            self.separate(if stmts.is_empty() { place } else { Piece::Blank });
            self.value_in_lines(value, dropped);
            self.semicolons();
        }
    }

    /// A block's only part, of a body without braces.
    pub(super) fn bare_body(&mut self, id: BlockId) {
        let block = self.ast[id];
        match (self.ast.list(block.stmts), block.tail) {
            (&[stmt], None) => self.statement(stmt),
            (_, Some(value)) => self.value_in_lines(value, false),
            _ => self.lost = true,
        }
    }

    /// An expression as a statement or at the end of a block.
    pub(super) fn value_in_lines(&mut self, id: ExprId, dropped: bool) {
        match self.ast[id].kind {
            ExprKind::If { arms, otherwise } if dropped => self.if_in(arms, otherwise, true, Piece::Hard),
            ExprKind::Match { value, arms } => self.match_lines(value, arms, dropped),
            ExprKind::Try { body, name, handler } if dropped => {
                self.try_in(body, name, handler, true, Piece::Hard)
            }
            ExprKind::Block(block) => self.block(block, dropped),
            _ => self.expr(id),
        }
    }

    /// Whether a value has no blocks of its own, not counting closures, and does not leave.
    fn is_plain(&self, id: ExprId) -> bool {
        !matches!(
            self.ast[id].kind,
            ExprKind::If { .. } | ExprKind::Match { .. } | ExprKind::Block(_) | ExprKind::Try { .. }
        )
    }

    /// Whether a block is only a value.
    pub(super) fn is_value(&self, id: BlockId) -> bool {
        let block = self.ast[id];
        block.stmts.is_empty()
            && block.tail.is_some_and(|value| {
                let leaves = matches!(
                    self.ast[value].kind,
                    ExprKind::Return(_) | ExprKind::Break | ExprKind::Continue
                );
                self.is_plain(value) && !leaves
            })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // `if`

    pub(super) fn if_value(&mut self, arms: List<IfArm>, otherwise: Option<BlockId>) {
        let values = otherwise.is_some_and(|block| self.is_value(block))
            && self.ast.list(arms).iter().all(|arm| self.is_value(arm.body));
        if values {
            self.open();
            self.if_in(arms, otherwise, false, Piece::Line);
            self.close();
        } else {
            self.if_in(arms, otherwise, false, Piece::Hard);
        }
    }

    fn if_in(&mut self, arms: List<IfArm>, otherwise: Option<BlockId>, dropped: bool, place: Piece<'static>) {
        for (at, arm) in self.ast.list(arms).iter().enumerate() {
            if at > 0 {
                self.space();
                self.token(T::Else);
                self.space();
            }
            self.token(T::If);
            self.space();
            self.head(arm.condition);
            self.space();
            self.block_with(arm.body, dropped, place);
        }
        if let Some(block) = otherwise {
            self.space();
            self.token(T::Else);
            self.space();
            self.block_with(block, dropped, place);
        }
    }

    /// A condition or the like, before a body. Parentheses around it go unless something in them needs them.
    pub(super) fn head(&mut self, id: ExprId) {
        let mut inner = id;
        while let ExprKind::Paren(next) = self.ast[inner].kind
            && self.is_bare_in_head(self.ast[inner].span)
        {
            self.skip(T::LParen);
            inner = next;
        }
        let parens = self.ast[id].span.end;
        if matches!(self.ast[inner].kind, ExprKind::Paren(_)) {
            self.expr(inner);
        } else {
            self.indent();
            self.expr(inner);
            self.dedent();
        }
        while self.at(T::RParen) && self.next().start < parens {
            self.skip(T::RParen);
        }
    }

    /// Whether something in parentheses can stand before a body without them. A brace would open the body, a line end
    /// would count.
    pub(super) fn is_bare_in_head(&self, span: Span) -> bool {
        let text = span.text(self.source);
        let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
        !inside.contains('{') && !inside.trim_end().ends_with("return") && !self.has_comment_in(span)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // `match`

    pub(super) fn match_value(&mut self, value: ExprId, arms: List<MatchArm>) {
        let list = self.ast.list(arms);
        if !list.iter().all(|arm| self.is_plain(arm.body)) {
            return self.match_lines(value, arms, false);
        }
        self.token(T::Match);
        self.space();
        self.head(value);
        self.space();
        self.bracketed(T::LBrace, T::RBrace, list.len(), |p, at| {
            if let Some(arm) = list.get(at) {
                p.arm(arm, false);
            }
        });
    }

    fn match_lines(&mut self, value: ExprId, arms: List<MatchArm>, dropped: bool) {
        self.token(T::Match);
        self.space();
        self.head(value);
        self.space();
        self.token(T::LBrace);
        self.indent();
        let arms = self.ast.list(arms);
        self.separators();
        for (at, arm) in arms.iter().enumerate() {
            self.separate(if at == 0 { Piece::Hard } else { Piece::Blank });
            self.arm(arm, dropped);
            let braced = matches!(self.ast[arm.body].kind, ExprKind::Block(block) if self.ast[block].braced);
            if braced {
                self.separators();
            } else {
                self.comma(false);
            }
        }
        if arms.is_empty() && !self.at_comment() {
            self.dedent();
        } else {
            self.separate_closer(if arms.is_empty() { Piece::Hard } else { Piece::Blank }, arms.is_empty());
        }
        self.token(T::RBrace);
    }

    fn arm(&mut self, arm: &MatchArm, dropped: bool) {
        self.pattern(arm.pattern);
        if let Some(guard) = arm.guard {
            self.space();
            self.token(T::If);
            self.space();
            self.expr(guard);
        }
        self.space();
        self.token(T::FatArrow);
        self.space();
        match self.ast[arm.body].kind {
            ExprKind::Block(block) if !self.ast[block].braced => self.bare_body(block),
            _ => self.value_in_lines(arm.body, dropped),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // `try`

    pub(super) fn try_value(&mut self, body: BlockId, name: Option<Name>, handler: BlockId) {
        if self.is_value(body) && self.is_value(handler) {
            self.open();
            self.try_in(body, name, handler, false, Piece::Line);
            self.close();
        } else {
            self.try_in(body, name, handler, false, Piece::Hard);
        }
    }

    fn try_in(
        &mut self,
        body: BlockId,
        name: Option<Name>,
        handler: BlockId,
        dropped: bool,
        place: Piece<'static>,
    ) {
        self.token(T::Try);
        self.space();
        self.block_with(body, dropped, place);
        self.space();
        self.token(T::Catch);
        let parens = self.at(T::LParen);
        match name {
            Some(_) if parens => {
                self.token(T::LParen);
                self.any();
                self.token(T::RParen);
            }
            Some(_) => {
                self.insert("(");
                self.any();
                self.push(Piece::Text(")"));
            }
            None if parens => {
                self.skip(T::LParen);
                self.skip(T::RParen);
            }
            None => {}
        }
        self.space();
        self.block_with(handler, dropped, place);
    }
}
