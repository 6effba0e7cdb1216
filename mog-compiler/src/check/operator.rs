//! Operators: arithmetic, comparison, logic and unary operators.

use super::finish::{Later, Need};
use super::infer::Want;
use super::{Checker, foreign_format};
use crate::ast::{self, BinaryOp, List, Span, Term};
use crate::hir::{ArithOp, CompareOp, ExprId, ExprKind, Exprs, LogicOp, Terms, UnaryOp};
use crate::types::{Ty, TyKind, Types};

/// Stands for an operand that is checked when the type of the others is known.
const LITERAL: ExprId = ExprId(u32::MAX);

impl Checker<'_> {
    /// Whether a type is a number.
    pub(super) fn is_number(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Int(_) | TyKind::Float | TyKind::F32 | TyKind::Error | TyKind::Never)
    }

    /// Whether `<` and `sort()` order values of a type.
    pub(super) fn is_sortable(&self, ty: Ty) -> bool {
        self.is_number(ty) || matches!(self.kind(ty), TyKind::Str | TyKind::Bool)
    }

    /// Demands a number; a type that is not known yet is looked at again when it is.
    pub(super) fn require_number(&mut self, node: ExprId, what: &'static str) {
        let (ty, span) = (self.ty_of(node), self.hir.expr(node).span);
        self.number_or_report(ty, span, what);
    }

    /// The same for a type.
    pub(super) fn number_or_report(&mut self, ty: Ty, span: Span, what: &'static str) {
        if self.is_open(ty) {
            self.later.push(Later::Needs(Need::Number, ty, span, what));
        } else if !self.is_number(ty) {
            let found = self.show(ty);
            self.error(span, "not-a-number", format!("`{what}` needs a number, not `{found}`"));
        }
    }

    /// A boolean where one is needed.
    pub(super) fn boolean(&mut self, node: ExprId) -> ExprId {
        let ty = self.ty_of(node);
        match self.kind(ty) {
            TyKind::Option(_) => {
                self.not_boolean(node, "it may be none: test it with `is some(v)` or `.is_some()`")
            }
            TyKind::Result(_) => self.not_boolean(node, "test it with `is ok(v)` or `.is_ok()`"),
            TyKind::Str | TyKind::Array(_) | TyKind::Map(..) => {
                self.not_boolean(node, "test whether it is empty: x.len > 0")
            }
            _ => self.coerce(node, Types::BOOL),
        }
    }

    #[cold]
    #[inline(never)]
    fn not_boolean(&mut self, node: ExprId, help: &str) -> ExprId {
        let (found, span) = (self.show(self.ty_of(node)), self.hir.expr(node).span);
        self.error(span, "type-mismatch", format!("expected `bool`, found `{found}`")).help(help);
        node
    }

    /// `a + b * c`, strictly left to right. All operands have one type; number literals take that of the others.
    #[inline(never)]
    pub(super) fn arithmetic(
        &mut self,
        first: ast::ExprId,
        rest: List<Term>,
        span: Span,
        want: Want,
    ) -> ExprId {
        let terms = self.ast.list(rest);
        let literal = self.is_literal(first);
        let mut head = if literal { None } else { Some(self.expr(first, Want::Any)) };
        let mut lead = head.map(|node| self.ty_of(node)).filter(|&ty| self.leads(ty));
        let mut operands: Terms<ArithOp> = Terms::with_capacity(terms.len());
        for term in terms {
            let mut node = LITERAL;
            if !self.is_literal(term.operand) {
                node = self.operand(term.operand, lead);
                if lead.is_none() {
                    lead = Some(self.ty_of(node)).filter(|&ty| self.leads(ty));
                }
            }
            operands.push((arith_op(term.op), node));
        }
        // Only literals: the wanted integer type, if any, otherwise that of the first.
        let hint =
            want.ty().map(|ty| self.strip_options(ty)).filter(|&ty| matches!(self.kind(ty), TyKind::Int(_)));
        let literal_ty = lead.or(hint);
        let head = *head.get_or_insert_with(|| self.literal_operand(first, literal_ty));
        let lead = literal_ty.unwrap_or_else(|| self.ty_of(head));
        for ((_, node), term) in operands.iter_mut().zip(terms) {
            if *node == LITERAL {
                *node = self.literal_operand(term.operand, Some(lead));
            }
        }
        self.joined_by_operators(head, operands, terms, lead, span)
    }

    /// An operand that is not a literal. A collection literal after `+` takes the type of what came before.
    fn operand(&mut self, id: ast::ExprId, lead: Option<Ty>) -> ExprId {
        let hint = match lead {
            Some(ty) if !matches!(self.kind(ty), TyKind::Option(_) | TyKind::Result(_)) => Want::Type(ty),
            _ => Want::Any,
        };
        self.infer(id, hint)
    }

    /// Whether a type settles what the literals beside it are.
    fn leads(&self, ty: Ty) -> bool {
        !matches!(self.kind(ty), TyKind::Var(_) | TyKind::Never | TyKind::Error)
    }

    /// A number literal beside an operand of type `lead`: integer literals take integer types only.
    pub(super) fn literal_operand(&mut self, id: ast::ExprId, lead: Option<Ty>) -> ExprId {
        let hint = match lead {
            Some(ty)
                if matches!(self.kind(ty), TyKind::Int(_))
                    || (self.shallow(ty) == Types::F32 && self.is_float(id)) =>
            {
                Want::Type(ty)
            }
            _ => Want::Any,
        };
        self.infer(id, hint)
    }

    fn is_float(&self, id: ast::ExprId) -> bool {
        match self.ast[self.ast.without_parens(id)].kind {
            ast::ExprKind::Float(_) => true,
            ast::ExprKind::Unary { operand, .. } => self.is_float(operand),
            ast::ExprKind::Chain { first, .. } => self.is_float(first),
            _ => false,
        }
    }

    /// The chain of checked operands as one expression.
    #[inline]
    pub(super) fn joined_by_operators(
        &mut self,
        head: ExprId,
        operands: Terms<ArithOp>,
        terms: &[Term],
        lead: Ty,
        span: Span,
    ) -> ExprId {
        let lead = self.shallow(lead);
        let arithmetic = |term: &Term| lead == Types::INT || self.has_operator(lead, arith_op(term.op));
        if matches!(lead, Types::INT | Types::FLOAT)
            && self.ty_of(head) == lead
            && operands.iter().all(|&(_, node)| self.ty_of(node) == lead)
            && terms.iter().all(arithmetic)
        {
            return self.emit(ExprKind::Arith(head, operands), lead, span); // the commonest case
        }
        self.joined_by_rules(head, operands, terms, lead, span)
    }

    #[inline(never)]
    fn joined_by_rules(
        &mut self,
        head: ExprId,
        operands: Terms<ArithOp>,
        terms: &[Term],
        lead: Ty,
        span: Span,
    ) -> ExprId {
        let mut waits = false;
        for node in std::iter::once(head).chain(operands.iter().map(|&(_, node)| node)) {
            waits |= self.missing_await(node, false);
        }
        if waits {
            return self.broken(span);
        }
        // Where types differ, one operand speaks for the chain: the first of its type.
        let all = || std::iter::once(head).chain(operands.iter().map(|(_, node)| *node));
        let of_chain = all().find(|&node| self.ty_of(node) == lead).unwrap_or(head);
        let mut fine = lead != Types::ERROR;
        for node in all() {
            fine &= self.same_type(of_chain, node, lead, terms);
        }
        let lead = self.shallow(lead);
        if !fine {
            return self.broken(span);
        }
        match self.kind(lead) {
            TyKind::Str => {
                if let Some(term) = terms.iter().find(|term| term.op != BinaryOp::Add) {
                    self.no_such_operator(*term, lead);
                    return self.emit(ExprKind::Unit, Types::STR, span);
                }
                let mut parts = Exprs::with_capacity(1 + operands.len());
                parts.push(head);
                parts.extend(operands.into_iter().map(|(_, node)| node));
                self.emit(ExprKind::Concat(parts), Types::STR, span)
            }
            TyKind::Var(_) => {
                let node = self.emit(ExprKind::Arith(head, operands), lead, span);
                self.later.push(Later::Arith(node));
                node
            }
            _ => {
                if let Some(term) = terms.iter().find(|term| !self.has_operator(lead, arith_op(term.op))) {
                    self.no_such_operator(*term, lead);
                    return self.broken(span);
                }
                self.emit(ExprKind::Arith(head, operands), lead, span)
            }
        }
    }

    /// Whether values of a type have an arithmetic operator.
    pub(super) fn has_operator(&self, ty: Ty, op: ArithOp) -> bool {
        match self.kind(ty) {
            TyKind::Int(_) | TyKind::Error | TyKind::Never => true,
            TyKind::Float | TyKind::F32 => {
                matches!(op, ArithOp::Add | ArithOp::Sub | ArithOp::Mul | ArithOp::Div | ArithOp::Rem)
            }
            TyKind::Str => op == ArithOp::Add,
            _ => false,
        }
    }

    /// Demands that an operand has the type of the chain.
    fn same_type(&mut self, of_chain: ExprId, node: ExprId, lead: Ty, terms: &[Term]) -> bool {
        let found = self.ty_of(node);
        if found == Types::NEVER || self.unify(found, lead) {
            return true;
        }
        self.operands_differ(of_chain, node, lead, terms);
        false
    }

    /// What `!` stands before: a condition.
    fn not_operand(&mut self, operand: ast::ExprId, span: Span) -> ExprId {
        if !matches!(self.ast[operand].kind, ast::ExprKind::Name(_) | ast::ExprKind::Field { .. }) {
            return self.condition(operand);
        }
        let node = self.infer(operand, Want::Type(Types::BOOL));
        let text = self.operand_text(node);
        let write = match self.kind(self.ty_of(node)) {
            TyKind::Int(_) => format!("{text} == 0"),
            TyKind::Str | TyKind::Array(_) | TyKind::Map(..) => format!("{text}.len == 0"),
            TyKind::Option(_) => format!("{text} == none"),
            _ => return self.boolean(node),
        };
        let found = self.show(self.ty_of(node));
        self.error(span, "type-mismatch", format!("`!` needs a `bool`, not `{found}`"))
            .help("compare instead")
            .fix(span, write);
        self.broken(span)
    }

    /// `"ab" * 3`, `"%d" % n`.
    fn no_string_operator(&mut self, left: ExprId, right: ExprId, op: &str) {
        let (first, second) = (self.hir.expr(left).span, self.hir.expr(right).span);
        let (text, operand) = (self.operand_text(left), self.source(second));
        let (help, fix) = match op {
            "*" if self.ty_of(left) == Types::STR && self.is_int(self.ty_of(right)) => {
                ("s.repeat(n) repeats a string", Some(format!("{text}.repeat({operand})")))
            }
            "%" => ("values are put into an f-string", foreign_format::interpolated(&text, &[operand])),
            _ => ("arithmetic works on numbers, `+` also on strings", None),
        };
        let message = format!("there is no `{op}` for `string`");
        self.error(first.to(second), "no-such-operator", message).help(help).fix_with(first.to(second), fix);
    }

    #[cold]
    #[inline(never)]
    fn operands_differ(&mut self, of_chain: ExprId, node: ExprId, lead: Ty, terms: &[Term]) {
        let (found, span) = (self.ty_of(node), self.hir.expr(node).span);
        let op = terms.first().map_or("+", |term| term.op.text());
        let (lead_name, found_name) = (self.show(lead), self.show(found));
        let text = self.operand_text(node);
        let joins = op == "+" || lead == Types::STR && found == Types::STR;
        if !joins && (lead == Types::STR || found == Types::STR) {
            return self.no_string_operator(of_chain, node, op);
        }
        if lead == Types::STR || found == Types::STR {
            let (other, at) = if lead == Types::STR {
                (text, span)
            } else {
                (self.operand_text(of_chain), self.hir.expr(of_chain).span)
            };
            let what = if lead == Types::STR { found_name } else { lead_name };
            self.error(at, "type-mismatch", format!("a string cannot be joined with `{what}`"))
                .help("str(x) or f\"{x}\" makes a string of any value")
                .fix(at, format!("str({other})"));
            return;
        }
        let found_first = span.start < self.hir.expr(of_chain).span.start;
        let (left, right) = if found_first { (&found_name, &lead_name) } else { (&lead_name, &found_name) };
        let message = if terms.is_empty() {
            // A comparison, or the ends of a range.
            format!("`{left}` and `{right}` are different types")
        } else {
            format!("`{left}` and `{right}` on the two sides of `{op}`")
        };
        let (int, float) = if self.is_int(lead) { (of_chain, node) } else { (node, of_chain) };
        let numbers = self.is_number(lead) && self.is_number(found);
        let (at, literal) = (self.hir.expr(int).span, matches!(self.hir.expr(int).kind, ExprKind::Int(_)));
        let int_text = self.operand_text(int);
        let target = if self.is_int(lead) { &found_name } else { &lead_name };
        let floats = !self.is_int(self.ty_of(float));
        if numbers
            && floats
            && literal
            && let Some(float) = self.as_float_literal(&int_text)
        {
            let help = format!("write `{float}`, or `{int_text} as {target}`");
            self.error(at, "type-mismatch", message).help(help).fix(at, float);
        } else if numbers {
            let fix =
                if floats { format!("{int_text} as {target}") } else { format!("{text} as {lead_name}") };
            let at = if floats { at } else { span };
            self.error(at, "type-mismatch", message)
                .help("numbers are never converted silently; use `as`")
                .fix(at, fix);
        } else {
            let help = self.operand_help(if self.is_number(lead) { found } else { lead });
            self.error(span, "type-mismatch", message).help(help);
        }
    }

    fn is_int(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Int(_))
    }

    #[cold]
    #[inline(never)]
    fn no_such_operator(&mut self, term: Term, ty: Ty) {
        let (name, op) = (self.show(ty), term.op.text());
        let help = match self.kind(ty) {
            TyKind::Bool => "arithmetic has no booleans; use `and`, `or`, `not`".to_owned(),
            TyKind::Str if term.op == BinaryOp::Mul => "s.repeat(n) repeats a string".to_owned(),
            TyKind::Float | TyKind::F32 => "bits belong to integers; convert with `as int`".to_owned(),
            _ => self.operand_help(ty).to_owned(),
        };
        self.error(term.op_span, "no-such-operator", format!("there is no `{op}` for `{name}`")).help(help);
    }

    fn operand_help(&self, ty: Ty) -> &'static str {
        match self.kind(ty) {
            TyKind::Array(_) => "xs.concat(ys) joins arrays, xs.push(x) adds an element",
            TyKind::Any => "convert it first: x as int",
            TyKind::Option(_) => "it may be none: use `.unwrap_or(default)` or `?`",
            TyKind::Result(_) => "it may have failed: use `?` or `.unwrap_or(default)`",
            TyKind::Bool => "a bool is not a number; use `if b { 1 } else { 0 }`",
            TyKind::Tensor(_) => super::tensor::NO_ARITHMETIC,
            TyKind::Unit => "this returns nothing",
            _ => "arithmetic works on numbers, `+` also on strings",
        }
    }

    /// `a == b`, `a < b`.
    #[inline(never)]
    pub(super) fn comparison(&mut self, first: ast::ExprId, rest: List<Term>, span: Span) -> ExprId {
        let Some(&term) = self.ast.list(rest).first() else { return self.broken(span) };
        let op = compare_op(term.op);
        let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let is_none = |id| matches!(self.ast[self.ast.without_parens(id)].kind, ast::ExprKind::None);
        if equality && (is_none(first) || is_none(term.operand)) {
            let other = if is_none(first) { term.operand } else { first };
            return self.compared_with_none(other, op, span);
        }
        let (a, b) = self.sides(first, term.operand);
        if !equality {
            self.check_order(a, b, term);
        }
        self.emit(ExprKind::Compare(op, a, b), Types::BOOL, span)
    }

    /// Two expressions of one type. A literal takes the type of the other side.
    pub(super) fn sides(&mut self, first: ast::ExprId, second: ast::ExprId) -> (ExprId, ExprId) {
        let literal_first = self.is_literal(first) && !self.is_literal(second);
        let (lead, other) = if literal_first { (second, first) } else { (first, second) };
        let a = self.expr(lead, Want::Any);
        let want = self.ty_of(a);
        let b = if self.is_literal(other) && !matches!(self.kind(want), TyKind::Option(_) | TyKind::Any) {
            self.literal_operand(other, Some(want))
        } else {
            self.infer(other, Want::Type(want))
        };
        let (a, b) = self.fit_sides(a, b);
        if literal_first { (b, a) } else { (a, b) }
    }

    /// Fits the side that may become `?T` or `any` to the other.
    fn fit_sides(&mut self, a: ExprId, b: ExprId) -> (ExprId, ExprId) {
        let (x, y) = (self.ty_of(a), self.ty_of(b));
        if x == y {
            return (a, b);
        }
        let wider = |checker: &Self, wide: Ty, ty: Ty| match checker.kind(wide) {
            TyKind::Option(_) => !matches!(checker.kind(ty), TyKind::Option(_) | TyKind::Any),
            TyKind::Any => ty != Types::ANY,
            _ => false,
        };
        if wider(self, y, x) {
            return (self.coerce(a, y), b);
        }
        if wider(self, x, y) {
            return (a, self.coerce(b, x));
        }
        if x != Types::NEVER && y != Types::NEVER && !self.unify(x, y) {
            self.sides_differ(a, b);
        }
        (a, b)
    }

    #[cold]
    #[inline(never)]
    fn sides_differ(&mut self, a: ExprId, b: ExprId) {
        let (x, y) = (self.ty_of(a), self.ty_of(b));
        if self.missing_await(a, false) || self.missing_await(b, false) {
            return;
        }
        if self.is_number(x) && self.is_number(y) {
            self.operands_differ(a, b, x, &[]);
            return;
        }
        self.mismatch(b, y, x);
    }

    fn check_order(&mut self, a: ExprId, b: ExprId, term: Term) {
        let ty = self.ty_of(a);
        if self.is_open(ty) {
            self.later.push(Later::Needs(Need::Order, ty, term.op_span, term.op.text()));
        } else if !self.is_sortable(ty) || ty == Types::BOOL || !self.is_sortable(self.ty_of(b)) {
            self.no_order(ty, term.op_span, term.op.text());
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn no_order(&mut self, ty: Ty, span: Span, op: &str) {
        let name = self.show(ty);
        let help = match self.kind(ty) {
            TyKind::Option(_) | TyKind::Result(_) | TyKind::Any => self.operand_help(ty),
            _ => "numbers and strings have an order",
        };
        self.error(span, "no-such-operator", format!("there is no `{op}` for `{name}`")).help(help);
    }

    /// `a and b or c`, left to right. Names bound by `is` reach the operands after `and`, and what the whole guards
    /// when every operator from there on is `and`.
    #[inline(never)]
    pub(super) fn logic(&mut self, first: ast::ExprId, rest: List<Term>, span: Span) -> ExprId {
        let start = self.mark();
        let head = self.condition(first);
        let terms = self.ast.list(rest);
        let mut nodes = Terms::with_capacity(terms.len());
        for term in terms {
            let op = if term.op == BinaryOp::And { LogicOp::And } else { LogicOp::Or };
            if op == LogicOp::Or {
                self.leave(start);
            }
            let node = self.condition(term.operand);
            if op == LogicOp::Or {
                self.leave(start);
            }
            nodes.push((op, node));
        }
        self.emit(ExprKind::Logic(head, nodes), Types::BOOL, span)
    }

    /// `-x`, `not x`, `~x`.
    #[inline(never)]
    pub(super) fn unary(&mut self, op: ast::UnaryOp, operand: ast::ExprId, span: Span, want: Want) -> ExprId {
        match op {
            ast::UnaryOp::Not => {
                let mark = self.mark();
                let node = self.not_operand(operand, span);
                self.leave(mark);
                self.emit(ExprKind::Unary(UnaryOp::Not, node), Types::BOOL, span)
            }
            ast::UnaryOp::Neg => match self.ast[operand].kind {
                ast::ExprKind::Int(value) => self.int_literal(value, true, span, want),
                ast::ExprKind::Float(value) => self.float_literal(-value, span, want),
                _ => self.negated(UnaryOp::Neg, operand, span, want),
            },
            ast::UnaryOp::BitNot => self.negated(UnaryOp::BitNot, operand, span, want),
        }
    }

    fn negated(&mut self, op: UnaryOp, operand: ast::ExprId, span: Span, want: Want) -> ExprId {
        let hint = if self.is_literal(operand) { want } else { Want::Any };
        let node = self.infer(operand, hint);
        let ty = self.ty_of(node);
        if op == UnaryOp::Neg {
            self.require_number(node, "-");
        } else if self.is_open(ty) {
            self.unify(ty, Types::INT);
        } else if !matches!(self.kind(ty), TyKind::Int(_) | TyKind::Error | TyKind::Never) {
            let found = self.show(ty);
            let help = if ty == Types::BOOL {
                "the opposite of a bool is `not b`"
            } else {
                "`~` flips the bits of an integer"
            };
            self.error(span, "not-an-integer", format!("`~` needs an integer, not `{found}`")).help(help);
        }
        self.emit(ExprKind::Unary(op, node), ty, span)
    }
}

/// The operator of the checked program.
pub(super) fn arith_op(op: BinaryOp) -> ArithOp {
    match op {
        BinaryOp::Sub => ArithOp::Sub,
        BinaryOp::Mul => ArithOp::Mul,
        BinaryOp::Div => ArithOp::Div,
        BinaryOp::Rem => ArithOp::Rem,
        BinaryOp::BitAnd => ArithOp::And,
        BinaryOp::BitOr => ArithOp::Or,
        BinaryOp::BitXor => ArithOp::Xor,
        BinaryOp::Shl => ArithOp::Shl,
        BinaryOp::Shr => ArithOp::Shr,
        _ => ArithOp::Add,
    }
}

fn compare_op(op: BinaryOp) -> CompareOp {
    match op {
        BinaryOp::Ne => CompareOp::Ne,
        BinaryOp::Lt => CompareOp::Lt,
        BinaryOp::Le => CompareOp::Le,
        BinaryOp::Gt => CompareOp::Gt,
        BinaryOp::Ge => CompareOp::Ge,
        _ => CompareOp::Eq,
    }
}
