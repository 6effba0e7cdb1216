//! Calls of functions, closures, variants, built-in functions and methods.

use std::cell::RefCell;
use std::rc::Rc;

use mog_compiler::ast::{Arg, ExprId, ExprKind, FnId, Name, Param};

use super::partial::{Open, holds, unwrap_or};
use super::types::{Type, coerce, settle, type_of};
use super::value::{Closure, Value};
use super::{DEEPEST_CALL, Env, Frame, Interpreter, Res, Stop, bind};

impl Interpreter<'_> {
    /// A call, up to the point where it matters whether it is asked.
    pub(super) fn call(&mut self, env: &Env, callee: ExprId, args: &[Arg], want: &Type) -> Res<Open> {
        match self.ast[self.ast.without_parens(callee)].kind {
            ExprKind::Name(name) => {
                if let Some(variable) = self.variable(env, name) {
                    let callee = variable.value.borrow().clone();
                    return self.call_value(env, &callee, args).map(Open::Plain);
                }
                match self.functions.get(&name) {
                    Some(&function) => self.call_named(env, function, args).map(Open::Plain),
                    None => self.builtin(env, self.ast.text(name), args, want),
                }
            }
            ExprKind::Field { base, name } => {
                if let ExprKind::Name(owner) = self.ast[base].kind
                    && self.variable(env, owner).is_none()
                    && !self.constants.contains_key(&owner)
                {
                    if !self.enums.contains_key(&owner) {
                        return Err(Stop::unsupported("a capability or module"));
                    }
                    let args = positional(args)?;
                    return self.variant_value(env, owner, name.symbol, &args).map(Open::Plain);
                }
                self.method(env, base, name, args)
            }
            _ => {
                let callee = self.eval(env, callee, &Type::Unknown)?;
                self.call_value(env, &callee, args).map(Open::Plain)
            }
        }
    }

    fn method(&mut self, env: &Env, base: ExprId, name: Name, args: &[Arg]) -> Res<Open> {
        let method = self.ast.text(name.symbol);
        let arguments = || positional(args);
        if let "unwrap_or" | "is_some" | "is_none" | "is_ok" | "is_err" = method {
            let value = settle(self.asked(env, base)?)?;
            let held = holds(&value)?;
            let plain = match (method, arguments()?.as_slice()) {
                // The default is computed only where it is needed.
                ("unwrap_or", &[_]) if held => unwrap_or(value, Value::Unit)?,
                ("unwrap_or", &[default]) => {
                    let default = self.eval(env, default, &type_of(&value).inner())?;
                    unwrap_or(value, default)?
                }
                ("is_some" | "is_ok", []) => Value::Bool(held),
                ("is_none" | "is_err", []) => Value::Bool(!held),
                _ => return Err(Stop::unsupported("arguments of a method")),
            };
            return Ok(Open::Plain(plain));
        }
        let base = settle(self.eval(env, base, &Type::Unknown)?)?;
        match &base {
            Value::Struct(object) => {
                let index = self.field_index(object.name, name.symbol)?;
                let field = object.fields.borrow().get(index).cloned();
                let field = field.ok_or_else(|| Stop::unsupported("an unknown field"))?;
                self.call_value(env, &field, args).map(Open::Plain)
            }
            Value::Array(array) => self.array_method(env, array, method, &arguments()?),
            Value::Map(map) => self.map_method(env, map, method, &arguments()?),
            _ => match base.text() {
                Some(text) => self.string_method(env, &text, method, &arguments()?),
                None => Err(Stop::unsupported(format!("the method {method} of another value"))),
            },
        }
    }

    /// A named function: arguments in the order in which they are written, then defaults.
    fn call_named(&mut self, env: &Env, function: FnId, args: &[Arg]) -> Res<Value> {
        let params = self.ast.list(self.ast[function].params);
        let mut values: Vec<Option<Value>> = vec![None; params.len()];
        for (number, arg) in args.iter().enumerate() {
            let position = match arg.name {
                Some(name) => params.iter().position(|param| param.name.symbol == name.symbol),
                None => Some(number),
            };
            let param = position.and_then(|position| Some((position, params.get(position)?)));
            let (position, param) = param.ok_or_else(|| Stop::unsupported("too many arguments"))?;
            let want = self.param_type(param)?;
            let value = self.eval(env, arg.value, &want)?;
            if let Some(slot) = values.get_mut(position) {
                *slot = Some(value);
            }
        }
        for (slot, param) in values.iter_mut().zip(params) {
            if let (None, Some(default)) = (&slot, param.default) {
                let want = self.param_type(param)?;
                *slot = Some(self.eval(&None, default, &want)?);
            }
        }
        let values: Option<Vec<Value>> = values.into_iter().collect();
        let values = values.ok_or_else(|| Stop::unsupported("too few arguments"))?;
        self.call_function(function, &None, values, &None)
    }

    fn param_type(&self, param: &Param) -> Res<Type> {
        param.ty.map_or(Ok(Type::Unknown), |ty| self.resolve(ty))
    }

    /// Runs a function's body with values for its parameters. A closure's signature says what the text does not.
    pub(super) fn call_function(
        &mut self,
        function: FnId,
        env: &Env,
        values: Vec<Value>,
        signature: &Option<Rc<(Vec<Type>, Type)>>,
    ) -> Res<Value> {
        self.spend()?;
        let node = self.ast[function];
        if node.is_async {
            return Err(Stop::unsupported("async"));
        }
        let body = node.body.ok_or_else(|| Stop::unsupported("a function without a body"))?;
        let params = self.ast.list(node.params);
        if params.len() != values.len() {
            return Err(Stop::unsupported("another number of arguments"));
        }
        let result = match (node.result, signature) {
            (Some(result), _) => self.resolve(result)?,
            (None, Some(signature)) => signature.1.clone(),
            (None, None) => Type::Unit,
        };
        let mut env = env.clone();
        for (number, (param, value)) in params.iter().zip(values).enumerate() {
            let ty = match (param.ty, signature) {
                (Some(ty), _) => self.resolve(ty)?,
                (None, Some(signature)) => signature.0.get(number).cloned().unwrap_or(Type::Unknown),
                (None, None) => Type::Unknown,
            };
            let value = settle(coerce(value, &ty)?)?;
            let ty = ty.or(&type_of(&value));
            bind(&mut env, param.name.symbol, value, ty);
        }
        if self.frames.len() as u32 > DEEPEST_CALL {
            return Err(Stop::unsupported("too deep a recursion"));
        }
        let depth = self.frames.len();
        self.frames.push(Frame { result: result.clone(), tries: 0 });
        let outcome = self.block(&env, body, &result);
        self.frames.truncate(depth);
        let value = match outcome {
            Ok(value) | Err(Stop::Return(value)) => value,
            Err(Stop::Break | Stop::Continue) => return Err(Stop::unsupported("a jump out of a function")),
            Err(stop) => return Err(stop),
        };
        match result {
            Type::Unit => Ok(Value::Unit),
            Type::Unknown => Ok(value),
            result => coerce(value, &result),
        }
    }

    /// A function's name as a value.
    pub(super) fn function_value(&mut self, function: FnId) -> Res<Value> {
        let node = self.ast[function];
        let params = self.ast.list(node.params);
        let types = params.iter().map(|param| self.param_type(param)).collect::<Res<Vec<_>>>()?;
        let result = node.result.map_or(Ok(Type::Unit), |ty| self.resolve(ty))?;
        let signature = RefCell::new(Rc::new((types, result)));
        Ok(Value::Closure(Rc::new(Closure { function, env: None, signature, named: true })))
    }

    /// A closure over the variables in scope.
    pub(super) fn closure(&mut self, env: &Env, function: FnId) -> Res<Value> {
        let node = self.ast[function];
        let params = self.ast.list(node.params);
        let types = params.iter().map(|param| self.param_type(param)).collect::<Res<Vec<_>>>()?;
        let result = node.result.map_or(Ok(Type::Unknown), |ty| self.resolve(ty))?;
        let signature = RefCell::new(Rc::new((types, result)));
        Ok(Value::Closure(Rc::new(Closure { function, env: env.clone(), signature, named: false })))
    }

    fn call_value(&mut self, env: &Env, callee: &Value, args: &[Arg]) -> Res<Value> {
        let Value::Closure(closure) = callee else {
            return Err(Stop::unsupported("a call of another value"));
        };
        let types = closure.signature.borrow().clone();
        let mut values = Vec::new();
        for (number, arg) in positional(args)?.into_iter().enumerate() {
            let want = types.0.get(number).cloned().unwrap_or(Type::Unknown);
            values.push(self.eval(env, arg, &want)?);
        }
        self.apply(callee, values)
    }

    /// Calls a closure with values.
    pub(super) fn apply(&mut self, callee: &Value, values: Vec<Value>) -> Res<Value> {
        let Value::Closure(closure) = callee else {
            return Err(Stop::unsupported("a call of another value"));
        };
        let signature = closure.signature.borrow().clone();
        self.call_function(closure.function, &closure.env, values, &Some(signature))
    }
}

/// The values of arguments without names.
pub(super) fn positional(args: &[Arg]) -> Res<Vec<ExprId>> {
    let values = args.iter().map(|arg| if arg.name.is_none() { Some(arg.value) } else { None });
    values.collect::<Option<_>>().ok_or_else(|| Stop::unsupported("named arguments"))
}
