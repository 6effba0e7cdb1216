//! Patterns.

use crate::ast::{PatId, PatKind};
use crate::lexer::T;

use super::Printer;
use super::layout::Piece;

impl Printer<'_> {
    /// A pattern. Parentheses and the `|` before a first alternative are not in the tree, and mean nothing.
    pub(super) fn pattern(&mut self, id: PatId) {
        let mut parens = 0;
        match self.ast[id].kind {
            PatKind::Or(alternatives) => {
                self.open();
                for (at, &alternative) in self.ast.list(alternatives).iter().enumerate() {
                    self.skip_before_pattern(alternative, &mut parens);
                    if at > 0 {
                        self.space();
                        self.insert("|");
                        self.separate(Piece::Line);
                    }
                    self.single_pattern(alternative);
                    if at == 0 {
                        self.indent();
                    }
                }
                self.dedent();
                self.close();
            }
            _ => {
                self.skip_before_pattern(id, &mut parens);
                self.single_pattern(id);
            }
        }
        for _ in 0..parens {
            self.skip(T::RParen);
        }
    }

    /// Leaves out what stands before an alternative.
    fn skip_before_pattern(&mut self, id: PatId, parens: &mut u32) {
        let start = self.ast[id].span.start;
        while self.next().start < start {
            match self.next().kind {
                T::LParen => *parens += 1,
                T::RParen if *parens > 0 => *parens -= 1,
                T::Pipe => {}
                _ => self.lost = true,
            }
            self.skip(self.next().kind);
        }
    }

    fn single_pattern(&mut self, id: PatId) {
        match self.ast[id].kind {
            PatKind::Error => self.lost = true,
            PatKind::Wildcard | PatKind::Name(_) | PatKind::None => self.any(),
            PatKind::Literal(value) => self.expr(value),
            PatKind::Range { start, end, inclusive } => {
                self.expr(start);
                self.token(if inclusive { T::DotDotEq } else { T::DotDot });
                self.expr(end);
            }
            PatKind::Or(_) => self.pattern(id),
            PatKind::Some(inner) | PatKind::Ok(inner) | PatKind::Err(inner) => {
                self.token(T::Ident);
                let span = self.ast[inner].span;
                let count = usize::from(span.start < span.end);
                self.bracketed(T::LParen, T::RParen, count, |p, _| p.pattern(inner));
            }
            PatKind::Variant { path, args, parens } => {
                self.path(path);
                if parens {
                    let args = self.ast.list(args);
                    self.bracketed(T::LParen, T::RParen, args.len(), |p, at| {
                        if let Some(&arg) = args.get(at) {
                            p.pattern(arg);
                        }
                    });
                }
            }
            PatKind::Struct { path, fields, open } => {
                self.path(path);
                self.space();
                let mut fields = self.ast.list(fields).iter();
                let count = fields.len() + usize::from(open);
                self.bracketed(T::LBrace, T::RBrace, count, |p, _| {
                    if p.optional(T::DotDot) {
                        return;
                    }
                    let Some(field) = fields.next() else { return p.lost = true };
                    p.any();
                    if !field.short {
                        p.token(T::Colon);
                        p.space();
                        p.pattern(field.pattern);
                    }
                });
            }
        }
    }
}
