//! Lists in brackets, and the literals made of them.

use crate::ast::{ExprId, ExprKind, FieldInit, List, MapEntry, Name, UnaryOp};
use crate::lexer::T;

use super::Printer;
use super::layout::Piece;

impl<'a> Printer<'a> {
    /// A list in brackets: in one line, or an element a line with a comma after each.
    pub(super) fn bracketed(
        &mut self,
        open: T,
        close: T,
        count: usize,
        element: impl FnMut(&mut Self, usize),
    ) {
        let place = if open == T::LBrace { Piece::Line } else { Piece::Soft };
        self.list(open, close, place, Piece::Line, count, element);
    }

    /// The same with other places for line ends: inside the brackets, and between two elements.
    pub(super) fn list(
        &mut self,
        open: T,
        close: T,
        inside: Piece<'a>,
        between: Piece<'a>,
        count: usize,
        mut element: impl FnMut(&mut Self, usize),
    ) {
        self.bracket(open, "(");
        self.open();
        self.indent();
        self.separators();
        for at in 0..count {
            self.separate(if at == 0 { inside } else { between });
            element(self, at);
            self.comma(at + 1 == count);
        }
        if count == 0 && !self.at_comment() {
            self.dedent();
        } else {
            self.separate_closer(inside, count == 0);
        }
        self.bracket(close, ")");
        self.close();
    }

    /// The comma after an element; after the last one only before a line end.
    pub(super) fn comma(&mut self, last: bool) {
        if matches!(self.next().kind, T::Comma | T::Semi) {
            self.comments_behind();
        }
        self.separators();
        self.push(if last { Piece::IfBroken(",") } else { Piece::Text(",") });
    }

    /// A bracket; a closure's bar becomes another text.
    fn bracket(&mut self, kind: T, instead_of_bar: &'static str) {
        if self.at(T::Pipe) {
            self.instead(instead_of_bar);
        } else {
            self.token(kind);
        }
    }

    /// Leaves out commas, and the semicolons that do for them between arms and fields.
    pub(super) fn separators(&mut self) {
        while self.skip_if(T::Comma) || self.skip_if(T::Semi) {}
    }

    /// Elements in brackets in one line with what is around them; only the last one may take more lines.
    pub(super) fn hugged(
        &mut self,
        open: T,
        close: T,
        count: usize,
        mut element: impl FnMut(&mut Self, usize),
    ) {
        self.token(open);
        for at in 0..count {
            element(self, at);
            if at + 1 < count {
                self.comma(false);
                self.space();
            }
        }
        self.skip_if(T::Comma);
        self.token(close);
    }

    pub(super) fn array(&mut self, elements: List<ExprId>) {
        let elements = self.ast.list(elements);
        let fills = elements.iter().all(|&element| self.is_plain_literal(element));
        let between = if fills { Piece::Fill } else { Piece::Line };
        self.list(T::LBracket, T::RBracket, Piece::Soft, between, elements.len(), |p, at| {
            if let Some(&element) = elements.get(at) {
                p.expr(element);
            }
        });
    }

    /// A number or the like, many of which may share a line.
    fn is_plain_literal(&self, id: ExprId) -> bool {
        match self.ast[id].kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::None => true,
            ExprKind::Unary { op: UnaryOp::Neg, operand } => {
                matches!(self.ast[operand].kind, ExprKind::Int(_) | ExprKind::Float(_))
            }
            _ => false,
        }
    }

    /// `[value; count]`.
    pub(super) fn repeat(&mut self, value: ExprId, count: ExprId) {
        self.token(T::LBracket);
        self.open();
        self.indent();
        self.separate(Piece::Soft);
        self.expr(value);
        self.comments_behind();
        self.skip(T::Semi);
        self.push(Piece::Text(";"));
        self.separate(Piece::Line);
        self.expr(count);
        self.skip_if(T::Comma);
        self.separate_closer(Piece::Soft, false);
        self.token(T::RBracket);
        self.close();
    }

    /// What makes it a map is that no line ends before the first colon, so keys are never broken.
    pub(super) fn map(&mut self, entries: List<MapEntry>) {
        let entries = self.ast.list(entries);
        self.list(T::LBrace, T::RBrace, Piece::Soft, Piece::Line, entries.len(), |p, at| {
            let Some(entry) = entries.get(at) else { return };
            p.push(Piece::OpenFlat);
            p.expr(entry.key);
            p.close();
            p.token(T::Colon);
            p.space();
            p.expr(entry.value);
        });
    }

    pub(super) fn struct_literal(&mut self, path: List<Name>, fields: List<FieldInit>) {
        self.path(path);
        self.space();
        let fields = self.ast.list(fields);
        self.bracketed(T::LBrace, T::RBrace, fields.len(), |p, at| {
            let Some(field) = fields.get(at) else { return };
            p.any();
            if !field.short {
                p.token(T::Colon);
                p.space();
                p.expr(field.value);
            }
        });
    }
}
