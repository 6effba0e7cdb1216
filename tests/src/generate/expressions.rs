//! Expressions of a type.

use super::scope::Variable;
use super::types::{SIZED, Ty};
use super::{DEEPEST, DEEPEST_EXPRESSION, Generator};

/// How tightly an expression holds together, from the tightest.
pub(super) type Level = u8;
pub(super) const ATOM: Level = 0;
pub(super) const UNARY: Level = 1;
pub(super) const CAST: Level = 2;
pub(super) const ARITHMETIC: Level = 3;
pub(super) const COMPARISON: Level = 4;
pub(super) const LOGIC: Level = 5;
/// `if`, `match`, closures: always in parentheses inside others.
pub(super) const OPEN: Level = 6;

/// The text of an expression.
pub(super) struct Expression {
    pub(super) text: String,
    level: Level,
}

impl Expression {
    pub(super) fn new(text: impl Into<String>, level: Level) -> Self {
        Self { text: text.into(), level }
    }

    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self::new(text, ATOM)
    }

    /// The text as the value of a block, where a brace would open another block.
    pub(super) fn inside(self) -> String {
        if self.text.starts_with('{') { format!("({})", self.text) } else { self.text }
    }

    /// The text as an operand at a level, in parentheses if need be.
    pub(super) fn at(self, level: Level) -> String {
        if self.level <= level { self.text } else { format!("({})", self.text) }
    }
}

