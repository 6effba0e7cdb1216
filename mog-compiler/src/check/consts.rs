//! Constants, and folding them at compile time.

use super::Checker;
use super::infer::Want;
use super::scope::{Def, Frame, Variable};
use super::typename::MAX_NESTING;
use crate::ast::{self, ItemId, ItemKind, Name, Span, StmtKind, TypeExprId};
use crate::hir::{ArithOp, CompareOp, ExprId, ExprKind, FuncId, Global, GlobalId, LogicOp, StrId, UnaryOp};
use crate::types::{IntKind, Ty, TyKind, Types};

/// A value known at compile time; its type stands beside it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Value {
    Bool(bool),
    /// In the 64-bit form of the type's register.
    Int(i64),
    Float(f64),
    Str(StrId),
    None,
}

/// A declared constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Const {
    value: ast::ExprId,
    ty: Option<TypeExprId>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Pending,
    /// Being worked out: meeting it again means that it depends on itself.
    Open,
    Done(Value, Ty),
    /// Made of constants, but not a scalar: a module variable that nobody may assign.
    Variable(GlobalId),
    Broken,
}

impl Const {
    /// Its type, where it is known.
    pub(super) const fn ty(&self) -> Option<Ty> {
        match self.state {
            State::Done(_, ty) => Some(ty),
            _ => None,
        }
    }
}

/// What the use of a constant means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Constant {
    Known(Value, Ty),
    Variable(GlobalId),
    Broken,
}

