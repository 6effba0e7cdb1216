//! Binary and unary operators: three flat levels, and what stands around them.

use crate::ast::{BinaryOp, ExprId, ExprKind, Level, PatId, Span, Term, UnaryOp, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::{Parser, Prefix};

/// Replacements longer than this are not spelled out.
const MAX_FIX: usize = 500;

impl Parser<'_> {
    /// An expression.
    #[inline]
    pub(super) fn expr(&mut self) -> ExprId {
        self.apart(Self::range)
    }

    /// An expression that is no range.
    #[inline]
    pub(super) fn expr_without_range(&mut self) -> ExprId {
        self.apart(Self::logic)
    }

    fn range(&mut self) -> ExprId {
        let first = self.logic();
        if matches!(self.tok.kind, T::DotDot | T::DotDotEq | T::Question | T::If) {
            return self.after_logic(first);
        }
        first
    }

    /// What may follow an expression that is no range.
    #[inline(never)]
    fn after_logic(&mut self, first: ExprId) -> ExprId {
        match self.tok.kind {
            T::DotDot | T::DotDotEq => self.range_from(first),
            T::Question if !self.panicking && self.at_ternary() => self.foreign_ternary(first),
            T::If if !self.tok.line && !self.panicking && !self.is_block_like(first) => {
                self.foreign_conditional(first)
            }
            _ => first,
        }
    }

    fn range_from(&mut self, first: ExprId) -> ExprId {
        let inclusive = self.at(T::DotDotEq);
        self.bump();
        if self.at(T::Dot) && self.adjacent() {
            let span = Span::new(self.prev_end - 2, self.tok.end);
            self.report(Diagnostic::error("range", span, "a range is written with two dots").fix(span, ".."));
            self.bump();
        }
        let last = self.expr_without_range();
        self.grow();
        if matches!(self.tok.kind, T::DotDot | T::DotDotEq) {
            self.fail(
                Diagnostic::error("range", self.tok.span(), "a range has one beginning and one end")
                    .help("there are no steps: use `while`, or compute the value from the index"),
            );
        }
        let span = self.ast[first].span.to(self.ast[last].span);
        self.expr_at(ExprKind::Range { start: first, end: last, inclusive }, span)
    }

    #[inline]
    fn logic(&mut self) -> ExprId {
        let first = self.comparison();
        if logic_op(self.tok.kind).is_none() { first } else { self.logic_chain(first) }
    }

    fn logic_chain(&mut self, first: ExprId) -> ExprId {
        let mark = self.mark::<Term>();
        while let Some(op) = logic_op(self.tok.kind) {
            self.term(op, Self::comparison);
        }
        self.chain(Level::Logic, first, mark)
    }

    /// An operator, which is the current token, and its right operand.
    #[inline]
    fn term(&mut self, op: BinaryOp, operand: impl FnOnce(&mut Self) -> ExprId) {
        let op_span = self.tok.span();
        self.bump();
        let operand = self.apart(operand);
        self.put(Term { op, op_span, operand });
    }

    fn chain(&mut self, level: Level, first: ExprId, mark: usize) -> ExprId {
        self.grow();
        let rest = self.list_since(mark);
        let last = self.ast.list(rest).last().map_or(first, |term: &Term| term.operand);
        let span = self.ast[first].span.to(self.ast[last].span);
        let chain = self.expr_at(ExprKind::Chain { level, first, rest }, span);
        if level != Level::Comparison && rest.len() > 1 {
            self.warn_of_grouping(chain);
        }
        chain
    }

    #[inline]
    fn comparison(&mut self) -> ExprId {
        let left = self.arithmetic();
        match self.tok.kind {
            T::EqEq | T::NotEq | T::Lt | T::Le | T::Gt | T::Ge | T::In | T::Not | T::Tilde => {
                self.comparison_of(left)
            }
            T::Ident if self.tok.symbol == sym::IS => self.comparison_of(left),
            _ => left,
        }
    }

    #[inline(never)]
    fn comparison_of(&mut self, left: ExprId) -> ExprId {
        let start = self.ast[left].span.start;
        if self.at(T::Tilde) && self.peek(1).kind == T::Assign && self.peek(1).start == self.tok.end {
            let span = self.tok.span().to(self.peek(1).span());
            self.report(Diagnostic::error("not-equal", span, "there is no `~=`").fix(span, "!="));
            self.bump();
            // Read on as if `!=` stood here.
            self.tok.kind = T::NotEq;
        }
        let result = if let Some(op) = comparison_op(self.tok.kind) {
            let mark = self.mark::<Term>();
            let op_span = self.tok.span();
            self.bump();
            self.overlong_equality(op, op_span);
            let operand = self.apart(Self::arithmetic);
            self.put(Term { op, op_span, operand });
            self.chain(Level::Comparison, left, mark)
        } else if self.at_is() {
            let pattern = self.is_pattern(start);
            self.grow();
            let span = self.ast[left].span.to(self.ast[pattern].span);
            self.expr_at(ExprKind::Is { value: left, pattern }, span)
        } else if self.at_membership() {
            return self.foreign_membership(left);
        } else {
            return left;
        };
        self.warn_of_not(left, result);
        if comparison_op(self.tok.kind).is_some() || self.at_is() {
            return self.chained_comparison(left, result);
        }
        result
    }

    /// At an `is` that is an operator: on a new line it may also be a name that begins a statement.
    fn at_is(&self) -> bool {
        let pattern =
            |kind| matches!(kind, T::Ident | T::Int | T::Float | T::Str | T::True | T::False | T::None);
        self.at_word(sym::IS) && (!self.line_break() || pattern(self.peek(1).kind))
    }

    fn is_pattern(&mut self, start: u32) -> PatId {
        self.bump();
        if self.at(T::Not) {
            let not = self.tok.span();
            let value = Span::new(start, self.prev_end - 2).text(self.source).trim_end();
            let value = if value.len() > 60 { "…" } else { value };
            let error = Diagnostic::error("is-not", not, "there is no `is not`");
            let none = matches!(self.peek(1).symbol, sym::NONE_PYTHON | sym::NULL | sym::NIL)
                || self.peek(1).kind == T::None;
            self.report(if none {
                error.fix(Span::new(not.start - 3, self.peek(1).end), "!= none")
            } else {
                error.help(format!("write `not ({value} is …)`, or compare with `!=`"))
            });
            self.bump();
            if none {
                self.quiet_words = true;
                let pattern = self.pattern();
                self.quiet_words = false;
                return pattern;
            }
        }
        self.pattern()
    }

    /// `===` and `!==`.
    fn overlong_equality(&mut self, op: BinaryOp, op_span: Span) {
        if self.at(T::Assign) && self.adjacent() && matches!(op, BinaryOp::Eq | BinaryOp::Ne) {
            let span = op_span.to(self.tok.span());
            let wrong = self.text(span);
            self.report(
                Diagnostic::error("strict-equality", span, format!("there is no `{wrong}`"))
                    .fix(span, op.text())
                    .help(format!("`{}` never converts its operands", op.text())),
            );
            self.bump();
        }
    }

    /// `a < b < c`.
    fn chained_comparison(&mut self, first: ExprId, so_far: ExprId) -> ExprId {
        let op_span = self.tok.span();
        let mut middle = match self.ast[so_far].kind {
            ExprKind::Chain { rest, .. } => {
                self.ast.list(rest).last().map(|term| self.ast[term.operand].span)
            }
            _ => None,
        };
        let whole = self.ast[so_far].span;
        let mut fixed = self.text(whole).to_owned();
        let generic = self.looks_generic(first);
        // The operands are parsed for the sake of what comes after; they are not kept.
        while let Some(op) = comparison_op(self.tok.kind) {
            self.bump();
            let right = self.apart(Self::arithmetic);
            let right_span = self.ast[right].span;
            match middle {
                Some(span) if fixed.len() < MAX_FIX => {
                    fixed.push_str(&format!(
                        " and {} {} {}",
                        self.text(span),
                        op.text(),
                        self.text(right_span)
                    ));
                }
                _ => fixed = " ".repeat(MAX_FIX),
            }
            middle = Some(right_span);
            if self.panicking {
                break;
            }
        }
        let span = self.span_from(whole.start);
        let error = Diagnostic::error("comparison-chain", op_span, "comparisons do not chain");
        let error = if generic {
            error.help(
                "if this was meant as a call with type arguments: there are no generics, leave out `<…>`",
            )
        } else if middle.is_some() && fixed.len() < MAX_FIX {
            error.label("expected `and` or `or`").fix(span, fixed)
        } else {
            error.label("expected `and` or `or`").help("join two comparisons with `and`")
        };
        self.report(error);
        if self.at_is() {
            self.bump();
            self.pattern();
        }
        self.expr_at(ExprKind::Error, span)
    }

    /// `name<type>(`.
    fn looks_generic(&self, first: ExprId) -> bool {
        let name = matches!(self.ast[first].kind, ExprKind::Name(_) | ExprKind::Field { .. });
        name && self.at(T::Gt) && self.peek(1).kind == T::LParen && self.peek(1).start == self.tok.end
    }

    #[inline]
    fn arithmetic(&mut self) -> ExprId {
        let first = self.cast();
        if arithmetic_op(self.tok.kind).is_none() { first } else { self.arithmetic_chain(first) }
    }

    fn arithmetic_chain(&mut self, first: ExprId) -> ExprId {
        let mark = self.mark::<Term>();
        while let Some(op) = arithmetic_op(self.tok.kind) {
            if self.line_break() && matches!(op, BinaryOp::Sub | BinaryOp::BitOr) {
                break;
            }
            match self.doubled_sign(first, mark) {
                Some(value) => return value,
                None if self.begins_increment() => break,
                None => self.term(op, Self::cast),
            }
        }
        if self.put_since::<Term>(mark).is_empty() {
            return first;
        }
        self.chain(Level::Arithmetic, first, mark)
    }

    #[inline]
    pub(super) fn cast(&mut self) -> ExprId {
        let value = self.unary();
        if self.at(T::As) { self.casts(value) } else { value }
    }

    fn casts(&mut self, mut value: ExprId) -> ExprId {
        let start = self.ast[value].span.start;
        loop {
            if self.eat(T::As) {
                let ty = self.cast_type();
                self.grow();
                let span = self.span_from(start);
                value = self.expr_at(ExprKind::Cast { value, ty }, span);
            } else if self.at(T::Question) && !self.at_ternary() {
                // `x as T?` can only mean `(x as T)?`: an optional type is written `?T`.
                self.bump();
                self.grow();
                let span = self.span_from(start);
                value = self.expr_at(ExprKind::Question(value), span);
            } else {
                return value;
            }
        }
    }

    #[inline]
    pub(super) fn unary(&mut self) -> ExprId {
        match self.tok.kind {
            T::Minus | T::Bang | T::Not | T::Tilde | T::Await | T::Spawn | T::Plus | T::Amp | T::Star => {
                self.prefixed()
            }
            _ => self.postfix(),
        }
    }

    /// Prefix operators with their operand. `await` and `spawn` stand closest to it and take all but its `?`.
    fn prefixed(&mut self) -> ExprId {
        let mark = self.prefixes.len();
        let mut futures = false;
        loop {
            let prefix = match self.tok.kind {
                T::Await => Prefix::Await,
                T::Spawn => Prefix::Spawn,
                _ if futures => break,
                T::Minus => Prefix::Unary(UnaryOp::Neg),
                T::Bang | T::Not => Prefix::Unary(UnaryOp::Not),
                T::Tilde => Prefix::Unary(UnaryOp::BitNot),
                T::Plus | T::Amp | T::Star => {
                    self.foreign_prefix();
                    continue;
                }
                _ => break,
            };
            futures |= matches!(prefix, Prefix::Await | Prefix::Spawn);
            self.prefixes.push((prefix, self.tok.start));
            self.bump();
        }
        let mut value = if futures { self.postfix_without_question() } else { self.postfix() };
        while self.prefixes.len() > mark {
            let Some((prefix, start)) = self.prefixes.pop() else { break };
            self.grow();
            let span = self.span_from(start);
            value = match prefix {
                Prefix::Unary(op) => {
                    if futures {
                        value = self.postfix_of(value, start);
                        futures = false;
                    }
                    let span = self.span_from(start);
                    self.expr_at(ExprKind::Unary { op, operand: value }, span)
                }
                Prefix::Await => self.expr_at(ExprKind::Await(value), span),
                Prefix::Spawn => self.expr_at(ExprKind::Spawn(value), span),
            };
        }
        if futures {
            let start = self.ast[value].span.start;
            value = self.postfix_of(value, start);
        }
        value
    }

    /// Whether an operand can begin here.
    pub(super) fn starts_operand(&self) -> bool {
        starts_operand(self.tok.kind)
    }

    /// Warns of a chain that conventional precedence would group differently.
    fn warn_of_grouping(&mut self, chain: ExprId) {
        let ExprKind::Chain { first, rest, .. } = self.ast[chain].kind else { return };
        let terms = self.ast.list(rest);
        // Where an operator binds tighter than the one before it, convention would begin a group there.
        let rises = |pair: &[Term]| matches!(pair, [a, b] if strength(b.op) > strength(a.op));
        let count = terms.windows(2).filter(|pair| rises(pair)).count();
        let Some(first_rise) = terms.windows(2).position(rises) else { return };
        let (Some(before), Some(after)) = (terms.get(first_rise), terms.get(first_rise + 1)) else { return };
        let span = self.ast[chain].span;
        let warning = Diagnostic::warning(
            "precedence",
            after.op_span,
            format!(
                "`{}` does not bind tighter than `{}`: operators apply from left to right",
                after.op.text(),
                before.op.text()
            ),
        )
        .label("applied to everything on its left");
        let help = "add parentheses: these for the way it is read now, others if it was meant otherwise";
        let warning = if (span.end - span.start) as usize <= MAX_FIX {
            let mut fixed = "(".repeat(count);
            fixed.push_str(self.text(Span::new(span.start, self.ast[first].span.end)));
            let mut from = self.ast[first].span.end;
            for (at, term) in terms.iter().enumerate() {
                let end = self.ast[term.operand].span.end;
                fixed.push_str(self.text(Span::new(from, end)));
                from = end;
                if terms.get(at..at + 2).is_some_and(rises) {
                    fixed.push(')');
                }
            }
            warning.help(help).fix(span, fixed)
        } else {
            warning.help(help)
        };
        self.report(warning);
    }

    /// Warns of `not a == b`, which elsewhere means `not (a == b)`.
    fn warn_of_not(&mut self, left: ExprId, whole: ExprId) {
        let span = self.ast[left].span;
        if self.is_not(left) {
            let operand = self.text(span);
            let rest = self.text(Span::new(span.start + 3, self.ast[whole].span.end)).trim_start();
            let warning = Diagnostic::warning(
                "precedence",
                Span::new(span.start, span.start + 3),
                "`not` applies first, before the comparison",
            )
            .label("applied to the left side only");
            self.report(match rest.len() <= MAX_FIX {
                true => {
                    warning.help(format!("write this, or `not ({rest})`")).fix(span, format!("({operand})"))
                }
                false => warning.help("put the comparison in parentheses"),
            });
        }
    }
}