impl Generator<'_> {
    /// An expression, nested at most so deep. `typed` says that the place gives the type, as an annotation does.
    pub(super) fn expression(&mut self, ty: &Ty, depth: u32, typed: bool) -> Expression {
        if depth == 0 || self.room == 0 || self.nested == DEEPEST_EXPRESSION || !self.choices.more() {
            return self.leaf(ty, typed);
        }
        self.room -= 1;
        self.nested += 1;
        let expression = self.nested_expression(ty, depth, typed);
        self.nested -= 1;
        expression
    }

    fn nested_expression(&mut self, ty: &Ty, depth: u32, typed: bool) -> Expression {
        match self.choices.below(20) {
            0..=2 => self.leaf(ty, typed),
            3 => self.if_expression(ty, depth - 1, typed),
            4 => self.match_expression(ty, depth - 1, typed),
            5 | 6 => match self.call_of(Some(ty)) {
                Some((call, _)) => Expression::atom(call),
                None => self.operation(ty, depth - 1, typed),
            },
            7 => self.element(ty, depth - 1, typed),
            8 => self.unwrapped(ty, depth - 1),
            9 => self.block_expression(ty, depth - 1, typed),
            10 if !matches!(ty, Ty::Fn(..)) => self.try_expression(ty, depth - 1),
            _ => self.operation(ty, depth - 1, typed),
        }
    }

    /// One of the visible variables that pass.
    pub(super) fn pick(&mut self, wanted: impl Fn(&Variable) -> bool) -> Option<Variable> {
        let mut found = self.scope.such(wanted);
        if found.is_empty() {
            return None;
        }
        let position = self.choices.below(found.len());
        Some(found.swap_remove(position))
    }

    fn leaf(&mut self, ty: &Ty, typed: bool) -> Expression {
        if self.choices.once_in(4) {
            return self.literal(ty, typed);
        }
        if let Some(variable) = self.pick(|variable| variable.ty == *ty) {
            return Expression::atom(variable.name);
        }
        // A field of a variable, perhaps.
        if self.choices.once_in(2)
            && let Some(field) = self.field_of_type(ty)
        {
            return field;
        }
        self.literal(ty, typed)
    }

    /// `variable.field` of this type.
    fn field_of_type(&mut self, ty: &Ty) -> Option<Expression> {
        let variable = self.pick(|variable| matches!(variable.ty, Ty::Struct(_)))?;
        let Ty::Struct(number) = variable.ty else { return None };
        let members = &self.structs.get(number)?.members;
        let (field, _) = members.iter().find(|(_, types)| types.first() == Some(ty))?;
        Some(Expression::atom(format!("{}.{field}", variable.name)))
    }

    /// A value without variables. Where the type is not given, what says its type itself.
    pub(super) fn literal(&mut self, ty: &Ty, typed: bool) -> Expression {
        let scalar = ty.is_number() || matches!(ty, Ty::Bool | Ty::Str | Ty::Unit | Ty::Fn(..));
        if self.context.nesting > DEEPEST && !scalar {
            return self.maker(ty);
        }
        self.context.nesting += 1;
        let literal = self.literal_of(ty, typed);
        self.context.nesting -= 1;
        literal
    }

    fn literal_of(&mut self, ty: &Ty, typed: bool) -> Expression {
        match ty {
            Ty::Unit => Expression::atom("()"),
            Ty::Int => {
                let values = [
                    "1",
                    "0",
                    "2",
                    "3",
                    "-1",
                    "7",
                    "10",
                    "-5",
                    "255",
                    "256",
                    "1_000_000_007",
                    "int.MAX",
                    "int.MIN",
                    "0xff",
                    "63",
                    "64",
                ];
                let text = self.choices.one_of(&values);
                Expression::new(text, if text.starts_with('-') { UNARY } else { ATOM })
            }
            Ty::Sized(name) => {
                let (_, least, greatest) =
                    SIZED.iter().find(|(other, ..)| other == name).copied().unwrap_or(SIZED[0]);
                let value =
                    self.choices.one_of(&[1, 0, 2, greatest, least, greatest - 1, greatest / 2, 100, 5]);
                if typed && self.choices.once_in(2) {
                    return Expression::new(value.to_string(), if value < 0 { UNARY } else { ATOM });
                }
                Expression::new(format!("{value} as {name}"), CAST)
            }
            Ty::Float => {
                let values = [
                    "1.0", "0.5", "0.0", "-2.5", "0.1", "3.0", "1e10", "1e300", "-1e-7", "100.25", "9.007e15",
                ];
                let text = self.choices.one_of(&values);
                Expression::new(text, if text.starts_with('-') { UNARY } else { ATOM })
            }
            Ty::F32 => {
                let text =
                    self.choices.one_of(&["1.0", "0.5", "0.1", "-2.5", "16777216.0", "3.4e38", "1e-40"]);
                Expression::new(format!("{text} as f32"), CAST)
            }
            Ty::Bool => Expression::atom(self.choices.one_of(&["true", "false"])),
            Ty::Str => {
                let values = [
                    "a",
                    "",
                    "abc",
                    "hello world",
                    "x,y,z",
                    "é",
                    "日本",
                    "12",
                    "-7",
                    "q\\\"uote",
                    "line\\nbreak",
                    "{}",
                ];
                Expression::atom(format!("\"{}\"", self.choices.one_of(&values)))
            }
            Ty::Array(element) if self.choices.more() => {
                let mut items = Vec::new();
                for _ in 0..=self.choices.below(4) {
                    items.push(self.expression(element, 1, typed).text);
                }
                Expression::atom(format!("[{}]", items.join(", ")))
            }
            Ty::Map(key, value) if self.choices.more() => {
                let mut entries = Vec::new();
                for _ in 0..=self.choices.below(3) {
                    let index = self.literal(key, typed).at(ARITHMETIC);
                    entries.push(format!("{index}: {}", self.expression(value, 1, typed).text));
                }
                Expression::new(format!("{{{}}}", entries.join(", ")), OPEN)
            }
            Ty::Struct(number) if self.choices.more() => {
                let Some(declared) = self.structs.get(*number) else { return self.maker(ty) };
                let (name, members) = (declared.name.clone(), declared.members.clone());
                let mut fields = Vec::new();
                for (field, types) in members {
                    for ty in types {
                        fields.push(format!("{field}: {}", self.expression(&ty, 1, true).text));
                    }
                }
                Expression::new(format!("{name} {{ {} }}", fields.join(", ")), OPEN)
            }
            Ty::Enum(number) => {
                let Some(declared) = self.enums.get(*number) else { return self.maker(ty) };
                let (name, members) = (declared.name.clone(), declared.members.clone());
                let position = self.choices.below(members.len());
                let (variant, types) = members.get(position).cloned().unwrap_or_default();
                let payload: Vec<String> = types.iter().map(|ty| self.expression(ty, 1, true).text).collect();
                let payload =
                    if payload.is_empty() { String::new() } else { format!("({})", payload.join(", ")) };
                Expression::atom(format!("{name}.{variant}{payload}"))
            }
            Ty::Optional(inner) if typed => match self.choices.below(3) {
                0 => Expression::atom("none"),
                _ => Expression::atom(format!("some({})", self.expression(inner, 1, true).text)),
            },
            Ty::Result(inner) if typed => match self.choices.below(3) {
                0 => Expression::atom(format!("err({})", self.literal(&Ty::Str, true).text)),
                _ => Expression::atom(format!("ok({})", self.expression(inner, 1, true).text)),
            },
            Ty::Fn(..) => Expression::new(self.closure(ty, 0), OPEN),
            _ => self.maker(ty),
        }
    }

    /// The call of a function that makes a plain value.
    fn maker(&mut self, ty: &Ty) -> Expression {
        let known = self.makers.iter().position(|made| made == ty);
        let number = known.unwrap_or_else(|| {
            self.makers.push(ty.clone());
            self.makers.len() - 1
        });
        Expression::atom(format!("make{number}()"))
    }

    /// The plainest value of a type, as text, where the type is given.
    pub(super) fn plain_value(&self, ty: &Ty) -> String {
        match ty {
            Ty::Unit => "()".to_owned(),
            Ty::Int | Ty::Sized(_) => "1".to_owned(),
            Ty::Float | Ty::F32 => "0.5".to_owned(),
            Ty::Bool => "true".to_owned(),
            Ty::Str => "\"s\"".to_owned(),
            Ty::Array(_) => "[]".to_owned(),
            Ty::Map(..) => "{}".to_owned(),
            Ty::Optional(_) => "none".to_owned(),
            Ty::Result(_) => "err(\"made\")".to_owned(),
            Ty::Struct(number) => self.structs.get(*number).map_or(String::new(), |declared| {
                let fields: Vec<String> = declared
                    .members
                    .iter()
                    .flat_map(|(name, types)| types.iter().map(move |ty| (name, ty)))
                    .map(|(name, ty)| format!("{name}: {}", self.plain_value(ty)))
                    .collect();
                format!("{} {{ {} }}", declared.name, fields.join(", "))
            }),
            Ty::Enum(number) => self.enums.get(*number).map_or(String::new(), |declared| {
                let (variant, types) = declared.members.first().cloned().unwrap_or_default();
                let payload: Vec<String> = types.iter().map(|ty| self.plain_value(ty)).collect();
                let payload =
                    if payload.is_empty() { String::new() } else { format!("({})", payload.join(", ")) };
                format!("{}.{variant}{payload}", declared.name)
            }),
            Ty::Fn(params, result) => {
                let params: Vec<String> = params
                    .iter()
                    .enumerate()
                    .map(|(number, ty)| format!("q{number}: {}", self.type_text(ty)))
                    .collect();
                let value = self.plain_value(result);
                format!("fn({}) -> {} {{ return {value} }}", params.join(", "), self.type_text(result))
            }
        }
    }

    fn if_expression(&mut self, ty: &Ty, depth: u32, typed: bool) -> Expression {
        let condition = self.condition(depth);
        let (yes, no) =
            (self.expression(ty, depth, typed).inside(), self.expression(ty, depth, typed).inside());
        Expression::new(format!("if {condition} {{ {yes} }} else {{ {no} }}"), OPEN)
    }

    /// A block with something done before its value, so that the order of evaluation shows.
    fn block_expression(&mut self, ty: &Ty, depth: u32, typed: bool) -> Expression {
        let outer = self.scope.len();
        let context = self.context.clone();
        // Leaving from the middle of an expression is tried in `match` arms.
        self.context.in_loop = false;
        let result = self.context.result.take();
        let statements = self.statements(1, 0);
        self.context = context;
        self.context.result = result;
        let value = self.expression(ty, depth, typed).inside();
        self.scope.leave(outer);
        Expression::new(format!("{{\n{statements}{value}\n}}"), OPEN)
    }

    fn try_expression(&mut self, ty: &Ty, depth: u32) -> Expression {
        let context = self.context.clone();
        self.context.in_try = true;
        let value = self.expression(ty, depth, false).inside();
        self.context = context;
        let other = self.literal(ty, false).inside();
        Expression::new(format!("try {{ {value} }} catch(_) {{ {other} }}"), OPEN)
    }

    /// What an optional or result holds.
    fn unwrapped(&mut self, ty: &Ty, depth: u32) -> Expression {
        if ty.is_wrapper() || matches!(ty, Ty::Fn(..) | Ty::Unit) {
            return self.leaf(ty, false);
        }
        let result = self.choices.once_in(2);
        let held = if result { Ty::result(ty.clone()) } else { Ty::optional(ty.clone()) };
        let value = self.expression(&held, depth, false).at(ATOM);
        let raises = match &self.context.result {
            _ if self.context.in_try => self.context.result.is_some(),
            Some(Ty::Result(_)) => true,
            Some(Ty::Optional(_)) => !result,
            Some(_) => self.choices.once_in(5),
            None => false,
        };
        if raises && self.choices.once_in(2) {
            return Expression::atom(format!("{value}?"));
        }
        let default = self.expression(ty, 1, true).text;
        Expression::atom(format!("{value}.unwrap_or({default})"))
    }

    /// An element of an array or map, bare or asked.
    fn element(&mut self, ty: &Ty, depth: u32, typed: bool) -> Expression {
        let found = self.pick(|variable| match &variable.ty {
            Ty::Array(element) => **element == *ty,
            Ty::Map(_, value) => **value == *ty,
            _ => false,
        });
        let Some(variable) = found else { return self.operation(ty, depth, typed) };
        let name = &variable.name;
        let (partial, present) = match &variable.ty {
            Ty::Map(key, _) => {
                let key = self.expression(key, 1, false).text;
                (format!("{name}[{key}]"), Some(format!("{name}.get({key})")))
            }
            _ => match self.choices.below(5) {
                0 => (format!("{name}.first()"), None),
                1 => (format!("{name}.last()"), None),
                2 => (format!("{name}[{}]", self.expression(&Ty::Int, depth.min(1), false).text), None),
                other => (format!("{name}[{}]", other - 3), None),
            },
        };
        match (self.choices.below(4), present) {
            (0, _) => Expression::atom(partial),
            (1, Some(present)) => {
                let default = self.expression(ty, 1, true).text;
                Expression::atom(format!("{present}.unwrap_or({default})"))
            }
            (2, _) if !ty.is_wrapper() => {
                let other = self.literal(ty, typed).inside();
                Expression::new(format!("match {partial} {{ some(it) => it, none => {other} }}"), OPEN)
            }
            _ if !ty.is_wrapper() => {
                let default = self.expression(ty, 1, true).text;
                Expression::atom(format!("{partial}.unwrap_or({default})"))
            }
            _ => Expression::atom(partial),
        }
    }

    /// A call of a function with this result, or of any, and the result.
    pub(super) fn call_of(&mut self, result: Option<&Ty>) -> Option<(String, Ty)> {
        if self.context.repetition >= 3 {
            return None;
        }
        let fits = |ty: &Ty| result.is_none_or(|result| result == ty);
        let closures = self.scope.such(|variable| match &variable.ty {
            Ty::Fn(_, result) => fits(result),
            _ => false,
        });
        let functions: Vec<usize> = self
            .functions
            .iter()
            .enumerate()
            .filter(|(_, f)| fits(&f.result))
            .map(|(number, _)| number)
            .collect();
        let count = closures.len() + functions.len();
        if count == 0 {
            return None;
        }
        let choice = self.choices.below(count);
        if let Some(variable) = closures.get(choice) {
            let Ty::Fn(params, result) = &variable.ty else { return None };
            let args: Vec<String> = params.iter().map(|ty| self.expression(ty, 1, true).text).collect();
            return Some((format!("{}({})", variable.name, args.join(", ")), result.as_ref().clone()));
        }
        let number = *functions.get(choice - closures.len())?;
        let function = self.functions.get(number)?;
        let (name, result, recursive) = (function.name.clone(), function.result.clone(), function.recursive);
        let (params, defaults) = (function.params.clone(), function.defaults);
        let mut args = Vec::new();
        let given =
            if defaults > 0 && self.choices.once_in(2) { params.len() - defaults } else { params.len() };
        for (position, ty) in params.iter().take(given).enumerate() {
            let value = if recursive && position == 0 {
                self.depth().to_string()
            } else {
                self.expression(ty, 1, true).text
            };
            let named = position + 1 == given && position > 0 && self.choices.once_in(6);
            args.push(if named { format!("p{position}: {value}") } else { value });
        }
        Some((format!("{name}({})", args.join(", ")), result))
    }
}