impl Checker<'_> {
    /// A constant whose value is worked out later.
    pub(super) fn new_const(&mut self, ty: Option<TypeExprId>, value: ast::ExprId) -> u32 {
        self.consts.push(Const { value, ty, state: State::Pending });
        self.consts.len() as u32 - 1
    }

    /// Works out the constants of a file.
    pub(super) fn check_consts(&mut self, items: &[ItemId]) {
        for &item in items {
            if let ItemKind::Stmt(id) = self.ast[item].kind
                && let StmtKind::Const { name, .. } = self.ast[id].kind
                && let Some(Def::Const(number)) = self.peek(name.symbol)
            {
                self.const_value(number, name.span);
            }
        }
    }

    /// The value of a constant, worked out on first use.
    pub(super) fn const_value(&mut self, number: u32, span: Span) -> Constant {
        let at = number as usize;
        match self.consts.get(at).map(|known| known.state) {
            Some(State::Done(value, ty)) => return Constant::Known(value, ty),
            Some(State::Variable(global)) => return Constant::Variable(global),
            Some(State::Pending) if self.nesting < MAX_NESTING => {}
            Some(State::Pending | State::Open) => {
                self.error(span, "constant-cycle", "this constant depends on itself, or on too many others");
                return Constant::Broken;
            }
            Some(State::Broken) | None => return Constant::Broken,
        }
        self.set_const(at, State::Open);
        self.nesting += 1;
        let state = self.work_out(at);
        self.nesting -= 1;
        self.set_const(at, state);
        match state {
            State::Done(value, ty) => Constant::Known(value, ty),
            State::Variable(global) => Constant::Variable(global),
            _ => Constant::Broken,
        }
    }

    fn set_const(&mut self, at: usize, state: State) {
        if let Some(place) = self.consts.get_mut(at) {
            place.state = state;
        }
    }

    fn work_out(&mut self, at: usize) -> State {
        let Some(&Const { value, ty, .. }) = self.consts.get(at) else { return State::Broken };
        let floor = self.mark();
        self.enter(Frame::new(FuncId(0), Types::UNIT, floor));
        let node = self.const_expr(value, ty);
        let frame = self.frames.pop();
        let ty = self.ty_of(node);
        if ty == Types::ERROR {
            return State::Broken;
        }
        if let Some(value) = self.fold(node) {
            return State::Done(value, ty);
        }
        if !self.is_constant(node) || frame.is_some_and(|frame| !frame.locals.is_empty()) {
            self.not_constant(value);
            return State::Broken;
        }
        let global = self.new_global(String::new(), ty, Variable { fixed: true, ..Variable::default() });
        let span = self.hir.expr(node).span;
        let set = self.emit(ExprKind::SetGlobal(global, node), Types::UNIT, span);
        self.init = Some(self.take_init());
        self.init_body.push(set);
        State::Variable(global)
    }

    /// A module variable.
    pub(super) fn new_global(&mut self, name: String, ty: Ty, known: Variable) -> GlobalId {
        let id = GlobalId(self.hir.globals.len() as u32);
        self.hir.globals.push(Global { name, ty });
        self.globals.push(known);
        id
    }

    fn const_expr(&mut self, value: ast::ExprId, ty: Option<TypeExprId>) -> ExprId {
        let want = ty.map_or(Want::Any, |ty| Want::Type(self.resolve_type(ty)));
        self.expr(value, want)
    }

    fn not_constant(&mut self, value: ast::ExprId) {
        let span = self.ast[value].span;
        let line = self.source.get(..span.start as usize).unwrap_or("").rsplit('\n').next().unwrap_or("");
        let word = line.rfind("const ").map(|at| {
            let start = span.start - (line.len() - at) as u32;
            Span::new(start, start + 5)
        });
        self.error(span, "not-constant", "the value of a constant must be known at compile time")
            .help("use `:=` for a value that is computed when the program runs")
            .fix_with(word.unwrap_or(span), word.map(|_| "let"));
    }

    /// `const N = 10` inside a block.
    #[inline(never)]
    pub(super) fn local_const(
        &mut self,
        name: Name,
        ty: Option<TypeExprId>,
        value: ast::ExprId,
    ) -> Option<ExprId> {
        let node = self.const_expr(value, ty);
        let ty = self.ty_of(node);
        if let Some(folded) = self.fold(node) {
            let number = self.new_const(None, value);
            self.set_const(number as usize, State::Done(folded, ty));
            self.declare(name, Def::Const(number));
            return None;
        }
        if ty != Types::ERROR && !self.is_constant(node) {
            self.not_constant(value);
        }
        let local = self.declare_local(name, ty);
        if let Some(known) = self.variable(local) {
            known.fixed = true;
        }
        let span = self.ast[value].span;
        Some(self.emit(ExprKind::Let(local, Some(node)), Types::UNIT, span))
    }

    /// Whether an expression always gives the same value and does nothing else.
    fn is_constant(&self, id: ExprId) -> bool {
        let all = |ids: &[ExprId]| ids.iter().all(|&id| self.is_constant(id));
        match &self.hir.expr(id).kind {
            ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) | ExprKind::None => {
                true
            }
            ExprKind::Unit | ExprKind::FuncValue(_) => true,
            ExprKind::Global(global) => self.globals.get(global.0 as usize).is_some_and(|known| known.fixed),
            ExprKind::Local(local) => {
                let variable = self.frames.last().and_then(|frame| frame.variables.get(local.0 as usize));
                let variable = variable.and_then(|&number| self.variables.get(number as usize));
                variable.is_some_and(|known: &Variable| known.fixed)
            }
            ExprKind::Unary(_, inner)
            | ExprKind::Cast(inner)
            | ExprKind::ToAny(inner)
            | ExprKind::Some(inner)
            | ExprKind::Ok(inner)
            | ExprKind::Display(inner)
            | ExprKind::Fixed(inner, _)
            | ExprKind::Err(inner) => self.is_constant(*inner),
            ExprKind::Arith(first, rest) => {
                self.is_constant(*first) && rest.iter().all(|(_, id)| self.is_constant(*id))
            }
            ExprKind::Logic(first, rest) => {
                self.is_constant(*first) && rest.iter().all(|(_, id)| self.is_constant(*id))
            }
            ExprKind::Compare(_, a, b) | ExprKind::ArrayFill(a, b) => {
                self.is_constant(*a) && self.is_constant(*b)
            }
            ExprKind::Concat(ids)
            | ExprKind::ArrayLit(ids)
            | ExprKind::StructLit(_, ids)
            | ExprKind::EnumLit(_, _, ids)
            | ExprKind::Builtin(_, ids, _) => all(ids),
            ExprKind::MapLit(entries) => {
                entries.iter().all(|(k, v)| self.is_constant(*k) && self.is_constant(*v))
            }
            _ => false,
        }
    }

    /// The value of an expression, if it is a scalar known at compile time.
    pub(super) fn fold(&mut self, id: ExprId) -> Option<Value> {
        let expr = self.hir.expr(id).clone();
        Some(match expr.kind {
            ExprKind::Bool(value) => Value::Bool(value),
            ExprKind::Int(value) => Value::Int(value),
            ExprKind::Float(value) => Value::Float(value),
            ExprKind::Str(value) => Value::Str(value),
            ExprKind::None => Value::None,
            ExprKind::Unary(op, inner) => {
                let value = self.fold(inner)?;
                self.fold_unary(op, value, expr.ty)?
            }
            ExprKind::Arith(first, rest) => {
                let mut value = self.fold(first)?;
                for (op, operand) in rest {
                    let operand = self.fold(operand)?;
                    value = self.fold_arith(op, value, operand, expr.ty, expr.span)?;
                }
                value
            }
            ExprKind::Concat(parts) => self.fold_concat(&parts)?,
            ExprKind::Compare(op, a, b) => {
                let unsigned = matches!(self.kind(self.ty_of(a)), TyKind::Int(IntKind::U64));
                let (a, b) = (self.fold(a)?, self.fold(b)?);
                self.fold_compare(op, a, b, unsigned)?
            }
            ExprKind::Logic(first, rest) => {
                let Value::Bool(mut value) = self.fold(first)? else { return None };
                for (op, operand) in rest {
                    let Value::Bool(operand) = self.fold(operand)? else { return None };
                    value = if op == LogicOp::And { value && operand } else { value || operand };
                }
                Value::Bool(value)
            }
            ExprKind::Cast(inner) => {
                let value = self.fold(inner)?;
                let unsigned = matches!(self.kind(self.ty_of(inner)), TyKind::Int(IntKind::U64));
                self.fold_cast(value, unsigned, expr.ty)?
            }
            _ => return None,
        })
    }

    fn fold_unary(&self, op: UnaryOp, value: Value, ty: Ty) -> Option<Value> {
        Some(match (op, value, self.kind(ty)) {
            (UnaryOp::Not, Value::Bool(value), _) => Value::Bool(!value),
            (UnaryOp::Neg, Value::Int(value), TyKind::Int(kind)) => {
                Value::Int(narrow(value.wrapping_neg(), *kind))
            }
            (UnaryOp::BitNot, Value::Int(value), TyKind::Int(kind)) => Value::Int(narrow(!value, *kind)),
            (UnaryOp::Neg, Value::Float(value), _) => Value::Float(-value),
            _ => return None,
        })
    }

    fn fold_arith(&mut self, op: ArithOp, a: Value, b: Value, ty: Ty, span: Span) -> Option<Value> {
        match (a, b, self.kind(ty)) {
            (Value::Int(a), Value::Int(b), &TyKind::Int(kind)) => {
                let result = int_arith(op, a, b, kind);
                if result.is_none() {
                    self.error(span, "constant-trap", "this constant divides by zero or shifts too far");
                }
                Some(Value::Int(narrow(result?, kind)))
            }
            (Value::Float(a), Value::Float(b), kind) => {
                let result = match op {
                    ArithOp::Add => a + b,
                    ArithOp::Sub => a - b,
                    ArithOp::Mul => a * b,
                    ArithOp::Div => a / b,
                    _ => return None,
                };
                Some(Value::Float(if *kind == TyKind::F32 { f64::from(result as f32) } else { result }))
            }
            _ => None,
        }
    }

    fn fold_concat(&mut self, parts: &[ExprId]) -> Option<Value> {
        let mut text = String::new();
        for &part in parts {
            let Value::Str(part) = self.fold(part)? else { return None };
            text.push_str(self.hir.strings.get(part.0 as usize)?);
        }
        Some(Value::Str(self.string(&text)))
    }

    fn fold_compare(&self, op: CompareOp, a: Value, b: Value, unsigned: bool) -> Option<Value> {
        let order = match (a, b) {
            (Value::Int(a), Value::Int(b)) if unsigned => Some((a as u64).cmp(&(b as u64))),
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(&b)),
            (Value::Float(a), Value::Float(b)) => a.partial_cmp(&b),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(&b)),
            (Value::Str(a), Value::Str(b)) => Some(
                self.hir
                    .strings
                    .get(a.0 as usize)?
                    .as_bytes()
                    .cmp(self.hir.strings.get(b.0 as usize)?.as_bytes()),
            ),
            _ => return None,
        };
        Some(Value::Bool(match op {
            CompareOp::Eq => order.is_some_and(|o| o.is_eq()),
            CompareOp::Ne => order.is_none_or(|o| o.is_ne()),
            CompareOp::Lt => order.is_some_and(|o| o.is_lt()),
            CompareOp::Le => order.is_some_and(|o| o.is_le()),
            CompareOp::Gt => order.is_some_and(|o| o.is_gt()),
            CompareOp::Ge => order.is_some_and(|o| o.is_ge()),
        }))
    }

    fn fold_cast(&self, value: Value, unsigned: bool, to: Ty) -> Option<Value> {
        Some(match (value, self.kind(to)) {
            (Value::Int(value), TyKind::Int(kind)) => Value::Int(narrow(value, *kind)),
            (Value::Int(value), TyKind::Float) if unsigned => Value::Float(value as u64 as f64),
            (Value::Int(value), TyKind::Float) => Value::Float(value as f64),
            (Value::Float(value), TyKind::Int(kind)) => {
                let (low, high) = kind.range();
                Value::Int((value as i128).clamp(low, high) as i64)
            }
            (Value::Float(value), TyKind::Float) => Value::Float(value),
            (Value::Float(value), TyKind::F32) => Value::Float(f64::from(value as f32)),
            (Value::Int(value), TyKind::F32) if unsigned => Value::Float(f64::from(value as u64 as f32)),
            (Value::Int(value), TyKind::F32) => Value::Float(f64::from(value as f32)),
            _ => return None,
        })
    }
}