/// How tightly other languages bind an operator, compared with others of its level.
const fn strength(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 6,
        BinaryOp::Add | BinaryOp::Sub => 5,
        BinaryOp::Shl | BinaryOp::Shr => 4,
        BinaryOp::BitAnd => 3,
        BinaryOp::BitXor => 2,
        BinaryOp::BitOr => 1,
        BinaryOp::And => 1,
        _ => 0,
    }
}

#[inline]
pub(super) const fn arithmetic_op(kind: T) -> Option<BinaryOp> {
    Some(match kind {
        T::Plus => BinaryOp::Add,
        T::Minus => BinaryOp::Sub,
        T::Star => BinaryOp::Mul,
        T::Slash => BinaryOp::Div,
        T::Percent => BinaryOp::Rem,
        T::Amp => BinaryOp::BitAnd,
        T::Pipe => BinaryOp::BitOr,
        T::Caret => BinaryOp::BitXor,
        T::Shl => BinaryOp::Shl,
        T::Shr => BinaryOp::Shr,
        _ => return None,
    })
}

#[inline]
const fn comparison_op(kind: T) -> Option<BinaryOp> {
    Some(match kind {
        T::EqEq => BinaryOp::Eq,
        T::NotEq => BinaryOp::Ne,
        T::Lt => BinaryOp::Lt,
        T::Le => BinaryOp::Le,
        T::Gt => BinaryOp::Gt,
        T::Ge => BinaryOp::Ge,
        _ => return None,
    })
}

#[inline]
const fn logic_op(kind: T) -> Option<BinaryOp> {
    Some(match kind {
        T::And => BinaryOp::And,
        T::Or | T::PipePipe => BinaryOp::Or,
        _ => return None,
    })
}

/// Whether an operand can begin with such a token.
pub(super) const fn starts_operand(kind: T) -> bool {
    matches!(
        kind,
        T::Ident
            | T::Int
            | T::Float
            | T::Str
            | T::FStart
            | T::True
            | T::False
            | T::None
            | T::Fn
            | T::If
            | T::Match
            | T::Try
            | T::Async
            | T::Await
            | T::Spawn
            | T::Not
            | T::Bang
            | T::Tilde
            | T::Minus
            | T::LParen
            | T::LBracket
            | T::LBrace
            | T::Pipe
    )
}

/// Whether it is a binary operator.
pub(super) const fn is_operator(kind: T) -> bool {
    arithmetic_op(kind).is_some() || comparison_op(kind).is_some() || logic_op(kind).is_some()
}
