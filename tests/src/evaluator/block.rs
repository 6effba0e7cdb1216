//! Blocks, statements, loops, conditions.

use std::cell::RefCell;
use std::rc::Rc;

use mog_compiler::ast::{
    BinaryOp, BlockId, ExprId, ExprKind, IfArm, ItemKind, Level, Name, StmtId, StmtKind, sym,
};

use super::number::IntKind;
use super::types::{Type, settle, type_of};
use super::value::Value;
use super::{Env, Interpreter, Res, Stop, Variable, bind};

impl Interpreter<'_> {
    /// Runs a block in a scope of its own.
    pub(super) fn block(&mut self, env: &Env, id: BlockId, want: &Type) -> Res<Value> {
        let mut env = env.clone();
        let block = self.ast[id];
        for &stmt in self.ast.list(block.stmts) {
            self.statement(&mut env, stmt)?;
        }
        match block.tail {
            Some(tail) => self.eval(&env, tail, want),
            None => Ok(Value::Unit),
        }
    }

    pub(super) fn statement(&mut self, env: &mut Env, id: StmtId) -> Res<()> {
        match self.ast[id].kind {
            StmtKind::Error => Err(Stop::unsupported("a syntax error")),
            StmtKind::Let { name, ty, value } => {
                let want = ty.map_or(Ok(Type::Unknown), |ty| self.resolve(ty))?;
                let value = settle(self.eval(env, value, &want)?)?;
                let ty = want.or(&type_of(&value));
                bind(env, name.symbol, value, ty);
                Ok(())
            }
            StmtKind::Const { name, ty, value } => {
                let want = ty.map_or(Ok(Type::Unknown), |ty| self.resolve(ty))?;
                let value = RefCell::new(self.eval(env, value, &want)?);
                let outer = env.take();
                *env = Some(Rc::new(Variable { name: name.symbol, value, ty: want, constant: true, outer }));
                Ok(())
            }
            StmtKind::Assign { target, op, value } => self.assign(env, target, op, value),
            StmtKind::Expr(value) => self.eval(env, value, &Type::Unknown).map(drop),
            StmtKind::While { condition, body } => loop {
                let mut inner = env.clone();
                if !self.condition(&mut inner, condition)? || !self.turn(&inner, body)? {
                    return Ok(());
                }
            },
            StmtKind::Loop(body) => {
                while self.turn(env, body)? {}
                Ok(())
            }
            StmtKind::For { first, second, iterable, body } => {
                self.for_loop(env, first, second, iterable, body)
            }
            StmtKind::Item(item) => match self.ast[item].kind {
                ItemKind::Fn(_) | ItemKind::Struct { .. } | ItemKind::Enum { .. } | ItemKind::Type { .. } => {
                    Ok(())
                }
                _ => Err(Stop::unsupported("an item in a block")),
            },
        }
    }

    /// Runs a loop's body once; false after `break`.
    fn turn(&mut self, env: &Env, body: BlockId) -> Res<bool> {
        self.spend()?;
        match self.block(env, body, &Type::Unknown) {
            Ok(_) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    /// Counts something done.
    pub(super) fn spend(&mut self) -> Res<()> {
        self.fuel = self.fuel.checked_sub(1).ok_or_else(|| Stop::unsupported("too long a run"))?;
        Ok(())
    }

    /// Evaluates a condition; what its patterns bind stays bound.
    pub(super) fn condition(&mut self, env: &mut Env, id: ExprId) -> Res<bool> {
        match self.ast[id].kind {
            ExprKind::Paren(inner) => self.condition(env, inner),
            ExprKind::Is { value, pattern } => {
                let subject = self.subject(env, value, &[pattern])?;
                self.matches(env, pattern, &subject)
            }
            ExprKind::Chain { level: Level::Logic, first, rest } => {
                let mut holds = self.condition(env, first)?;
                for term in self.ast.list(rest) {
                    let decided = if term.op == BinaryOp::And { !holds } else { holds };
                    if !decided {
                        holds = self.condition(env, term.operand)?;
                    }
                }
                Ok(holds)
            }
            _ => self.eval(env, id, &Type::Bool)?.truth(),
        }
    }

    pub(super) fn if_arms(
        &mut self,
        env: &Env,
        arms: &[IfArm],
        otherwise: Option<BlockId>,
        want: &Type,
    ) -> Res<Value> {
        for arm in arms {
            let mut inner = env.clone();
            if self.condition(&mut inner, arm.condition)? {
                let value = self.block(&inner, arm.body, want)?;
                return Ok(if otherwise.is_some() { value } else { Value::Unit });
            }
        }
        otherwise.map_or(Ok(Value::Unit), |block| self.block(env, block, want))
    }

    fn for_loop(
        &mut self,
        env: &Env,
        first: Name,
        second: Option<Name>,
        iterable: ExprId,
        body: BlockId,
    ) -> Res<()> {
        let once = |this: &mut Self, values: [Option<Value>; 2]| {
            let mut inner = env.clone();
            for (name, value) in [Some(first), second].into_iter().zip(values) {
                if let (Some(name), Some(value)) = (name, value)
                    && name.symbol != sym::UNDERSCORE
                {
                    let ty = type_of(&value);
                    bind(&mut inner, name.symbol, value, ty);
                }
            }
            this.turn(&inner, body)
        };
        if let ExprKind::Range { start, end, inclusive } = self.ast[self.ast.without_parens(iterable)].kind {
            let start = self.eval(env, start, &Type::Unknown)?;
            let end = self.eval(env, end, &Type::Unknown)?;
            let (Value::Int(a, start), Value::Int(b, end)) = (start, end) else {
                return Err(Stop::unsupported("a range of other values"));
            };
            let kind = if a == IntKind::Literal { b } else { a };
            let kind = if kind == IntKind::Literal { IntKind::I64 } else { kind };
            if second.is_some() {
                return Err(Stop::unsupported("two variables over a range"));
            }
            let mut number = start;
            while number < end || (inclusive && number == end) {
                if !once(self, [Some(Value::Int(kind, number)), None])? {
                    break;
                }
                number += 1;
            }
            return Ok(());
        }
        let collection = self.eval(env, iterable, &Type::Unknown)?;
        let (collection, any) = match collection {
            Value::Any(inner) => (inner.as_ref().clone(), true),
            other => (other, false),
        };
        match collection {
            Value::Array(array) => {
                let guard = array.uses.enter();
                let length = array.items.borrow().len();
                let mut index = 0;
                loop {
                    let Some(item) = array.items.borrow().get(index).cloned() else { return Ok(()) };
                    let values = match second {
                        Some(_) => [Some(Value::int(index as i128)), Some(item)],
                        None => [Some(item), None],
                    };
                    let goes_on = once(self, values);
                    guard.turned(!matches!(goes_on, Ok(true)), length, array.items.borrow().len())?;
                    if !goes_on? {
                        return Ok(());
                    }
                    index += 1;
                }
            }
            Value::Map(map) if second.is_some() => {
                let guard = map.uses.enter();
                let length = map.entries.borrow().len();
                let mut index = 0;
                loop {
                    let Some((key, value)) = map.entries.borrow().get(index).cloned() else { return Ok(()) };
                    let goes_on = once(self, [Some(key), Some(value)]);
                    guard.turned(!matches!(goes_on, Ok(true)), length, map.entries.borrow().len())?;
                    if !goes_on? {
                        return Ok(());
                    }
                    index += 1;
                }
            }
            other => match other.text() {
                Some(text) if second.is_none() && !any => {
                    for c in text.chars() {
                        if !once(self, [Some(Value::str(c.to_string())), None])? {
                            break;
                        }
                    }
                    Ok(())
                }
                _ => Err(Stop::unsupported("a loop over another value")),
            },
        }
    }
}