/// A 64-bit result wrapped to a width and extended again.
fn narrow(value: i64, kind: IntKind) -> i64 {
    match kind {
        IntKind::I8 => i64::from(value as i8),
        IntKind::I16 => i64::from(value as i16),
        IntKind::I32 => i64::from(value as i32),
        IntKind::U8 => i64::from(value as u8),
        IntKind::U16 => i64::from(value as u16),
        IntKind::U32 => i64::from(value as u32),
        IntKind::I64 | IntKind::U64 => value,
    }
}

/// Integer arithmetic on register forms before wrapping; `None` where the machine would trap.
fn int_arith(op: ArithOp, a: i64, b: i64, kind: IntKind) -> Option<i64> {
    let unsigned = kind == IntKind::U64;
    Some(match op {
        ArithOp::Add => a.wrapping_add(b),
        ArithOp::Sub => a.wrapping_sub(b),
        ArithOp::Mul => a.wrapping_mul(b),
        ArithOp::Div | ArithOp::Rem if b == 0 => return None,
        ArithOp::Div if unsigned => (a as u64 / b as u64) as i64,
        ArithOp::Rem if unsigned => (a as u64 % b as u64) as i64,
        ArithOp::Div => a.wrapping_div(b),
        ArithOp::Rem => a.wrapping_rem(b),
        ArithOp::And => a & b,
        ArithOp::Or => a | b,
        ArithOp::Xor => a ^ b,
        ArithOp::Shl | ArithOp::Shr if b < 0 || b >= i64::from(kind.bits()) => return None,
        ArithOp::Shl => a << b,
        ArithOp::Shr if unsigned => ((a as u64) >> b) as i64,
        ArithOp::Shr => a >> b,
    })
}
