//! Doubled signs of other languages: `i++`, `--i`, `a ** b`.

use crate::ast::{ExprId, Span, StmtId, Term};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::Parser;
use super::exprs::{arithmetic_op, starts_operand};

impl Parser<'_> {
    /// At a doubled sign inside a chain whose terms were put since the mark: reported, with the rest of the chain read.
    pub(super) fn doubled_sign(&mut self, first: ExprId, mark: usize) -> Option<ExprId> {
        let (one, two) = (self.tok, self.peek(1));
        if two.start != one.end || two.kind != one.kind {
            return None;
        }
        let start = self.ast[first].span.start;
        match one.kind {
            T::Star => {
                let left = self.put_since::<Term>(mark).last().map_or(first, |term| term.operand);
                self.no_power(left, one.span().to(two.span()));
            }
            T::Plus | T::Minus => {
                let third = self.peek(2);
                let operand = starts_operand(third.kind) && !(third.line && self.context.lines);
                if operand && (one.kind == T::Minus || self.begins_increment()) {
                    return None;
                }
                self.no_increment(first, one.span().to(two.span()));
            }
            _ => return None,
        }
        while !self.panicking && arithmetic_op(self.tok.kind).is_some() && !self.line_break() {
            self.bump();
            if self.at(T::Star) && self.adjacent() {
                self.bump();
            }
            self.apart(Self::cast);
        }
        Some(self.error_from(start))
    }

    fn no_power(&mut self, left: ExprId, op: Span) {
        self.bump();
        self.bump();
        let right = self.apart(Self::cast);
        let spans = [left, right].map(|operand| self.ast[operand].span);
        let error = Diagnostic::error("no-power-operator", op, "there is no `**`");
        self.report(match spans.map(|span| self.short_text(span)) {
            [Some(base), Some(exponent)] => {
                error.fix(spans[0].to(spans[1]), format!("pow({base}, {exponent})"))
            }
            _ => error.help("write `pow(base, exponent)`"),
        });
    }

    /// `i++`, of which only a statement of its own can be repaired.
    fn no_increment(&mut self, target: ExprId, op: Span) {
        let whole = self.ast[target].span;
        let mut at = self.pos;
        while at > 0 && self.tokens.get(at).is_some_and(|token| token.start > whole.start) {
            at -= 1;
        }
        let begins = self.tokens.get(at).is_some_and(|token| token.line)
            || at
                .checked_sub(1)
                .and_then(|before| self.tokens.get(before))
                .is_none_or(|token| matches!(token.kind, T::Semi | T::LBrace | T::RBrace | T::FatArrow));
        self.bump();
        self.bump();
        let ends = self.tok.line || matches!(self.tok.kind, T::Semi | T::RBrace | T::Eof);
        let sign = self.text(Span::new(op.start, op.start + 1));
        let error = Diagnostic::error("no-increment", op, format!("there is no `{sign}{sign}`"));
        self.report(match self.short_text(whole) {
            Some(target) if begins && ends => error.fix(whole.to(op), format!("{target} {sign}= 1")),
            _ => error.help(format!("`{sign}= 1` as a statement of its own changes a variable")),
        });
    }

    /// At `++i` or `--i` that begins a line.
    pub(super) fn begins_increment(&self) -> bool {
        let one = self.tok;
        if !one.line || !matches!(one.kind, T::Plus | T::Minus) {
            return false;
        }
        let (two, name) = (self.peek(1), self.peek(2));
        two.kind == one.kind && two.start == one.end && name.kind == T::Ident && name.start == two.end
    }

    /// `++i` as a statement.
    pub(super) fn foreign_increment(&mut self, start: u32) -> StmtId {
        let sign = self.tok.kind.text();
        self.bump();
        self.bump();
        let target = self.postfix();
        let error = Diagnostic::error(
            "no-increment",
            Span::new(start, start + 2),
            format!("there is no `{sign}{sign}`"),
        );
        let text = self.short_text(self.ast[target].span);
        self.report(match text {
            Some(text) => error.fix(self.span_from(start), format!("{text} {sign}= 1")),
            None => error.help(format!("write `x {sign}= 1`")),
        });
        self.error_stmt(start)
    }
}
